"""What the store hands out: frozen rows, loaded whole, without a connection behind them.

Knows the domain and nothing of SQL. A public id is twelve random characters of a–z and 2–7: it says nothing about the patient,
so it may stand in an address or a log line. Times are UTC and carry their zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from app.domain import (
    Extent,
    Mark,
    Measure,
    Patient,
    Prediction,
    Review,
    Score,
    Series,
    Study,
    VoiLut,
    Window,
)

Values = Mapping[str, str | int | float]
"""The values of a sentence's template, as in `app.errors.AppError`."""

StudyState = Literal["waiting", "analysing", "done", "failed", "no network"]
STUDY_STATES: tuple[StudyState, ...] = ("waiting", "analysing", "done", "failed", "no network")
JobKind = Literal["analyse", "explain"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
FileState = Literal["accepted", "already here", "rejected"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list: its rows, how many rows there are in all, the page's number from 1, and the rows per page."""

    rows: tuple[Row, ...]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.size))


@dataclass(frozen=True, slots=True, eq=False)
class ImageRow:
    """One image without its pixels: the fields of `app.domain.Image`, its place in the study, and where its pixels lie.

    ``signed`` tells int16 from uint16; the blob ``pixels_sha256`` holds ``rows * columns`` little-endian 16-bit values.
    ``ordinal`` counts the images of a study from 0 in reading order.
    """

    id: str
    study_id: str
    ordinal: int
    sop_instance_uid: str
    frame: int
    rows: int
    columns: int
    signed: bool
    pixels_sha256: str
    slope: float
    intercept: float
    units: str
    photometric: Literal["MONOCHROME1", "MONOCHROME2"]
    windows: tuple[Window, ...]
    voi_lut: VoiLut | None
    pixel_spacing: tuple[float, float] | None
    spacing_kind: Literal["calibrated", "at detector, uncalibrated", "unknown"]
    orientation: tuple[str, str, str, str]
    position: tuple[float, float, float] | None
    axes: tuple[float, float, float, float, float, float] | None
    warnings: tuple[str, ...]
    instance_number: int
    echo_time: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SeriesRow:
    """One series and its images in geometric order."""

    id: str
    series_uid: str
    modality: str
    body_part: str
    view_position: str
    description: str
    source: Literal["dicom", "film image"]
    images: tuple[ImageRow, ...]
    weighting: str = ""
    localizer: bool = False

    def outline(self) -> Series:
        """The series without images: enough for the registry to say which networks read it."""
        return Series(
            series_uid=self.series_uid,
            modality=self.modality,
            images=(),
            body_part=self.body_part,
            view_position=self.view_position,
            description=self.description,
            source=self.source,
            weighting=self.weighting,
            localizer=self.localizer,
        )


@dataclass(frozen=True, slots=True, eq=False)
class StudyRow:
    """One study with its series and images, without pixels. ``files`` are the names under which its files came."""

    id: str
    study_uid: str
    patient: Patient
    date: str
    time: str
    accession: str
    description: str
    phantom: bool
    state: StudyState
    received_at: datetime
    series: tuple[SeriesRow, ...]
    files: tuple[str, ...]

    @property
    def images(self) -> tuple[ImageRow, ...]:
        """Every image of the study, in reading order."""
        return tuple(image for series in self.series for image in series.images)

    def outline(self) -> Study:
        """The study with series but without images: for `Registry.eligible(study, series)`."""
        return Study(
            study_uid=self.study_uid,
            patient=self.patient,
            series=tuple(series.outline() for series in self.series),
            date=self.date,
            time=self.time,
            accession=self.accession,
            description=self.description,
            phantom=self.phantom,
        )


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one file: stored now, or stored before."""

    state: Literal["accepted", "already here"]
    study_id: str


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file of an upload: its name (for pages only, never for logs), what became of it, and why as template and values.

    ``warnings`` are sentences about an accepted file ("not DICOM: no spacing, no orientation").
    """

    name: str
    state: FileState
    study_id: str | None = None
    template: str = ""
    values: Values = field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One upload with the outcome of each of its files, in the order they came."""

    id: str
    received_at: datetime
    files: tuple[FileOutcome, ...]


WorklistSort = Literal["received", "study date", "patient", "state", "probability", "disagreement", "flags"]
WORKLIST_SORTS: tuple[WorklistSort, ...] = (
    "received", "study date", "patient", "state", "probability", "disagreement", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """What the worklist shows. ``text`` is searched in patient name, patient id, accession and description, word by word;
    ``None`` and the empty string mean "no filter". ``refused``: with, or without, an image that a guard kept from being read.
    ``disagreement``: at least so much. ``number`` is the page, from 1."""

    text: str = ""
    modality: str = ""
    state: StudyState | None = None
    refused: bool | None = None
    flagged: bool | None = None
    disagreement: float | None = None
    phantom: bool | None = None
    sort: WorklistSort = "received"
    descending: bool = True
    number: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One study in the worklist. ``modality`` joins several with "/"; ``top`` are the three highest scores, highest first;
    ``disagreements`` how far methods disagree on each of them, 0 to 1, None where that is not known; ``flags`` counts the
    verdicts in force; ``thumbnail`` is the id of the image in the middle of the first series; ``planes`` counts those that the
    network of the shown findings read of an exam; ``network`` is that network's name, "" where none has read."""

    id: str
    patient: Patient
    date: str
    accession: str
    description: str
    modality: str
    images: int
    state: StudyState
    top: tuple[Score, ...]
    disagreements: tuple[float | None, ...]
    flags: int
    thumbnail: str | None
    received_at: datetime
    phantom: bool
    caution: Mark | Literal[""] = ""
    planes: int = 0
    network: str = ""


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A stored prediction; one per image × network × version of the network."""

    id: str
    study_id: str
    image_id: str
    prediction: Prediction
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class ExplanationRow:
    """A stored explanation without its values: the blob ``values_sha256`` holds ``height * width`` little-endian float32."""

    id: str
    study_id: str
    image_id: str
    model: str
    model_sha256: str
    method: str
    finding: str
    state: str
    signed: bool
    width: int
    height: int
    extent: Extent
    minimum: float
    maximum: float
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
class AgreementKey:
    """What methods may agree on: one finding of one image, by one version of a network."""

    study_id: str
    image_id: str
    model: str
    model_sha256: str
    finding: str


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """How far ``methods`` agree on one finding of one image; the figures are those of `app.evaluation.agreement`, means over
    all pairs, and None where fewer than two methods could be compared."""

    id: str
    key: AgreementKey
    methods: tuple[str, ...]
    rank: float | None
    overlap: float | None
    disagreement: float | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. ``step`` of ``of`` is its progress, ``what`` says in an English msgid what is being done, with ``what_values``,
    msgids too; ``error_template`` with ``error_values`` is the sentence of a failed one. ``insist``: what a guard refuses is
    analysed all the same."""

    id: str
    kind: JobKind
    study_id: str
    image_id: str | None
    model: str | None
    finding: str | None
    state: JobState
    step: int
    of: int
    what: str
    error_template: str
    error_values: Values = field(hash=False)
    attempts: int
    priority: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    insist: bool = False
    what_values: Values = field(default_factory=dict, hash=False)

    @property
    def open(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in {"queued", "running"}


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A stored verdict; ``withdrawn_at`` is set when its reader took it back."""

    id: str
    study_id: str
    image_id: str
    review: Review
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A stored measure; ``withdrawn_at`` is set when its reader removed it."""

    id: str
    study_id: str
    image_id: str
    measure: Measure
    changed_at: datetime
    withdrawn_at: datetime | None


FlagSort = Literal["created", "patient", "study date", "verdict", "method", "finding"]
FLAG_SORTS: tuple[FlagSort, ...] = ("created", "patient", "study date", "verdict", "method", "finding")


@dataclass(frozen=True, slots=True)
class FlagQuery:
    """Which verdicts the flagged page shows; empty strings mean "no filter". ``text`` is searched in patient name, patient id,
    accession, study description and the comment, word by word."""

    text: str = ""
    verdict: str = ""
    method: str = ""
    finding: str = ""
    model: str = ""
    reader: str = ""
    sort: FlagSort = "created"
    descending: bool = True
    number: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True)
class Choices:
    """The values that occur in the current verdicts, sorted: for the filters of the flagged page."""

    verdicts: tuple[str, ...]
    methods: tuple[str, ...]
    findings: tuple[str, ...]
    models: tuple[str, ...]
    readers: tuple[str, ...]
