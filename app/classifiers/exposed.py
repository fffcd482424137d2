"""Which rectangle of a film was exposed: collimated films, and films that were scanned or photographed with something around.

Lines along a side that are of one value from end to end go first, unless what begins behind them begins slowly: so a black
frame ends even where the film beside it is nearly as black, and nothing is lost with them, because nothing is on them. Else a
side has a frame where its outermost lines are of one grey, and the frame ends at a straight and sharp edge: the air beside a
body is of one grey too, but no ruler drew its border. Looks at stored values on a shrunk copy, so that windows and MONOCHROME1
make no difference, and then for each edge at full size. Knows arrays and the domain; no torch.
"""

from dataclasses import replace
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.domain import Extent, Image, frozen

LONG = 192
"""Long side of the shrunk copy, about."""
NEAR = 0.06
"""Of one grey: so close, as a share of what lies between the 1st and the 99th percentile of the film's middle."""
UNIFORM = 0.75
"""So large a share of a side's outermost lines is of the frame's grey; the rest may be text and markers."""
THIN = 0.02
"""Frames that are thinner, as a share of the long side, are left alone: films end so."""
STRAIGHT, LONG_EDGE, OFF = 0.55, 0.4, 0.012
"""So large a share of an edge lies on one line, which is so long as a share of the film's side; and how far off it counts as on
it, as a share of the long side."""
TILT, ALIKE = 0.16, 0.035
"""The steepest edge, as a slope: 9°; and how far the slopes of two edges of one field may differ, once one is turned."""
STEP, SHARP = 0.1, 0.55
"""How far the grey just inside differs from the frame's, and along what share of the edge at least."""
SUDDEN = 0.62
"""What the grey has gained just inside of an edge is so large a share of what it has gained 4 % further in. Skin comes on
slowly: a body is round. Of 99 flanks of children that looked like edges nine in ten had 0.52 or less; of 136 edges of NIH's
films, most of them collimated, three in four had 0.83 or more."""
LEAST = 0.3
"""A field is at least so large a share of either side of the film."""
NESTED = 3
"""So many frames may lie in one another: a page around a film around a field."""

ONE = 0.006
"""Of one value: so close, as `NEAR` counts; what JPEG leaves of a plain ground, less than the noise of air."""
WHOLE = 0.995
"""A line is of one value from end to end where so large a share of it is."""
BEGINS, WITHIN = 0.2, 0.02
"""So large a share of a line is something else within so many lines, as a share of the long side, behind a frame of one value.
What begins slowly is a shoulder or a marker in air that is as black as can be."""
BEGINS_AROUND = 0.05
"""The same where two sides have such a frame: corners of a tilted field begin slowly too."""
BLOCK = 8
"""JPEG's blocks are so many lines wide. One that has both frame and film in it ripples, so that lines of one value end on its
border and the edge lies within it."""
LINES = 64
"""So many lines are looked at in one go."""
PIECE = 0.02
"""What is smaller, as a share of the copy, is no part of the field: text and markers."""
Scalar = TypeVar("Scalar", bound=np.generic)
Grey = NDArray[np.float32]
Box = tuple[int, int, int, int]
"""Top, left, bottom and right in pixels; the latter two are behind the last."""
Cuts = tuple[int, int, int, int]
"""How many lines are cut off at the top, the bottom, the left and the right."""
NONE: Cuts = (0, 0, 0, 0)


class Edge(NamedTuple):
    """A straight edge below a frame: where its highest end lies and its slope, both in cells of the shrunk copy, and the
    columns that end on it."""

    top: float
    slope: float
    columns: NDArray[np.intp]


def field_of(image: Image) -> Box:
    """The exposed field of an image; all of it where there is no frame. What somebody has found before (`held`) is kept."""
    if image.field is not None:
        top, left, bottom, right = image.field
        return top, left, bottom, right
    return find(image.stored)


def held(image: Image) -> Image:
    """The image with its field written into it: what is edited in it later moves no edge."""
    return replace(image, field=field_of(image))


def cropped(image: Image) -> Image:
    """The exposed field as an image of its own; the same object where it is all of the film."""
    top, left, bottom, right = field_of(image)
    if (bottom - top, right - left) == image.stored.shape:
        return image
    return replace(image, stored=frozen(cast("NDArray[np.uint16]", image.stored[top:bottom, left:right])), field=None)


def share(image: Image) -> float:
    """Which share of the film the exposed field is, 1 where there is no frame."""
    top, left, bottom, right = field_of(image)
    return (bottom - top) * (right - left) / max(image.stored.size, 1)


def extent_of(image: Image) -> Extent:
    """The exposed field as a rectangle."""
    top, left, bottom, right = field_of(image)
    return Extent(left, top, right, bottom)


def find(values: NDArray[np.generic]) -> Box:
    """The exposed field of a film's values, any real dtype, (rows, columns); all of it where there is no frame."""
    top, left, bottom, right = 0, 0, *values.shape
    for _ in range(NESTED):
        cuts = _cuts(values[top:bottom, left:right])
        if not any(cuts):
            break
        top, bottom, left, right = top + cuts[0], bottom - cuts[1], left + cuts[2], right - cuts[3]
    if bottom - top < LEAST * values.shape[0] or right - left < LEAST * values.shape[1]:
        return 0, 0, values.shape[0], values.shape[1]
    return top, left, bottom, right


def _cuts(values: NDArray[np.generic]) -> Cuts:
    """How many lines the outermost frame has on each side; all 0 where there is none."""
    if min(values.shape) < 32:
        return NONE
    step = -(-max(values.shape) // LONG)
    small = _shrunk(values, step)
    rows, columns = (length // 4 for length in small.shape)
    low, high = np.percentile(small[rows:-rows, columns:-columns], (1, 99))  # the middle is film, whatever lies around it
    if high - low <= 1e-6:
        return NONE
    edged = _edged(values, step, small, (float(low), float(high)))
    plain = _plain(values, ONE * float(high - low))
    if not any(plain) or plain[0] + plain[1] >= values.shape[0] or plain[2] + plain[3] >= values.shape[1]:
        return edged
    ends = plain[0], values.shape[0] - plain[1], plain[2], values.shape[1] - plain[3]
    top, bottom, left, right = (
        other if end % BLOCK == 0 and one < other <= one + BLOCK else one
        for one, other, end in zip(plain, edged, ends, strict=True)
    )
    return top, bottom, left, right


def _plain(values: NDArray[np.generic], near: float) -> list[int]:
    """How many lines of one value, text on them included, a frame has at the top, the bottom, the left and the right; 0 where
    no film begins at once behind them."""
    size = max(values.shape)
    sides = [_plain_lines(side, near, max(2, round(WITHIN * size))) for side in _sides(values)]
    around = sum(count >= max(1, THIN * size) and begins >= BEGINS for count, begins in sides) > 1
    least = BEGINS_AROUND if around else BEGINS
    return [count if count >= max(1, THIN * size) and begins >= least else 0 for count, begins in sides]


def _plain_lines(values: NDArray[np.generic], near: float, deep: int) -> tuple[int, float]:
    """How many of the first lines of a plane are of one value but for text, and what share of a line is something else at most
    among the ``deep`` ones that follow."""
    tone, shares = float(np.median(values[0])), np.zeros(0)
    while len(shares) < len(values):
        strip = values[len(shares) : len(shares) + LINES].astype(np.float32)
        shares = np.concatenate([shares, (np.abs(strip - tone) <= near).mean(1)])
        other = np.flatnonzero(shares < UNIFORM)
        if shares[0] < WHOLE or (len(other) and other[0] + deep <= len(shares)):
            break
    other = np.flatnonzero(shares < UNIFORM)
    whole = np.flatnonzero(shares[: other[0] if len(other) else 0] >= WHOLE)
    count = int(whole[-1]) + 1 if len(whole) else 0
    return count, float(1 - shares[count : count + deep].min(initial=1.0))


def _edged(values: NDArray[np.generic], step: int, small: Grey, ends: tuple[float, float]) -> Cuts:
    """How many lines lie before straight and sudden edges."""
    low, high = ends
    grey = np.asarray((small - low) / (high - low), np.float32)
    frames = [_frame(turned) for turned in _sides(grey)]
    if all(frame is None for frame in frames):
        return NONE
    around = np.zeros(grey.shape, bool)
    for view, frame in zip(_sides(around), frames, strict=True):
        if frame is not None:
            view[frame[1]] = True
    field = _film(~around)
    if field is None:
        return NONE
    edges = [
        _edge(inside, turned, frame[0]) if frame is not None else None
        for inside, turned, frame in zip(_sides(field), _sides(grey), frames, strict=True)
    ]
    tilts = [sign * edge.slope for sign, edge in zip((1, -1, -1, 1), edges, strict=True) if edge is not None]
    if not tilts or max(tilts) - min(tilts) > ALIKE:
        return NONE
    cuts = [
        _refined(whole, step, edge, (low, high, frame[0])) if edge is not None and frame is not None else 0
        for whole, edge, frame in zip(_sides(values), edges, frames, strict=True)
    ]
    return cuts[0], cuts[1], cuts[2], cuts[3]


def _sides(plane: NDArray[Scalar]) -> list[NDArray[Scalar]]:
    """Views of a plane whose first row is, in turn, its top, bottom, left and right."""
    return [plane, plane[::-1], plane.T, plane.T[::-1]]


def _shrunk(values: NDArray[np.generic], step: int) -> Grey:
    """Every so many pixels, each the mean of up to four of those that it stands for: cheap however large the film is."""
    if step == 1:
        return values.astype(np.float32)
    rows, columns = (length // step for length in values.shape)
    offsets = (step // 4, step // 4 + step // 2)
    parts = [values[y::step, x::step][:rows, :columns].astype(np.float32) for y in offsets for x in offsets]
    return np.asarray(sum(parts) / np.float32(4), np.float32)


def _frame(grey: Grey) -> tuple[float, NDArray[np.bool_]] | None:
    """The grey of the frame at the top of a plane, and where it is: what is of this grey and hangs together with the top."""
    outer = grey[:2]
    tone = float(np.median(outer))
    if (np.abs(outer - tone) <= NEAR).mean() < UNIFORM:
        return None
    labels, _ = ndimage.label(np.abs(grey - tone) <= NEAR)
    touching = np.unique(labels[:2])
    return tone, np.isin(labels, touching[touching > 0])


def _film(inside: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """What is no frame, without what is thin or small, such as text; None where too little is left for a film."""
    opened = ndimage.binary_opening(np.pad(inside, 2, mode="edge"), np.ones((3, 3), bool))[2:-2, 2:-2]
    labels, count = ndimage.label(opened)
    large = np.flatnonzero(np.bincount(labels.ravel(), minlength=count + 1) >= PIECE * inside.size)
    found: NDArray[np.bool_] = np.isin(labels, large[large > 0])
    return found if found.sum() >= LEAST * LEAST * inside.size else None


def _edge(inside: NDArray[np.bool_], grey: Grey, tone: float) -> Edge | None:
    """The edge of a field below its top frame; None where it is no straight and sudden one."""
    size = max(inside.shape)
    columns = np.flatnonzero(inside.any(0))
    if len(columns) < LEAST * inside.shape[1]:
        return None
    first = inside[:, columns].argmax(0)
    middle = (columns[0] + columns[-1]) / 2
    off = max(1.0, OFF * size)
    best: tuple[int, float, float] = (0, 0.0, 0.0)
    for slope in sorted(np.linspace(-TILT, TILT, 33).tolist(), key=abs):
        rest = np.sort(first - slope * (columns - middle))
        counts = np.searchsorted(rest, rest + 2 * off, side="right") - np.arange(len(rest))
        at = int(counts.argmax())
        if counts[at] > best[0] * 1.02:
            best = int(counts[at]), slope, float(np.median(rest[at : at + counts[at]]))
    count, slope, height = best
    on = np.abs(first - slope * (columns - middle) - height) <= off
    if count < max(STRAIGHT * len(columns), LONG_EDGE * inside.shape[1]) or not on.any():
        return None
    if not _sudden(grey, tone, first[on], columns[on]):
        return None
    ends = height + slope * (columns[[0, -1]] - middle)
    top = min(float(ends.min()), float(np.quantile(first, 0.02)))
    if top < max(1.0, THIN * size):
        return None
    return Edge(top, slope, columns[on])


def _sudden(grey: Grey, tone: float, first: NDArray[np.intp], columns: NDArray[np.intp]) -> bool:
    """Whether the grey changes at once where a frame ends, as at a diaphragm's blade."""
    last, deeper = len(grey) - 1, max(4, round(0.04 * len(grey)))
    near, far = (
        np.abs(np.mean([grey[np.minimum(first + at, last), columns] for at in steps], axis=0) - tone)
        for steps in ((1, 2), (deeper - 1, deeper, deeper + 1))
    )
    return bool((near >= STEP).mean() >= SHARP and np.median(near / np.maximum(far, 1e-6)) >= SUDDEN)


def _refined(
    values: NDArray[np.generic],
    step: int,
    edge: Edge,
    greys: tuple[float, float, float],
) -> int:
    """How many rows of a film lie above the edge: at full size where it is level, and never inside of the field where not."""
    top, slope, columns = edge
    if abs(slope) * (columns[-1] - columns[0]) > 2:
        return max(0, int(top * step))
    low, high, tone = greys
    begin = max(0, int((top - 2) * step))
    at = np.minimum(columns[:: max(1, len(columns) // 64)] * step + step // 2, values.shape[1] - 1)
    strip = values[begin : int((top + 3) * step) + 1, at].astype(np.float32)
    other = (np.abs((strip - low) / (high - low) - tone) > NEAR).mean(1)
    return begin + int(np.argmax(other >= 0.5 * other.max()))
