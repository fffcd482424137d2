"""Where a finding's counterfactual may change a chest film: soft planes, made of a map of labels.

A network that is only asked to flip an answer draws the same stamp over every film. So what it may change is bound to this
film's own anatomy: the hull around both lungs, the lungs without the heart's inside (where stamps like to lie), the heart, the
bases of the lungs with their recesses, and the strip along the heart's border that may be moved. Above the hila nothing is
moved: great vessels and trachea stay where they are.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy.regions import HEART, LEFT_LUNG, RIGHT_LUNG, Labels

LIMITS = ("hull", "lungs", "heart", "bases", "border")
"""The planes, in their order."""
SIDE = 64
"""Cells along each side of a plane."""
HILA = 0.45
"""How far down the lungs the hila lie, of the lungs' height."""
BASES = 0.3
"""From here down a lung counts as its base: a large effusion reaches that high."""
FADE = 0.12
"""Over so much of the lungs' height a plane rises from nothing to all."""
SOFT = 1.2
"""Standard deviation of the Gaussian at every edge, cells."""

Planes = NDArray[np.float32]


def limits(labels: Labels) -> Planes:
    """The planes of `LIMITS` for a map of labels uint8 (h, w) over a square: float32 (5, SIDE, SIDE) in [0, 1]; all 0 where no
    lung is labelled."""
    codes = coarse(labels)
    lungs, heart = np.isin(codes, (RIGHT_LUNG, LEFT_LUNG)), codes == HEART
    out = np.zeros((len(LIMITS), SIDE, SIDE), np.float32)
    if not lungs.any():
        return out
    chest = _closed(lungs | heart, 7)
    rows = np.flatnonzero(lungs.any(1))
    down = (np.arange(SIDE) + 0.5 - rows[0]) / (rows[-1] + 1 - rows[0])  # 0 at the apices, 1 at the lowest recess
    below_hila, base = (_rising(down, start)[:, None] for start in (HILA, BASES))
    recess = ndimage.binary_dilation(chest, np.ones((5, 1), bool))
    beside = ~ndimage.binary_erosion(heart, iterations=2)
    out[0] = _soft(ndimage.binary_dilation(chest, iterations=1))
    out[1] = _soft(ndimage.binary_dilation(chest, iterations=1) & beside)
    out[2] = _soft(ndimage.binary_dilation(heart, iterations=1))
    out[3] = _soft(recess & beside) * base
    out[4] = _soft(ndimage.binary_dilation(heart, iterations=5) & ndimage.binary_dilation(chest, iterations=1)) * below_hila
    return out


def coarse(labels: Labels) -> Labels:
    """A map of labels (h, w) on a grid of `SIDE`: of each cell the code in its middle."""
    height, width = labels.shape
    rows = ((np.arange(SIDE) + 0.5) * height / SIDE).astype(np.intp)
    columns = ((np.arange(SIDE) + 0.5) * width / SIDE).astype(np.intp)
    return np.asarray(labels[rows][:, columns], np.uint8)


def _closed(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """A mask with what lies between its parts, by a closing that does not see the edge of the plane."""
    wide = np.pad(mask, reach)
    found = ndimage.binary_closing(wide, iterations=reach)[reach:-reach, reach:-reach]
    return np.asarray(ndimage.binary_fill_holes(found), bool)


def _rising(down: NDArray[np.float64], start: float) -> NDArray[np.float32]:
    share = np.clip((down - start) / FADE, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _soft(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), SOFT), np.float32)
