"""Where the evidence of a map over a knee's slices lies: in bones, where menisci and cruciate ligaments lie, in other tissue,
or outside of the knee; of all slices of a stack together, beside each part's share of the area.

Knows codes per cell and slice, whoever found them; no network. As on films a map's cell is a mass, spread over what it covers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy.ground import cells, overlaps
from app.domain import Evidence, Extent, Share, frozen

OUTSIDE, BONES, MENISCI, CRUCIATES, OTHER = range(5)
NAMES: Mapping[int, str] = {
    OUTSIDE: "outside the knee",
    BONES: "bones",
    MENISCI: "where menisci lie",
    CRUCIATES: "where cruciate ligaments lie",
    OTHER: "other tissue",
}
"""What a layer of them calls its classes, and what a table calls its rows."""
ORDER = (BONES, MENISCI, CRUCIATES, OTHER, OUTSIDE)
TITLE = "Regions of the knee"
DRAWN_ONLY = "The network that found these regions knows drawn knees only: on an exam of a person they may lie anywhere."
AIR = 0.06
"""Air is darker than so much of the way from the stack's darkest to its brightest, once its noise is blurred."""
SMOOTH = 1.0

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The slices of a stack, divided: ``codes`` uint8 (slices, h, w), each slice's over ``extent`` in pixels of its image."""

    codes: Codes
    extent: Extent


def divided(found: NDArray[np.integer], grey: NDArray[np.floating], extent: Extent) -> Parts:
    """A stack from what was found on its slices, 1 bones, 2 menisci, 3 cruciate ligaments, 0 elsewhere, and its grey, 0 black
    to 1 white; both (slices, h, w) over ``extent``."""
    codes = np.where(found > 0, found, 0).astype(np.uint8)
    for slice_, shown in zip(codes, grey, strict=True):
        inside = ndimage.gaussian_filter(np.asarray(shown, np.float32), SMOOTH) > AIR
        parts, count = ndimage.label(inside)
        if count:
            largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
            slice_[ndimage.binary_fill_holes(largest) & (slice_ == OUTSIDE)] = OTHER
    return Parts(frozen(codes), extent)


def evidence(values: NDArray[np.floating], extent: Extent, parts: Parts) -> Evidence:
    """The table of a map (slices, rows, columns), every slice's over ``extent``. No rows without positive evidence."""
    positive = np.maximum(np.asarray(values, np.float64), 0)
    down, across = extent.edges(*positive.shape[1:])
    sizes = np.outer(np.diff(down), np.diff(across))
    positive = np.where(sizes > 0, positive, 0)
    total, whole = float(positive.sum()), float(sizes.sum()) * len(positive)
    if total <= 0 or whole <= 0:
        return Evidence(())
    density = np.divide(positive, sizes, out=np.zeros_like(positive), where=sizes > 0)
    rows, columns = parts.codes.shape[1:]
    lies = parts.extent
    tall = overlaps(down, lies.top + cells(rows, lies.bottom - lies.top))
    wide = overlaps(across, lies.left + cells(columns, lies.right - lies.left))
    mass = tall.T @ density @ wide / total
    area = np.broadcast_to(np.outer(tall.sum(0), wide.sum(0)) / whole, mass.shape)
    held, covered = (np.bincount(parts.codes.ravel(), of.ravel(), len(NAMES)) for of in (mass, area))
    held[OUTSIDE], covered[OUTSIDE] = 1 - held[1:].sum(), 1 - covered[1:].sum()  # padding is no knee either
    return Evidence(tuple(Share(NAMES[code], *(float(np.clip(of[code], 0, 1)) for of in (held, covered))) for code in ORDER))
