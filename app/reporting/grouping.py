"""How often groups of maps find a shortcut that was planted in a cohort, at several shares of it.

Twice: with a network that looks at a chest drain, on drawn films of which some have one; and with maps of those without, of
which some are given evidence in a corner, as a network would that reads a side marker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app import explainers
from app.classifiers.classifier import Classifier
from app.evaluation.cohort_maps import Cluster, Map, clusters, posed
from app.phantoms import chest
from app.reporting.cases import phantom_series
from app.reporting.measuring import explain

FIRST_SEED = 5_500_000
CORNER, WEIGHT = 3, 0.5
"""What is planted in a map: so many cells of a 16 × 16 grid along either side of a corner, so much of all evidence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many films without a drain and with one are drawn; and of these cohorts of so many ``films``, ``cohorts`` of them for
    each of the ``shares``, are put together."""

    plain: int = 400
    drains: int = 40
    films: int = 200
    cohorts: int = 10
    shares: tuple[float, ...] = (0.02, 0.05, 0.1)


def measure(classifier: Classifier, method: str, finding: str, plan: Plan) -> Iterator[str]:
    """Lines: for either shortcut and each share, in how many cohorts a group is made of its films."""
    seeds = range(FIRST_SEED, FIRST_SEED + plan.plain + plan.drains)
    without = [_map(classifier, method, finding, seed, tube=False) for seed in seeds[: plan.plain]]
    with_tube = [_map(classifier, method, finding, seed, tube=True) for seed in seeds[plan.plain :]]
    random = np.random.default_rng(0)
    corner = [_cornered(one, random) for one in without]
    yield f"{method}, {finding}: cohorts of {plan.films} drawn films, {plan.cohorts} for each share"
    for name, planted in (("chest drain", with_tube), ("corner", corner)):
        for share in plan.shares:
            found, sizes = 0, []
            for cohort in range(plan.cohorts):
                chance = np.random.default_rng([cohort, round(1000 * share)])
                maps, marked = mixed(without, planted, round(share * plan.films), plan.films, chance)
                groups = clusters(maps)
                sizes.append(len(groups))
                found += best(groups, marked) is not None
            told = f"found in {found} of {plan.cohorts} cohorts, {np.mean(sizes):.1f} groups each"
            yield f"{name:12} in {share:.0%} of the films: {told}"


def mixed(
    plain: Sequence[Map], planted: Sequence[Map], count: int, films: int, random: np.random.Generator
) -> tuple[list[Map], set[int]]:
    """A cohort: maps of which so many are planted, and which those are."""
    count = min(count, len(planted))
    taken = random.choice(len(plain), min(films - count, len(plain)), replace=False)
    marked = random.choice(len(planted), count, replace=False)
    together = [plain[at] for at in taken] + [planted[at] for at in marked]
    order = random.permutation(len(together))
    return [together[at] for at in order], {new for new, old in enumerate(order) if old >= len(taken)}


def best(groups: Sequence[Cluster], marked: set[int]) -> Cluster | None:
    """The group that is made of the planted films: most of its films are, and most of those are in it. None where there is
    none."""
    for group in groups:
        both = len(marked.intersection(group.members))
        if 2 * both > group.size and 2 * both > len(marked):
            return group
    return None


def _map(classifier: Classifier, method: str, finding: str, seed: int, *, tube: bool) -> Map:
    random = np.random.default_rng([seed, 16])
    shown = [str(random.choice([one for one in chest.FINDINGS if one != finding]))] if random.random() < 0.5 else []
    series = phantom_series(chest.draw(seed, shown, tube, classifier.card.input_size))
    trace = explainers.record(classifier, series)
    (layer,) = explain(method, classifier, trace, [finding])
    return posed(layer.values[0], layer.extent, classifier.extent(series.images[0]))


def _cornered(values: Map, random: np.random.Generator) -> Map:
    """A map with half of its evidence moved to a spot at the upper right, as a marker has its place."""
    side = len(values)
    positive = np.maximum(values, 0)
    spot: NDArray[np.float32] = np.zeros_like(positive)
    cells = side * CORNER // 16
    top, right = random.integers(0, side // 16 + 1, 2)
    spot[top : top + cells, side - right - cells : side - right] = 1
    total = max(float(positive.sum()), 1e-12)
    return np.asarray((1 - WEIGHT) * positive + WEIGHT * total * spot / spot.sum(), np.float32)
