"""Means and medians with 95% bootstrap intervals (Efron 1979) over whatever is independent: patients, not films, and two such
things at once (Owen 2007); and the interval of a share (Wilson 1927)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean or median with its 95% interval and the number of values behind it; NaN throughout when there are none."""

    value: float
    low: float
    high: float
    count: int


def mean(values: NDArray[np.floating], owners: NDArray[np.generic] | None = None, rounds: int = 1000, seed: int = 0) -> Mean:
    """Mean of the values that are not NaN, percentile bootstrap over owners (n,)."""
    clean, owner = _clean(values, owners)
    if not clean.size:
        return NOTHING
    sums, counts = np.bincount(owner, weights=clean), np.bincount(owner)
    chosen = np.random.default_rng(seed).integers(0, sums.size, (rounds, sums.size))
    return _told(float(clean.mean()), sums[chosen].sum(1) / counts[chosen].sum(1), clean.size)


def median(values: NDArray[np.floating], owners: NDArray[np.generic] | None = None, rounds: int = 1000, seed: int = 0) -> Mean:
    """Median of the values that are not NaN, likewise; for ratios, which may be infinite."""
    clean, owner = _clean(values, owners)
    if not clean.size:
        return NOTHING
    groups = np.split(clean[np.argsort(owner, kind="stable")], np.cumsum(np.bincount(owner))[:-1])
    longest = max(map(len, groups))
    # Owners with fewer values are filled up with NaN, which nanmedian passes over: all draws are one array.
    table = np.full((len(groups), longest), np.nan)
    for row, group in enumerate(groups):
        table[row, : len(group)] = group
    chosen = np.random.default_rng(seed).integers(0, len(groups), (rounds, len(groups)))
    return _told(float(np.median(clean)), np.nanmedian(table[chosen].reshape(rounds, -1), axis=1), clean.size)


def crossed(
    values: NDArray[np.floating],
    owners: NDArray[np.generic],
    draws: NDArray[np.generic],
    rounds: int = 1000,
    seed: int = 0,
) -> Mean:
    """Mean of the values that are not NaN, where each belongs to an owner and to a draw (n,): both are drawn anew, each by
    itself (the pigeonhole bootstrap, Owen 2007), so that the interval holds for other owners and for other draws."""
    clean, owner = _clean(values, owners)
    if not clean.size:
        return NOTHING
    _, draw = _clean(values, draws)
    shape = (owner.max() + 1, draw.max() + 1)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (owner, draw), clean)
    np.add.at(counts, (owner, draw), 1)
    random = np.random.default_rng(seed)
    times = [random.multinomial(length, np.full(length, 1 / length), rounds).astype(np.float64) for length in shape]
    total, count = (((times[0] @ table) * times[1]).sum(1) for table in (sums, counts))
    return _told(float(clean.mean()), total[count > 0] / count[count > 0], clean.size)


def wilson(true: int, count: int) -> tuple[float, float]:
    """95% interval of the share ``true`` of ``count`` (Wilson 1927); it stays in [0, 1] and has a width at 0 and 1 too."""
    if not count:
        return 0.0, 1.0
    z, share = 1.959963984540054, true / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


NOTHING = Mean(float("nan"), float("nan"), float("nan"), 0)


def _clean(values: NDArray[np.floating], owners: NDArray[np.generic] | None) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The values that are not NaN, and the number of the owner of each."""
    kept = ~np.isnan(values)
    clean = values[kept].astype(np.float64)
    return clean, np.unique(np.arange(clean.size) if owners is None else owners[kept], return_inverse=True)[1]


def _told(value: float, draws: NDArray[np.float64], count: int) -> Mean:
    # "lower" and "higher": between a finite and an infinite value there is nothing to interpolate.
    low, high = np.percentile(draws, 2.5, method="lower"), np.percentile(draws, 97.5, method="higher")
    return Mean(value, float(low), float(high), count)
