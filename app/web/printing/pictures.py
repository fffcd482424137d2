"""The report's panes as PNG: sized for paper, in the shape that a pane has on the reader's screen."""

import io

from PIL import Image as Picture

from app.web.printing import plates
from app.web.printing.panes import Material, Pane
from app.web.printing.view import View

SIDE, ALONE = 720, 1440
"""The longer side of a pane in pixels, beside others and alone: about 210 dots per inch on A4."""


def size(view: View, alone: bool) -> tuple[int, int]:
    """A pane's width and height in pixels."""
    wide, high = view.box
    scale = (ALONE if alone else SIDE) / max(wide, high)
    return max(1, round(wide * scale)), max(1, round(high * scale))


def picture(found: Material, view: View, pane: Pane, alone: bool) -> Picture.Image:
    """One pane as seen."""
    image = pane.image.id
    return plates.plate(found.images[image], pane.view(view), size(view, alone), found.marks[image], found.over(pane))


def png(found: Material, view: View, pane: Pane, alone: bool) -> bytes:
    """The same as PNG."""
    out = io.BytesIO()
    picture(found, view, pane, alone).save(out, "PNG", compress_level=4)
    return out.getvalue()
