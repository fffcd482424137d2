"""How true probabilities are: reliability bins, the calibration slope and intercept, the expected calibration error.

Knows numbers only, neither films nor networks. Making probabilities truer is `app.evaluation.predictions.platt`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain import Bin
from app.evaluation.intervals import wilson


@dataclass(frozen=True, slots=True)
class Slope:
    """Slope with its 95% interval, and intercept, of the logistic regression of truth on the logit (Cox 1958).

    1 and 0 are perfect. A slope below 1: probabilities are too extreme; above 1: too timid. ``slope`` is infinite where the
    logits part the two answers without a fault, and NaN where there is only one answer or one logit.
    """

    slope: float
    low: float
    high: float
    intercept: float


def reliability(probabilities: NDArray[np.floating], truth: NDArray[np.bool_], bins: int = 10) -> tuple[Bin, ...]:
    """At most ``bins`` bins of as equal counts as ties allow, by rising probability. Both arrays are (n,); () when n is 0.

    Equal probabilities are never parted: which of them came first must not decide which bin gets the true ones.
    """
    order = np.argsort(probabilities, kind="stable")
    p, y = probabilities[order].astype(np.float64), truth[order]
    if not p.size:
        return ()
    cuts = np.linspace(0, p.size, bins + 1).round().astype(int)[1:-1]
    edges = np.unique([0, *np.searchsorted(p, p[cuts[cuts < p.size]], side="left"), p.size])
    found = []
    for start, end in pairwise(edges.tolist()):
        count, true = end - start, int(y[start:end].sum())
        found.append(Bin(float(p[start:end].mean()), true / count, *wilson(true, count), count))
    return tuple(found)


def expected_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini 2015): mean distance of the bins from the truth, weighed by their counts.

    NaN without bins.
    """
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.predicted - b.observed) for b in bins) / total if total else float("nan")


def calibration_slope(
    logits: NDArray[np.floating], truth: NDArray[np.bool_], patients: NDArray[np.generic], rounds: int = 1000, seed: int = 0
) -> Slope:
    """Slope and intercept of truth on the calibrated logit (logit ÷ temperature), the slope with a 95% percentile bootstrap
    over patients, because films of one patient are not independent. All (n,).

    A draw in which the slope is not defined is left out.
    """
    z = logits.astype(np.float64)
    intercept, slope = logistic(z, truth, np.ones_like(z))
    _, owner = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(seed)
    people = int(owner.max()) + 1 if owner.size else 0
    start = (intercept, slope) if np.isfinite(slope) else (0.0, 0.0)
    draws = []
    for _ in range(rounds if people else 0):
        weights = np.bincount(rng.integers(0, people, people), minlength=people)[owner].astype(np.float64)
        draws.append(logistic(z, truth, weights, start)[1])
    kept = np.array([draw for draw in draws if not np.isnan(draw)])
    if not kept.size:
        return Slope(slope, float("nan"), float("nan"), intercept)
    # "lower" and "higher": between a finite and an infinite slope there is nothing to interpolate.
    low, high = np.percentile(kept, 2.5, method="lower"), np.percentile(kept, 97.5, method="higher")
    return Slope(slope, float(low), float(high), intercept)


def logistic(
    z: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64], start: tuple[float, float] = (0.0, 0.0)
) -> tuple[float, float]:
    """(intercept, slope) of the weighted logistic regression of truth on ``z``, by Newton steps, halved until they help.

    All (n,); weights are at least 0. Where one answer lies wholly above the other there is no best slope: infinite, with its
    sign. NaN where an answer is missing or all ``z`` are one.
    """
    used = weights > 0
    true, false = z[used & truth], z[used & ~truth]
    if not true.size or not false.size or np.ptp(z[used]) == 0:
        return float("nan"), float("nan")
    if true.min() >= false.max():
        return float("nan"), float("inf")
    if true.max() <= false.min():
        return float("nan"), float("-inf")
    design = np.stack((np.ones_like(z), z), axis=1)
    y = truth.astype(np.float64)
    theta = np.array(start)

    def loss(at: NDArray[np.float64]) -> float:
        value = design @ at
        return float(weights @ (np.logaddexp(0, value) - y * value))

    best = loss(theta)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ theta, -500, 500)))
        gradient = design.T @ (weights * (p - y))
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design
        step = np.linalg.solve(hessian + 1e-12 * np.eye(2), gradient)
        after = loss(theta - step)
        while after > best and np.abs(step).max() > 1e-10:
            step = step / 2
            after = loss(theta - step)
        theta, best = theta - step, min(best, after)
        if np.abs(step).max() < 1e-8:
            break
    return float(theta[0]), float(theta[1])
