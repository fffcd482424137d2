"""Small knee exams made on the spot, and what a network, a method and a reader might have said of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from app.domain import (
    Answer,
    Extent,
    Image,
    Layer,
    Localisation,
    Part,
    Patient,
    Plane,
    Producer,
    Region,
    Review,
    Score,
    Series,
    Study,
    fingerprint,
)
from app.store import Store
from tests.store.films import image, store_file

SHA = "cd" * 32
STUDY = "1.9"
SAGITTAL, CORONAL = "1.9.1", "1.9.2"
AXES: dict[str, tuple[float, float, float, float, float, float]] = {
    SAGITTAL: (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    CORONAL: (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
}
NORMAL = {SAGITTAL: 0, CORONAL: 1}
"""Which coordinate grows from slice to slice."""
SLICES = 3
LOGITS = {"abnormality": 1.0, "ACL tear": 2.0, "meniscal tear": -1.0}


def slice_of(series_uid: str, number: int) -> Image:
    """One slice, 4 mm from the one before."""
    position = [0.0, 0.0, 0.0]
    position[NORMAL[series_uid]] = 4.0 * number
    return image(
        f"{series_uid}.{number}",
        seed=number,
        frame=1,
        instance_number=number + 1,
        position=tuple(position),
        axes=AXES[series_uid],
        pixel_spacing=(0.5, 0.5),
    )


def knee(*images: Image, series_uid: str = SAGITTAL) -> Study:
    """A knee study of one series."""
    series = Series(series_uid=series_uid, modality="MR", images=images, body_part="KNEE")
    return Study(study_uid=STUDY, patient=Patient("Doe^Jane", "ID-7", "19700102", "F"), series=(series,))


def store_exam(store: Store, tmp_path: Path) -> str:
    """Store an exam of two planes, a file per slice; returns the study's id."""
    for uid in (SAGITTAL, CORONAL):
        for number in range(SLICES):
            name = f"{uid}.{number}"
            added = store_file(store, tmp_path, knee(slice_of(uid, number), series_uid=uid), name.encode(), f"{name}.dcm")
    return added.study_id


def score(finding: str, logit: float) -> Score:
    """A finding's answer."""
    return Score(finding, float(1 / (1 + np.exp(-logit))), logit)


def stack(series_uid: str = SAGITTAL, slices: int = SLICES) -> str:
    """The identity of a series' stack: the sagittal slices' normal points against their numbers."""
    numbers = range(slices) if series_uid == CORONAL else reversed(range(slices))
    return fingerprint((f"{series_uid}.{number}", 1) for number in numbers)


def part(series_uid: str = SAGITTAL, plane: Plane = "sagittal") -> Part:
    """What a plane says: its part of `LOGITS`, the middle slice first."""
    return Part(
        stack=stack(series_uid),
        plane=plane,
        scores=tuple(score(finding, logit) for finding, logit in LOGITS.items()),
        contributions=tuple(logit / 2 for logit in LOGITS.values()),
        slice_scores=tuple((0.1 * logit, 0.7 * abs(logit), 0.2 * logit) for logit in LOGITS.values()),
        slice_weights=tuple((0.25, 0.5, 0.25) for _ in LOGITS),
    )


def exam_answer(**fields: Any) -> Answer:
    """What a network might have said of the exam."""
    return Answer(
        model=fields.pop("model", "knee"),
        model_sha256=fields.pop("model_sha256", SHA),
        scores=fields.pop("scores", tuple(score(finding, logit) for finding, logit in LOGITS.items())),
        parts=fields.pop("parts", (part(), part(CORONAL, "coronal"))),
        missing=("axial",),
        device="cpu",
        versions=fields.pop("versions", {"whylight": "0"}),
        seconds=1.5,
    )


def stack_layer(series_uid: str = SAGITTAL, **fields: Any) -> Layer:
    """Signed maps of a whole stack."""
    values = np.random.default_rng(fields.pop("seed", 0)).normal(size=(SLICES, 4, 5)).astype(np.float32)
    producer = Producer("method", fields.pop("method", "cam"), parameters=fields.pop("parameters", {"epsilon": 1e-6}))
    return Layer(
        stack=fields.pop("stack", stack(series_uid)),
        kind="relevance",
        scale="signed",
        producer=producer,
        model=fields.pop("model", "knee"),
        model_sha256=fields.pop("model_sha256", SHA),
        finding=fields.pop("finding", "ACL tear"),
        values=fields.pop("values", values),
        extent=Extent(-1.0, 0.0, 11.0, 12.0),
        versions=fields.pop("versions", {"torch": "2"}),
        device="cpu",
        seconds=0.25,
        total=1.5,
        conservation_error=1e-7,
        notes=("a note",),
    )


def stack_review(**fields: Any) -> Review:
    """A reader's verdict on a stack, with a region on the second slice."""
    return Review(
        verdict=fields.pop("verdict", "wrong"),
        reason="other anatomy",
        comment=fields.pop("comment", ""),
        regions=fields.pop("regions", {1: Region.rectangle(1, 2, 5, 6)}),
        reader=fields.pop("reader", "reader"),
        created_at=datetime.now(UTC),
        shown=fields.pop("shown", 1),
        localisations=fields.pop("localisations", {"cam": Localisation(1.0, 0.25, float("inf"), None)}),
    )
