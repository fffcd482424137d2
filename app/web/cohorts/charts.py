"""Where a cohort's curves and intervals lie on the pictures of its page: numbers for SVG attributes, made by the server.

Knows the report's values; no route, no template.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.classifiers import curves
from app.cohorts.report import Calibration, Finding, Step
from app.web import charts

MARKS = 20
"""Points of a curve that lead to the films that they call, at most."""
APART = 5.4
"""They are so far from one another, and from the operating point: a little more than their width, so that each can be hit."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold on the curves: where it lies on the ROC curve (``x``, ``y``) and on the precision–recall curve (``recall``,
    ``precision``), in a square of 100, and where its films are listed."""

    x: float
    y: float
    recall: float
    precision: float
    sensitivity: float
    specificity: float
    value: float
    href: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """The curves of one finding by one network: points of polylines in a square of 100, and the marks on them, the operating
    point last. ``prevalence`` is the height of a coin's precision."""

    network: str
    roc: str
    precision_recall: str
    marks: tuple[Mark, ...]
    prevalence: float


def curve(base: str, finding: Finding) -> Curve:
    """The curves of a finding; ``base`` is the address of the cohort."""
    steps, positives, negatives = finding.curve, finding.positives, finding.negatives
    roc = [(step.alarms / negatives, step.hits / positives) for step in steps]
    recall = [(step.hits / positives, _precision(step)) for step in steps]
    chosen = Step(finding.point, finding.hits, finding.alarms)
    marks = [_mark(base, finding, chosen, chosen=True)]
    for step in _some(steps):
        if step.threshold is not None:
            mark = _mark(base, finding, step)
            if all(math.hypot(mark.x - other.x, mark.y - other.y) >= APART for other in marks):
                marks.append(mark)
    return Curve(
        finding.network,
        charts.line(tuple(roc)),
        charts.line(tuple(recall[1:])),
        (*marks[1:], marks[0]),
        round(100 - 100 * positives / (positives + negatives), 1),
    )


def _some(steps: Sequence[Step]) -> list[Step]:
    """At most `MARKS` of the steps, evenly along both axes of the ROC curve."""
    if len(steps) <= MARKS:
        return list(steps)
    most = steps[-1]
    along = [step.hits / most.hits + step.alarms / most.alarms for step in steps]
    wanted = [2 * place / (MARKS - 1) for place in range(MARKS)]
    places = sorted({min(range(len(steps)), key=lambda at: abs(along[at] - one)) for one in wanted})
    return [steps[place] for place in places]


def _mark(base: str, finding: Finding, step: Step, *, chosen: bool = False) -> Mark:
    hit, alarm = step.hits / finding.positives, step.alarms / finding.negatives
    value = step.threshold or 0.0
    return Mark(
        x=round(100 * alarm, 1),
        y=round(100 - 100 * hit, 1),
        recall=round(100 * hit, 1),
        precision=round(100 - 100 * _precision(step), 1),
        sensitivity=hit,
        specificity=1 - alarm,
        value=value,
        href=films(base, finding, value, called="yes"),
        chosen=chosen,
    )


def films(base: str, finding: Finding, threshold: float, **more: str) -> str:
    """The address of the films behind a figure."""
    query = {"network": finding.network, "finding": finding.finding, "threshold": repr(threshold), **more}
    return f"{base}/films?{urlencode(query)}"


def _precision(step: Step) -> float:
    called = step.hits + step.alarms
    return step.hits / called if called else 1.0


def diagram(told: Calibration) -> tuple[charts.Mark, ...]:
    """The bins of a reliability diagram."""
    return charts.marks(curves.Reliability("", told.bins, ()))
