"""What a chest network is asked in training: the findings, "no finding", and helper questions that are dropped at the end.

From films to two arrays, targets and weights, both float32 (films, questions). Knows labels, not pixels.

- Positives and negatives of a finding weigh the same within each source, so that a source by itself says nothing of a finding;
  where the recipe asks for it (``within``), within each source, projection and size of the heart.
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
    ``helpers`` the weight of a helper question beside a finding; 0 leaves any of them out. ``projection`` is the share of that
    weight that the question for the projection has: a network that is asked for it learns to see it.

    ``within`` names what must say nothing of a finding besides the source: "projection", "heart" (see `cells`). ``unlearn`` is
    the strength with which the logits are kept from telling it (see `unlearning`), not a matter of targets.
    """

    teacher: float = 0.0
    taught: float = 1.0
    helpers: float = 0.0
    projection: float = 1.0
    within: Sequence[str] = ()
    unlearn: float = 0.0


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
    if recipe.within:
        target, weight = indifferent(mixed, cells(films, answers, recipe.within))
    else:
        target, weight = balanced(told, mixed, np.array([film.source for film in films]))
    weight[known.any(1)] *= recipe.taught
    if recipe.helpers:
        others = helpers(films)
        target = np.concatenate([target, np.nan_to_num(others)], 1)
        asks = np.where(np.isnan(others), 0, recipe.helpers).astype(np.float32)
        asks[:, HELPERS.index("anteroposterior")] *= recipe.projection
        weight = np.concatenate([weight, asks], 1)
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


def cells(films: Sequence[Film], answers: Sequence[str], within: Sequence[str]) -> NDArray[np.int64]:
    """Which films may be compared, per answer: numbers (films, answers), the same where source and all of ``within`` agree.

    "projection" is AP, PA, or unknown. "heart" is the label for cardiomegaly; neither cardiomegaly itself nor "no finding",
    which it decides, is divided by it.
    """
    source = np.array([film.source for film in films])
    projection = np.array([film.view if film.view in ("AP", "PA") else "" for film in films])
    hearts = labels(films, answers)[:, answers.index("Cardiomegaly")] if "Cardiomegaly" in answers else np.zeros(len(films))
    heart = np.where(np.isnan(hearts), -1, hearts).astype(np.int64)
    number = np.unique(source, return_inverse=True)[1].astype(np.int64)
    if "projection" in within:
        number = number * 3 + np.unique(projection, return_inverse=True)[1]
    found = np.repeat(number[:, None] * 3, len(answers), 1)
    if "heart" in within:
        found += np.where(np.isin(answers, ("Cardiomegaly", NO_FINDING)), 0, heart[:, None] + 1)
    return found


def indifferent(mixed: NDArray[np.float32], cells: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and weights so that a finding's share is one half within every cell: the cell says nothing of it.

    ``mixed`` are targets in [0, 1], NaN where unknown; a film between the two counts as both in those shares. No film weighs
    more than `RAREST`: a cell whose positives are too few for that weighs less as a whole, and one with a single answer
    weighs nothing, since all it could teach is the cell. All (films, answers), ``cells`` as `cells` gives them.
    """
    target, weight = np.zeros_like(mixed), np.zeros_like(mixed)
    for f in range(mixed.shape[1]):
        for cell in np.unique(cells[:, f]):
            rows = np.flatnonzero((cells[:, f] == cell) & ~np.isnan(mixed[:, f]))
            share = mixed[rows, f].astype(np.float64)
            yes, no = share.sum(), (1 - share).sum()
            if min(yes, no) < 1e-6:
                continue
            half = min(len(rows) / 2, RAREST * yes, RAREST * no)
            for_it, against = share * half / yes, (1 - share) * half / no
            weight[rows, f] = for_it + against
            target[rows, f] = for_it / (for_it + against)
    return target, weight
