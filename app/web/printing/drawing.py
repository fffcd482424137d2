"""A drawing of pictures, boxes and words in millimetres, written as PNG at any resolution or as SVG.

Both have the same things in the same places; of the SVG words and boxes stay what they are, only pictures are pixels. Knows
nothing of cases.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from app import render

INCH = 25.4
"""Millimetres in one."""
HALO = 0.06
"""How far the dark edge of words that lie on a picture goes, as a share of their size."""
FAMILY = "Helvetica, Arial, 'Liberation Sans', sans-serif"

Anchor = Literal["start", "middle", "end"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A picture with its left upper corner at (``x``, ``y``), ``width`` × ``height`` mm large."""

    x: float
    y: float
    width: float
    height: float
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of words, ``size`` mm high, its baseline at ``y``; ``on_picture``: white with a dark edge, else black."""

    x: float
    y: float
    text: str
    size: float
    anchor: Anchor = "start"
    on_picture: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, on white, ``width`` × ``height`` mm, later things over earlier ones."""

    width: float
    height: float
    things: Sequence[Placed | Box | Words]


def font(size: float, dpi: float) -> Font:
    """The letters of a PNG, ``size`` mm high."""
    return ImageFont.load_default(max(6.0, size * dpi / INCH))


def png(drawing: Drawing, dpi: int, about: str) -> bytes:
    """As PNG that says its resolution, and what it is."""
    per = dpi / INCH
    out = Image.new("RGB", (round(drawing.width * per), round(drawing.height * per)), "#ffffff")
    pen = ImageDraw.Draw(out)
    for thing in drawing.things:
        x, y = thing.x * per, thing.y * per
        if isinstance(thing, Placed):
            size = (max(1, round(thing.width * per)), max(1, round(thing.height * per)))
            shown = thing.picture if thing.picture.size == size else thing.picture.resize(size, Image.Resampling.LANCZOS)
            out.paste(shown, (round(x), round(y)))
        elif isinstance(thing, Box):
            pen.rectangle((x, y, x + thing.width * per - 1, y + thing.height * per - 1), fill=thing.colour)
        else:
            letters, anchor = font(thing.size, dpi), {"start": "ls", "middle": "ms", "end": "rs"}[thing.anchor]
            edge = max(1, round(HALO * thing.size * per)) if thing.on_picture else 0
            fill = "#ffffff" if thing.on_picture else "#000000"
            pen.text((x, y), render.typed(thing.text), fill, letters, anchor, stroke_width=edge, stroke_fill="#000000")
    told = PngImagePlugin.PngInfo()
    told.add_text("Description", about)
    file = io.BytesIO()
    out.save(file, "PNG", dpi=(dpi, dpi), pnginfo=told, compress_level=6)
    return file.getvalue()


def svg(drawing: Drawing, about: str) -> bytes:
    """As SVG 1.1; pictures are within it."""
    size = f'width="{drawing.width:g}mm" height="{drawing.height:g}mm" viewBox="0 0 {drawing.width:g} {drawing.height:g}"'
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<svg {spaces} version="1.1" {size}>\n<title>{escape(about)}</title>'
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, ground, *(_part(thing) for thing in drawing.things), "</svg>", ""]).encode()


def _part(thing: Placed | Box | Words) -> str:
    if isinstance(thing, Placed):
        file = io.BytesIO()
        thing.picture.save(file, "PNG", compress_level=6)
        packed = base64.b64encode(file.getvalue()).decode("ascii")
        place = f'x="{thing.x:g}" y="{thing.y:g}" width="{thing.width:g}" height="{thing.height:g}"'
        return f'<image {place} preserveAspectRatio="none" xlink:href="data:image/png;base64,{packed}"/>'
    if isinstance(thing, Box):
        place = f'x="{thing.x:g}" y="{thing.y:g}" width="{thing.width:g}" height="{thing.height:g}"'
        return f'<rect {place} fill="{thing.colour}"/>'
    halo = f' stroke="#000000" stroke-width="{2 * HALO * thing.size:g}" paint-order="stroke"' if thing.on_picture else ""
    # As long as in the PNG, whichever letters there are where it is opened, so that no line is cut off.
    length = font(thing.size, 300).getlength(render.typed(thing.text)) * INCH / 300
    look = f'font-family="{FAMILY}" font-size="{thing.size:g}" text-anchor="{thing.anchor}"'
    look += f' textLength="{length:.2f}" lengthAdjust="spacingAndGlyphs"'
    fill = "#ffffff" if thing.on_picture else "#000000"
    return f'<text x="{thing.x:g}" y="{thing.y:g}" {look} fill="{fill}"{halo}>{escape(thing.text)}</text>'
