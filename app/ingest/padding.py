"""Pixels that are no part of the image: Pixel Padding Value (0028,0120) and Range Limit (0028,0121), PS3.3 C.7.5.1.1.2.

They are drawn as background whatever the photometric interpretation, and have no part in windows, percentiles, what a network
reads and what its guard sees. So they are given the darkest value that the frame has without them, here and once for all; the
file itself stays as it is. Knows one frame's values and header numbers.
"""

from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from app.domain import Window, frozen
from app.ingest.greyscale import Grey
from app.ingest.header import Header
from app.ingest.sheet import Stored

PADDED = "Some pixels are padding and no part of the image (Pixel Padding Value); they are drawn as background."

Mask = NDArray[np.bool_]


def found(values: NDArray[Any], header: Header) -> Mask | None:
    """Where the padding of a frame is, (rows, columns); None where there is none, or nothing else. ``values`` as stored."""
    ends = header.numbers("PixelPaddingValue")[:1]
    if not ends or values.dtype.kind not in "iu":
        return None
    ends += header.numbers("PixelPaddingRangeLimit")[:1]
    signed = values.dtype.kind == "i"
    sound = [_sound(int(end), 8 * values.dtype.itemsize, signed=signed) for end in ends]
    mask = (values >= min(sound)) & (values <= max(sound))
    return mask if mask.any() and not mask.all() else None


def _sound(end: int, bits: int, *, signed: bool) -> int:
    """Read with the wrong one of the two VRs that are possible, −2000 is 63536."""
    if signed:
        return end - (1 << 16) if end >= 1 << 15 else end
    return end + (1 << bits) if end < 0 else end


def laid_aside(
    grey: Grey, hidden: Mask, photometric: Literal["MONOCHROME1", "MONOCHROME2"], header: Header
) -> tuple[Grey, Window]:
    """The frame with its padding as dark as the darkest pixel, and the window for one without any of its own: from the 0.5th
    to the 99.5th percentile of all that is no padding."""
    header.warn(PADDED)
    own = grey.stored[~hidden]
    dark = own.max() if (photometric == "MONOCHROME1") == (grey.slope > 0) else own.min()
    stored = np.where(hidden, dark, grey.stored).astype(grey.stored.dtype)
    low, high = sorted(np.percentile(own, (0.5, 99.5)) * grey.slope + grey.intercept)
    if high <= low:
        low, high = sorted((float(own.min()) * grey.slope + grey.intercept, float(own.max()) * grey.slope + grey.intercept))
    window = Window(float(low + high) / 2, max(float(high - low), 1e-6), "LINEAR_EXACT", "percentiles")
    return replace(grey, stored=cast(Stored, frozen(stored))), window
