"""Where a card's figures and curves lie on the pictures of `/models/<name>`: numbers for SVG attributes, made by the server.

Knows the card's records; no route, no template. Nothing here is colour: that is static/css/model.css.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from app.classifiers.curves import Points, Reliability, Roc
from app.classifiers.measured import Calibration, Figure, Outside

ENOUGH = 10
"""Films with a finding that its figure needs to count in a source's mean."""
TRUE_SLOPES = (0.8, 1.25)
"""Calibration slopes between these are told as about right."""
LEFT, TOP, SIDE = 34, 6, 200
"""Where the square of a reliability diagram begins, and its side, in the picture's units."""
BARS_TOP, BARS_HEIGHT = 214, 30
"""Where the counts beneath it begin, and their height."""


def start(lows: Iterable[float]) -> float:
    """Where a scale of AUROCs begins: at one half, a coin's toss, or at the tenth that the lowest interval reaches below it."""
    return min(0.5, math.floor(10 * min(lows)) / 10)


def place(value: float, begin: float) -> float:
    """Where a value lies on a scale from ``begin`` to 1: 0 to 100."""
    return round(100 * (min(max(value, begin), 1.0) - begin) / (1.0 - begin), 2)


@dataclass(frozen=True, slots=True)
class FigureTable:
    """The figures of one metric on one part of one source, in the card's order."""

    source: str
    metric: str
    rows: tuple[Figure, ...]

    @property
    def start(self) -> float:
        """The lowest value of the scale; the highest is 1."""
        return start(value for figure in self.rows for value in (figure.low, figure.beside) if value is not None)

    def place(self, value: float) -> float:
        """Where a value lies on the scale, 0 to 100."""
        return place(value, self.start)

    @property
    def beside(self) -> bool:
        """Whether a published network's figures stand beside these."""
        return any(figure.beside is not None for figure in self.rows)

    @property
    def counted(self) -> tuple[Figure, ...]:
        """The rows with enough films that have the finding."""
        return tuple(figure for figure in self.rows if figure.positives >= ENOUGH)

    @property
    def mean(self) -> float | None:
        """The mean over those rows; None where there is none."""
        return sum(figure.value for figure in self.counted) / len(self.counted) if self.counted else None

    @property
    def mean_beside(self) -> float | None:
        """The published network's mean over the same rows; None where it has not all of them."""
        values = [figure.beside for figure in self.counted if figure.beside is not None]
        return sum(values) / len(values) if values and len(values) == len(self.counted) else None


@dataclass(frozen=True, slots=True)
class OutsideTable:
    """Leave-one-source-out, in the card's order, on one scale."""

    rows: tuple[Outside, ...]

    @property
    def start(self) -> float:
        """The lowest value of the scale; the highest is 1."""
        return start(value for row in self.rows for value in (row.inside_low, row.outside_low))

    def place(self, value: float) -> float:
        """Where a value lies on the scale, 0 to 100."""
        return place(value, self.start)


@dataclass(frozen=True, slots=True)
class Panel:
    """One ROC curve as points of a polyline in a square of 100, the published network's beside it ("" without), and the figure
    that goes with it."""

    finding: str
    line: str
    beside: str
    figure: Figure | None


@dataclass(frozen=True, slots=True)
class Panels:
    """The ROC curves of one source."""

    source: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """One bin of a reliability diagram: where it lies, from where to where its interval reaches, and what it says."""

    x: float
    y: float
    low: float
    high: float
    predicted: float
    observed: float
    observed_low: float
    observed_high: float
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """How many answers fall in one part of 0 to 1: a bar beneath the diagram."""

    x: float
    y: float
    width: float
    height: float
    count: int


@dataclass(frozen=True, slots=True)
class Diagram:
    """The calibration of one source: a row of the card, a diagram, or both."""

    source: str
    calibration: Calibration | None
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]

    @property
    def verdict(self) -> Literal["", "right", "extreme", "timid"]:
        """What the slope means: probabilities are about right, too extreme, or too timid; "" without one."""
        if self.calibration is None:
            return ""
        low, high = TRUE_SLOPES
        return "extreme" if self.calibration.slope < low else "timid" if self.calibration.slope > high else "right"


def tables(figures: Sequence[Figure]) -> tuple[FigureTable, ...]:
    """The card's figures, one table per source and metric."""
    keys = dict.fromkeys((figure.source, figure.metric) for figure in figures)
    return tuple(
        FigureTable(source, metric, tuple(f for f in figures if (f.source, f.metric) == (source, metric)))
        for source, metric in keys
    )


def panels(curves: Sequence[Roc], figures: Sequence[Figure]) -> tuple[Panels, ...]:
    """The ROC curves by source, each with its AUROC."""
    known = {(figure.source, figure.finding): figure for figure in figures if figure.metric == "AUROC"}
    return tuple(
        Panels(
            source,
            tuple(
                Panel(roc.finding, line(roc.points), line(roc.beside), known.get((source, roc.finding)))
                for roc in curves
                if roc.source == source
            ),
        )
        for source in dict.fromkeys(roc.source for roc in curves)
    )


def line(points: Points) -> str:
    """The points of an SVG polyline in a square of 100, upwards."""
    return " ".join(f"{100 * x:.1f},{100 - 100 * y:.1f}" for x, y in points)


def diagrams(rows: Sequence[Calibration], curves: Sequence[Reliability]) -> tuple[Diagram, ...]:
    """What is known of each source's calibration, the card's order first."""
    told, drawn = {row.source: row for row in rows}, {curve.source: curve for curve in curves}
    return tuple(
        Diagram(
            source,
            told.get(source),
            marks(drawn[source]) if source in drawn else (),
            bars(drawn[source].histogram) if source in drawn else (),
        )
        for source in dict.fromkeys((*told, *drawn))
    )


def marks(curve: Reliability) -> tuple[Mark, ...]:
    """The bins in the square of a reliability diagram."""

    def up(share: float) -> float:
        return round(TOP + SIDE * (1 - share), 1)

    return tuple(
        Mark(
            round(LEFT + SIDE * b.predicted, 1), up(b.observed), up(b.low), up(b.high),
            b.predicted, b.observed, b.low, b.high, b.count,
        )
        for b in curve.bins
    )  # fmt: skip


def bars(histogram: Sequence[int]) -> tuple[Bar, ...]:
    """The counts as bars under the diagram, the largest as high as there is room; one that is not 0 is never invisible."""
    width, most = SIDE / len(histogram), max(*histogram, 1)
    heights = [max(0.8, BARS_HEIGHT * count / most) if count else 0.0 for count in histogram]
    return tuple(
        Bar(round(LEFT + i * width, 1), round(BARS_TOP + BARS_HEIGHT - h, 1), round(width - 1, 1), round(h, 1), count)
        for i, (h, count) in enumerate(zip(heights, histogram, strict=True))
    )
