"""Films as PNG, and layers over them, each as its kind and scale ask for. Display choices never reach stored values."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFilter

from app.domain import Extent, Image, Layer, Region, Window
from app.grey import grey, nearest, resample
from app.render.captions import SMALLEST, captioned
from app.render.colours import Colours, Grey, class_colours, colours, ends

THRESHOLD = 0.25
"""Below this share of the upper end of its colours a layer is transparent."""
OPACITY = 0.55
ENLARGED = 512
"""A smaller film is enlarged to this, so that its captions can be read."""


def film_png(image: Image, window: Window | None = None, longest: int | None = None) -> bytes:
    """The film as it opens (or through another window): 8-bit grey PNG. ``longest`` bounds its longer side in pixels."""
    film = Picture.fromarray(_octets(grey(image, window)))
    return _png(film.resize(_size(film, longest, 1), Picture.Resampling.LANCZOS) if longest else film)


def overlay_png(
    image: Image,
    layer: Layer,
    place: int = 0,
    *,
    longest: int | None = None,
    region: Region | None = None,
    probability: float | None = None,
) -> bytes:
    """A layer's slice at ``place``, from 0, over its image, as PNG in colour: with the region a reader drew, and underneath its
    colours with their values, what the layer is, and that it is for research only.

    Relevance, attention and probability are coloured between the `ends` of the whole stack and transparent below the threshold;
    labels are a colour per class, an outline the lines around each; an image stands alone, windowed as a film is.
    """
    low, high = ends(layer)
    shape = image.stored.shape
    if layer.kind == "image":
        values = resample(layer.values[place], layer.extent, shape)
        film = Picture.fromarray(_octets(np.clip((values - low) / (high - low), 0, 1))).convert("RGB")
    else:
        film = Picture.fromarray(_octets(grey(image))).convert("RGB")
        if layer.scale != "classes":
            values = resample(layer.values[place], layer.extent, shape)
            mask = Picture.fromarray(_opacity(values, high, layer.signed))
            film.paste(Picture.fromarray(colours(values, low, high)), mask=mask)
    size = _size(film, longest, ENLARGED)
    if size != film.size:
        film = film.resize(size, Picture.Resampling.LANCZOS if size[0] < film.width else Picture.Resampling.BICUBIC)
    if layer.scale == "classes":
        _classes(film, layer, place, film.width / shape[1], film.height / shape[0])
    if region is not None:
        _frame(film, region, film.width / shape[1])
    legible = min(longest or SMALLEST, max(film.size)) >= SMALLEST
    return _png(captioned(film, layer, place, probability, (low, high)) if legible else film)


def _classes(film: Picture.Image, layer: Layer, place: int, across: float, down: float) -> None:
    """Draw classes on a film that is ``across`` and ``down`` times as large as the image: their areas, or the lines around
    them on a dark line, which is seen on any film."""
    edge = layer.extent
    extent = Extent(edge.left * across, edge.top * down, edge.right * across, edge.bottom * down)
    numbers = np.rint(nearest(layer.values[place], extent, (film.height, film.width))).astype(np.int32)
    if layer.kind == "labels":
        _paint(film, class_colours(numbers), numbers > 0, OPACITY)
        return
    width = max(2, round(max(film.size) / 256))
    lines = _edges(numbers)
    dark = Picture.fromarray(np.where(lines > 0, np.uint8(255), np.uint8(0))).filter(ImageFilter.MaxFilter(2 * width + 1))
    thick = np.asarray(Picture.fromarray(lines).filter(ImageFilter.MaxFilter(2 * (width // 2) + 1)), np.int32)
    _paint(film, np.zeros((*lines.shape, 3), np.uint8), np.asarray(dark) > 0, 1.0)
    _paint(film, class_colours(thick), thick > 0, 1.0)


def _edges(numbers: NDArray[np.int32]) -> Colours:
    """The pixels of a class that have a neighbour beside them of another one, or none, by the number of the class, from 1."""
    around = np.pad(numbers, 1, constant_values=0)
    beside = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    edge = np.logical_or.reduce([other != numbers for other in beside]) & (numbers > 0)
    return np.where(edge, (numbers - 1) % 255 + 1, 0).astype(np.uint8)


def _paint(film: Picture.Image, paint: Colours, where: NDArray[np.bool_], opacity: float) -> None:
    film.paste(Picture.fromarray(paint), mask=Picture.fromarray(np.where(where, np.uint8(255 * opacity), np.uint8(0))))


def _opacity(values: Grey, high: float, signed: bool) -> Colours:
    strength = np.abs(values) if signed else values
    return np.where(strength >= THRESHOLD * high, np.uint8(255 * OPACITY), np.uint8(0)).astype(np.uint8)


def _octets(film: Grey) -> Colours:
    return np.rint(film * 255).astype(np.uint8)


def _size(film: Picture.Image, longest: int | None, smallest: int) -> tuple[int, int]:
    """The picture's size: its own, but its longer side at least ``smallest`` and, if asked for, at most ``longest``."""
    side = max(film.size)
    scale = max(1.0, smallest / side)
    if longest is not None:
        scale = min(scale, longest / side)
    return max(1, round(film.width * scale)), max(1, round(film.height * scale))


def _frame(film: Picture.Image, region: Region, scale: float) -> None:
    """Draw a region as the page does: a yellow line on a dark one, seen on any film and any colour of a map."""
    width = max(2, round(max(film.size) / 256))
    draw = ImageDraw.Draw(film)
    for colour, thick in (((0, 0, 0), 3 * width), ((255, 209, 102), width)):
        for shape in region.shapes:
            edge = shape.bounds()
            box = [round(value * scale) for value in (edge.left, edge.top, edge.right, edge.bottom)]
            box[2], box[3] = max(box[0], box[2]), max(box[1], box[3])
            inner = (3 * width - thick) // 2
            inset = [box[0] + inner, box[1] + inner, max(box[0] + inner, box[2] - inner), max(box[1] + inner, box[3] - inner)]
            if shape.kind == "rectangle":
                draw.rectangle(inset, outline=colour, width=thick)
            elif shape.kind == "ellipse":
                draw.ellipse(inset, outline=colour, width=thick)
            else:
                line = [(x * scale, y * scale) for x, y in (*shape.points, *shape.points[:2])]
                draw.line(line, fill=colour, width=thick, joint="curve")


def _png(picture: Picture.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=4)
    return out.getvalue()
