"""A layer over an image on any grid of pixels, drawn as its kind and scale ask for: as the viewer's shaders do it, in numpy.

Knows arrays and the domain's layers; where the grid lies is the caller's. What is drawn here is static/js/viewport/shaders.js.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import Extent, Layer
from app.render.colours import class_colours, table

Floats = NDArray[np.float32]
Octets = NDArray[np.uint8]
Ends = tuple[float, float]

CLEAR = 0.05
"""Below this a probability is transparent, whatever threshold a reader has set: it is never cut where it matters."""
QUARTERS = 4
"""A probability has lines where it passes from one quarter of 0…1 to another."""


@dataclass(frozen=True, slots=True)
class Look:
    """How layers are drawn: ``opacity`` and ``threshold`` as shares, colour maps by their names, ``smooth`` between the cells;
    ``alone``: without the image under them. ``line`` is the width of a line, in pixels of the grid."""

    opacity: float = 0.55
    threshold: float = 0.25
    unsigned: str = "viridis"
    signed: str = "coolwarm"
    smooth: bool = True
    alone: bool = False
    line: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """A layer's slice at ``place``, from 0, and the ends of its colours."""

    layer: Layer
    place: int
    ends: Ends

    @property
    def values(self) -> Floats:
        """The slice, (height, width)."""
        return np.asarray(self.layer.values[self.place])


@dataclass(frozen=True, slots=True, eq=False)
class Under:
    """The image columns ``x`` (w,) and rows ``y`` (h,) under the pixels of a grid, evenly spaced."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def within(self, extent: Extent) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same as shares of an extent."""
        across = (self.x - extent.left) / (extent.right - extent.left)
        return across, (self.y - extent.top) / (extent.bottom - extent.top)

    def inside(self, extent: Extent) -> NDArray[np.bool_]:
        """Which pixels of the grid, (h, w), have their centre in an extent."""
        down = (self.y >= extent.top) & (self.y <= extent.bottom)
        return np.outer(down, (self.x >= extent.left) & (self.x <= extent.right))

    def wider(self, by: int) -> "Under":
        """The grid with so many pixels more on every side."""
        return Under(_longer(self.x, by), _longer(self.y, by))


def _longer(at: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    step = at[1] - at[0] if at.size > 1 else 1.0
    return np.asarray(at[0] + step * np.arange(-by, at.size + by))


def bilinear(values: Floats, y: NDArray[np.float64], x: NDArray[np.float64]) -> Floats:
    """Values (rows, columns) at cell coordinates, 0 being the middle of the first cell; clamped at the edge cells."""
    for axis, at in ((0, y), (1, x)):
        most = values.shape[axis] - 1
        inside = np.clip(at, 0, most)
        low = np.floor(inside).astype(np.int64)
        share = (inside - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        after = np.minimum(low + 1, most)
        values = np.asarray(np.take(values, low, axis) * (1 - share) + np.take(values, after, axis) * share, np.float32)
    return values


def sampled(values: Floats, extent: Extent, under: Under, *, smooth: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """One slice's values (rows, columns) under the pixels of a grid, (h, w), and where it is drawn."""
    across, down = under.within(extent)
    height, width = values.shape
    inside = under.inside(extent.drawn)
    if smooth:
        return bilinear(values, down * height - 0.5, across * width - 0.5), inside
    row, column = (
        np.clip(np.floor(share * size).astype(np.int64), 0, size - 1) for share, size in ((down, height), (across, width))
    )
    return np.asarray(values[np.ix_(row, column)]), inside


def greys(film: Floats, over: Over, under: Under) -> Floats:
    """An image's values with those of an image layer in their place, as far as it reaches."""
    values, inside = sampled(over.values, over.layer.extent, under, smooth=True)
    return np.where(inside, values, film).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """Colours, uint8 (h, w, 3), that are laid ``where`` (h, w) over what is there, with an opacity."""

    colours: Octets
    where: NDArray[np.bool_]
    opacity: float


def laid(shown: Floats, over: Over, under: Under, look: Look) -> Floats:
    """An image's colours (h, w, 3) in [0, 1] under a layer."""
    out = np.zeros_like(shown) if look.alone and over.layer.scale != "grey" else shown
    for paint in paints(over, under, look):
        colours = paint.colours.astype(np.float32) / 255
        mixed = out * (1 - paint.opacity) + colours * paint.opacity
        out = np.where(paint.where[..., None], mixed, out).astype(np.float32)
    return out


def paints(over: Over, under: Under, look: Look) -> Iterator[Paint]:
    """What a layer is drawn with, one after the other: classes by number or the lines around them, all else between its ends,
    transparent below the threshold; a probability with its lines. An image layer has no colours: see `greys`."""
    layer = over.layer
    opacity = 1.0 if look.alone else look.opacity
    if layer.scale == "grey":
        return
    if layer.kind == "outline":
        yield from _outlines(over, under, look)
    elif layer.scale == "classes":
        numbers = _numbers(over, under)
        yield Paint(class_colours(numbers), numbers > 0, opacity)
    else:
        values, inside = sampled(over.values, layer.extent, under, smooth=look.smooth)
        strength = _strength(values, over.ends)
        yield Paint(coloured(values, over.ends, look), inside & (strength > 0) & (strength >= cut(layer, look)), opacity)
    if layer.kind == "probability":
        lines = _contours(over, under, look)
        yield Paint(np.full((*lines.shape, 3), 255, np.uint8), lines, 1.0)


def _numbers(over: Over, under: Under) -> NDArray[np.int32]:
    """The classes under the pixels of a grid, 0 outside of the extent."""
    values, inside = sampled(over.values, over.layer.extent, under, smooth=False)
    return np.where(inside, np.rint(values), 0).astype(np.int32)


def cut(layer: Layer, look: Look) -> float:
    """The share of its upper end below which a layer is transparent."""
    return min(look.threshold, CLEAR) if layer.kind == "probability" else look.threshold


def coloured(values: Floats, ends: Ends, look: Look) -> Octets:
    """Values as colours, uint8 (…, 3): on both sides of zero where the lower end is negative."""
    low, high = ends
    index = np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.asarray(table(look.signed if low < 0 else look.unsigned)[index])


def bar(over: Over, look: Look, size: tuple[int, int]) -> Octets:
    """A layer's colours from end to end, uint8 (height, width, 3) for ``size`` (width, height); dark where it is clear."""
    low, high = over.ends
    values = np.linspace(low, high, size[0], dtype=np.float32)
    seen = (_strength(values, over.ends) >= cut(over.layer, look))[:, None]
    row = np.where(seen, coloured(values, over.ends, look), np.uint8(34)).astype(np.uint8)
    return np.repeat(row[None], size[1], axis=0)


def _strength(values: Floats, ends: Ends) -> Floats:
    return np.asarray((np.abs(values) if ends[0] < 0 else values) / ends[1], np.float32)


def _contours(over: Over, under: Under, look: Look) -> NDArray[np.bool_]:
    """Where a neighbour to the right or below lies in another quarter of 0…1."""
    by = max(1, look.line // 2)
    values, inside = sampled(over.values, over.layer.extent, under.wider(by), smooth=look.smooth)
    quarter = np.where(inside, np.floor(values * QUARTERS), -1)
    here = quarter[by:-by, by:-by]
    found = np.zeros(here.shape, bool)
    for step in range(1, by + 1):
        for down, across in ((step, 0), (0, step)):
            beside = quarter[by + down : quarter.shape[0] - by + down, by + across : quarter.shape[1] - by + across]
            found |= (here >= 0) & (beside >= 0) & (here != beside)
    return found


def _outlines(over: Over, under: Under, look: Look) -> Iterator[Paint]:
    """The line around each class runs inside of it, on a dark one that is seen on any film; two that touch have one each."""
    line = look.line
    by = line + max(1, line // 2)
    numbers = _numbers(over, under.wider(by))
    here = numbers[by:-by, by:-by]
    dark, bright = (np.zeros(here.shape, bool) for _ in range(2))
    for ring in range(1, by + 1):
        around = [
            numbers[by + down : numbers.shape[0] - by + down, by + across : numbers.shape[1] - by + across]
            for down, across in ((ring, 0), (-ring, 0), (0, ring), (0, -ring))
        ]
        most, least = np.maximum.reduce(around), np.minimum.reduce(around)
        edge = ~(dark | bright) & ((most != here) | (least != here))
        mine = edge & (here > 0) & (ring <= line)
        bright |= mine
        dark |= edge & ~mine
    yield Paint(np.zeros((*here.shape, 3), np.uint8), dark, 1.0)
    yield Paint(class_colours(here), bright, 1.0)
