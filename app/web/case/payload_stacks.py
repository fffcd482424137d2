"""The part of the case page's payload that says what lies on the screen: runs of images, films and stacks of slices alike."""

from dataclasses import dataclass
from typing import Literal

Facing = Literal["frontal", "lateral", ""]


@dataclass(frozen=True, slots=True)
class WindowData:
    """A grey window in modality units, PS3.3 C.11.2.1.2; ``function`` is LINEAR, LINEAR_EXACT or SIGMOID."""

    centre: float
    width: float
    function: str
    label: str


@dataclass(frozen=True, slots=True)
class LutData:
    """A VOI lookup table, PS3.3 C.11.2.1.1: ``url`` gives little-endian uint16, ``bits`` deep, from the value ``first``."""

    first: int
    bits: int
    url: str


@dataclass(frozen=True, slots=True)
class ImageData:
    """One film or slice: ``pixels_url`` gives rows × columns little-endian int16 (``signed``) or uint16 stored values.

    ``stack`` is the stored stack that it is in and ``at`` its place there, from 0; "" while its upload is not over yet. A value
    in ``units`` is ``stored * slope + intercept``. ``spacing`` is (between rows, between columns) in mm or None and
    ``spacing_kind`` says in words what it is worth, ``spacing_caution`` what stands behind a length in mm; ``halved``: how
    often the image is to be halved for its preview, 0 for none; ``orientation`` the letters of the left, top, right and bottom
    edge, "" when unknown; ``position`` and ``axes`` are Image Position (0020,0032) and Image Orientation (0020,0037) in mm,
    None where the header does not say. ``aspect`` is how high a pixel is in widths where there is no spacing; ``number`` is
    Instance Number (0020,0013), 0 where the header does not say. ``warnings`` are remarks about its header. ``facing`` says
    how a film was taken, by the letters of its edges, else by View Position (0018,5101); "" where neither tells.
    """

    id: str
    stack: str
    at: int
    rows: int
    columns: int
    signed: bool
    slope: float
    intercept: float
    units: str
    photometric: str
    windows: tuple[WindowData, ...]
    voi_lut: LutData | None
    spacing: tuple[float, float] | None
    spacing_kind: str
    spacing_caution: str
    orientation: tuple[str, str, str, str]
    position: tuple[float, float, float] | None
    axes: tuple[float, float, float, float, float, float] | None
    pixels_url: str
    halved: int
    thumbnail_url: str
    warnings: tuple[str, ...]
    aspect: float = 1.0
    number: int = 0
    facing: Facing = ""


@dataclass(frozen=True, slots=True)
class SaidData:
    """What a reader says of a stack in place of its header, "" for nothing; ``used`` is "yes" or "no"."""

    plane: str
    weighting: str
    used: str


@dataclass(frozen=True, slots=True)
class StackData:
    """One run of images, what a pane scrolls through: of an exam a stored stack (``kind`` "slices", ``id`` is its own), of
    films a whole series ("film", ``id`` is the series'), whose every image is a stored stack.

    ``plane`` by `app.domain.Plane`; ``title`` says what it shows, ``listed`` all that tells it from the others. ``windows`` are
    the header's, one for the whole stack; of films every image has its own. ``oddities`` are sentences; ``used``: what a
    network reads of its plane, or the series that is shown. ``between`` is in mm, ``begins`` the side from which ``images`` are
    gone through, in words, "" where that is not known. ``space`` is one for all stacks of one frame of reference (0020,0052),
    "" where the files do not say: places compare only within one. ``images`` lie in the order in which this reader goes through
    them, and ``oddities`` count as they do; all else counts slices as they are stored, by ``at`` of an image.
    """

    id: str
    series: str
    kind: Literal["film", "slices"]
    plane: str
    weighting: str
    localizer: bool
    used: bool
    title: str
    listed: str
    description: str
    said: SaidData
    between: float | None
    begins: str
    windows: tuple[WindowData, ...]
    oddities: tuple[str, ...]
    space: str
    images: tuple[ImageData, ...]

    def stored(self, at: int) -> ImageData:
        """The slice at a place of the stored stack, the last one beyond its end; of films the one at that place."""
        at = min(at, len(self.images) - 1)
        return next((image for image in self.images if image.at == at and self.kind == "slices"), self.images[at])
