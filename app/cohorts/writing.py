"""A report as rows for CSV, and the cases behind it: one row per figure, one row per film or exam."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from app.cohorts.cases import Case, Network
from app.cohorts.report import NOTICE, Estimate, Finding, Report, Table
from app.domain import cells

FIGURES = ("network", "finding", "group", "value_of_group", "metric", "value", "low", "high", "films", "positives", "use")
"""The columns of the figures. ``low`` and ``high`` are the 95% interval's."""
Line = tuple[Any, ...]


def figure_lines(report: Report) -> Iterator[Line]:
    """Every figure of a report as a row; what is not defined is empty."""
    for finding in report.findings:
        yield from _of_finding(finding)
    for mean in report.means:
        name = f"mean over {len(mean.findings)} findings"
        yield _line(mean.network, name, "AUROC", mean.auroc)
        yield _line(mean.network, name, "average precision", mean.average_precision)
    for group in report.groups:
        count = (group.films, group.positives)
        for name, value in (
            ("AUROC", group.auroc),
            ("sensitivity", group.sensitivity),
            ("specificity", group.specificity),
        ):
            yield _line(group.network, group.finding, name, value, group=(group.column, group.value), count=count)
    for one in report.within:
        yield _line(one.network, one.finding, "AUROC within groups", one.within, group=(one.column, ""))
        yield _line(one.network, one.finding, "group told among films without the finding", one.told, group=(one.column, ""))
    names = " − ".join(network.name for network in report.networks)
    for pair in report.differences:
        count = (pair.films, pair.positives)
        yield _line(names, pair.finding, "difference of AUROC (DeLong)", pair.delong, count=count)
        yield _line(names, pair.finding, "p (DeLong)", pair.delong_p, count=count)
        yield _line(names, pair.finding, "difference of AUROC (bootstrap over patients)", pair.drawn, count=count)
        yield _line(names, pair.finding, "p (bootstrap over patients)", pair.drawn_p, count=count)
    for told in report.localised:
        yield _line(told.network, told.finding, f"{told.method}: {told.measure}", told.value, count=(told.films, ""))


def _of_finding(finding: Finding) -> Iterator[Line]:
    calibration = finding.calibration
    figures: dict[str, Estimate | float | None] = {
        "AUROC": finding.auroc,
        "average precision": finding.average_precision,
        "operating point": finding.point,
        "sensitivity": finding.sensitivity,
        "specificity": finding.specificity,
        "precision": finding.precision,
        "negative predictive value": finding.negative_value,
        "F1": finding.f1,
        "true positives": finding.hits,
        "false negatives": finding.misses,
        "false positives": finding.alarms,
        "true negatives": finding.rejections,
    }
    if calibration is not None:
        figures["calibration slope"] = calibration.slope
        figures["calibration intercept"] = calibration.intercept
        figures["expected calibration error"] = calibration.error
        figures["Brier score"] = calibration.brier
    for name, value in figures.items():
        yield _line(finding.network, finding.finding, name, value, count=(finding.films, finding.positives))


def _line(
    network: str,
    finding: str,
    metric: str,
    value: Estimate | float | None,
    *,
    group: tuple[str, str] = ("", ""),
    count: tuple[int | str, int | str] = ("", ""),
) -> Line:
    """``group`` is a column and the value that it has; ``count`` films, and those of them that have the finding."""
    told = value if isinstance(value, Estimate) else Estimate(value, None, None)
    cells = ("" if cell is None else cell for cell in (told.value, told.low, told.high))
    return (network, finding, *group, metric, *cells, *count, NOTICE)


def case_heading(table: Table, networks: Sequence[Network]) -> tuple[str, ...]:
    """The columns of the cases: per finding its label, and per network that answers for it probability and call."""
    said = (
        f"{kind}: {net.name}: {finding}"
        for net in networks
        for finding in table.findings
        if finding in net.points
        for kind in ("probability", "called")
    )
    read = (f"not read: {net.name}" for net in networks)
    return ("image", "patient", *table.groups, *(f"label: {finding}" for finding in table.findings), *said, *read, "use")


def case_lines(cases: Iterable[Case], table: Table, networks: Sequence[Network]) -> Iterator[Line]:
    """Every case as a row: the labels as they were counted, and what the networks said; all figures follow from these."""
    for case in cases:
        labels = ("" if np.isnan(label) else int(label) for label in case.labels)
        said: list[Any] = []
        for net, answer in zip(networks, case.said, strict=True):
            for finding in table.findings:
                if finding in net.points:
                    value = (answer.probabilities or {}).get(finding)
                    said += ["", ""] if value is None else [value, int(value >= net.points[finding])]
        why = (" ".join(answer.why) for answer in case.said)
        yield (case.name, case.patient, *case.groups, *labels, *said, *why, NOTICE)


def as_csv(heading: Sequence[str], lines: Iterable[Line]) -> str:
    """Rows as CSV, in RFC 4180's form."""
    out = io.StringIO()
    cells.write(out, heading, lines)
    return out.getvalue()
