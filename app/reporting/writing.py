"""A report as JSON for programs, CSV for tables and one HTML page for people. Plots are drawn as SVG, without scripts."""

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import __version__
from app.classifiers.card import Card
from app.domain import cells
from app.evaluation.localisation import COMMON, LOWER_IS_BETTER, MEASURES
from app.reporting.measuring import CONTROLS, Row

RESEARCH = "Research use only — not for clinical use"
LEGEND = (
    "Bars show the mean (outside_inside: the median), whiskers its 95% bootstrap interval over patients, of randomisation over "
    "patients and random networks; controls, which know "
    "nothing, are grey. “Called”: cases to which the network gives the finding a probability of 50% or more. "
    "Bold: better than the random map and the centre prior, intervals apart."
)
PALETTE = ("#2f6f9f", "#b4552d", "#3f7d3a", "#7a4b9a", "#a3236b", "#6b6b00", "#005f6b")
FEW = 5
"""Fewer cases than that warn of nothing and prove nothing: their interval is too narrow to be believed."""
SUMMED = 6
"""How many measures the summary of a source has."""
KEPT = 0.3
"""From this correlation on a map is said to stay when the whole network is random, if the interval lies above 0."""
LOWER = LOWER_IS_BETTER | {"positive_perturbation", "max_sensitivity"}
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1d21}"
    "table{border-collapse:collapse;margin:.5rem 0 2rem}"
    "td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}"
    "summary{cursor:pointer;padding:.2rem 0}th small{display:block;font-weight:400}"
    "td small{display:block;white-space:nowrap;font-weight:400}"
    "th:first-child,td:first-child{text-align:left}.control{color:#777}.apart{font-weight:600}"
    "svg{display:block;margin:.3rem 0}text{font:12px system-ui,sans-serif}p.note{color:#555;max-width:60rem}"
)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says: the network's card, the methods asked, the rows, and how many cases there were."""

    card: Card
    methods: tuple[str, ...]
    rows: tuple[Row, ...]
    cases: int

    def of(self, source: str, measure: str, finding: str = "all") -> list[Row]:
        """The rows of one source and measure, methods first, then controls."""
        order = {name: index for index, name in enumerate((*self.methods, *CONTROLS))}
        chosen = [r for r in self.rows if (r.source, r.measure, r.finding) == (source, measure, finding)]
        return sorted(chosen, key=lambda r: order.get(r.method, 99))

    def warnings(self) -> list[str]:
        """Sentences for methods that keep their map when the whole network is random, or draw one map for every finding."""
        told = []
        for row in self.rows:
            if row.finding != "all" or row.method in CONTROLS or row.mean.count < FEW:
                continue
            if row.measure == "randomised_100" and row.mean.value >= KEPT and row.mean.low > 0:
                interval = f"{row.mean.value:.2f} [{row.mean.low:.2f}, {row.mean.high:.2f}]"
                told.append(f"{row.method} keeps its map although the network is random ({row.source}: {interval}).")
            if row.measure == "between_findings" and row.mean.value >= 0.8:
                told.append(f"{row.method} draws nearly one map for every finding ({row.source}: {row.mean.value:.2f}).")
        return told


def beats(row: Row, control: Row) -> bool:
    """Whether a method is better than a control with intervals apart."""
    if row.measure in LOWER:
        return row.mean.high < control.mean.low
    return row.mean.low > control.mean.high


def write(report: Report, out: Path) -> None:
    """Write report.json, report.csv and report.html into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    entries = [entry(row) for row in report.rows]
    head: dict[str, Any] = {
        "version": __version__,
        "note": RESEARCH,
        "model": report.card.name,
        "model_sha256": report.card.sha256,
        "methods": list(report.methods),
        "controls": list(CONTROLS),
        "cases": report.cases,
        "warnings": report.warnings(),
    }
    (out / "report.json").write_text(json.dumps({**head, "rows": entries}, indent=1, ensure_ascii=False), encoding="utf-8")
    with (out / "report.csv").open("w", newline="", encoding="utf-8") as file:
        heading = list(entries[0]) if entries else ["source"]
        cells.write(file, heading, ([one[name] for name in heading] for one in entries))
    (out / "report.html").write_text(page(report), encoding="utf-8")


def entry(row: Row) -> dict[str, Any]:
    """A row as plain values; NaN becomes None, which JSON can say."""
    values = {"value": row.mean.value, "low": row.mean.low, "high": row.mean.high}
    plain = {key: round(value, 5) if math.isfinite(value) else None for key, value in values.items()}
    names = {"source": row.source, "finding": row.finding, "method": row.method, "measure": row.measure}
    return {**names, **plain, "count": row.mean.count}


def page(report: Report) -> str:
    """The HTML page."""
    sources = sorted({row.source for row in report.rows})
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Explanations of {html.escape(report.card.name)}</title><style>{STYLE}</style>",
        f"<h1>Explanations of {html.escape(report.card.title)}</h1><p><strong>{RESEARCH}</strong></p>",
        f"<p>{html.escape(report.card.summary)}</p>",
        f"<p>Weights {report.card.sha256[:12]}, Whylight {__version__}, {report.cases} cases. {LEGEND}</p>",
    ]
    parts += [f"<p>⚠ {html.escape(sentence)}</p>" for sentence in report.warnings()]
    parts.append("<h2>In short</h2>")
    parts += [summed(report, source) for source in sources]
    parts.append("<h2>Measure by measure</h2>")
    for source in sources:
        parts.append(f"<h3>{html.escape(source)}</h3>")
        for measure in measures(report, source):
            parts.append(f"<details><summary>{html.escape(measure)} <small>({direction(measure)})</small></summary>")
            parts.append(section(report, source, measure) + curves(report, source, measure))
            parts.append("</details>")
    return "".join(parts) + "</html>"


def measures(report: Report, source: str) -> list[str]:
    """What was measured on a source, in the order of the page; the points of curves are part of the curves."""
    found = {row.measure for row in report.rows if row.source == source}
    return sorted((measure for measure in found if "_at_" not in measure), key=place)


def direction(measure: str) -> str:
    """Which way a measure is good."""
    if measure.startswith(("randomised", "between")):
        return "near 0 is right"
    return "lower is better" if measure in LOWER else "higher is better"


def summed(report: Report, source: str) -> str:
    """A source's first measures over all findings, a row per method: what is read first."""
    shown = [measure for measure in measures(report, source) if report.of(source, measure)][:SUMMED]
    names = dict.fromkeys(row.method for measure in shown for row in report.of(source, measure))
    head = "".join(f"<th>{html.escape(measure)}<small>{direction(measure)}</small></th>" for measure in shown)
    lines = [f"<tr><th>method</th>{head}</tr>"]
    for name in names:
        found = [(next((r for r in report.of(source, m) if r.method == name), None), report.of(source, m)) for m in shown]
        told = "".join(cell(row, beside) if row else "<td>–</td>" for row, beside in found)
        lines.append(f"<tr class={'control' if name in CONTROLS else 'method'}><td>{html.escape(name)}</td>{told}</tr>")
    cases = max((row.mean.count for row in report.rows if row.source == source), default=0)
    return f"<h3>{html.escape(source)} <small>({cases} cases)</small></h3><table>{''.join(lines)}</table>"


def place(measure: str) -> tuple[int, str]:
    """Where a measure stands on the page: localisation first, in the order it is defined, then the others by name."""
    known = ["pointing", COMMON, *MEASURES]
    return (known.index(measure) if measure in known else len(known), measure)


def section(report: Report, source: str, measure: str) -> str:
    """One measure of one source: a plot over all findings, and a table per finding."""
    rows = report.of(source, measure)
    shown = [row for row in rows if math.isfinite(row.mean.value)]
    findings = sorted({r.finding for r in report.rows if (r.source, r.measure) == (source, measure)} - {"all"})
    text = bars(shown)
    if not findings:
        return text
    cells = "".join(f"<th>{html.escape(finding)}</th>" for finding in ("all", *findings))
    lines = [f"<tr><th>method</th>{cells}</tr>"]
    for row in rows:
        values = [
            next((r for r in report.of(source, measure, finding) if r.method == row.method), None)
            for finding in ("all", *findings)
        ]
        kind = "control" if row.method in CONTROLS else "method"
        cells = "".join(cell(value, report.of(source, measure, value.finding)) if value else "<td>–</td>" for value in values)
        lines.append(f"<tr class={kind}><td>{html.escape(row.method)}</td>{cells}</tr>")
    return text + "<table>" + "".join(lines) + "</table>"


def curves(report: Report, source: str, measure: str) -> str:
    """The curve behind an area, one line per method: mean answer over the share of pixels removed; "" where there is none."""
    points = sorted({row.measure for row in report.rows if row.source == source and row.measure.startswith(f"{measure}_at_")})
    if not points:
        return ""
    shares = [float(point.rpartition("_")[2]) for point in points]
    lines = [
        "<path d='M60 10V210H460' fill=none stroke=#777 /><text x=60 y=228>0</text><text x=50 y=18 text-anchor=end>1</text>",
        f"<text x=460 y=228 text-anchor=end>{shares[-1]:.0%} removed</text><text x=50 y=212 text-anchor=end>0</text>",
    ]
    for index, name in enumerate(row.method for row in report.of(source, measure)):
        colour, dash = ("#9aa0a6", "4 3") if name in CONTROLS else (PALETTE[index % len(PALETTE)], "none")
        means = [next(r.mean.value for r in report.of(source, point) if r.method == name) for point in points]
        at = " ".join(f"{60 + 400 * x / shares[-1]:.1f},{210 - 200 * y:.1f}" for x, y in zip(shares, means, strict=True))
        lines.append(f"<polyline points='{at}' fill=none stroke='{colour}' stroke-width=2 stroke-dasharray='{dash}'/>")
        lines.append(f"<text x=480 y={24 + 18 * index} fill='{colour}'>{html.escape(name)}</text>")
    return "<svg width=680 height=235 role=img aria-label=curves>" + "".join(lines) + "</svg>"


def cell(row: Row, beside: Sequence[Row]) -> str:
    """One table cell, bold where a method beats the random map and the centre prior."""
    if math.isnan(row.mean.value):
        return "<td>–</td>"
    known = [r for r in beside if r.method in CONTROLS[:2]]
    told = row.method not in CONTROLS and row.mean.count >= FEW and len(known) == 2
    apart = told and all(beats(row, control) for control in known)
    interval = f"{row.mean.value:.3f} <small>[{row.mean.low:.3f}, {row.mean.high:.3f}] n {row.mean.count}</small>"
    return f"<td{' class=apart' if apart else ''}>{interval}</td>"


def bars(rows: Sequence[Row]) -> str:
    """Horizontal bars with whiskers, as SVG."""
    if not rows:
        return "<p class=note>No case could be measured.</p>"
    low = min(0.0, *(row.mean.low for row in rows))
    high = max(1e-6, *(row.mean.high for row in rows if math.isfinite(row.mean.high)), *(row.mean.value for row in rows))
    scale = 420 / (high - low)
    lines = []
    for index, row in enumerate(rows):
        y, zero = index * 22, 160 - low * scale
        left, width = min(zero, zero + row.mean.value * scale), abs(row.mean.value) * scale
        colour = "#9aa0a6" if row.method in CONTROLS else "#2f6f9f"
        low_end, high_end = zero + row.mean.low * scale, zero + min(row.mean.high, high) * scale
        lines.append(
            f"<text x=150 y={y + 15} text-anchor=end>{html.escape(row.method)}</text>"
            f"<rect x={left:.1f} y={y + 4} width={width:.1f} height=14 fill='{colour}'/>"
            f"<path d='M{low_end:.1f} {y + 11}H{high_end:.1f}' stroke=#111 />"
            f"<text x=600 y={y + 15}>{row.mean.value:.3f}</text>"
        )
    return f"<svg width=680 height={len(rows) * 22} role=img aria-label=bars>" + "".join(lines) + "</svg>"
