"""What the store hands out of exams: frozen rows, as in `app.store.records`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain import Extent, Patient, Region, Review
from app.exam import ExamPrediction, ExamReview, Plane


@dataclass(frozen=True, slots=True)
class ExamPredictionRow:
    """A stored prediction of an exam; one per study × network × version of the network."""

    id: str
    study_id: str
    prediction: ExamPrediction
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class StackExplanationRow:
    """The stored maps of one stack, without their values: the blob ``values_sha256`` holds ``slices * height * width``
    little-endian float32. ``minimum`` and ``maximum`` are of the whole stack, ``mass`` is the positive part of every slice."""

    id: str
    study_id: str
    series_id: str
    stack: int
    plane: Plane
    model: str
    model_sha256: str
    method: str
    finding: str
    state: str
    signed: bool
    slices: int
    height: int
    width: int
    extent: Extent
    minimum: float
    maximum: float
    mass: tuple[float, ...]
    parameters: dict[str, str | float | int | bool]
    versions: dict[str, str]
    device: str
    seconds: float
    total: float | None
    conservation_error: float | None
    notes: tuple[str, ...]
    values_sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ExamReviewRow:
    """A stored verdict on a stack; ``withdrawn_at`` is set when its reader took it back."""

    id: str
    study_id: str
    series_id: str
    review: ExamReview
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One verdict in force, on an image or on a stack, with the study it belongs to. ``image_id``, of ``rows`` × ``columns``
    pixels, is what stands for the stack.

    ``probability`` is what the network said of the finding, ``explanation_id`` the map or the stack's maps that the verdict is
    about, ``disagreement`` how far the methods disagree on the finding; None where they are gone or not known.
    """

    id: str
    study_id: str
    series_id: str
    image_id: str
    rows: int
    columns: int
    patient: Patient
    date: str
    accession: str
    description: str
    modality: str
    phantom: bool
    review: Review | ExamReview
    probability: float | None
    explanation_id: str | None
    disagreement: float | None

    @property
    def stack(self) -> int | None:
        """The number of the stack that was judged among those of its series; None of an image."""
        return self.review.stack.number if isinstance(self.review, ExamReview) else None

    @property
    def regions(self) -> Mapping[str, Region]:
        """The true region by the id of the image it was drawn on; empty without one."""
        if isinstance(self.review, ExamReview):
            return self.review.region or {}
        return {self.image_id: self.review.region} if self.review.region else {}
