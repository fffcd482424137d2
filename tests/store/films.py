"""Small studies made on the spot, as ingest would hand them over."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from app.config import Settings
from app.domain import (
    Answer,
    Extent,
    Image,
    Layer,
    Patient,
    Producer,
    Region,
    Review,
    Score,
    Series,
    Study,
    Window,
    fingerprint,
    frozen,
)
from app.store import Added, Store
from app.store.engine import connect

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
    """Store a study as one file with this content, and make its stacks."""
    path = tmp_path / "incoming"
    path.write_bytes(content)
    staged = store.stage(of, name, path)
    with store.begin() as tx:
        added = tx.studies.add(staged)
    store.arrange(added.study_id)
    return added


def film(uid: str = "1.2.3.1", frame: int = 0) -> str:
    """The identity of the stack that one image is."""
    return fingerprint([(uid, frame)])


def answer(uid: str = "1.2.3.1", **fields: Any) -> Answer:
    """What a network might have said of a film."""
    scores = fields.pop("scores", {"Mass": 0.2, "Nodule": 0.9, "Edema": 0.5, "Hernia": 0.1})
    return Answer.of_film(
        film(uid, fields.pop("frame", 0)),
        model=fields.pop("model", "net"),
        model_sha256=fields.pop("model_sha256", SHA),
        scores=tuple(Score(finding, p, float(np.log(p / (1 - p)))) for finding, p in scores.items()),
        device="cpu",
        versions=fields.pop("versions", {"whylight": "0"}),
        seconds=0.5,
    )


def layer(uid: str = "1.2.3.1", seed: int = 0, **fields: Any) -> Layer:
    """A signed map of a film."""
    values = np.random.default_rng(seed).normal(size=(1, 4, 5)).astype(np.float32)
    producer = Producer("method", fields.pop("method", "cam"), parameters=fields.pop("parameters", {"epsilon": 1e-6}))
    return Layer(
        stack=film(uid, fields.pop("frame", 0)),
        kind=fields.pop("kind", "relevance"),
        scale=fields.pop("scale", "signed"),
        producer=fields.pop("producer", producer),
        model=fields.pop("model", "net"),
        model_sha256=fields.pop("model_sha256", SHA),
        finding=fields.pop("finding", "Nodule"),
        values=fields.pop("values", values),
        extent=fields.pop("extent", Extent(-1.0, 0.0, 11.0, 12.0)),
        versions=fields.pop("versions", {"torch": "2"}),
        device="cpu",
        seconds=0.25,
        total=1.5,
        conservation_error=1e-7,
        notes=("a note",),
        padding=fields.pop("padding", None),
    )


def review(**fields: Any) -> Review:
    """A reader's verdict on a film; ``region`` is drawn on its one slice."""
    region: Region | None = fields.pop("region", None)
    return Review(
        verdict=fields.pop("verdict", "wrong"),
        reason=fields.pop("reason", "text marker"),
        comment=fields.pop("comment", ""),
        regions={0: region} if region else {},
        reader=fields.pop("reader", "reader"),
        created_at=datetime.now(UTC),
        localisations=fields.pop("localisations", {}),
    )


def layer_id(store: Store, study_id: str, uid: str = "1.2.3.1", **fields: Any) -> str:
    """The id of a map that is stored now."""
    with store.begin() as tx:
        return tx.layers.save(study_id, layer(uid, **fields)).id


WINDOW = Window(2000.0, 4000.0, "SIGMOID", "soft")


@contextmanager
def raw(settings: Settings) -> Iterator[Connection]:
    """The database below the store, for a look or a change that the store has no word for."""
    engine = connect(settings)
    with engine.begin() as connection:
        yield connection
    engine.dispose()
