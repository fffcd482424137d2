"""What a chest network is asked in training: the findings, "no finding", and helper questions that are dropped at the end.

From films to two arrays, targets and weights, both float32 (films, questions). Knows labels, not pixels.

- Positives and negatives of a finding weigh the same within each source, so that a source by itself says nothing of a finding.
- Where a published network's probability is known, the target lies between the label, which a program read from a report, and
  that probability: a teacher (Hinton 2015).
- Age, sex and projection can be read off every film and are never wrong. Asking for them as well teaches a network that starts
  from nothing the anatomy; their outputs are cut off before the network is written.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import NO_FINDING
from app.training.films import Film

AGES = (25, 35, 45, 55, 65)
"""Years; each is one helper question, "older than this?"."""
HELPERS = ("male", "anteroposterior", *(f"older than {age}" for age in AGES))
RAREST = 12.0
"""No positive weighs more than this many times a plain film, however rare its finding is."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """``teacher`` is the share of the published probability in a target, ``taught`` how many times such a film counts;
    ``helpers`` the weight of a helper question beside a finding; 0 leaves any of them out."""

    teacher: float = 0.0
    taught: float = 1.0
    helpers: float = 0.0


def asked(films: Sequence[Film], findings: Sequence[str]) -> tuple[str, ...]:
    """What the written network answers: the findings, and "no finding" where the films tell it."""
    return (*findings, NO_FINDING) if any(not math.isnan(film.nothing) for film in films) else tuple(findings)


def labels(films: Sequence[Film], answers: Sequence[str]) -> NDArray[np.float32]:
    """Labels (films, answers) for what `asked` gave: 1, 0, or NaN where the source does not say."""
    return _rows([(*film.labels, film.nothing) if answers[-1] == NO_FINDING else film.labels for film in films], len(answers))


def published(films: Sequence[Film], answers: Sequence[str]) -> NDArray[np.float32]:
    """The published network's probabilities (films, answers), NaN where there are none: it never said "no finding"."""
    unknown = (float("nan"),) * len(answers)
    return _rows([(*film.soft, *unknown)[: len(answers)] for film in films], len(answers))


def _rows(rows: Sequence[Sequence[float]], width: int) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, width)


def helpers(films: Sequence[Film]) -> NDArray[np.float32]:
    """Answers (films, 7) to `HELPERS`, NaN where the source does not say."""
    rows = []
    for film in films:
        male = {"M": 1.0, "F": 0.0}.get(film.sex, float("nan"))
        projection = {"AP": 1.0, "PA": 0.0}.get(film.view, float("nan"))
        rows.append((male, projection, *(float(film.age > age) if film.age is not None else float("nan") for age in AGES)))
    return _rows(rows, len(HELPERS))


def targets(films: Sequence[Film], answers: Sequence[str], recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets in [0, 1] and weights (0 where unknown), both float32 (films, answers, and 7 more with helper questions)."""
    told, taught_by = labels(films, answers), published(films, answers)
    taught_by[np.isnan(told)] = np.nan  # where a source cannot show a finding, nobody's answer is asked for
    known = ~np.isnan(taught_by) & (recipe.teacher > 0)
    mixed = np.where(known, (1 - recipe.teacher) * told + recipe.teacher * taught_by, told)
    target, weight = balanced(told, mixed, np.array([film.source for film in films]))
    weight[known.any(1)] *= recipe.taught
    if recipe.helpers:
        others = helpers(films)
        target = np.concatenate([target, np.nan_to_num(others)], 1)
        weight = np.concatenate([weight, np.where(np.isnan(others), 0, recipe.helpers).astype(np.float32)], 1)
    return target, weight


def balanced(
    told: NDArray[np.float32], mixed: NDArray[np.float32], groups: NDArray[np.str_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and weights so that a finding's positives and negatives have the same sum within each group.

    ``told`` decides how rare a finding is in a group; ``mixed`` are the targets, which may lie between 0 and 1: such a film
    counts as a positive and a negative in those shares. All (films, answers), groups (films,).
    """
    target, weight = np.zeros_like(told), np.zeros_like(told)
    for group in np.unique(groups):
        rows = groups == group
        known = ~np.isnan(told[rows])
        share = (known & (told[rows] == 1)).sum(0) / np.maximum(known.sum(0), 1)
        up = np.minimum(0.5 / np.maximum(share, 1e-6), RAREST)
        down = np.minimum(0.5 / np.maximum(1 - share, 1e-6), RAREST)
        for_it, against = np.nan_to_num(mixed[rows]) * up, (1 - np.nan_to_num(mixed[rows])) * down
        weight[rows] = np.where(known, for_it + against, 0)
        target[rows] = np.where(known, for_it / np.maximum(for_it + against, 1e-9), 0)
    return target, weight
