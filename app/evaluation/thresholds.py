"""What every threshold does: whom a finding is called in from it on, as counts, and the ROC and precision–recall curves.

Knows numbers only, neither films nor networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import frozen


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """One row per threshold (k,), from high to low: with the finding called from ``values`` on, ``hits`` of the ``positives``
    and ``alarms`` of the ``negatives`` are called. The first threshold is infinite and calls nobody; the last calls all."""

    values: NDArray[np.float64]
    hits: NDArray[np.int64]
    alarms: NDArray[np.int64]
    positives: int
    negatives: int

    def roc(self) -> NDArray[np.float64]:
        """False-positive and true-positive rate (k, 2), from (0, 0) to (1, 1)."""
        return frozen(np.stack((self.alarms / self.negatives, self.hits / self.positives), axis=1))

    def precision_recall(self) -> NDArray[np.float64]:
        """Recall and precision (k, 2); where nobody is called, precision is 1, as scikit-learn has it."""
        called = self.hits + self.alarms
        precision = np.where(called > 0, self.hits / np.maximum(called, 1), 1.0)
        return frozen(np.stack((self.hits / self.positives, precision), axis=1))

    def average_precision(self) -> float:
        """Σ (R_n − R_{n−1}) P_n over the thresholds, without interpolation (scikit-learn's ``average_precision_score``)."""
        recall, precision = self.precision_recall().T
        return float((np.diff(recall) * precision[1:]).sum())

    def thinned(self, most: int = 80) -> "Thresholds":
        """At most about ``most`` of these thresholds, at equal steps along the ROC curve and along recall; both ends stay."""
        if len(self.values) <= most:
            return self
        along = self.roc().sum(axis=1)
        recall = self.hits / self.positives
        steps = np.linspace(0, 1, most // 2)
        near = [np.abs(of[:, None] - top * steps).argmin(axis=0) for of, top in ((along, 2.0), (recall, 1.0))]
        kept = np.unique(np.concatenate((*near, [0, len(self.values) - 1])))
        return Thresholds(
            frozen(self.values[kept]), frozen(self.hits[kept]), frozen(self.alarms[kept]), self.positives, self.negatives
        )


def thresholds(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> Thresholds | None:
    """The thresholds at every score that occurs; both (n,). None when a class is missing."""
    if not truth.any() or truth.all():
        return None
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    hits = np.cumsum(truth[order])[last_of_tie]
    alarms = last_of_tie + 1 - hits
    return Thresholds(
        frozen(np.concatenate(([np.inf], scores[order][last_of_tie]))),
        frozen(np.concatenate(([0], hits))),
        frozen(np.concatenate(([0], alarms))),
        int(truth.sum()),
        int((~truth).sum()),
    )


@dataclass(frozen=True, slots=True)
class Confusion:
    """The films by what they have and what they were called. Shares of nothing are NaN."""

    hits: int
    misses: int
    alarms: int
    rejections: int

    @property
    def sensitivity(self) -> float:
        """The share of those with the finding that are called."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def specificity(self) -> float:
        """The share of those without it that are not."""
        return _share(self.rejections, self.rejections + self.alarms)

    @property
    def precision(self) -> float:
        """The share of the called that have it (positive predictive value)."""
        return _share(self.hits, self.hits + self.alarms)

    @property
    def negative_value(self) -> float:
        """The share of those not called that do not have it (negative predictive value)."""
        return _share(self.rejections, self.rejections + self.misses)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and sensitivity; 0 where nobody is rightly called."""
        return _share(2 * self.hits, 2 * self.hits + self.alarms + self.misses)


def confusion(probabilities: NDArray[np.floating], truth: NDArray[np.bool_], point: float) -> Confusion:
    """Called is what has at least the probability ``point``; both (n,)."""
    called = probabilities >= point
    return Confusion(
        int((called & truth).sum()), int((~called & truth).sum()), int((called & ~truth).sum()), int((~called & ~truth).sum())
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
