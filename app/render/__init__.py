"""Arrays to PNG: films, and layers over films. Display choices are made here and never reach stored values.

Knows the domain and the grey pipeline. Colours, threshold and ends are those the viewer starts with (static/js/viewport).
"""

from app.render.captions import BANNER, classes_key, figure, typed
from app.render.colours import CLASSES, STOPS, class_colours, colours, ends, table
from app.render.laying import Look, Over, Under, bar, bilinear, greys, laid
from app.render.pictures import Backdrop, film_png, in_colour, overlay_png

__all__ = [
    "BANNER",
    "CLASSES",
    "STOPS",
    "Backdrop",
    "Look",
    "Over",
    "Under",
    "bar",
    "bilinear",
    "class_colours",
    "classes_key",
    "colours",
    "ends",
    "figure",
    "film_png",
    "greys",
    "in_colour",
    "laid",
    "overlay_png",
    "table",
    "typed",
]
