"""A layer over an image on any grid of pixels, drawn as its kind and scale ask for: as the viewer's shaders do it, in numpy.

Knows arrays and the domain's layers; where the grid lies is the caller's. What is drawn here is static/js/viewport/shaders.js.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import Extent, Layer
from app.render.colours import class_colours, table
from app.render.looks import NOTHING, Known, Look, as_drawn, ends_of

Floats = NDArray[np.float32]
Octets = NDArray[np.uint8]
Ends = tuple[float, float]

CLEAR = 0.05
"""Below this a probability is transparent, whatever threshold a reader has set: it is never cut where it matters."""
QUARTERS = 4
"""A probability has lines where it passes from one quarter of 0…1 to another, a map of its upper end."""
STEPS = 253
"""How finely the viewer keeps how much of the reader's opacity a pixel gets."""
DARK = 34
"""Of a colour bar where a layer is clear."""


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """A layer's slice at ``place``, from 0, with the values that are drawn, and the ends of its colours. ``strength``: the
    share of its opacity that it gets; ``influence``: its two sides are no evidence for and against."""

    layer: Layer
    place: int
    ends: Ends
    strength: float = 1.0
    influence: bool = False

    @property
    def values(self) -> Floats:
        """The slice, (height, width)."""
        return np.asarray(self.layer.values[self.place])


def over(layer: Layer, place: int, known: Known = NOTHING, look: Look = Look()) -> Over:  # noqa: B008 - frozen
    """A layer's slice as it is drawn where nothing else has a say in its colours."""
    shown = as_drawn(layer, known, look)
    strength = known.strength if look.fading else 1.0
    return Over(shown, place, ends_of(shown, known, look), strength, known.influence)


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
    """Colours, uint8 (h, w, 3), and how much of each covers what is there, in [0, 1] (h, w)."""

    colours: Octets
    cover: Floats


def laid(shown: Floats, over: Over, under: Under, look: Look) -> Floats:
    """An image's colours (h, w, 3) in [0, 1] under a layer."""
    out = np.zeros_like(shown) if look.alone and over.layer.scale != "grey" else shown
    for paint in paints(over, under, look):
        cover = paint.cover[..., None]
        out = np.where(cover > 0, out * (1 - cover) + paint.colours.astype(np.float32) / 255 * cover, out).astype(np.float32)
    return out


def paints(over: Over, under: Under, look: Look) -> Iterator[Paint]:
    """What a layer is drawn with, one after the other: classes by number or the lines around them, all else between its ends,
    transparent below the threshold, or as lines; a probability with its lines. An image layer has no colours: see `greys`."""
    layer = over.layer
    opacity = 1.0 if look.alone else look.opacity
    if layer.scale == "grey":
        return
    if layer.kind == "outline":
        yield from _outlines(over, under, look)
    elif layer.scale == "classes":
        numbers = _numbers(over, under)
        yield Paint(class_colours(numbers), _cover(numbers > 0, opacity))
    elif edge(layer, look) == "lines":
        quarters, lines = _lines(over, under, look)
        yield Paint(coloured(levels(quarters, over.ends), over, look), _cover(lines, over.strength))
    else:
        values, inside = sampled(over.values, layer.extent, under, smooth=look.smooth)
        shares = np.where(inside, seen(values, over, look), 0)
        yield Paint(coloured(values, over, look), (shares * opacity * over.strength).astype(np.float32))
    if layer.kind == "probability":
        lines = _contours(over, under, look)
        yield Paint(np.full((*lines.shape, 3), 255, np.uint8), _cover(lines, 1.0))


def _cover(where: NDArray[np.bool_], opacity: float) -> Floats:
    return np.where(where, np.float32(opacity), np.float32(0))


def _numbers(over: Over, under: Under) -> NDArray[np.int32]:
    """The classes under the pixels of a grid, 0 outside of the extent."""
    values, inside = sampled(over.values, over.layer.extent, under, smooth=False)
    return np.where(inside, np.rint(values), 0).astype(np.int32)


def edge(layer: Layer, look: Look) -> str:
    """How a layer begins above the threshold; a probability at once, because it is never cut where it matters."""
    return "hard" if layer.kind == "probability" else look.edge


def cut(layer: Layer, look: Look) -> float:
    """The share of its upper end below which a layer is transparent."""
    return min(look.threshold, CLEAR) if layer.kind == "probability" else look.threshold


def seen(values: Floats, over: Over, look: Look) -> Floats:
    """Which share of the reader's opacity values get: none below the threshold, and all of it above. A soft edge comes up from
    the threshold to its double, or half-way to 1 where that is nearer."""
    strength, least = _strength(values, over.ends), cut(over.layer, look)
    above = (strength > 0) & (strength >= least)
    width = min(least, 1 - least)
    if edge(over.layer, look) != "soft" or width <= 0:
        return above.astype(np.float32)
    share = np.where(above, np.clip((strength - least) / width, 0, 1), 0)
    return np.asarray(np.floor(share * STEPS + 0.5) / STEPS, np.float32)


def coloured(values: Floats, over: Over, look: Look) -> Octets:
    """Values as colours, uint8 (…, 3): on both sides of zero where the lower end is negative."""
    low, high = over.ends
    index = np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)
    signed = look.influence if over.influence and look.influence else look.signed
    return np.asarray(table(signed if low < 0 else look.unsigned)[index])


def bar(over: Over, look: Look, size: tuple[int, int]) -> Octets:
    """A layer's colours from end to end, uint8 (height, width, 3) for ``size`` (width, height); dark where it is clear."""
    low, high = over.ends
    values = np.linspace(low, high, size[0], dtype=np.float32)
    if edge(over.layer, look) == "lines":
        quarters = bands(values, over, look)
        values, shares = levels(quarters, over.ends), (quarters != 0).astype(np.float32)
    else:
        shares = seen(values, over, look)
    colours = coloured(values, over, look) * shares[:, None] + np.float32(DARK) * (1 - shares[:, None])
    return np.repeat(np.rint(colours).astype(np.uint8)[None], size[1], axis=0)


def _strength(values: Floats, ends: Ends) -> Floats:
    return np.asarray((np.abs(values) if ends[0] < 0 else values) / ends[1], np.float32)


def bands(values: Floats, over: Over, look: Look) -> NDArray[np.int32]:
    """Which quarter of the upper end values lie in, 1 to 3, below zero negative; 0 in the first, and where a line would lie
    below the threshold."""
    strength = _strength(values, over.ends)
    quarter = np.clip(np.floor(strength * QUARTERS), 0, QUARTERS - 1).astype(np.int32)
    kept = quarter / QUARTERS >= cut(over.layer, look)
    sides = np.where(values < 0, -1, 1) if over.ends[0] < 0 else 1
    return np.asarray(np.where(kept, quarter, 0) * sides, np.int32)


def levels(quarters: NDArray[np.int32], ends: Ends) -> Floats:
    """The values whose colours lines have: of each quarter its end, so that the outermost line is seen on a dark film too."""
    return np.asarray(np.sign(quarters) * np.minimum(np.abs(quarters) + 1, QUARTERS) / QUARTERS * ends[1], np.float32)


def _lines(over: Over, under: Under, look: Look) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The quarter whose line runs through a pixel, and where one does: where a neighbour to the right or below lies in
    another, the higher of both."""
    by = max(1, look.line // 2)
    values, inside = sampled(over.values, over.layer.extent, under.wider(by), smooth=look.smooth)
    quarters = bands(values, over, look)
    here, within = quarters[by:-by, by:-by], inside[by:-by, by:-by]
    most, found = here.copy(), np.zeros(here.shape, bool)
    for beside, there in zip(_beside(quarters, by), _beside(inside, by), strict=True):
        other = within & there & (here != beside)
        found |= other
        most = np.where(other & (np.abs(beside) > np.abs(most)), beside, most)
    return most, found


def _beside(of: NDArray[Any], by: int) -> Iterator[NDArray[Any]]:
    """The pixels up to so many steps to the right of each, and below it."""
    for step in range(1, by + 1):
        for down, across in ((step, 0), (0, step)):
            yield of[by + down : of.shape[0] - by + down, by + across : of.shape[1] - by + across]


def _contours(over: Over, under: Under, look: Look) -> NDArray[np.bool_]:
    """Where a neighbour to the right or below lies in another quarter of 0…1."""
    by = max(1, look.line // 2)
    values, inside = sampled(over.values, over.layer.extent, under.wider(by), smooth=look.smooth)
    quarter = np.where(inside, np.floor(values * QUARTERS), -1)
    here = quarter[by:-by, by:-by]
    found = np.zeros(here.shape, bool)
    for beside in _beside(quarter, by):
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
        rim = ~(dark | bright) & ((most != here) | (least != here))
        mine = rim & (here > 0) & (ring <= line)
        bright |= mine
        dark |= rim & ~mine
    yield Paint(np.zeros((*here.shape, 3), np.uint8), _cover(dark, 1.0))
    yield Paint(class_colours(here), _cover(bright, 1.0))
