"""Two networks on the same films: the difference of their AUROCs, by DeLong and by drawing patients anew.

Knows numbers only, neither films nor networks.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.evaluation.predictions import auroc, auroc_draws
from app.evaluation.ranks import ranked


@dataclass(frozen=True, slots=True)
class Difference:
    """AUROC of the first less that of the second, with its 95% interval; ``p`` is the two-sided probability of so large a
    difference between networks that are equally good. NaN where it is not defined."""

    first: float
    second: float
    value: float
    low: float
    high: float
    p: float


def delong(first: NDArray[np.floating], second: NDArray[np.floating], truth: NDArray[np.bool_]) -> Difference:
    """The paired difference by DeLong (1988), with the ranks of Sun and Xu (2014). All (n,); films count as independent.

    The variance needs two films with the finding and two without. Where both networks order all pairs alike, it is 0, and so
    is the difference: ``p`` is 1.
    """
    (one, first_with, first_without), (two, second_with, second_without) = (_placements(of, truth) for of in (first, second))
    value = one - two
    if min(len(first_with), len(first_without)) < 2:
        return Difference(one, two, value, math.nan, math.nan, math.nan)
    with_, without = first_with - second_with, first_without - second_without
    variance = float(with_.var(ddof=1) / len(with_) + without.var(ddof=1) / len(without))
    if variance <= 0:
        return Difference(one, two, value, value, value, 1.0 if value == 0 else 0.0)
    sd = math.sqrt(variance)
    half = NormalDist().inv_cdf(0.975) * sd
    return Difference(one, two, value, value - half, value + half, math.erfc(abs(value) / sd / math.sqrt(2)))


def bootstrapped(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    truth: NDArray[np.bool_],
    patients: NDArray[np.generic],
    *,
    rounds: int = 1000,
    seed: int = 0,
) -> Difference:
    """The same with a percentile bootstrap over patients, because films of one are not independent: both networks are measured
    on the same draws. ``p`` is twice the smaller share of draws on one side of 0, at least 1 / ``rounds`` (Efron 1979)."""
    one, two = auroc(first, truth), auroc(second, truth)
    drawn = auroc_draws(first, truth, patients, rounds, seed=seed) - auroc_draws(second, truth, patients, rounds, seed=seed)
    kept = drawn[~np.isnan(drawn)]
    if not kept.size:
        return Difference(one, two, one - two, math.nan, math.nan, math.nan)
    low, high = np.percentile(kept, (2.5, 97.5))
    side = min((kept <= 0).mean(), (kept >= 0).mean())
    return Difference(one, two, one - two, float(low), float(high), float(min(1.0, max(2 * side, 1 / rounds))))


def _placements(
    scores: NDArray[np.floating], truth: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """The AUROC, and where each film stands among those of the other class: the share of them below it (with the finding) or
    above it (without), ties counting half."""
    with_, without = scores[truth], scores[~truth]
    if not with_.size or not without.size:
        return math.nan, np.zeros(0), np.zeros(0)
    order = ranked(scores)
    above = (order[truth] - ranked(with_)) / without.size
    below = 1 - (order[~truth] - ranked(without)) / with_.size
    return float(above.mean()), above, below
