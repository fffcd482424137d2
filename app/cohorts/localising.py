"""Do the maps lie where the finding lies? Every method's figures over the films that have boxes, beside controls that
know nothing of the film. Knows `app.evaluation` and numbers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app import explainers
from app.cohorts import report
from app.cohorts.report import Estimate
from app.domain import Extent, Localisation, Region
from app.evaluation import localisation, truth
from app.evaluation.intervals import mean, median
from app.grey import resample

CONTROLS = ("random map", "centre prior", "mean box")
"""What knows nothing of the film. A layer of where a finding occurs at all, which is no network's map, is one more."""
MEASURES = ("pointing", "iou", "mass", "outside_inside")
GRID = 64
"""Cells of the grid on which the boxes of other films are added up."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A finding on a film with where it lies, by boxes or by a reader's hand, and how each method's map of it lies. ``film`` is
    (rows, columns) pixels."""

    patient: str
    finding: str
    film: tuple[int, int]
    region: Region
    maps: Mapping[str, Localisation] = field(hash=False)


def localised(network: str, marked: Sequence[Marked]) -> tuple[report.Localised, ...]:
    """The figures of every method and control, over all findings and for each of several."""
    told = [{**one.maps, **controls} for one, controls in zip(marked, _controls(marked), strict=True)]
    findings = list(dict.fromkeys(one.finding for one in marked))
    found: list[report.Localised] = []
    for finding in ("", *(findings if len(findings) > 1 else ())):
        some = [place for place, one in enumerate(marked) if finding in {"", one.finding}]
        patients = np.array([marked[place].patient for place in some], np.str_)
        for method in dict.fromkeys(name for place in some for name in told[place]):
            lies = [told[place].get(method) for place in some]
            for measure in MEASURES:
                values = np.array([_value(one, measure) for one in lies])
                how = median if measure == "outside_inside" else mean
                of = how(values, patients)
                if of.count:
                    estimate = Estimate(*(value if math.isfinite(value) else None for value in (of.value, of.low, of.high)))
                    row = report.Localised(network, finding, method, measure, control(method), of.count, estimate)
                    found.append(row)
    return tuple(found)


def control(name: str) -> bool:
    """Whether what lies on a film knows nothing of it: no method made it."""
    return name in CONTROLS or not explainers.known(name)


def _controls(marked: Sequence[Marked]) -> Iterator[dict[str, Localisation]]:
    """Per film a random map, the middle, and where the finding lies on the other films."""
    rng = np.random.default_rng(0)
    own = [_common(one) for one in marked]
    sums: dict[str, NDArray[np.float32]] = {}
    for one, boxes in zip(marked, own, strict=True):
        sums[one.finding] = sums.get(one.finding, np.zeros((GRID, GRID), np.float32)) + boxes
    for place, (one, boxes) in enumerate(zip(marked, own, strict=True)):
        others = sums[one.finding] - boxes
        tilt = 1e-3 * np.random.default_rng(place).random(others.shape).astype(np.float32)  # a tie points nowhere
        prior = np.where(others > 0, others / max(float(others.max()), 1e-6) + tilt, 0).astype(np.float32)
        shape = truth.grid(*one.film)
        heats = (localisation.random_map(shape, rng), localisation.centre_prior(shape), prior)
        whole = Extent(0, 0, one.film[1], one.film[0])
        yield {
            name: truth.localise(heat[None], whole, {0: one.region}, one.film)
            for name, heat in zip(CONTROLS, heats, strict=True)
        }


def _common(one: Marked) -> NDArray[np.float32]:
    """A film's region on the common grid."""
    shape = truth.grid(*one.film)
    covered = truth.mask(one.region, one.film, shape).astype(np.float32)
    return resample(covered, Extent(0, 0, GRID, GRID), (GRID, GRID))


def _value(of: Localisation | None, measure: str) -> float:
    value = None if of is None else getattr(of, measure)
    return math.nan if value is None else float(value)
