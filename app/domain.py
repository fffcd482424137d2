"""What the product talks about: studies, images, predictions, explanations, reviews.

Knows numpy and nothing else. Every value is frozen and every array in it is read-only, so a value can be handed to another
thread without a copy or a lock.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
"""The fourteen findings of NIH ChestX-ray14, by NIH's names (Wang et al. 2017); the first eight have boxes."""

NO_FINDING = "No Finding"
"""NIH's name for a film on which none of the fourteen was reported; networks may answer for it as for a finding."""

Verdict = Literal["right", "partly", "wrong", "artefact", "uninformative"]
VERDICTS: tuple[Verdict, ...] = ("right", "partly", "wrong", "artefact", "uninformative")
REASONS = ("support device", "text marker", "outside the body", "other anatomy", "image border", "noise", "other")
"""Why a map is called wrong; the empty string stands for "not said"."""

ShapeKind = Literal["rectangle", "ellipse", "polygon", "freehand"]
SHAPES: tuple[ShapeKind, ...] = ("rectangle", "ellipse", "polygon", "freehand")
Admission = Literal["ok", "warned", "refused"]
"""What a guard says of an image, the worst last."""
Mark = Literal["ok", "warned", "insisted", "refused"]
"""What is shown beside a study: as `Admission`; ``insisted``: refused, and read all the same."""

AreaKind = Literal["rectangle", "ellipse", "polygon", "freehand", "brush", "hot"]
AREAS: tuple[AreaKind, ...] = ("rectangle", "ellipse", "polygon", "freehand", "brush", "hot")
Fill = Literal["blur", "mean", "inpaint"]
FILLS: tuple[Fill, ...] = ("blur", "mean", "inpaint")
"""How a what-if fills an area: the film blurred, the mean of what lies around, or what diffuses in from its rim."""

Scalar = TypeVar("Scalar", bound=np.generic)


def frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The same array, contiguous and read-only."""
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


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
    or Effective Echo Time (0018,9082) in ms, None where the header does not say.
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

    @property
    def rows(self) -> int:
        """Rows (0028,0010)."""
        return int(self.stored.shape[0])

    @property
    def columns(self) -> int:
        """Columns (0028,0011)."""
        return int(self.stored.shape[1])

    def values(self) -> NDArray[np.float32]:
        """The modality values, float32 (rows, columns)."""
        return self.stored.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Images that belong together, in geometric order. ``source`` "film image": a PNG or JPEG, no spacing, no orientation.

    ``weighting`` is what an MR sequence shows bright: "T1", "T2", "PD", "T2*", "STIR", "FLAIR", the first four with " FS" where
    fat is suppressed, "FS" where that is all there is to know, "" where there is nothing. ``localizer``: made to plan others.
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


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle in image pixels: columns ``left`` to ``right``, rows ``top`` to ``bottom``.

    Pixel (r, c) covers [c, c+1) × [r, r+1).
    """

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a guard said of one image before the network ``model`` read it: whether it is the kind of image the network is for.

    ``reasons`` are sentences for people, empty when ``verdict`` is "ok". ``film`` in [0, 1] is how much it looks like a film
    the network was made for; ``distance`` how far it lies from the films the guard was fitted to (1: as far as the farthest
    hundredth of them). ``insisted``: a person asked for the analysis all the same.
    """

    sop_instance_uid: str
    frame: int
    model: str
    guard: str
    guard_sha256: str
    verdict: Admission
    reasons: tuple[str, ...]
    film: float
    distance: float
    insisted: bool = False

    @property
    def stopped(self) -> bool:
        """Whether the network does not read the image."""
        return self.verdict == "refused" and not self.insisted

    @property
    def mark(self) -> Mark:
        """What to show beside the study."""
        return "insisted" if self.verdict == "refused" and self.insisted else self.verdict


@dataclass(frozen=True, slots=True)
class Score:
    """One finding's answer: the logit, and the calibrated probability in [0, 1]."""

    finding: str
    probability: float
    logit: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one network said about one image, and on what it ran."""

    sop_instance_uid: str
    frame: int
    model: str
    model_sha256: str
    scores: tuple[Score, ...]
    device: str
    versions: dict[str, str] = field(hash=False)
    seconds: float = 0.0

    def top(self) -> Score:
        """The finding with the highest probability; "no finding" is none, unless the network knows nothing else."""
        found = [score for score in self.scores if score.finding != NO_FINDING]
        return max(found or self.scores, key=lambda score: score.probability)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One method's map for one finding of one image.

    ``values`` is float32 (height, width), signed and raw, at the method's own resolution; it covers ``extent`` of the image.
    ``state`` is "ok", or says in words why there is no picture: "no positive evidence", "not defined: …", "constant input";
    ``values`` is all zero then unless negative evidence exists. ``total`` is the relevance the method started from (LRP, RAP)
    and ``conservation_error`` how much of it was lost, relative; None for methods that conserve nothing. ``notes`` are
    sentences such as "computed on cpu: the GPU was out of memory".
    """

    sop_instance_uid: str
    frame: int
    model: str
    model_sha256: str
    method: str
    finding: str
    values: NDArray[np.float32]
    extent: Extent
    state: str
    signed: bool
    parameters: dict[str, str | float | int | bool]
    versions: dict[str, str]
    device: str
    seconds: float = 0.0
    total: float | None = None
    conservation_error: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One drawn shape in image pixels; a point is (x, y): columns from the left, rows from the top.

    Two opposite corners make a "rectangle", or the "ellipse" that fills it; the points of a "polygon" and of a "freehand" line
    are joined in their order, and the last with the first.
    """

    kind: ShapeKind
    points: tuple[tuple[float, float], ...]

    def bounds(self) -> Extent:
        """The smallest rectangle around the shape."""
        across, down = zip(*self.points, strict=True)
        return Extent(min(across), min(down), max(across), max(down))


@dataclass(frozen=True, slots=True)
class Region:
    """The true region as a reader drew it: everything that lies in one or more of its shapes."""

    shapes: tuple[Shape, ...]

    @classmethod
    def rectangle(cls, left: float, top: float, right: float, bottom: float) -> "Region":
        """A region of one rectangle."""
        return cls((Shape("rectangle", ((left, top), (right, bottom))),))

    def bounds(self) -> Extent:
        """The smallest rectangle around all shapes."""
        each = [shape.bounds() for shape in self.shapes]
        return Extent(
            min(edge.left for edge in each),
            min(edge.top for edge in each),
            max(edge.right for edge in each),
            max(edge.bottom for edge in each),
        )


@dataclass(frozen=True, slots=True)
class Measures:
    """How one map lies to a drawn region, by `app.evaluation.truth`; None where a figure is not defined.

    ``pointing`` is 1 or 0; ``iou`` and ``mass`` lie in [0, 1]; ``outside_inside`` is infinite when nothing positive lies
    inside.
    """

    pointing: float | None
    iou: float | None
    outside_inside: float | None
    mass: float | None


@dataclass(frozen=True, slots=True)
class Review:
    """One reader's verdict on one method × finding of one image, with the network's version it was given about.

    ``measures`` has every method whose map was there when the region was stored, by name; it is empty without a region.
    """

    sop_instance_uid: str
    frame: int
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: Verdict
    reason: str
    comment: str
    region: Region | None
    reader: str
    created_at: datetime
    measures: Mapping[str, Measures] = field(default_factory=dict, hash=False)


MeasureKind = Literal["length", "angle", "rectangle", "ellipse"]
MEASURES: tuple[MeasureKind, ...] = ("length", "angle", "rectangle", "ellipse")


@dataclass(frozen=True, slots=True)
class Measure:
    """What one reader measures on one image: ``points`` are (x, y) in image pixels, pixel (r, c) covering [c, c+1) × [r, r+1).

    A length has two ends; an angle an end, its vertex and the other end; a rectangle and an ellipse two opposite corners.
    """

    sop_instance_uid: str
    frame: int
    kind: MeasureKind
    points: tuple[tuple[float, float], ...]
    reader: str
    created_at: datetime


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """One area of a film, in image pixels; a point is (x, y): columns from the left, rows from the top.

    Two opposite corners make a "rectangle", or the "ellipse" that fills it; the points of a "polygon" and of a "freehand" line
    are joined in their order, and the last with the first. A "brush" of ``radius`` pixels went along its points. "hot" is where
    the map ``explanation`` (an id) is at least ``threshold`` times the value at the upper end of its colours.
    """

    kind: AreaKind
    points: tuple[Point, ...] = ()
    radius: float = 0.0
    explanation: str = ""
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Edit:
    """What if: the areas together, or with ``outside`` all of the film but them, filled in one way."""

    areas: tuple[Area, ...]
    fill: Fill
    outside: bool = False

    def plain(self) -> dict[str, Any]:
        """The edit as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Edit":
        """The edit that `plain` wrote."""
        areas = tuple(Area(**{**area, "points": tuple((x, y) for x, y in area["points"])}) for area in plain["areas"])
        return cls(areas, plain["fill"], plain["outside"])
