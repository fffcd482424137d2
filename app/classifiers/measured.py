"""What was measured of a network, as its card tells it: one frozen record per row of ``card.toml``, read strictly.

Knows no torch and no file: `app.classifiers.card` reads the tables, `app.training.cards` writes them.
"""

import math
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, get_type_hints

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Source:
    """One data source a network was trained on, with the number of images and patients, its terms, and what its images show."""

    name: str
    images: int
    patients: int
    terms: str
    shows: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure on one part of one source: e.g. AUROC of Effusion on NIH's test part, with its 95% interval.

    ``beside`` is the same figure of the published network that the card names, on the same films; None where it gave none.
    """

    source: str
    finding: str
    metric: str
    value: float
    low: float
    high: float
    positives: int
    negatives: int
    beside: float | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """What leaving a source out of training costs: AUROC of one finding on the test part of ``tested_on``.

    ``inside``: of the network of the card, which was trained on that source; ``outside``: of one trained the same way without
    ``left_out``. Each with its 95% interval, over the same films.
    """

    left_out: str
    tested_on: str
    finding: str
    inside: float
    inside_low: float
    inside_high: float
    outside: float
    outside_low: float
    outside_high: float
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How true the probabilities are on a source's test part, all findings together: slope with its 95% interval and intercept
    (1 and 0 are perfect), and the expected calibration error, 0 to 1. ``films`` is how many films there were."""

    source: str
    slope: float
    low: float
    high: float
    intercept: float
    ece: float
    films: int


@dataclass(frozen=True, slots=True)
class Operating:
    """From which ``probability`` on a finding is called, chosen on the validation part by the card's rule, and what that does
    on the films of ``source``: the share of those with the finding that are called, and of those without that are not, each
    with its 95% interval."""

    source: str
    finding: str
    probability: float
    sensitivity: float
    sensitivity_low: float
    sensitivity_high: float
    specificity: float
    specificity_low: float
    specificity_high: float
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True)
class LookedAt:
    """One call of the network that people looked at with its maps: the film's public file name, the probability that the
    network gave the finding, whether that was right, and a sentence about what it looked at and by which methods."""

    finding: str
    right: bool
    film: str
    probability: float
    seen: str


@dataclass(frozen=True, slots=True)
class Range:
    """Where the colours of a method's map of a finding end, whatever film it is of: ``high`` is the ``quantile`` over ``cases``
    of each map's own end (its 99.5th percentile), ``evened`` the same of maps smoothed at the network's stride, None where that
    is not offered. ``source``: "validation" or "phantoms". ``plane``: of an exam's networks, "" on films."""

    method: str
    finding: str
    high: float
    source: str
    quantile: float
    cases: int
    evened: float | None = None
    plane: str = ""


DRAWN_DEVICE = "drawn device"
"""The aspect of films that a device was drawn into."""


@dataclass(frozen=True, slots=True)
class Told:
    """How well a finding's logit tells an ``aspect`` of films that it was not asked for, among ``films`` without the finding on
    either side of it: AUROC with its 95% interval; 0.5 is not at all. ``source``: of which part the films are. ``plain`` and
    ``within``: the finding's own AUROC over all films and over pairs of films alike in the aspect; None of too few films."""

    source: str
    aspect: str
    finding: str
    value: float
    low: float
    high: float
    films: int
    plain: float | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """By what the answers of a ``network`` (its version ``sha256``) for a finding are told in gaps where counterfactuals are
    judged: the logit of its operating ``point``, the ``spread`` of its logits, and the ``gap`` between called and normal films.
    """

    network: str
    sha256: str
    finding: str
    point: float
    spread: float
    gap: float


def row(kind: type[Row], entry: Any) -> Row:
    """A record from a table of TOML or an object of JSON; ValueError names the entry that is missing, unknown or wrong.

    Numbers must be finite. A whole number may stand where a fraction could.
    """
    if not isinstance(entry, dict):
        raise ValueError(f"{kind.__name__.lower()}: not a table")
    hints = get_type_hints(kind)
    known = {field.name: field.default is MISSING for field in fields(kind)}  # type: ignore[arg-type]  # kinds are dataclasses
    wrong = [name for name in entry if name not in known] + [
        name for name, needed in known.items() if needed and name not in entry
    ]
    wrong += [name for name, value in entry.items() if name in known and not fits(value, hints[name])]
    if wrong:
        raise ValueError(f"{kind.__name__.lower()}: {', '.join(dict.fromkeys(wrong))}")
    return kind(**{name: float(value) if hints[name] in NUMBERS else value for name, value in entry.items()})


NUMBERS = (float, float | None)


def fits(value: Any, hint: Any) -> bool:
    """Whether a plain value is what a field holds; a truth value is no number."""
    if hint in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, hint)
