"""From a network's answers on a source's test part to the rows of its card: figures, calibration, curves, and what leaving a
source out costs. Knows numbers and the card's rows; neither films nor networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import FINDINGS, NO_FINDING
from app.evaluation.calibration import calibration_slope, expected_error, reliability
from app.evaluation.operating import curve, operating_point, reached
from app.evaluation.predictions import auroc, auroc_interval, roc
from app.training import cards

FEWEST = 3
"""Films with and without a finding that a figure needs; with fewer its interval says nothing."""
ENOUGH = 10
"""Positives that a finding needs to count in a source's mean."""
PARTS = 20
"""Equal parts of 0 to 1 in which a reliability diagram counts the answers."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network said about one source's test part.

    ``logits`` float (films, findings), as the network gives them; ``labels`` (films, findings): 1, 0, or NaN where the source
    does not say; ``patients`` (films,). ``published``: the published network's probabilities, NaN where it gave none; None
    where it gave none at all.
    """

    source: str
    logits: NDArray[np.floating]
    labels: NDArray[np.floating]
    patients: NDArray[np.generic]
    published: NDArray[np.floating] | None = None

    def known(self, finding: int, with_published: bool = False) -> NDArray[np.intp] | None:
        """The films whose truth about a finding is known (and about which the published network spoke); None when too few have
        it, or have it not."""
        there = ~np.isnan(self.labels[:, finding])
        if with_published:
            there &= ~np.isnan(self.published[:, finding]) if self.published is not None else False
        sick = int((self.labels[there, finding] == 1).sum())
        return np.flatnonzero(there) if min(sick, int(there.sum()) - sick) >= FEWEST else None


@dataclass(frozen=True)
class Measured:
    """Rows for a card's tables ``figures`` and ``calibration``, and for `cards.curves`."""

    figures: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)
    roc: list[dict[str, Any]] = field(default_factory=list)
    reliability: list[dict[str, Any]] = field(default_factory=list)

    def __add__(self, other: "Measured") -> "Measured":
        """Both, one after the other."""
        return Measured(
            self.figures + other.figures,
            self.calibration + other.calibration,
            self.roc + other.roc,
            self.reliability + other.reliability,
        )


def measure(answers: Answers, temperature: Sequence[float], findings: Sequence[str] = FINDINGS, rounds: int = 1000) -> Measured:
    """Everything that one source's test part says: AUROC and ROC per finding, calibration over all findings, and, as a source
    apart, AUROC and ROC beside the published network on the films that it answered.

    ``temperature`` (findings,) divides the logits before the sigmoid.
    """
    measured = figures(answers, findings, rounds) + calibrated(answers, temperature, rounds)
    return measured + figures(answers, findings, rounds, beside=True) if answers.published is not None else measured


def figures(answers: Answers, findings: Sequence[str], rounds: int, beside: bool = False) -> Measured:
    """AUROC with its interval and ROC curve per finding; ``beside`` the published network, of the films it answered alone."""
    measured = Measured()
    source = f"{answers.source}, films with published answers" if beside else answers.source
    for index, finding in enumerate(findings):
        there = answers.known(index, beside)
        if there is None:
            continue
        scores, truth = answers.logits[there, index], answers.labels[there, index] == 1
        other = answers.published[there, index] if beside and answers.published is not None else None
        interval = auroc_interval(scores, truth, answers.patients[there], rounds)
        theirs = None if other is None else auroc(other, truth)
        measured.figures.append(cards.figure(source, finding, interval, beside=theirs))
        measured.roc.append(cards.roc(source, finding, roc(scores, truth), None if other is None else roc(other, truth)))
    return measured


def opacities(answers: Answers, opacity: NDArray[np.floating], findings: Sequence[str] = FINDINGS) -> Answers | None:
    """Opacity against checked normal by RSNA's readers, ``opacity`` (films,) with NaN where nobody looked, asked of the answer
    for pneumonia; None where nobody looked at all."""
    seen = ~np.isnan(opacity)
    if not seen.any() or "Pneumonia" not in findings:
        return None
    labels = np.full((int(seen.sum()), len(findings)), np.nan, np.float32)
    labels[:, list(findings).index("Pneumonia")] = opacity[seen]
    return Answers(
        f"{answers.source}, RSNA opacity against checked normal", answers.logits[seen], labels, answers.patients[seen]
    )


def calibrated(answers: Answers, temperature: Sequence[float], rounds: int = 1000) -> Measured:
    """Slope, expected error and reliability of all answers whose truth is known, whatever the finding; no row where the slope
    is not defined or not finite."""
    films, columns = np.nonzero(~np.isnan(answers.labels))
    logits = answers.logits[films, columns].astype(np.float64) / np.asarray(temperature, np.float64)[columns]
    truth = answers.labels[films, columns] == 1
    probabilities = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    bins = reliability(probabilities, truth)
    measured = Measured()
    if not bins:
        return measured
    slope = calibration_slope(logits, truth, answers.patients[films], rounds)
    if np.isfinite([slope.slope, slope.low, slope.high, slope.intercept]).all():
        measured.calibration.append(cards.calibration(answers.source, slope, expected_error(bins), len(set(films.tolist()))))
    counts = np.histogram(probabilities, PARTS, (0.0, 1.0))[0]
    measured.reliability.append(cards.reliability(answers.source, bins, counts.tolist()))
    return measured


@dataclass(frozen=True)
class Points:
    """Rows for a card's table ``operating``, and what every other point would do, for `cards.curves`."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)


def operating(
    chosen_on: Answers,
    weights: NDArray[np.floating],
    tested_on: Sequence[Answers],
    temperature: Sequence[float],
    findings: Sequence[str] = FINDINGS,
) -> Points:
    """Operating points of logits: as `chosen`, of their sigmoids by ``temperature`` (findings,)."""

    def calibrated(answers: Answers) -> Answers:
        logits = answers.logits.astype(np.float64) / np.asarray(temperature, np.float64)
        return replace(answers, logits=1 / (1 + np.exp(-np.clip(logits, -500, 500))))

    return chosen(calibrated(chosen_on), weights, [calibrated(one) for one in tested_on], findings)


def chosen(
    chosen_on: Answers, weights: NDArray[np.floating], tested_on: Sequence[Answers], findings: Sequence[str] = FINDINGS
) -> Points:
    """Rows of operating points: per finding the point chosen on the first answers, what it does there, and on every other's.

    The answers hold probabilities in the place of logits. ``weights`` (films, findings) are those of the films that it is
    chosen on. A source that has too few films with a finding, or without, has no row of it.
    """
    points = Points()
    for index, finding in enumerate(findings):
        told = []
        for answers in (chosen_on, *tested_on):
            there = ~np.isnan(answers.labels[:, index])
            told.append((answers, answers.logits[there, index], answers.labels[there, index] == 1, answers.patients[there]))
        _, scores, truth, _ = told[0]
        known = ~np.isnan(chosen_on.labels[:, index])
        point = cards.digits(operating_point(scores, truth, weights[known, index]))
        for answers, scores, truth, patients in told:
            with_it, without = int(truth.sum()), int((~truth).sum())
            if np.isnan(point) or min(with_it, without) < FEWEST:
                continue
            points.rows.append(cards.operating(answers.source, finding, point, reached(scores, truth, patients, point)))
            points.curves.append(cards.calls(answers.source, finding, curve(scores, truth), with_it, without))
    return points


def left_out(
    name: str, inside: Answers, without: Answers, findings: Sequence[str] = FINDINGS, rounds: int = 1000
) -> list[dict[str, Any]]:
    """Rows of leave-one-source-out, per finding: ``inside`` are the answers of the card's network on a source's test part,
    ``without`` those of a network trained without the source ``name``, on the same films in the same order."""
    if inside.source != without.source or not np.array_equal(inside.labels, without.labels, equal_nan=True):
        raise ValueError("inside and outside must be measured on the same films")
    rows = []
    for index, finding in enumerate(findings):
        there = inside.known(index)
        if there is None:
            continue
        truth, patients = inside.labels[there, index] == 1, inside.patients[there]
        both = [auroc_interval(a.logits[there, index], truth, patients, rounds) for a in (inside, without)]
        rows.append(cards.outside(name, inside.source, finding, *both))
    return rows


def told(measured: Measured) -> list[str]:
    """The figures as lines: each with its interval, and per source the mean over the findings with ten positives or more."""
    lines = []
    for source in dict.fromkeys(row["source"] for row in measured.figures):
        rows = [row for row in measured.figures if row["source"] == source]
        for row in rows:
            beside = f", published {row['beside']:.3f}" if "beside" in row else ""
            interval = f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
            lines.append(f"{source}: {row['finding']:20} {interval} positives {row['positives']}{beside}")
        enough = [row for row in rows if row["positives"] >= ENOUGH and row["finding"] != NO_FINDING]
        if len(enough) > 1:
            mean = np.mean([row["value"] for row in enough])
            beside = f", published {np.mean([row['beside'] for row in enough]):.3f}" if "beside" in enough[0] else ""
            lines.append(f"{source}: mean over {len(enough)} findings with {ENOUGH} positives or more {mean:.3f}{beside}")
    for row in measured.calibration:
        lines.append(f"{row['source']}: calibration slope {row['slope']:.2f} [{row['low']:.2f}, {row['high']:.2f}]")
    return lines
