"""The frames of a shift between two of its steps. Knows arrays, and no torch."""

import numpy as np
from numpy.typing import NDArray

from app.counterfactuals.edit import STRONGEST


def mixed(frames: NDArray[np.float32], one: int, strength: float) -> NDArray[np.float32]:
    """What a shift changes at a strength in [0, 1.5], from its frames (k, h, w), of which the one at place ``one`` is strength
    1: between two frames a mixture of both, beyond the last one the last."""
    at = min(max(strength, 0.0), STRONGEST) * one
    low = min(int(at), len(frames) - 1)
    high, share = min(low + 1, len(frames) - 1), np.float32(at - int(at))
    return np.asarray(frames[low] * (1 - share) + frames[high] * share, np.float32)
