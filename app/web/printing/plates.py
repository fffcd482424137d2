"""Panes as they are seen, drawn by the server: the same values, windows, colours and places as static/js/viewport, in numpy.

Needs no browser and no graphics card, so that a report comes out the same for everybody. Knows arrays and views; no route.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from app import render
from app.domain import Annotation, Image, Layer, Region, Window
from app.grey import apply_voi_lut, apply_window, window_for
from app.web.printing.view import View

Floats = NDArray[np.float32]
Octets = NDArray[np.uint8]
Ends = tuple[float, float]
Key = tuple[str, str]
"""A layer on a page: its stack's id and its name there."""
K = TypeVar("K")
FIXED = frozenset({"unit", "classes", "grey"})
"""The scales whose values mean what they are, so that nothing may stretch their colours."""
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
    tall = image.tall
    xx, xy, yx, yy = view.turn
    size = (rows * tall, float(columns)) if xx == 0 else (float(columns), rows * tall)
    scale = min(box[0] / size[0], box[1] / size[1]) * view.zoom
    a, b, c, d = scale * xx, scale * xy * tall, scale * yx, scale * yy * tall
    cx, cy = view.x * columns, view.y * rows
    return Place(a, b, c, d, box[0] / 2 - a * cx - b * cy, box[1] / 2 - c * cx - d * cy, scale)


def ends(layer: Layer, robust: bool) -> Ends:
    """The values at the ends of a layer's colours: 0 or the negative of the end, and the 99.5th percentile, of the slice where
    it is largest, or the extreme; of probabilities, classes and grey values those that never change."""
    if layer.scale in FIXED:
        return render.ends(layer)
    sizes = np.abs(layer.values) if layer.signed else layer.values
    told = [each[each > 0] if not layer.signed else each for each in sizes]
    high = max((float(np.percentile(each, 99.5)) for each in told if each.size), default=0.0) if robust else 0.0
    if high <= 0:
        high = float(sizes.max(initial=0.0)) or 1.0
    return (-high if layer.signed else 0.0, high)


def scales(maps: Mapping[K, Layer], view: View, known: Mapping[K, render.Known] = MappingProxyType({})) -> dict[K, Ends]:
    """Each layer's ends by its key: those of its network's card, where these are known and wanted, or its own, or one scale for
    the signed ones and one for the others. The layers are as they are drawn."""
    own = {key: ends(found, view.robust) for key, found in maps.items()}
    if not view.shared:
        asked = look(view)
        return {key: render.fixed(maps[key], known.get(key, render.NOTHING), asked) or of for key, of in own.items()}
    highest = {
        signed: max(
            (own[key][1] for key, found in maps.items() if found.signed is signed and found.scale not in FIXED), default=1.0
        )
        for signed in (True, False)
    }
    common = {True: (-highest[True], highest[True]), False: (0.0, highest[False])}
    return {key: own[key] if found.scale in FIXED else common[found.signed] for key, found in maps.items()}


def draw(image: Image, view: View, size: tuple[int, int], over: render.Over | None = None) -> Octets:
    """One pane without marks: uint8 (height, width, 3) for ``size`` (width, height). Outside the image it is black."""
    wide, high = size
    place = placed(view, image, size)
    grid = place.grid(wide, high)
    rows, columns = image.stored.shape
    seen = np.outer((grid.y >= 0) & (grid.y < rows), (grid.x >= 0) & (grid.x < columns))
    under = render.Under(grid.x, grid.y)
    shown = np.repeat(_grey(image, view, under, place.scale, over)[..., None], 3, axis=2)
    if over is not None and view.overlays:
        shown = render.laid(shown, over, under, look(view, size))
    picture = np.rint(np.where(seen[..., None], shown, 0.0) * 255).astype(np.uint8)
    return np.ascontiguousarray(picture.transpose(1, 0, 2)) if grid.swapped else picture


def look(view: View, size: tuple[int, int] = (720, 720)) -> render.Look:
    """How layers are drawn on a pane of a size."""
    return render.Look(
        opacity=view.opacity,
        threshold=view.threshold,
        unsigned=view.unsigned,
        signed=view.signed,
        smooth=view.smooth,
        alone=view.alone,
        line=max(2, round(size[0] / 360)),
        influence=view.influence,
        edge=view.edge,
        fading=view.fading,
        fixed=view.fixed,
        robust=view.robust,
        evened=view.evened,
    )


def _grey(image: Image, view: View, under: render.Under, scale: float, over: render.Over | None) -> Floats:
    """The image's grey in [0, 1] on a grid; one much larger than its pane is halved first, as for the browser's textures. An
    image layer stands in its place, through the same window where it has values in it."""
    values, step = image.values(), 1.0
    while scale * step <= 0.5 and min(values.shape) > 1:
        values, step = _halved(values), step * 2
    if view.interpolated:
        sampled = render.bilinear(values, under.y / step - 0.5, under.x / step - 0.5)
    else:
        rows, columns = (np.clip(np.floor(at / step).astype(np.int64), 0, most - 1)
                         for at, most in zip((under.y, under.x), values.shape, strict=True))  # fmt: skip
        sampled = np.asarray(values[np.ix_(rows, columns)])
    chosen = view.window or (None if image.voi_lut is not None else window_for(image))
    if over is not None and view.overlays and over.layer.scale == "grey":
        sampled, chosen = render.greys(sampled, over, under), through(over.ends, chosen)
    if chosen is None and image.voi_lut is not None:
        grey = apply_voi_lut(sampled, image.voi_lut)
    else:
        grey = apply_window(sampled, chosen or window_for(image))
    return 1.0 - grey if (image.photometric == "MONOCHROME1") != view.invert else grey


def through(ends: Ends, chosen: Window | None) -> Window:
    """The window that an image layer is seen through, with the image around it: the chosen one where the layer has values in
    it, else its own, from end to end."""
    own = Window((ends[0] + ends[1]) / 2, ends[1] - ends[0], "LINEAR_EXACT")
    if chosen is None:
        return own
    low, high = chosen.centre - chosen.width / 2, chosen.centre + chosen.width / 2
    shared = min(high, ends[1]) - max(low, ends[0])
    return chosen if shared > 0.1 * min(chosen.width, own.width) else own


def _halved(values: Floats) -> Floats:
    rows, columns = (side // 2 * 2 for side in values.shape)
    blocks = values[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Marks:
    """What lies over a pane: the reader's region, the rulers with their numbers."""

    region: Region | None = None
    annotations: Sequence[tuple[int, Annotation]] = ()


def plate(image: Image, view: View, size: tuple[int, int], marks: Marks, over: render.Over | None = None) -> Picture.Image:
    """One pane as seen, with letters, region and measures; under a layer its colour bar, or what its classes' colours mean."""
    pane = marked(image, view, size, marks, over)
    if over is None or over.layer.scale == "grey":
        return pane
    key = _key(over, view, size)
    out = Picture.new("RGB", (size[0], size[1] + key.height + 4), (17, 17, 17))
    out.paste(pane, (0, 0))
    out.paste(key, (0, size[1] + 4))
    return out


def marked(image: Image, view: View, size: tuple[int, int], marks: Marks, over: render.Over | None = None) -> Picture.Image:
    """One pane as seen, with letters, region and measures, ``size`` pixels large."""
    pane = Picture.fromarray(draw(image, view, size, over))
    place = placed(view, image, size)
    pen = ImageDraw.Draw(pane)
    line = max(2, round(size[0] / 240))
    if marks.region is not None:
        for kind, points in outlines(marks.region):
            _outline(pen, kind, [place.through(*point) for point in points], REGION, line)
    font = ImageFont.load_default(max(12, size[0] / 22))
    for number, annotation in marks.annotations:
        shown = [place.through(*point) for point in annotation.points]
        _outline(pen, annotation.kind, shown, MEASURE, line)
        x, y = max(shown)
        pen.text((x + 6, y), str(number), MEASURE, font, "lm", stroke_width=2, stroke_fill=(0, 0, 0))
    _letters(pen, letters(image.orientation, view), size, font)
    return pane


def _key(over: render.Over, view: View, size: tuple[int, int]) -> Picture.Image:
    if over.layer.scale == "classes":
        return render.classes_key(over.layer, size[0], max(12, round(size[0] / 42)))
    return Picture.fromarray(render.bar(over, look(view, size), (size[0], BAR)))


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
