"""A figure for a paper: one pane as the reader sees it, at print size, with its colour bar, a scale in millimetres where the
image says how large its pixels are, what it is in a line, and that it is for research only. Nobody's name is on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as Picture

from app import render
from app.domain import Image, Layer
from app.errors import InputError
from app.web.printing import plates
from app.web.printing.drawing import INCH, Box, Drawing, Placed, Words, font, png, svg
from app.web.printing.panes import Material, Pane
from app.web.printing.view import View

MOST = 4200
"""Pixels that a side of the picture may have: 174 mm, two columns of a journal, at 600 dpi."""
LETTERS, SMALL = 2.4, 2.0
"""Heights of letters in mm: 6.8 and 5.7 points."""
LEADING = 1.3
BAR, GAP, INSET = 2.2, 1.5, 2.5
"""The colour bar's height, what lies between things, and how far the scale stands from the picture's edge, in mm."""
SCALES = (1, 2, 5, 10, 20, 50, 100, 200)
"""How long the scale may be, in mm of the patient."""
LONGEST = 0.35
"""Of the picture's width that it may take."""

Thing = Placed | Box | Words


@dataclass(frozen=True, slots=True)
class Print:
    """What is asked for: the figure's width in mm, its resolution, and what kind of file it is."""

    width: float
    dpi: int
    kind: Literal["png", "svg"]


def written(found: Material, view: View, pane: Pane, asked: Print) -> bytes:
    """The figure of a pane as a file. InputError where it would be too large."""
    drawing = drawn(found, view, pane, asked)
    return png(drawing, asked.dpi, render.BANNER) if asked.kind == "png" else svg(drawing, render.BANNER)


def drawn(found: Material, view: View, pane: Pane, asked: Print) -> Drawing:
    """What is on the figure. InputError where its picture would be too large."""
    image, over, seen = found.images[pane.image.id], found.over(pane), pane.view(view)
    size = _size(view, asked)
    height = size[1] / size[0] * asked.width
    picture = plates.marked(image, seen, size, found.marks[pane.image.id], over)
    things: list[Thing] = [Placed(0, 0, asked.width, height, picture)]
    if over is None or over.layer.kind != "image":  # what is shown in the film's place has no scale of the film's
        things += scale(image, seen, size, asked.width, height)
    below, lines = height + GAP, [render.BANNER]
    if over is not None:
        known = found.known[pane.key]
        key, below = _key(over, known, seen, below, asked)
        things += key
        lines = [render.caption(over.layer, over.place, known, plates.look(seen)), known.banner, render.BANNER]
    for line in filter(None, lines):
        for text in render.wrapped(line, font(SMALL, asked.dpi), round(asked.width * asked.dpi / INCH)):
            below += SMALL * LEADING
            things.append(Words(0, below, text, SMALL))
    return Drawing(asked.width, below + GAP, things)


def _size(view: View, asked: Print) -> tuple[int, int]:
    wide, high = view.box
    across = asked.width * asked.dpi / INCH
    size = max(1, round(across)), max(1, round(across * high / wide))
    if max(size) > MOST:
        raise InputError(
            "A figure %(width)s mm wide at %(dpi)s dpi has more than %(most)s pixels a side: ask for less.",
            {"width": f"{asked.width:g}", "dpi": asked.dpi, "most": MOST},
        )
    return size


def scale(image: Image, view: View, size: tuple[int, int], width: float, height: float) -> Iterator[Thing]:
    """A bar in the lower right corner, so and so many mm of the patient long; nothing where the image does not say how large
    its pixels are. Spacing that holds at the detector only says so."""
    if image.pixel_spacing is None:
        return
    across = image.pixel_spacing[1] / plates.placed(view, image, size).scale * size[0] / width
    fitting = [length for length in SCALES if length / across <= LONGEST * width]
    if not fitting:
        return
    length = fitting[-1] / across
    label = f"{fitting[-1]} mm" if image.spacing_kind == "calibrated" else f"{fitting[-1]} mm at the detector"
    left, top = width - INSET - length, height - INSET
    yield Box(left - 0.2, top - 0.2, length + 0.4, 1.0, "#000000")
    yield Box(left, top, length, 0.6, "#ffffff")
    yield Words(width - INSET, top - 0.9, label, LETTERS, "end", on_picture=True)


def _key(over: render.Over, known: render.Known, view: View, top: float, asked: Print) -> tuple[list[Thing], float]:
    """What the colours mean, from ``top`` down, and where it ends: a bar with the values at its ends, or a line per class."""
    if over.layer.scale == "grey":
        return [], top
    if over.layer.scale == "classes":
        return _classes(over.layer, top)
    pixels = (round(asked.width * asked.dpi / INCH), max(1, round(BAR * asked.dpi / INCH)))
    bar = Placed(0, top, asked.width, BAR, Picture.fromarray(render.bar(over, plates.look(view), pixels)))
    (low, high), (above, under) = over.ends, known.words
    base = top + BAR + LETTERS * 1.15
    words = [
        Words(0, base, f"{render.figure(low)} {under}".strip(), LETTERS),
        Words(asked.width, base, f"{above} {render.figure(high)}".strip(), LETTERS, "end"),
    ]
    if over.layer.signed:
        words.append(Words(asked.width / 2, base, "0", LETTERS, "middle"))
    return [bar, *words], base + GAP / 2


def _classes(layer: Layer, top: float) -> tuple[list[Thing], float]:
    things: list[Thing] = []
    for number in sorted({round(float(value)) for value in np.unique(layer.values)} - {0}):
        red, green, blue = render.class_colours(np.array(number, np.int32)).tolist()
        things.append(Box(0, top, LETTERS, LETTERS, f"#{red:02x}{green:02x}{blue:02x}"))
        things.append(Words(1.6 * LETTERS, top + 0.85 * LETTERS, layer.names.get(number, "") or str(number), LETTERS))
        top += LETTERS * LEADING
    return things, top
