"""Figures about predictions: the ROC curve, AUROC with a patient-level bootstrap interval, calibration by Platt scaling.

Knows numbers only, neither films nor networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.domain import frozen
from app.evaluation.ranks import ranked


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% interval and the numbers behind it."""

    value: float
    low: float
    high: float
    positives: int
    negatives: int


def auroc(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties counting half (Hanley 1982).

    ``scores`` and ``labels`` are (n,). NaN when a class is missing.
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    order = ranked(scores)
    return float((order[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def roc(scores: NDArray[np.floating], truth: NDArray[np.bool_], most: int = 60) -> NDArray[np.float64]:
    """The ROC curve (Hanley 1982) as corners (k, 2): false-positive and true-positive rate, from (0, 0) to (1, 1).

    ``scores`` and ``truth`` are (n,); a tie is a slanted piece, so the area under all corners is `auroc`. Of more than ``most``
    corners those are kept that lie at equal steps along the curve: every point is one of the curve, and both ends stay. Empty
    (0, 2) when a class is missing.
    """
    if not truth.any() or truth.all():
        return frozen(np.zeros((0, 2)))
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    hits = np.cumsum(truth[order])[last_of_tie]
    alarms = last_of_tie + 1 - hits
    points = np.concatenate((np.zeros((1, 2)), np.stack((alarms / alarms[-1], hits / hits[-1]), axis=1)))
    before, after = points[1:-1] - points[:-2], points[2:] - points[1:-1]
    turns = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-15
    points = points[np.concatenate(([True], turns, [True]))]
    if len(points) > most:
        along = points.sum(axis=1)  # rises at every corner: the length of the curve walked in its two directions
        points = points[np.unique(np.abs(along[:, None] - np.linspace(0, 2, most)).argmin(axis=0))]
    return frozen(points)


def auroc_interval(
    scores: NDArray[np.floating], labels: NDArray[np.bool_], patients: NDArray[np.generic], rounds: int = 1000, seed: int = 0
) -> Interval:
    """AUROC with a 95% percentile bootstrap over patients, because films of one patient are not independent. All (n,)."""
    values = auroc_draws(scores, labels, patients, rounds, seed=seed)
    kept = values[~np.isnan(values)]
    low, high = np.percentile(kept, (2.5, 97.5)) if kept.size else (float("nan"), float("nan"))
    return Interval(auroc(scores, labels), float(low), float(high), int(labels.sum()), int((~labels).sum()))


def auroc_draws(
    scores: NDArray[np.floating],
    labels: NDArray[np.bool_],
    patients: NDArray[np.generic],
    rounds: int = 1000,
    *,
    seed: int = 0,
    without: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """The AUROC of each of ``rounds`` draws of as many patients with replacement, float64 (rounds,); NaN where a draw lacks a
    class. The same ``patients`` and ``seed`` draw the same, whatever the scores. The others are (n,); ``without`` are the films
    that do not have the finding, all others unless given: what is neither counts for nothing."""
    rng = np.random.default_rng(seed)
    _, owner = np.unique(patients, return_inverse=True)
    people = int(owner.max()) + 1 if owner.size else 0
    if not people:
        return np.full(rounds, np.nan)
    order = np.argsort(scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)  # where equal scores end
    starts = np.concatenate(([0], ends[:-1] + 1))
    owner, sick = owner[order], labels[order]
    well = ~sick if without is None else without[order]
    drawn = np.empty(rounds)
    for place in range(rounds):  # a film counts as often as its patient was drawn
        weight = np.bincount(rng.integers(0, people, people), minlength=people)[owner].astype(np.float64)
        positive = np.add.reduceat(weight * sick, starts)
        negative = np.add.reduceat(weight * well, starts)
        pairs = positive.sum() * negative.sum()
        below = np.cumsum(negative) - negative / 2  # of equal scores one half
        drawn[place] = float(positive @ below) / pairs if pairs else np.nan
    return drawn


def platt(
    logits: NDArray[np.floating], labels: NDArray[np.bool_], weights: NDArray[np.floating] | None = None
) -> tuple[float, float]:
    """Slope and intercept (a, b) so that sigmoid(a·z + b) is calibrated (Platt 1999); a weak prior holds a near 1.

    ``logits``, ``labels`` and ``weights`` are (n,). The slope is kept positive, so the order of films never changes.
    """
    z, y = logits.astype(np.float64), labels.astype(np.float64)
    w = np.ones_like(z) if weights is None else weights.astype(np.float64)

    def loss(theta: NDArray[np.float64]) -> float:
        value = np.exp(theta[0]) * z + theta[1]
        return float((w * (np.logaddexp(0, value) - y * value)).sum() + 0.5 * theta[0] ** 2)

    best = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-3, 3), (-20, 20)]).x
    return float(np.exp(best[0])), float(best[1])
