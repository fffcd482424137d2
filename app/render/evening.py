"""Smoothing a map of single pixels at the scale of the network's stride: a display, which never reaches stored values.

What the strides of a network leave in such maps is a lattice; the probe, the measures and the files keep the raw values. The
viewer does the same (static/js/viewport/evening.js).
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

REACH = 3
"""The Gaussian is cut off at so many standard deviations."""


def kernel(sigma: float) -> NDArray[np.float64]:
    """Weights of a Gaussian of ``sigma`` cells, from one end to the other; they sum to 1."""
    radius = math.ceil(REACH * sigma)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum())


def evened(values: Floats, sigma: float) -> Floats:
    """Maps (slices, height, width) smoothed across rows and columns, not across slices; beyond its edges a map goes on as it
    ends."""
    weights = kernel(sigma)
    radius = len(weights) // 2
    out = values.astype(np.float64)
    for axis in (1, 2):
        wide = np.pad(out, [(radius, radius) if at == axis else (0, 0) for at in range(3)], mode="edge")
        length = out.shape[axis]
        total = np.zeros_like(out)
        for step, weight in enumerate(weights):
            total += weight * (wide[:, step : step + length] if axis == 1 else wide[:, :, step : step + length])
        out = total
    return out.astype(np.float32)
