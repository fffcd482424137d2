"""Ranks of values, ties sharing the mean of theirs.

scipy.stats has the same (`rankdata`), but loading that library takes a quarter of the time in which a server starts.
"""

import numpy as np
from numpy.typing import NDArray


def ranked(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rank of each value, from 1 on, float64 (n,); equal ones share the mean of the ranks that they take. NaN is not
    looked for: the caller has none."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count).astype(np.float64)
    middle = last - (count - 1) / 2
    return np.asarray(middle[place.reshape(-1)], np.float64)
