"""From which probability on a finding is called: chosen on one part of the films, told with what it does on another.

Knows numbers only, neither films nor networks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import frozen
from app.evaluation.intervals import Mean, mean

FLOOR = 0.8
"""Of those without a finding at least this share is not to be called: with fourteen findings false calls add up."""
RULE = (
    "The probability at which sensitivity and specificity are nearest to each other on the validation part; a higher one where "
    "the 95 % interval of specificity over films would begin below 0.80 there."
)
FEWEST = 10
"""Films with and without the finding that a choice needs."""
MOST = 64
"""How many points of a curve are kept."""


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
    the larger sum of both is taken. The interval is Wilson's, of as many films as the weights are worth (Kish 1965). NaN when
    fewer than `FEWEST` films are on either side, all probabilities are the same, or no point is so specific.
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
    worth = float(well.sum()) ** 2 / float((weight[~truth] ** 2).sum())
    allowed = np.flatnonzero(lowest(specificity, worth) >= FLOOR)
    if not allowed.size:
        return float("nan")
    apart, both = np.abs(sensitivity - specificity)[allowed], (sensitivity + specificity)[allowed]
    best = allowed[np.lexsort((-both, apart))[0]]
    return float((values[best] + values[best + 1]) / 2)


def lowest(share: NDArray[np.float64], count: float) -> NDArray[np.float64]:
    """Where the 95% interval of shares of ``count`` begins (Wilson 1927)."""
    z = 1.959963984540054
    spread = z * np.sqrt(np.clip(share * (1 - share), 0, None) / count + z * z / (4 * count * count))
    return np.asarray((share + z * z / (2 * count) - spread) / (1 + z * z / count), np.float64)


def reached(
    probabilities: NDArray[np.floating], truth: NDArray[np.bool_], patients: NDArray[np.generic], point: float
) -> Reached:
    """What calling a finding from ``point`` on does on these films; all (n,)."""
    called = (probabilities >= point).astype(np.float64)
    return Reached(mean(called[truth], patients[truth]), mean(1 - called[~truth], patients[~truth]))


def curve(probabilities: NDArray[np.floating], truth: NDArray[np.bool_], most: int = MOST) -> NDArray[np.float64]:
    """What every point would do: rows (k, 3) of probability, sensitivity and specificity, the probability rising from 0, where
    all are called, to 1, where none is.

    Both inputs are (n,). Of more than ``most`` rows those are kept that lie at equal steps along the curve; all kept are true.
    """
    values = np.unique(probabilities.astype(np.float64))
    cuts = np.concatenate(([0.0], (values[:-1] + values[1:]) / 2, [1.0]))
    sick, well = np.sort(probabilities[truth].astype(np.float64)), np.sort(probabilities[~truth].astype(np.float64))
    sensitivity = 1 - np.searchsorted(sick, cuts, "left") / max(1, sick.size)
    specificity = np.searchsorted(well, cuts, "left") / max(1, well.size)
    sensitivity[-1], specificity[-1] = 0.0, 1.0
    rows = np.stack((cuts, sensitivity, specificity), axis=1)
    if len(rows) > most:
        along = rows[:, 2] - rows[:, 1]  # rises with every film
        rows = rows[np.unique(np.abs(along[:, None] - np.linspace(-1, 1, most)).argmin(axis=0))]
    return frozen(rows)
