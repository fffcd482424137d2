"""Panes as they are seen, drawn by the server: the same values, windows, colours and places as static/js/viewport, in numpy.

Needs no browser and no graphics card, so that a report comes out the same for everybody. Knows arrays and views; no route.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from app.domain import Annotation, Image, Layer, Region
from app.grey import apply_voi_lut, apply_window, window_for
from app.render import table
from app.web.printing.view import View

Floats = NDArray[np.float32]
Octets = NDArray[np.uint8]
Ends = tuple[float, float]
REGION = (255, 209, 102)
MEASURE = (127, 227, 255)
BAR = 14
"""Height of the colour bar under a map, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Image columns ``x`` (w,) and rows ``y`` (h,), each along one side of a box; ``swapped``: columns run down the box."""

    x: NDArray[Any]
    y: NDArray[Any]
    swapped: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies in a box, as `placed` of geometry.js: X = a·x + b·y + e, Y = c·x + d·y + f, in the box's pixels."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    scale: float

    def through(self, x: float, y: float) -> tuple[float, float]:
        """An image point in the box."""
        return self.a * x + self.b * y + self.e, self.c * x + self.d * y + self.f

    def grid(self, wide: int, high: int) -> "Grid":
        """The image columns and rows under the box's pixels."""
        across = np.arange(wide, dtype=np.float64) + 0.5
        down = np.arange(high, dtype=np.float64) + 0.5
        if self.a:
            return Grid((across - self.e) / self.a, (down - self.f) / self.d, swapped=False)
        return Grid((down - self.f) / self.c, (across - self.e) / self.b, swapped=True)


def placed(view: View, image: Image, box: tuple[int, int]) -> Place:
    """The place of an image for a view in a box (width, height)."""
    rows, columns = image.stored.shape
    tall = image.pixel_spacing[0] / image.pixel_spacing[1] if image.pixel_spacing else 1.0
    xx, xy, yx, yy = view.turn
    size = (rows * tall, float(columns)) if xx == 0 else (float(columns), rows * tall)
    scale = min(box[0] / size[0], box[1] / size[1]) * view.zoom
    a, b, c, d = scale * xx, scale * xy * tall, scale * yx, scale * yy * tall
    cx, cy = view.x * columns, view.y * rows
    return Place(a, b, c, d, box[0] / 2 - a * cx - b * cy, box[1] / 2 - c * cx - d * cy, scale)


def ends(layer: Layer, robust: bool) -> Ends:
    """The values at the ends of a film's layer's colours: 0 or the negative of the end, and the 99.5th percentile or the
    extreme; of what lies in 0…1 by its scale just these."""
    if layer.scale == "unit":
        return 0.0, 1.0
    values = np.abs(layer.values) if layer.signed else layer.values[layer.values > 0]
    high = float(np.percentile(values, 99.5)) if robust and values.size else 0.0
    if high <= 0:
        high = float(values.max(initial=0.0)) or 1.0
    return (-high if layer.signed else 0.0, high)


def scales(maps: Mapping[str, Layer], view: View) -> dict[str, Ends]:
    """Each map's ends by its method: its own, or one scale for the signed maps and one for the others."""
    own = {method: ends(found, view.robust) for method, found in maps.items()}
    if not view.shared:
        return own
    highest = {
        signed: max(
            (own[method][1] for method, found in maps.items() if found.signed is signed and found.scale != "unit"), default=1.0
        )
        for signed in (True, False)
    }
    common = {True: (-highest[True], highest[True]), False: (0.0, highest[False])}
    return {method: own[method] if found.scale == "unit" else common[found.signed] for method, found in maps.items()}


def draw(
    image: Image,
    view: View,
    size: tuple[int, int],
    layer: Layer | None = None,
    scale: Ends = (0.0, 1.0),
) -> Octets:
    """One pane without marks: uint8 (height, width, 3) for ``size`` (width, height). Outside the image it is black."""
    wide, high = size
    place = placed(view, image, size)
    grid = place.grid(wide, high)
    rows, columns = image.stored.shape
    seen = np.outer((grid.y >= 0) & (grid.y < rows), (grid.x >= 0) & (grid.x < columns))
    shown = np.repeat(_grey(image, view, grid, place.scale)[..., None], 3, axis=2)
    if layer is not None and view.overlays:
        shown = _over(shown, layer, view, scale, grid)
    picture = np.rint(np.where(seen[..., None], shown, 0.0) * 255).astype(np.uint8)
    return np.ascontiguousarray(picture.transpose(1, 0, 2)) if grid.swapped else picture


def _grey(image: Image, view: View, grid: Grid, scale: float) -> Floats:
    """The film's grey in [0, 1] on a grid; a film much larger than its pane is halved first, as for the browser's textures."""
    values, step = image.values(), 1.0
    while scale * step <= 0.5 and min(values.shape) > 1:
        values, step = _halved(values), step * 2
    sampled = bilinear(values, grid.y / step - 0.5, grid.x / step - 0.5)
    if view.window is None and image.voi_lut is not None:
        grey = apply_voi_lut(sampled, image.voi_lut)
    else:
        grey = apply_window(sampled, view.window or window_for(image))
    return 1.0 - grey if (image.photometric == "MONOCHROME1") != view.invert else grey


def _halved(values: Floats) -> Floats:
    rows, columns = (side // 2 * 2 for side in values.shape)
    blocks = values[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def bilinear(values: Floats, y: NDArray[Any], x: NDArray[Any]) -> Floats:
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


def _over(shown: Floats, found: Layer, view: View, scale: Ends, grid: Grid) -> Floats:
    """A map's colours over the film: transparent below the threshold and where there is nothing, then one opacity."""
    plane = found.values[0]
    height, width = plane.shape
    extent = found.extent
    across = (grid.x - extent.left) / (extent.right - extent.left)
    down = (grid.y - extent.top) / (extent.bottom - extent.top)
    if view.smooth:
        values = bilinear(plane, down * height - 0.5, across * width - 0.5)
    else:
        row, column = (
            np.clip(np.floor(share * size).astype(np.int64), 0, size - 1) for share, size in ((down, height), (across, width))
        )
        values = plane[np.ix_(row, column)]
    low, high = scale
    strength = (np.abs(values) if low < 0 else values) / high
    inside = np.outer((down >= 0) & (down <= 1), (across >= 0) & (across <= 1))
    covered = inside & (strength > 0) & (strength >= view.threshold)
    colour = _colours(values, scale, view).astype(np.float32) / 255
    return np.where(covered[..., None], shown * (1 - view.opacity) + colour * view.opacity, shown).astype(np.float32)


def _colours(values: Floats, scale: Ends, view: View) -> Octets:
    low, high = scale
    index = np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.asarray(table(view.signed if low < 0 else view.unsigned)[index])


def bar(scale: Ends, view: View, wide: int) -> Octets:
    """The colours from end to end, uint8 (`BAR`, width, 3); dark where a map is transparent."""
    low, high = scale
    values = np.linspace(low, high, wide, dtype=np.float32)
    strength = (np.abs(values) if low < 0 else values) / high
    row = np.where((strength >= view.threshold)[:, None], _colours(values, scale, view), np.uint8(34))
    return np.repeat(row[None].astype(np.uint8), BAR, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """A film's layer and the ends of its colours."""

    layer: Layer
    scale: Ends


@dataclass(frozen=True, slots=True)
class Marks:
    """What lies over a pane: the reader's region, the numbered rulers."""

    region: Region | None = None
    annotations: Sequence[Annotation] = ()


def plate(image: Image, view: View, size: tuple[int, int], marks: Marks, over: Over | None = None) -> Picture.Image:
    """One pane as seen, with letters, region and measures; under a map its colour bar."""
    layer, scale = (over.layer, over.scale) if over else (None, (0.0, 1.0))
    pane = Picture.fromarray(draw(image, view, size, layer, scale))
    place = placed(view, image, size)
    pen = ImageDraw.Draw(pane)
    line = max(2, round(size[0] / 240))
    if marks.region is not None:
        for kind, points in outlines(marks.region):
            _outline(pen, kind, [place.through(*point) for point in points], REGION, line)
    font = ImageFont.load_default(max(12, size[0] / 22))
    for number, annotation in enumerate(marks.annotations, 1):
        shown = [place.through(*point) for point in annotation.points]
        _outline(pen, annotation.kind, shown, MEASURE, line)
        x, y = max(shown)
        pen.text((x + 6, y), str(number), MEASURE, font, "lm", stroke_width=2, stroke_fill=(0, 0, 0))
    _letters(pen, letters(image.orientation, view), size, font)
    if layer is None:
        return pane
    out = Picture.new("RGB", (size[0], size[1] + BAR + 4), (17, 17, 17))
    out.paste(pane, (0, 0))
    out.paste(Picture.fromarray(bar(scale, view, size[0])), (0, size[1] + 4))
    return out


def outlines(region: Region) -> tuple[tuple[str, tuple[tuple[float, float], ...]], ...]:
    """A region's shapes as (kind, points in image pixels)."""
    return tuple((shape.kind, shape.points) for shape in region.shapes)


def _outline(
    pen: ImageDraw.ImageDraw, kind: str, points: list[tuple[float, float]], colour: tuple[int, int, int], line: int
) -> None:
    """A shape in its colour on a dark edge, seen on any film and any colour of a map."""
    if kind in {"rectangle", "ellipse"}:
        (xa, ya), (xb, yb) = points
        box = [min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)]
        shape = pen.rectangle if kind == "rectangle" else pen.ellipse
        shape([box[0] - line, box[1] - line, box[2] + line, box[3] + line], outline=(0, 0, 0), width=3 * line)
        shape(box, outline=colour, width=line)
        return
    if kind in {"polygon", "freehand"}:
        points = [*points, points[0]]
    pen.line(points, (0, 0, 0), 3 * line, "curve")
    pen.line(points, colour, line, "curve")


def letters(orientation: tuple[str, str, str, str], view: View) -> tuple[str, str, str, str]:
    """The letters at the pane's left, top, right and bottom edge, from those at the image's edges."""
    xx, xy, yx, yy = view.turn
    out = ["", "", "", ""]
    for letter, x, y in zip(orientation, (-1, 0, 1, 0), (0, -1, 0, 1), strict=True):
        sx, sy = xx * x + xy * y, yx * x + yy * y
        out[0 if sx < 0 else 1 if sy < 0 else 2 if sx > 0 else 3] = letter
    return out[0], out[1], out[2], out[3]


def _letters(
    pen: ImageDraw.ImageDraw,
    edges: tuple[str, str, str, str],
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    wide, high = size
    places = ((8, high / 2, "lm"), (wide / 2, 6, "ma"), (wide - 8, high / 2, "rm"), (wide / 2, high - 6, "md"))
    for letter, (x, y, anchor) in zip(edges, places, strict=True):
        if letter:
            pen.text((x, y), letter, (233, 233, 232), font, anchor, stroke_width=2, stroke_fill=(0, 0, 0))
