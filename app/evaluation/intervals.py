"""Means with 95% bootstrap intervals over whatever is independent: patients, not films."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95% interval and the number of values behind it; NaN throughout when there are none."""

    value: float
    low: float
    high: float
    count: int

    def apart_from(self, other: "Mean") -> bool:
        """Whether the two intervals do not overlap."""
        return self.low > other.high or self.high < other.low


def mean(
    values: NDArray[np.floating], owners: NDArray[np.generic] | None = None, rounds: int = 1000, seed: int = 0, cap: float = 1e3
) -> Mean:
    """Mean of the values that are not NaN, percentile bootstrap over owners (n,). Infinite values count as ``cap``."""
    kept = ~np.isnan(values)
    clean = np.minimum(values[kept].astype(np.float64), cap)
    if not clean.size:
        return Mean(float("nan"), float("nan"), float("nan"), 0)
    names = np.arange(clean.size) if owners is None else owners[kept]
    _, owner = np.unique(names, return_inverse=True)
    sums, counts = np.bincount(owner, weights=clean), np.bincount(owner)
    chosen = np.random.default_rng(seed).integers(0, sums.size, (rounds, sums.size))
    means = sums[chosen].sum(1) / counts[chosen].sum(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Mean(float(clean.mean()), float(low), float(high), int(clean.size))
