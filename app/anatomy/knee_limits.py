"""Where a finding's counterfactual may change the slices of a knee: soft planes, made of what was found on each slice.

As on films a network that is only asked to flip an answer would draw anywhere. So what may change is bound to where this knee's
own menisci or cruciate ligaments lie, and to the slices that show them: every other slice stays as it is, to the bit.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy.knee import CRUCIATES, MENISCI, Codes

KNEE_LIMITS = ("menisci", "cruciates")
"""The planes, in their order."""
CODES = (MENISCI, CRUCIATES)
REACH = 3
"""Cells that a plane reaches beyond what was found: swelling is wider than what swells."""
SHARE = 0.25
"""What hangs together over the slices is of it from this share of the largest on: there are two menisci, and one notch."""
SOFT = 1.2
"""Standard deviation of the Gaussian at every edge within a slice, cells."""
NOTHING = 0.02
"""A plane that is nowhere more than this on a slice is not there."""

Planes = NDArray[np.float32]


def knee_limits(codes: Codes) -> Planes:
    """The planes of `KNEE_LIMITS` for codes of `app.anatomy.knee` uint8 (slices, h, w): float32 (2, slices, h, w) in [0, 1]. A
    slice next to one that shows something may be changed too: a slice that was missed would tear the change apart."""
    out = np.zeros((len(KNEE_LIMITS), *codes.shape), np.float32)
    for plane, code in zip(out, CODES, strict=True):
        wide = ndimage.binary_dilation(codes == code, np.ones((3, 1, 1), bool))
        parts, count = ndimage.label(wide, np.ones((3, 3, 3), bool))
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        sizes[0] = 0  # what is none of it
        wide = np.isin(parts, np.flatnonzero((sizes > 0) & (sizes >= SHARE * sizes.max())))
        wide = ndimage.binary_dilation(wide, _disc(REACH)[None])
        plane[:] = ndimage.gaussian_filter(wide.astype(np.float32), (0, SOFT, SOFT))
    out[out < NOTHING] = 0
    return out


def shown_on(plane: NDArray[np.floating]) -> tuple[int, ...]:
    """The slices (slices, h, w) on which a plane is somewhere."""
    return tuple(int(place) for place in np.flatnonzero(plane.any((1, 2))))


def window(plane: NDArray[np.floating], side: int, of: int) -> tuple[int, int]:
    """The topmost row and leftmost column of a square of ``side`` cells around the middle of a plane (slices, h, w), on a grid
    of ``of`` cells along either side, within which it stays; one for all slices."""
    middle = ndimage.center_of_mass(plane.sum(0)) if plane.any() else ((plane.shape[1] - 1) / 2, (plane.shape[2] - 1) / 2)
    starts = [round((at + 0.5) * of / size - side / 2) for at, size in zip(middle, plane.shape[1:], strict=True)]
    top, left = (min(max(start, 0), of - side) for start in starts)
    return top, left


def _disc(reach: int) -> NDArray[np.bool_]:
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(down**2 + across**2 <= reach**2 + 1, bool)
