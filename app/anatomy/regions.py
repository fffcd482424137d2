"""The parts of a chest film: names and codes of a map of labels, its largest parts, their areas, and why nothing is measured.

The codes are frozen: layers that are stored, masks and tables go by them. Lungs are what is seen of them beside the heart and
above the domes of the diaphragm; "heart with mediastinum" reaches from the arch of the aorta down. Right and left are the
patient's: the right lung lies at the left of a film.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy.reasons import NO_HEART, NO_LUNGS, ONE_LUNG, SMALL, SWAPPED
from app.domain import Extent, frozen

BACKGROUND, RIGHT_LUNG, LEFT_LUNG, HEART = range(4)
NAMES: Mapping[int, str] = {
    BACKGROUND: "background",
    RIGHT_LUNG: "right lung",
    LEFT_LUNG: "left lung",
    HEART: "heart with mediastinum",
}
"""What a layer of labels calls its classes."""
PARTS = (RIGHT_LUNG, LEFT_LUNG, HEART)

Labels = NDArray[np.uint8]
"""Codes, uint8 (h, w), over an `Extent` of the image."""
Mask = NDArray[np.bool_]

LEAST_LUNGS, LEAST_HEART = 0.04, 0.12
"""Smaller: lungs by their share of the map, the heart by its share of the lungs."""
ONE_SIDED = 0.25
"""A lung of so small a share of the other's area is not all there. A left lung beside a large heart has half of the right."""


def cleaned(labels: Labels) -> Labels:
    """The same map with the largest part of each structure, and what lies within it; the rest is background."""
    out = np.zeros_like(labels)
    for code in PARTS:
        out[largest(labels == code)] = code
    holes = ndimage.binary_fill_holes(out > 0) & (out == 0)
    if holes.any():  # what is enclosed by one structure is of it; what several enclose is none of them
        parts, count = ndimage.label(holes)
        for number, place in enumerate(ndimage.find_objects(parts, count), 1):
            hole = parts == number
            around = ndimage.binary_dilation(hole) & ~hole
            touched = np.unique(out[around])
            if len(touched) == 1:
                out[place][hole[place]] = touched[0]
    return frozen(out)


def largest(mask: Mask) -> Mask:
    """The largest connected part of a mask (h, w); nothing where there is nothing."""
    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax(), bool)


def areas(labels: Labels, extent: Extent) -> dict[int, float]:
    """The area of every structure in pixels of the image, by its code; all of them, 0 where there is nothing."""
    height, width = labels.shape
    cell = (extent.right - extent.left) * (extent.bottom - extent.top) / (height * width)
    return {code: float(np.count_nonzero(labels == code)) * cell for code in PARTS}


def around(mask: Mask, extent: Extent) -> Extent | None:
    """The rectangle around a mask (h, w) over ``extent``, in pixels of the image; None where there is nothing."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return None
    height, width = mask.shape
    tall, wide = (extent.bottom - extent.top) / height, (extent.right - extent.left) / width
    return Extent(
        extent.left + float(columns.min()) * wide,
        extent.top + float(rows.min()) * tall,
        extent.left + float(columns.max() + 1) * wide,
        extent.top + float(rows.max() + 1) * tall,
    )


def unmeasurable(labels: Labels) -> str:
    """Why nothing can be measured on a cleaned map, a sentence of `app.anatomy.reasons`; "" where something can."""
    right, left, heart = (np.count_nonzero(labels == code) for code in PARTS)
    if not right and not left:
        return NO_LUNGS
    if min(right, left) < ONE_SIDED * max(right, left):
        return ONE_LUNG
    if right + left < LEAST_LUNGS * labels.size:
        return SMALL
    columns = np.arange(labels.shape[1])
    middles = [np.average(columns, weights=(labels == code).sum(0)) for code in (RIGHT_LUNG, LEFT_LUNG)]
    if middles[0] >= middles[1]:
        return SWAPPED
    return NO_HEART if heart < LEAST_HEART * (right + left) else ""
