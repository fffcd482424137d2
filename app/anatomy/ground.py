"""What lies where on a film, for telling where a map's evidence lies: lungs, heart, below the diaphragm, the rest of the body,
and what is no body at all.

Lungs and heart come from whoever found them (`app.anatomy.regions` has their codes); the body's outline and the diaphragm are
read off the film and off the lungs here. Numpy only; knows no network and no map.
"""

from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy.regions import HEART, LEFT_LUNG, RIGHT_LUNG
from app.domain import Extent, Image, frozen

Region = Literal[
    "outside the body", "right lung", "left lung", "heart and mediastinum", "below the diaphragm", "rest of the body"
]
"""Parts that a film is divided into, by their numbers: each place of it is in one of them. Right and left are the patient's."""
REGIONS = cast("tuple[Region, ...]", get_args(Region))
OUTSIDE, BELOW, REST = 0, 4, 5
"""The others have the codes of `app.anatomy.regions`."""
TITLE = "Regions of the film"
"""What a layer of the regions is called."""
LONG = 256
"""Cells along the longer side of the grid on which a film is divided."""
SMOOTH = 1.0
"""Standard deviation in cells of the blur under which the body's outline is read: noise and lettering make no bays."""
AIR = 0.15
"""Air beside a body is darker than so much of the way from the film's darkest to its lungs."""
AIR_ALONE = 0.08
"""The same from the darkest to the brightest, where no lungs are known."""
SPREADS, SKIN = 2.0, 0.004
"""Skin begins so many standard deviations above the air's grey, or at least so much of the way from darkest to brightest."""
FIELD = (1.0, 99.0)
"""Percentiles of the exposed field that count as its darkest and its brightest."""
LEAST_BODY = 0.2
"""A body is at least so large a share of the film; where less is found, the outline is not measurable and all of it counts."""

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """One film, divided: ``labels`` uint8 (rows, columns) of a grid over it, the numbers of `REGIONS`; ``film`` its (rows,
    columns) in pixels. ``markers`` says where letters and markers are, on the grid; None: nobody looked. ``measured``: the
    lungs are known; without them a film has only body and no body. ``devices``: the same of tubes and wires."""

    labels: Labels
    film: tuple[int, int]
    markers: Mask | None = None
    measured: bool = True
    devices: Mask | None = None

    def where(self, region: Region) -> Mask:
        """The cells of a region."""
        return np.asarray(self.labels == REGIONS.index(region))


def grid(rows: int, columns: int) -> tuple[int, int]:
    """The shape of the grid that a film of this size is divided on: `LONG` cells along its longer side, fewer on small ones."""
    scale = min(1.0, LONG / max(rows, columns))
    return max(1, round(rows * scale)), max(1, round(columns * scale))


def ground(
    image: Image,
    shown: Grey,
    found: NDArray[np.integer] | None,
    covers: Extent | None = None,
    markers: NDArray[np.bool_] | None = None,
) -> Ground:
    """Divide a film, which is ``shown`` in grey, 0 black to 1 white (`app.grey.grey`). ``found``: numbers (h, w) over the
    rectangle ``covers`` of it (None: all of it), 1 right lung, 2 left, 3 heart with mediastinum, 0 elsewhere; None where they
    are not measurable. ``markers`` (h, w) over the whole film."""
    film = (image.rows, image.columns)
    shape = grid(*film)
    labels = np.zeros(shape, np.uint8)
    if found is not None:
        labels = nearest(found, covers or Extent(0, 0, film[1], film[0]), film, shape).astype(np.uint8)
    small = shrunk(shown, shape)
    field = _field(image, shape)
    lungs = np.isin(labels, (RIGHT_LUNG, LEFT_LUNG))
    inside = body(small, field, lungs if lungs.any() else None) | (labels > 0)
    return divided(labels, inside, film, None if markers is None else nearest(markers, None, film, shape).astype(bool))


def divided(found: NDArray[np.integer], inside: Mask, film: tuple[int, int], markers: Mask | None = None) -> Ground:
    """A film of (rows, columns) pixels from what was found of it, all (h, w) on one grid: lungs and heart by number, and the
    body. What lies under the lungs is below the diaphragm, as far as it is body."""
    labels = np.where(inside, REST, OUTSIDE).astype(np.uint8)
    measured = bool(np.isin(found, (RIGHT_LUNG, LEFT_LUNG)).any())
    if measured:
        labels[inside & under(np.asarray(found))] = BELOW
        labels = np.where(np.isin(found, (RIGHT_LUNG, LEFT_LUNG, HEART)), found, labels).astype(np.uint8)
    return Ground(frozen(labels), film, None if markers is None else frozen(markers), measured)


def under(found: NDArray[np.integer]) -> Mask:
    """What lies lower than lungs and heart, (h, w): under the lower edge of either in its own columns; beside a lung under its
    lowest place, where the diaphragm meets the chest wall."""
    rows, columns = found.shape
    across = np.arange(columns)
    filled = np.isin(found, (RIGHT_LUNG, LEFT_LUNG, HEART))
    if not filled.any():
        return np.zeros(found.shape, bool)
    edge = _lowest(filled)
    middle = float(np.flatnonzero(filled.any(0)).mean())
    for side in (RIGHT_LUNG, LEFT_LUNG):
        bottoms = _lowest(found == side)
        if bottoms.max() < 0:
            continue
        corner = int(np.argmax(bottoms))
        on_left = float(np.flatnonzero(bottoms >= 0).mean()) <= middle  # of the picture: films may be mirrored
        beside = across <= corner if on_left else across >= corner
        edge = np.where(beside, np.maximum(edge, bottoms.max()), edge)
    known = np.flatnonzero(edge >= 0)
    edge = np.interp(across, known, edge[known])
    return np.asarray(np.arange(rows)[:, None] > edge[None, :])


def _lowest(where: Mask) -> NDArray[np.float64]:
    """The lowest row of a mask in every column, -1 where it has none."""
    rows = where.shape[0]
    return np.where(where.any(0), rows - 1.0 - np.argmax(where[::-1], axis=0), -1.0)


def body(small: Grey, field: Mask, lungs: Mask | None) -> Mask:
    """Where the body lies on a film in grey, 0 black to 1 white, (h, w): all of its exposed ``field`` that is no air reaching
    the field's edge; the largest part of that, without holes. Air is first what is much darker than lungs, then what is as
    dark as that is for the most part: skin comes on slowly."""
    if not field.any():
        return np.ones(small.shape, bool)
    shown = ndimage.gaussian_filter(small, SMOOTH)
    low, high = (float(end) for end in np.percentile(shown[field], FIELD))
    bound = low + AIR_ALONE * (high - low)
    spared = np.zeros(small.shape, bool)
    if lungs is not None and (lungs & field).any():
        bound = low + AIR * max(float(np.median(shown[lungs & field])) - low, 0.0)
        spared = ndimage.binary_dilation(lungs, iterations=2)
    air = _reaching(field & ~spared & (shown < bound), field)
    if air.any():
        level = float(np.median(shown[air]))
        spread = 1.4826 * float(np.median(np.abs(shown[air] - level)))
        air = _reaching(air & (shown < level + max(SPREADS * spread, SKIN * (high - low))), field)
    left = field & ~air
    opened = ndimage.binary_opening(np.pad(left, 2, mode="edge"), iterations=2)[2:-2, 2:-2]
    parts, count = ndimage.label(opened)
    if count == 0:
        return field
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    found = np.asarray(ndimage.binary_fill_holes(largest), bool)
    return found if found.mean() >= LEAST_BODY else field


def _reaching(dark: Mask, field: Mask) -> Mask:
    """What hangs together with the edge of the field."""
    parts, _ = ndimage.label(dark)
    rim = field & ~ndimage.binary_erosion(field, border_value=0)
    reached = np.unique(parts[rim])
    return np.isin(parts, reached[reached > 0])


def _field(image: Image, shape: tuple[int, int]) -> Mask:
    """The exposed field of a film on a grid; all of it where nobody has looked for one."""
    inside = np.ones(shape, bool)
    if image.field is not None:
        top, left, bottom, right = image.field
        down, across = ((np.arange(n) + 0.5) * length / n for n, length in zip(shape, (image.rows, image.columns), strict=True))
        inside = np.outer((down > top) & (down < bottom), (across > left) & (across < right))
    return inside


def nearest(
    values: NDArray[np.generic], covers: Extent | None, film: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.generic]:
    """Numbers (h, w) over a rectangle of a film, on a grid over all of it: what lies under each cell's middle, 0 beyond."""
    covers = covers or Extent(0, 0, film[1], film[0])
    spans = ((covers.top, covers.bottom), (covers.left, covers.right))
    at = []
    for n, length, size, (low, high) in zip(shape, film, values.shape, spans, strict=True):
        at.append(np.floor(((np.arange(n) + 0.5) * length / n - low) / (high - low) * size).astype(np.int64))
    seen = np.outer(*((place >= 0) & (place < size) for place, size in zip(at, values.shape, strict=True)))
    rows, columns = (np.clip(place, 0, size - 1) for place, size in zip(at, values.shape, strict=True))
    return np.where(seen, values[np.ix_(rows, columns)], np.zeros((), values.dtype))


def shrunk(values: Grey, shape: tuple[int, int]) -> Grey:
    """A film (rows, columns) as means over the cells of a grid; of large films from every second or n-th pixel."""
    step = max(1, min(values.shape[0] // (2 * shape[0]), values.shape[1] // (2 * shape[1])))
    few = np.ascontiguousarray(values[step // 2 :: step, step // 2 :: step])
    down, across = (overlaps(cells(n, 1.0), cells(size, 1.0)) for n, size in zip(shape, few.shape, strict=True))
    down, across = (part / part.sum(1, keepdims=True) for part in (down, across))
    return np.asarray(down.astype(np.float32) @ few @ across.T.astype(np.float32), np.float32)


def cells(count: int, length: float) -> NDArray[np.float64]:
    """The edges, (count + 1,), of cells that share a length."""
    return np.linspace(0.0, length, count + 1)


def overlaps(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each cell of one row of cells lies in each of another, (n, m), from their edges (n + 1,) and (m + 1,)."""
    low = np.maximum(one[:-1, None], other[None, :-1])
    high = np.minimum(one[1:, None], other[None, 1:])
    return np.asarray(np.maximum(high - low, 0.0), np.float64)
