"""Studies, series, images, and what became of the files of an upload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.domain import Patient, Series, Study, VoiLut, Window

Values = Mapping[str, str | int | float]
"""The values of a sentence's template, as in `app.errors.AppError`."""

StudyState = Literal["waiting", "analysing", "done", "failed", "no network"]
STUDY_STATES: tuple[StudyState, ...] = ("waiting", "analysing", "done", "failed", "no network")
FileState = Literal["accepted", "already here", "rejected"]


@dataclass(frozen=True, slots=True, eq=False)
class ImageRow:
    """One image without its pixels: the fields of `app.domain.Image`, its series, and where its pixels lie.

    ``signed`` tells int16 from uint16; the blob ``pixels_sha256`` holds ``rows * columns`` little-endian 16-bit values.
    """

    id: str
    study_id: str
    series_id: str
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
    frame_of_reference_uid: str = ""
    sop_class_uid: str = ""
    location: float | None = None
    kind: str = ""
    moment: float | None = None
    aspect: float = 1.0
    series_number: int = 0

    @property
    def content(self) -> str:
        """What tells its pixels from other pixels."""
        return self.pixels_sha256


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
    """What became of one file: stored now, or stored before; ``renamed``: under another SOP Instance UID than its own."""

    state: Literal["accepted", "already here"]
    study_id: str
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file of an upload: its name (for pages only, never for logs), what became of it, and why as template and values.

    ``warnings`` are sentences about an accepted file ("not DICOM: no spacing, no orientation"), ``sop_instance_uid`` is that of
    one that is stored, which pages and logs never show.
    """

    name: str
    state: FileState
    study_id: str | None = None
    template: str = ""
    values: Values = field(default_factory=dict, hash=False)
    warnings: tuple[str, ...] = ()
    sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One upload with the outcome of each of its files, in the order they came."""

    id: str
    received_at: datetime
    files: tuple[FileOutcome, ...]
