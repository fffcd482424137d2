"""The curves behind a card's figures, in ``models/<name>/curves.json``: ROC and calls per source and finding, reliability per
source.

They are too long for a card that people read. The file names the weights it was measured with, and is refused with others.
Knows no torch.
"""

import json
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.classifiers.card import Card
from app.classifiers.measured import fits, row
from app.domain import Bin
from app.errors import ModelError

NAME = "curves.json"
LARGEST = 4 * 1024 * 1024
"""Bytes that are read of a file of curves; 60 points for 14 findings of ten sources take a twentieth of that."""

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Roc:
    """One ROC curve: (false-positive rate, true-positive rate) from (0, 0) to (1, 1), both rising.

    ``beside`` is the curve of the published network that the card names, on the same films; empty where it gave no answers.
    """

    source: str
    finding: str
    points: Points
    beside: Points = ()


@dataclass(frozen=True, slots=True)
class Reliability:
    """All answers of one source: bins by rising probability, and how many answers fall in each equal part of 0 to 1."""

    source: str
    bins: tuple[Bin, ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """What calling one finding does on one source, wherever its point stands: rows of (probability, sensitivity, specificity),
    the probability rising from 0, where all are called, to 1, where none is; and the films with it, and without."""

    source: str
    finding: str
    points: tuple[tuple[float, float, float], ...]
    positives: int
    negatives: int

    def at(self, probability: float) -> tuple[float, float]:
        """Sensitivity and specificity of calling from a probability on, between two rows in proportion."""
        place = min(max(1, bisect_left(self.points, (probability,))), len(self.points) - 1)
        (low, *before), (high, *after) = self.points[place - 1], self.points[place]
        share = min(1.0, max(0.0, (probability - low) / (high - low)))
        sensitivity, specificity = (a + share * (b - a) for a, b in zip(before, after, strict=True))
        return sensitivity, specificity


@dataclass(frozen=True, slots=True)
class Curves:
    """All curves of a network, in the order of the file."""

    roc: tuple[Roc, ...]
    reliability: tuple[Reliability, ...]
    calls: tuple[Calls, ...] = ()

    def of(self, finding: str) -> tuple[Calls, ...]:
        """What calling a finding does, by source."""
        return tuple(one for one in self.calls if one.finding == finding)

    @classmethod
    def read(cls, card: Card) -> "Curves | None":
        """The curves of a card; None where there is no file. ModelError with the wrong entry, or for those of other weights."""
        path = card.folder / NAME
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ValueError(f"more than {LARGEST} bytes")
            raw = json.loads(data)
            curves = cls(
                tuple(map(_roc, raw["roc"])),
                tuple(map(_reliability, raw["reliability"])),
                tuple(map(_calls, raw.get("calls", []))),
            )
            measured = raw["sha256"]
        except (
            OSError,
            RecursionError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:  # what is no UTF-8 or no JSON is a ValueError
            raise ModelError(
                "The curves of the network “%(name)s” cannot be read: %(error)s.",
                {"name": card.name, "error": f"{type(error).__name__} {error}"[:300]},
            ) from error
        if measured != card.sha256:
            raise ModelError("The curves of the network “%(name)s” were measured with other weights.", {"name": card.name})
        return curves


def _roc(entry: Any) -> Roc:
    told = {key: entry[key] for key in ("source", "finding")}
    unknown = set(entry) - {"source", "finding", "points", "beside"}
    if unknown or not all(fits(value, str) for value in told.values()):
        raise ValueError(f"roc: {sorted(unknown) or told}")
    return Roc(**told, points=_points(entry["points"]), beside=_points(entry["beside"]) if entry.get("beside") else ())


def _calls(entry: Any) -> Calls:
    points = tuple((_share(at), _share(sensitivity), _share(specificity)) for at, sensitivity, specificity in entry["points"])
    found = Calls(**{**entry, "points": points})
    named = fits(found.source, str) and fits(found.finding, str)
    if len(points) < 2 or not named or not (fits(found.positives, int) and fits(found.negatives, int)):
        raise ValueError("calls: a source, a finding, two rows or more, and counts")
    rising = all(a[0] < b[0] and a[1] >= b[1] and a[2] <= b[2] for a, b in pairwise(found.points))
    if not rising or found.points[0] != (0.0, 1.0, 0.0) or found.points[-1] != (1.0, 0.0, 1.0):
        raise ValueError("calls: from all called at 0 to none at 1")
    return found


def _points(entry: Any) -> Points:
    points = tuple((_share(x), _share(y)) for x, y in entry)
    rising = all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(points))
    if len(points) < 2 or points[0] != (0.0, 0.0) or points[-1] != (1.0, 1.0) or not rising:
        raise ValueError("a ROC curve must rise from (0, 0) to (1, 1)")
    return points


def _reliability(entry: Any) -> Reliability:
    bins = tuple(row(Bin, b) for b in entry["bins"])
    for b in bins:
        for value in (b.predicted, b.observed, b.low, b.high):
            _share(value)
    histogram = tuple(entry["histogram"])
    counted = bool(histogram) and all(fits(count, int) for count in histogram)
    if set(entry) != {"source", "bins", "histogram"} or not fits(entry["source"], str) or not counted:
        raise ValueError("reliability: source, bins and a histogram of counts, nothing else")
    return Reliability(entry["source"], bins, histogram)


def _share(value: Any) -> float:
    if not fits(value, float) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is no share between 0 and 1")
    return float(value)
