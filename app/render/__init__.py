"""Arrays to PNG: films, and layers over films. Display choices are made here and never reach stored values.

Knows the domain and the grey pipeline. Colours, threshold and ends are those the viewer starts with (static/js/viewport).
"""

from app.render.captions import BANNER, caption, classes_key, figure, typed, wrapped
from app.render.colours import CLASSES, STOPS, class_colours, ends, strongest, table
from app.render.evening import evened
from app.render.growing import strip_png
from app.render.laying import Over, Under, bar, bilinear, greys, laid, over
from app.render.looks import EDGES, NOTHING, Edge, Known, Look, as_drawn, fixed, told
from app.render.moving import moving_webp
from app.render.pictures import Backdrop, film_png, in_colour, overlay_png, plain_png

__all__ = [
    "BANNER",
    "CLASSES",
    "EDGES",
    "NOTHING",
    "STOPS",
    "Backdrop",
    "Edge",
    "Known",
    "Look",
    "Over",
    "Under",
    "as_drawn",
    "bar",
    "bilinear",
    "caption",
    "class_colours",
    "classes_key",
    "ends",
    "evened",
    "figure",
    "film_png",
    "fixed",
    "greys",
    "in_colour",
    "laid",
    "moving_webp",
    "over",
    "overlay_png",
    "plain_png",
    "strip_png",
    "strongest",
    "table",
    "told",
    "typed",
    "wrapped",
]
