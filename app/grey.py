"""The grey pipeline of PS3.4 N.2: modality values → VOI LUT or window → inversion for MONOCHROME1, in that order.

Knows the domain only. The networks and the PNG renderer see a film through this one function, and lay a map over it through
`resample`; the browser does the same arithmetic in its shader.
"""

import numpy as np
from numpy.typing import NDArray

from app.domain import Extent, Image, VoiLut, Window


def window_for(image: Image) -> Window:
    """The window an image opens with: the header's first, else the 0.5th to 99.5th percentile of its values."""
    if image.windows:
        return image.windows[0]
    low, high = np.percentile(image.stored, (0.5, 99.5)) * image.slope + image.intercept
    if high <= low:
        low, high = float(image.values().min()), float(image.values().max())
    return Window(
        centre=float(low + high) / 2, width=max(float(high - low), 1e-6), function="LINEAR_EXACT", label="percentiles"
    )


def apply_window(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    """Modality values (rows, columns) to grey in [0, 1], float32. PS3.3 C.11.2.1.2.1 and C.11.2.1.3."""
    centre, width = window.centre, window.width
    if window.function == "SIGMOID":
        grey = 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -80, 80)))
    elif window.function == "LINEAR_EXACT":
        grey = (values - centre) / width + 0.5
    elif width <= 1.0:  # C.11.2.1.2.1: width 1 is a threshold at centre − 0.5
        grey = (values > centre - 0.5).astype(np.float32)
    else:
        grey = (values - (centre - 0.5)) / (width - 1.0) + 0.5
    return np.asarray(np.clip(grey, 0.0, 1.0), dtype=np.float32)


def apply_voi_lut(values: NDArray[np.float32], lut: VoiLut) -> NDArray[np.float32]:
    """Modality values (rows, columns) through a VOI LUT to grey in [0, 1], float32. PS3.3 C.11.2.1.1."""
    index = np.clip(np.rint(values).astype(np.int64) - lut.first, 0, lut.data.size - 1)
    top = np.float32(2**lut.bits - 1)
    return np.asarray(np.clip(lut.data[index].astype(np.float32) / top, 0.0, 1.0), dtype=np.float32)


def grey(image: Image, window: Window | None = None) -> NDArray[np.float32]:
    """The film as shown: float32 (rows, columns), 0 black to 1 white. A given window wins over the header's VOI LUT."""
    values = image.values()
    if window is None and image.voi_lut is not None:
        shown = apply_voi_lut(values, image.voi_lut)
    else:
        shown = apply_window(values, window or window_for(image))
    return 1.0 - shown if image.photometric == "MONOCHROME1" else shown


def resample(
    values: NDArray[np.float32], extent: Extent, shape: tuple[int, ...], *, nearest: bool = False
) -> NDArray[np.float32]:
    """A map (h, w) that covers ``extent``, on an image grid (rows, columns): bilinear between cell centres, clamped at the edge
    cells, 0 beyond what is drawn of it; ``nearest`` keeps the numbers of classes what they are."""
    rows, columns = shape
    height, width = values.shape
    y = (np.arange(rows) + 0.5 - extent.top) * height / (extent.bottom - extent.top) - 0.5
    x = (np.arange(columns) + 0.5 - extent.left) * width / (extent.right - extent.left) - 0.5
    if nearest:
        y, x = np.rint(y), np.rint(x)
    out = _linear(_linear(values.astype(np.float32), y, axis=0), x, axis=1)
    drawn, down, across = extent.drawn, np.arange(rows) + 0.5, np.arange(columns) + 0.5
    seen = np.outer((down >= drawn.top) & (down <= drawn.bottom), (across >= drawn.left) & (across <= drawn.right))
    return np.where(seen, out, 0.0).astype(np.float32)


def _linear(values: NDArray[np.float32], at: NDArray[np.float64], axis: int) -> NDArray[np.float32]:
    size = values.shape[axis]
    low = np.clip(np.floor(at).astype(np.int64), 0, size - 1)
    high = np.minimum(low + 1, size - 1)
    share = np.clip(at - low, 0.0, 1.0).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None, :]
    return np.asarray(np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share, dtype=np.float32)
