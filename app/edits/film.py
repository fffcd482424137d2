"""The edited film: one edit after the other, in the stored values of an image."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.domain import Edit, Image, Layer, frozen
from app.edits.area import mask
from app.edits.fill import filled
from app.grey import window_for


def apply(image: Image, edits: Sequence[Edit], maps: Mapping[str, Layer]) -> tuple[Image, NDArray[np.bool_]]:
    """The image after all edits, and which pixels they covered, bool (rows, columns).

    Each edit works on what the one before left, in stored values, rounded to whole ones. The edited image is shown through the
    window of the unedited one: where that comes from the film's own values, it is written into the image. ``maps`` are those
    that hot areas name, by id. InputError for an edit that covers nothing, or all; NotFound for a map that is not there.
    """
    touched = np.zeros(image.stored.shape, bool)
    stored = cast("NDArray[np.uint16]", image.stored.copy())
    limits = np.iinfo(stored.dtype)
    for edit in edits:
        covered = mask(edit, cast("tuple[int, int]", stored.shape), maps)
        part, box = filled(stored.astype(np.float32), covered, edit.fill)
        whole = np.clip(np.rint(part), limits.min, limits.max).astype(stored.dtype)
        np.copyto(stored[box], whole, where=covered[box])
        touched |= covered
    windows = image.windows if image.windows or image.voi_lut is not None else (window_for(image),)
    return replace(image, stored=frozen(stored), windows=windows), frozen(touched)
