"""What comes in: studies, series, images, and how an image's values are shown."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domain.stacks import fingerprint

LATERAL_VIEWS = frozenset({"LL", "RL", "LAT", "LATERAL", "LEFT LATERAL", "RIGHT LATERAL"})
"""View Position (0018,5101) of lateral films, PS3.3 C.8.7.1.1 and what senders write instead."""


@dataclass(frozen=True, slots=True)
class Window:
    """A grey window, PS3.3 C.11.2.1.2: centre and width in modality units (after rescale), and its function."""

    centre: float
    width: float
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class VoiLut:
    """A VOI lookup table, PS3.3 C.11.2.1.1: ``data[round(value) - first]``, clamped; ``data`` uint16, ``bits`` deep."""

    first: int
    bits: int
    data: NDArray[np.uint16]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient as the header has it, in plain text; the empty string where the header says nothing."""

    name: str = ""
    id: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One slice: the stored values after the modality LUT, and how to show them.

    ``stored`` is int16 or uint16, (rows, columns); a value in modality units is ``stored * slope + intercept``. A Modality LUT
    Sequence has been applied already (slope 1, intercept 0). ``photometric`` MONOCHROME1 means low values are bright; nothing
    has been inverted. ``pixel_spacing`` is (between rows, between columns) in mm. ``orientation`` names what lies at the left,
    top, right and bottom edge ("R", "H", "L", "F"); empty strings where the header does not say. ``frame`` counts from 1.
    ``instance_number`` is Instance Number (0020,0013), 0 where the header does not say. ``echo_time`` is Echo Time (0018,0081)
    or Effective Echo Time (0018,9082) in ms, None where the header does not say. ``location`` is Slice Location (0020,1041) in
    mm, ``kind`` what the frame is (Image Type, frame type and dimensions other than place and time), ``moment`` its place in
    time: a Temporal Position, Trigger Time in ms or Acquisition Number, and ``series_number`` is Series Number (0020,0011), 0
    where the header does not say. ``aspect`` is how high a pixel is in widths of a pixel where there is no spacing (Pixel
    Aspect Ratio, 0028,0034). Pixels of Pixel Padding Value hold the darkest value of the frame. ``position`` and ``axes`` of
    two images are comparable where ``frame_of_reference_uid`` (0020,0052) is one; it and ``sop_class_uid`` (0008,0016) are
    empty if unknown.
    ``field`` is the exposed rectangle, top, left, bottom and right in pixels, where somebody has looked for it already
    (`app.classifiers.exposed`): an edited film keeps that of the film before. ``pose`` is how the chest lies, the numbers of
    `app.anatomy.Pose`, and ``heart`` the rectangle around its heart (left, top, right, bottom), both in pixels, where somebody
    has looked for them and they could be told.
    """

    sop_instance_uid: str
    frame: int
    stored: NDArray[np.int16] | NDArray[np.uint16]
    slope: float = 1.0
    intercept: float = 0.0
    units: str = ""
    photometric: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2"
    windows: tuple[Window, ...] = ()
    voi_lut: VoiLut | None = None
    pixel_spacing: tuple[float, float] | None = None
    spacing_kind: Literal["calibrated", "at detector, uncalibrated", "unknown"] = "unknown"
    orientation: tuple[str, str, str, str] = ("", "", "", "")
    position: tuple[float, float, float] | None = None
    axes: tuple[float, float, float, float, float, float] | None = None
    warnings: tuple[str, ...] = ()
    instance_number: int = 0
    echo_time: float | None = None
    frame_of_reference_uid: str = ""
    sop_class_uid: str = ""
    location: float | None = None
    kind: str = ""
    moment: float | None = None
    aspect: float = 1.0
    series_number: int = 0
    field: tuple[int, int, int, int] | None = None
    pose: tuple[float, ...] | None = None
    heart: tuple[float, float, float, float] | None = None

    @property
    def rows(self) -> int:
        """Rows (0028,0010)."""
        return int(self.stored.shape[0])

    @property
    def columns(self) -> int:
        """Columns (0028,0011)."""
        return int(self.stored.shape[1])

    @property
    def tall(self) -> float:
        """The height of a pixel in widths of a pixel: by its spacing, else as the header's aspect ratio says."""
        return self.pixel_spacing[0] / self.pixel_spacing[1] if self.pixel_spacing else self.aspect

    @property
    def content(self) -> str:
        """What tells its pixels from other pixels: a sha256 in hex."""
        return hashlib.sha256(np.ascontiguousarray(self.stored).view(np.uint8).data).hexdigest()

    @property
    def stack(self) -> str:
        """The identity of the stack that is this image alone, as a film's is."""
        return fingerprint([(self.sop_instance_uid, self.frame)])

    def values(self) -> NDArray[np.float32]:
        """The modality values, float32 (rows, columns)."""
        return self.stored.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Images that belong together, in geometric order. ``source`` "film image": a PNG or JPEG, no spacing, no orientation.

    ``weighting`` is what an MR sequence shows bright: "T1", "T2", "PD", "T2*", "DESS", "STIR", "FLAIR", the first five with
    " FS" where fat is suppressed, "FS" where that is all there is to know, "" where there is nothing. ``localizer``: made to
    plan others.
    """

    series_uid: str
    modality: str
    images: tuple[Image, ...]
    body_part: str = ""
    view_position: str = ""
    description: str = ""
    source: Literal["dicom", "film image"] = "dicom"
    weighting: str = ""
    localizer: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One visit. ``phantom`` is True where the header says so: Quality Control Subject (0010,0200) = YES."""

    study_uid: str
    patient: Patient
    series: tuple[Series, ...]
    date: str = ""
    time: str = ""
    accession: str = ""
    description: str = ""
    phantom: bool = False

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image of the study, in reading order."""
        return tuple(image for series in self.series for image in series.images)
