"""Films as PNG, and layers over them, each as its kind and scale ask for. Display choices never reach stored values."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw
from scipy import ndimage

from app.domain import Image, Layer, Region, Window
from app.grey import grey, resample
from app.render.captions import SMALLEST, captioned
from app.render.colours import Colours, Grey, table
from app.render.laying import Under, over, paints
from app.render.looks import NOTHING, Known, Look

ENLARGED = 512
"""A smaller film is enlarged to this, so that its captions can be read."""
EFFORT = 4
"""Of zlib: small files are worth their time where they travel."""
LINE = (150, 170, 190)
"""Colour of the lines around lungs and hearts on a map without a film: seen on black, and apart from the map's own colours."""
Backdrop = Picture.Image


def film_png(image: Image, window: Window | None = None, longest: int | None = None) -> bytes:
    """The film as it opens (or through another window): 8-bit grey PNG. ``longest`` bounds its longer side in pixels, and makes
    its pixels squares; without it each is one of the film's."""
    film = Picture.fromarray(_octets(grey(image, window)))
    return _png(film.resize(_size(film, longest, 1, image.tall), Picture.Resampling.LANCZOS) if longest else film)


def in_colour(image: Image, longest: int | None = None) -> Backdrop:
    """A film in colour, as `overlay_png` lays a layer over it: for several layers of one film."""
    return _sized(Picture.fromarray(_octets(grey(image))).convert("RGB"), longest, image.tall)


def overlay_png(
    image: Image,
    layer: Layer,
    place: int = 0,
    *,
    longest: int | None = None,
    region: Region | None = None,
    known: Known = NOTHING,
    backdrop: Backdrop | None = None,
    effort: int = EFFORT,
) -> bytes:
    """A layer's slice at ``place``, from 0, over its image, as PNG in colour: with the region a reader drew, and underneath its
    colours with their values, what the layer is, how it is drawn, and that it is for research only.

    It is drawn as the viewer starts with: colours up to the end that the network's card gives, as far as that is ``known``,
    else between the `ends` of the whole stack; an image stands alone, windowed as a film is. ``backdrop`` is
    the image in colour where it is there already, for the same ``longest``; ``effort`` is zlib's, 0 to 9.
    """
    look = Look()
    laid = over(layer, place, known, look)
    low, high = laid.ends
    rows, columns = image.stored.shape
    if layer.kind == "image":
        values = resample(laid.values, layer.extent, image.stored.shape)
        shown = Picture.fromarray(_octets(np.clip((values - low) / (high - low), 0, 1))).convert("RGB")
        film = _sized(shown, longest, image.tall)
    else:
        film = in_colour(image, longest) if backdrop is None else backdrop.copy()
    under = Under(_middles(film.width, columns), _middles(film.height, rows))
    for paint in paints(laid, under, replace(look, line=max(2, round(max(film.size) / 256)))):
        mask = np.rint(255 * paint.cover).astype(np.uint8)
        film.paste(Picture.fromarray(paint.colours), mask=Picture.fromarray(mask))
    if region is not None:
        _frame(film, region, (film.width / columns, film.height / rows))
    legible = min(longest or SMALLEST, max(film.size)) >= SMALLEST
    return _png(captioned(film, layer, laid, known, look) if legible else film, effort)


def plain_png(values: NDArray[np.float32], side: int = 192, around: Sequence[NDArray[np.float32]] = ()) -> bytes:
    """A map on no film, such as a mean of many: its positive part from black to its highest value, as PNG (side, side); with
    lines around where each of some shares [0, 1] over the same square is a half or more."""
    high = float(values.max(initial=0.0)) or 1.0
    shown = table("magma")[np.rint(255 * np.clip(values / high, 0, 1)).astype(np.uint8)]
    drawn = np.asarray(Picture.fromarray(shown).resize((side, side), Picture.Resampling.BICUBIC)).copy()
    for share in around:
        fine = np.asarray(Picture.fromarray(np.asarray(share, np.float32)).resize((side, side), Picture.Resampling.BICUBIC))
        inside = fine >= 0.5
        edge = inside & ~ndimage.binary_erosion(inside, border_value=1)
        drawn[edge] = LINE
    return _png(Picture.fromarray(drawn))


def _sized(film: Picture.Image, longest: int | None, tall: float) -> Picture.Image:
    size = _size(film, longest, ENLARGED, tall)
    if size == film.size:
        return film
    return film.resize(size, Picture.Resampling.LANCZOS if size[0] < film.width else Picture.Resampling.BICUBIC)


def _middles(pixels: int, of: int) -> NDArray[np.float64]:
    """Where the middles of a picture's pixels lie along a side of the image."""
    return (np.arange(pixels, dtype=np.float64) + 0.5) * (of / pixels)


def _octets(film: Grey) -> Colours:
    return np.rint(film * 255).astype(np.uint8)


def _size(film: Picture.Image, longest: int | None, smallest: int, tall: float) -> tuple[int, int]:
    """The picture's size: its own with square pixels, ``tall`` times as high as they are wide, but its longer side at least
    ``smallest`` and, if asked for, at most ``longest``."""
    wide, high = (film.width, film.height * tall) if tall >= 1 else (film.width / tall, film.height)
    side = max(wide, high)
    scale = max(1.0, smallest / side)
    if longest is not None:
        scale = min(scale, longest / side)
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _frame(film: Picture.Image, region: Region, scale: tuple[float, float]) -> None:
    """Draw a region as the page does: a yellow line on a dark one, seen on any film and any colour of a map."""
    width = max(2, round(max(film.size) / 256))
    draw = ImageDraw.Draw(film)
    for colour, thick in (((0, 0, 0), 3 * width), ((255, 209, 102), width)):
        for shape in region.shapes:
            edge = shape.bounds()
            box = [
                round(value * by) for value, by in zip((edge.left, edge.top, edge.right, edge.bottom), scale * 2, strict=True)
            ]
            box[2], box[3] = max(box[0], box[2]), max(box[1], box[3])
            inner = (3 * width - thick) // 2
            inset = [box[0] + inner, box[1] + inner, max(box[0] + inner, box[2] - inner), max(box[1] + inner, box[3] - inner)]
            if shape.kind == "rectangle":
                draw.rectangle(inset, outline=colour, width=thick)
            elif shape.kind == "ellipse":
                draw.ellipse(inset, outline=colour, width=thick)
            else:
                line = [(x * scale[0], y * scale[1]) for x, y in (*shape.points, *shape.points[:2])]
                draw.line(line, fill=colour, width=thick, joint="curve")


def _png(picture: Picture.Image, effort: int = EFFORT) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=effort)
    return out.getvalue()
