"""The page of a training run: its figures over the epochs as drawn lines, and below them what it was begun with.

One static HTML file without scripts, which opens from the disk; written anew after every epoch.
"""

import html
import math
from collections.abc import Mapping, Sequence

from app.training.progress import clock

NOTICE = "Research use only — not for clinical use"
FIXED = ("epoch", "size", "rate", "loss", "validation", "seconds")
"""What every row has; the other columns are the validation figures by source."""
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 560, 250, 58, 30, 22, 18
COLOURS = 7
STYLE = """
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#5b626b;--line:#d8dce1;--paper:#fff;
--c0:#1f6aa5;--c1:#b4552d;--c2:#3f7d3a;--c3:#7a4b9a;--c4:#a3236b;--c5:#6b6b00;--c6:#005f6b}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa2ad;--line:#39404a;--paper:#14171b;
--c0:#6db3e8;--c1:#eb9a75;--c2:#84c47f;--c3:#c49ae0;--c4:#ea83bb;--c5:#cfcf5e;--c6:#5cc5d1}}
body{font:15px/1.5 system-ui,sans-serif;max-width:74rem;margin:2rem auto;padding:0 1rem}
body{color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem;margin-bottom:0}h2{font-size:1rem;margin:0 0 .3rem}p{color:var(--soft);margin:.2rem 0 1.2rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.5rem;margin-bottom:2rem}
section{min-width:0}svg{width:100%;height:auto;display:block}text{font:12px system-ui,sans-serif;fill:var(--soft)}
.axis{stroke:var(--line);fill:none}.line{fill:none;stroke-width:2;stroke-linejoin:round}
.key{margin:.3rem 0 0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;color:var(--ink)}
.key i{display:inline-block;width:1rem;height:.2rem;margin-right:.4rem;vertical-align:middle}
table{border-collapse:collapse;margin:.5rem 0 2rem}td,th{padding:.2rem 1rem .2rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{font-weight:500;color:var(--soft);white-space:nowrap}
""" + "".join(
    f".c{n}{{stroke:var(--c{n})}}i.c{n}{{background:var(--c{n})}}circle.c{n}{{fill:var(--c{n})}}" for n in range(COLOURS)
)


def page(name: str, history: Sequence[Mapping[str, float]], about: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """The whole page. ``history``: one row of figures per epoch."""
    by_source = list(dict.fromkeys(key for row in history for key in row if key not in FIXED))
    charts = [("Loss on the training part", ["loss"]), ("Validation: mean AUROC", ["validation"])]
    if by_source:
        charts.append(("Validation: mean AUROC by source", by_source))
    charts.append(("Learning rate at the end of the epoch", ["rate"]))
    drawn = "".join(chart(title, keys, history) for title, keys in charts)
    heading = f"Training of {html.escape(name)}"
    return (
        f"<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{heading}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{heading}</h1><p>{html.escape(summary(history))} {NOTICE}.</p><div class=charts>{drawn}</div>"
        f"<h2>Begun with</h2>{table(about)}<h2>Computed with</h2>{table(environment)}</main></body></html>\n"
    )


def summary(history: Sequence[Mapping[str, float]]) -> str:
    """Where the run is, in one or two sentences."""
    if not history:
        return "No epoch is done yet."
    told = (
        f"{len(history)} epoch{'s' if len(history) > 1 else ''} done in {clock(sum(row.get('seconds', 0) for row in history))}."
    )
    known = [row for row in history if math.isfinite(row.get("validation", math.nan))]
    if not known:
        return told
    best = max(known, key=lambda row: row["validation"])
    last = f"Validation {known[-1]['validation']:.4f} after the last"
    return f"{told} {last}, best {best['validation']:.4f} after epoch {best['epoch']:g}."


def chart(title: str, keys: Sequence[str], history: Sequence[Mapping[str, float]]) -> str:
    """One chart: a line per key over the epochs, dashed uprights where the films' size changes."""
    known = [row[key] for row in history for key in keys if math.isfinite(row.get(key, math.nan))]
    body = axes(known, history) + "".join(line(index, key, known, history) for index, key in enumerate(keys))
    legend = "".join(f"<li><i class=c{index % COLOURS}></i>{html.escape(key)}</li>" for index, key in enumerate(keys))
    key = f"<ul class=key>{legend}</ul>" if len(keys) > 1 else ""
    label = html.escape(title, quote=True)
    return (
        f"<section><h2>{html.escape(title)}</h2>"
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role=img aria-label='{label}'>{body}</svg>{key}</section>"
    )


def scale(known: Sequence[float]) -> tuple[float, float, float]:
    """Lowest and highest value of the axis, both round, and the step between its marks."""
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    span = max(high - low, abs(high) * 0.1, 1e-9)
    step = 10.0 ** math.floor(math.log10(span / 3))
    step = next(step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 4.5)
    low, high = math.floor(round(low / step, 6)) * step, math.ceil(round(high / step, 6)) * step
    return low, high if high > low else low + step, step


def across(index: int, count: int) -> float:
    """Where an epoch stands, in the chart's pixels; one alone stands in the middle."""
    room = WIDTH - LEFT - RIGHT
    return LEFT + (room * index / (count - 1) if count > 1 else room / 2)


def down(value: float, known: Sequence[float]) -> float:
    """Where a value stands, in the chart's pixels."""
    low, high, _ = scale(known)
    return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)


def axes(known: Sequence[float], history: Sequence[Mapping[str, float]]) -> str:
    """Marks of the values and epochs, and an upright where the films grow."""
    low, high, step = scale(known)
    digits = max(0, -math.floor(math.log10(step)))
    parts = []
    for mark in range(round((high - low) / step) + 1):
        value = low + mark * step
        y = down(value, known)
        told = f"{value:.{digits}f}" if digits <= 5 else f"{value:.1e}"
        parts.append(f"<path class=axis d='M{LEFT} {y:.1f}H{WIDTH - RIGHT}'/>")
        parts.append(f"<text x={LEFT - 8} y={y + 4:.1f} text-anchor=end>{told}</text>")
    parts.append(f"<text x={LEFT - 8} y={HEIGHT - 8} text-anchor=end>epoch</text>")
    count = len(history)
    every = max(1, math.ceil(count / 10))
    for index, row in enumerate(history):
        x = across(index, count)
        if index % every == 0:
            parts.append(f"<text x={x:.1f} y={HEIGHT - 8} text-anchor=middle>{row['epoch']:g}</text>")
        if index and row.get("size") != history[index - 1].get("size"):
            edge = (x + across(index - 1, count)) / 2
            parts.append(f"<path class=axis stroke-dasharray='3 3' d='M{edge:.1f} {TOP}V{HEIGHT - BOTTOM}'/>")
            parts.append(f"<text x={edge:.1f} y={TOP - 8} text-anchor=middle>{row['size']:g} px</text>")
    return "".join(parts)


def line(index: int, key: str, known: Sequence[float], history: Sequence[Mapping[str, float]]) -> str:
    """One key's line, broken where an epoch has no figure; each point tells its value."""
    runs: list[list[str]] = [[]]
    points = []
    for epoch, row in enumerate(history):
        value = row.get(key, math.nan)
        if not math.isfinite(value):
            runs.append([])
            continue
        x, y = across(epoch, len(history)), down(value, known)
        runs[-1].append(f"{x:.1f},{y:.1f}")
        told = html.escape(f"{key}, epoch {row['epoch']:g}: {value:.4g}")
        points.append(f"<circle class=c{index % COLOURS} cx={x:.1f} cy={y:.1f} r=3><title>{told}</title></circle>")
    drawn = "".join(f"<polyline class='line c{index % COLOURS}' points='{' '.join(run)}'/>" for run in runs if len(run) > 1)
    return drawn + "".join(points)


def table(entries: Mapping[str, str]) -> str:
    """Names and values."""
    rows = "".join(f"<tr><th>{html.escape(key)}</th><td>{html.escape(value)}</td></tr>" for key, value in entries.items())
    return f"<table>{rows}</table>"
