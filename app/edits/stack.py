"""The edited film or stack: one edit after the other, in the stored values of its images, every slice by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.domain import Edit, Fill, Image, Layer, frozen
from app.edits.area import Mask, Shape, checked, mask
from app.edits.fill import filled
from app.grey import window_for

Stored = NDArray[np.int16] | NDArray[np.uint16]


def apply(image: Image, edits: Sequence[Edit], maps: Mapping[str, Layer]) -> tuple[Image, Mask]:
    """A film after all edits, and which pixels they covered, bool (rows, columns): `apply_to_stack` of one slice."""
    (edited,), (covered,) = apply_to_stack((image,), edits, maps)
    return edited, covered


def apply_to_stack(images: Sequence[Image], edits: Sequence[Edit], maps: Mapping[str, Layer]) -> tuple[tuple[Image, ...], Mask]:
    """The slices of a stack after all edits, and which pixels they covered, bool (slices, rows, columns). A slice of which
    nothing is covered is handed back as it came.

    Each edit works on what the one before left, in stored values, rounded to whole ones. An edited slice is shown through the
    window of the unedited one: where that comes from its own values, it is written into the image. ``maps`` are those that hot
    areas name, by id. InputError for an edit that covers nothing of the stack, or all; NotFound for a map that is not there.
    """
    shape = _shape(images[0])
    touched = np.zeros((len(images), *shape), bool)
    stored: list[Stored] = [image.stored for image in images]
    for edit in edits:
        covered = checked(mask(edit, shape, maps, range(len(images))))
        for place in np.flatnonzero(covered.any(axis=(1, 2))):
            stored[place] = _after(stored[place], covered[place], edit.fill)
        touched |= covered
    return tuple(map(_edited, images, stored)), frozen(touched)


def apply_to_slice(image: Image, place: int, edits: Sequence[Edit], maps: Mapping[str, Layer]) -> Image:
    """One slice of a stack after edits that `apply_to_stack` takes: as it comes out there, without a look at the others."""
    stored: Stored = image.stored
    for edit in edits:
        (covered,) = mask(edit, _shape(image), maps, (place,))
        stored = _after(stored, covered, edit.fill) if covered.any() else stored
    return _edited(image, stored)


def covered_by(edits: Sequence[Edit], slices: int, shape: Shape, maps: Mapping[str, Layer]) -> Mask:
    """Which pixels of a stack's slices edits cover together, bool (slices, rows, columns). Errors as of `apply_to_stack`."""
    touched = np.zeros((slices, *shape), bool)
    for edit in edits:
        touched |= checked(mask(edit, shape, maps, range(slices)))
    return frozen(touched)


def _shape(image: Image) -> Shape:
    return image.rows, image.columns


def _after(stored: Stored, covered: Mask, fill: Fill) -> Stored:
    """Stored values (rows, columns) with the covered ones filled."""
    limits = np.iinfo(stored.dtype)
    part, box = filled(stored.astype(np.float32), covered, fill)
    whole = np.clip(np.rint(part), limits.min, limits.max).astype(stored.dtype)
    after = stored.copy()
    np.copyto(after[box], whole, where=covered[box])
    return after


def _edited(image: Image, stored: Stored) -> Image:
    if stored is image.stored:
        return image
    windows = image.windows if image.windows or image.voi_lut is not None else (window_for(image),)
    return replace(image, stored=frozen(cast("NDArray[np.uint16]", stored)), windows=windows)
