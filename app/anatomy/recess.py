"""How white the costophrenic recesses are, where fluid gathers first in an upright patient, told by the film's grey.

A segmentation draws a lung through whatever lies before it, so fluid does not change its borders; it changes how white the
lung's lowest outer corner is, beside what of the same lung lies above.
"""

import numpy as np
from numpy.typing import NDArray

from app.anatomy.regions import HEART, LEFT_LUNG, RIGHT_LUNG, Labels

LOWEST = 0.2
"""So much of a lung's height from its lowest point upwards belongs to its recess, of the outer half of its width."""
MIDDLE = (0.3, 0.6)
"""The part of a lung's height, from its top, that a recess is compared with."""
FEWEST = 6
"""Cells that a recess needs."""
Plane = NDArray[np.floating]


def whiteness(labels: Labels, film: Plane) -> float | None:
    """Of the whiter recess: 0 as dark as the middle of its lung, 1 as white as the heart; below and beyond both possible.

    ``labels`` (h, w) and the film's grey on the same grid. None where a lung, its recess or the heart is not there, or where
    the heart is no whiter than the lung."""
    heart = film[labels == HEART]
    found = [_of(labels == code, film, heart, outer_left=code == RIGHT_LUNG) for code in (RIGHT_LUNG, LEFT_LUNG)]
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _of(lung: NDArray[np.bool_], film: Plane, heart: Plane, *, outer_left: bool) -> float | None:
    if not lung.any() or not heart.size:
        return None
    rows, columns = np.nonzero(lung)
    top, bottom = rows.min(), rows.max() + 1
    down = (rows + 0.5 - top) / (bottom - top)
    centre = columns.mean()
    outer = columns + 0.5 < centre if outer_left else columns + 0.5 > centre
    lowest, middle = outer & (down > 1 - LOWEST), (down >= MIDDLE[0]) & (down < MIDDLE[1])
    values = film[rows, columns]
    if lowest.sum() < FEWEST or middle.sum() < FEWEST:
        return None
    dark, white = float(np.median(values[middle])), float(np.median(heart))
    return (float(np.median(values[lowest])) - dark) / (white - dark) if white - dark > 1e-3 else None
