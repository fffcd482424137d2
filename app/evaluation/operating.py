"""From which probability on a finding is called: chosen on one part of the films, told with what it does on another.

Knows numbers only, neither films nor networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.intervals import Mean, mean

RULE = "The probability at which sensitivity and specificity are nearest to each other on the validation part."
FEWEST = 10
"""Films with and without the finding that a choice needs."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Share of the films with the finding that are called, and of those without that are not; each with its 95% interval over
    patients and the number of films behind it (``count``)."""

    sensitivity: Mean
    specificity: Mean


def operating_point(
    probabilities: NDArray[np.floating], truth: NDArray[np.bool_], weights: NDArray[np.floating] | None = None
) -> float:
    """The probability from which on the finding is called, by `RULE`; all (n,), ``weights`` of films, alike unless given.

    It lies half-way between two films' probabilities, so that none stands on it. Of points that are equally near the one with
    the larger sum of both is taken. NaN when fewer than `FEWEST` films are on either side, or all probabilities are the same.
    """
    if min(int(truth.sum()), int((~truth).sum())) < FEWEST:
        return float("nan")
    values, place = np.unique(probabilities.astype(np.float64), return_inverse=True)
    if len(values) < 2:
        return float("nan")
    weight = np.ones(len(truth)) if weights is None else weights.astype(np.float64)
    sick = np.bincount(place, weight * truth, len(values))
    well = np.bincount(place, weight * ~truth, len(values))
    sensitivity = 1 - np.cumsum(sick)[:-1] / sick.sum()  # called are the values above each cut
    specificity = np.cumsum(well)[:-1] / well.sum()
    best = np.lexsort((-(sensitivity + specificity), np.abs(sensitivity - specificity)))[0]
    return float((values[best] + values[best + 1]) / 2)


def reached(
    probabilities: NDArray[np.floating], truth: NDArray[np.bool_], patients: NDArray[np.generic], point: float
) -> Reached:
    """What calling a finding from ``point`` on does on these films; all (n,)."""
    called = (probabilities >= point).astype(np.float64)
    return Reached(mean(called[truth], patients[truth]), mean(1 - called[~truth], patients[~truth]))
