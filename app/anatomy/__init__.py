"""Where the lungs and the heart lie on a chest film, and what follows by arithmetic: areas, a ratio, a canonical pose.

Knows maps of labels and their rectangles; no network, no pages, no SQL. Who draws the map is somebody else's business: a
network, the truth of a phantom, or a reader.
"""

from app.anatomy.pose import CANONICAL, SIZE, WINDOW, NoPose, Pose
from app.anatomy.ratio import Line, NotMeasurable, Ratio, measure
from app.anatomy.regions import (
    BACKGROUND,
    HEART,
    LEFT_LUNG,
    NAMES,
    RIGHT_LUNG,
    Labels,
    areas,
    cleaned,
    unmeasurable,
)

__all__ = [
    "BACKGROUND",
    "CANONICAL",
    "HEART",
    "LEFT_LUNG",
    "NAMES",
    "RIGHT_LUNG",
    "SIZE",
    "WINDOW",
    "Labels",
    "Line",
    "NoPose",
    "NotMeasurable",
    "Pose",
    "Ratio",
    "areas",
    "cleaned",
    "measure",
    "unmeasurable",
]
