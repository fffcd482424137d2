"""What a network's logits say that they were not asked: how a film was taken, of whom, and where.

Among the films that lack a finding its logit should not tell one projection from the other; and a figure that pools both
projections counts it as skill when the network only knows who was too ill to stand. Zech 2018, DeGrave 2021. Knows numbers
only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.evaluation.predictions import Interval, auroc, auroc_interval

FEWEST = 10
"""Films on either side that a figure needs."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What one finding's logit has to do with one ``aspect`` of the films, such as the projection.

    ``plain`` is the finding's AUROC over all films whose aspect is known; ``within`` the same over pairs of films alike in the
    aspect: what is left when it cannot help. ``told`` is how well the logit tells the aspect among films without the finding:
    0.5 is not at all, and below 0.5 it tells it the other way about. NaN where too few films are on one side.
    """

    finding: str
    aspect: str
    plain: float
    within: float
    told: Interval


def within(scores: NDArray[np.floating], truth: NDArray[np.bool_], groups: NDArray[np.generic]) -> float:
    """The share of (positive, negative) pairs of one group that are in the right order, ties counting half; all (n,).

    NaN when no group has both.
    """
    right, pairs = 0.0, 0
    for group in np.unique(groups):
        rows = groups == group
        count = int(truth[rows].sum()) * int((~truth[rows]).sum())
        if count:
            right += auroc(scores[rows], truth[rows]) * count
            pairs += count
    return right / pairs if pairs else float("nan")


def shortcuts(
    logits: NDArray[np.floating],
    labels: NDArray[np.floating],
    aspects: Mapping[str, NDArray[np.floating]],
    patients: NDArray[np.generic],
    findings: Sequence[str],
    *,
    rounds: int = 200,
) -> list[Shortcut]:
    """One figure per finding and aspect that has enough films.

    ``logits`` and ``labels`` are (n, findings), labels 1, 0 or NaN; every aspect is (n,), likewise; ``patients`` (n,) are who
    the interval of ``told`` is drawn over.
    """
    found = []
    for place, finding in enumerate(findings):
        for aspect, value in aspects.items():
            known = ~np.isnan(labels[:, place]) & ~np.isnan(value)
            scores, truth, side = logits[known, place], labels[known, place] == 1, value[known] == 1
            without = ~truth
            if min(int((side & without).sum()), int((~side & without).sum())) < FEWEST:
                continue
            told = auroc_interval(scores[without], side[without], patients[known][without], rounds)
            enough = min(int(truth.sum()), int(without.sum())) >= FEWEST
            plain, alike = (auroc(scores, truth), within(scores, truth, side)) if enough else (float("nan"), float("nan"))
            found.append(Shortcut(finding, aspect, plain, alike, told))
    return found
