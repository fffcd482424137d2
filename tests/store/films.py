"""Small studies made on the spot, as ingest would hand them over."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from app.domain import Explanation, Extent, Image, Patient, Prediction, Review, Score, Series, Study, Window, frozen
from app.store import Added, Store

SHA = "ab" * 32


def image(uid: str = "1.2.3.1", seed: int = 0, shape: tuple[int, int] = (12, 10), **fields: Any) -> Image:
    """A film of random 12-bit values."""
    stored = np.random.default_rng(seed).integers(0, 4096, shape).astype(np.uint16)
    return Image(sop_instance_uid=uid, frame=fields.pop("frame", 0), stored=fields.pop("stored", frozen(stored)), **fields)


def study(*images: Image, uid: str = "1.2.3", series_uid: str = "1.2.3.0", **fields: Any) -> Study:
    """A chest study with one series."""
    series = Series(
        series_uid=series_uid,
        modality=fields.pop("modality", "DX"),
        images=images or (image(),),
        body_part=fields.pop("body_part", "CHEST"),
        view_position="PA",
    )
    patient = fields.pop("patient", Patient("Doe^Jane", "ID-7", "19700102", "F"))
    return Study(study_uid=uid, patient=patient, series=(series,), **fields)


def store_file(store: Store, tmp_path: Path, of: Study, content: bytes = b"file", name: str = "film.dcm") -> Added:
    """Store a study as one file with this content."""
    path = tmp_path / "incoming"
    path.write_bytes(content)
    staged = store.stage(of, name, path)
    with store.begin() as tx:
        return tx.studies.add(staged)


def prediction(uid: str = "1.2.3.1", **fields: Any) -> Prediction:
    """What a network might have said."""
    scores = fields.pop("scores", {"Mass": 0.2, "Nodule": 0.9, "Edema": 0.5, "Hernia": 0.1})
    return Prediction(
        sop_instance_uid=uid,
        frame=fields.pop("frame", 0),
        model=fields.pop("model", "net"),
        model_sha256=fields.pop("model_sha256", SHA),
        scores=tuple(Score(finding, p, float(np.log(p / (1 - p)))) for finding, p in scores.items()),
        device="cpu",
        versions={"whylight": "0"},
        seconds=0.5,
    )


def explanation(uid: str = "1.2.3.1", seed: int = 0, **fields: Any) -> Explanation:
    """A signed map."""
    values = np.random.default_rng(seed).normal(size=(4, 5)).astype(np.float32)
    return Explanation(
        sop_instance_uid=uid,
        frame=0,
        model=fields.pop("model", "net"),
        model_sha256=fields.pop("model_sha256", SHA),
        method=fields.pop("method", "cam"),
        finding=fields.pop("finding", "Nodule"),
        values=fields.pop("values", values),
        extent=Extent(-1.0, 0.0, 11.0, 12.0),
        state="ok",
        signed=True,
        parameters=fields.pop("parameters", {"epsilon": 1e-6}),
        versions={"torch": "2"},
        device="cpu",
        seconds=0.25,
        total=1.5,
        conservation_error=1e-7,
        notes=("a note",),
    )


def review(uid: str = "1.2.3.1", **fields: Any) -> Review:
    """A reader's verdict."""
    return Review(
        sop_instance_uid=uid,
        frame=0,
        model=fields.pop("model", "net"),
        model_sha256=SHA,
        method=fields.pop("method", "cam"),
        finding=fields.pop("finding", "Nodule"),
        verdict=fields.pop("verdict", "wrong"),
        reason=fields.pop("reason", "text marker"),
        comment=fields.pop("comment", ""),
        region=fields.pop("region", None),
        reader=fields.pop("reader", "reader"),
        created_at=datetime.now(UTC),
        measures=fields.pop("measures", {}),
    )


WINDOW = Window(2000.0, 4000.0, "SIGMOID", "soft")
