"""The table of compared networks: printed, and kept beside the networks for the page that shows it.

``models/compared.json``: by kind of films ("films", "phantoms") how many there were and a row per network.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app import explainers
from app.classifiers.classifier import Classifier
from app.classifiers.shown import COMPARED, compared
from app.evaluation.intervals import Mean
from app.reporting import measuring as maps
from app.reporting.cases import Case
from app.reporting.compared import looking, measuring
from app.reporting.compared.films import Films

METHODS = ("cam", "rap_contrastive")
MEASURES = ("pointing", "outside_inside")
CALLED = ", called"
"""Ends the name of a source of called cases alone, which this table leaves out."""

Row = dict[str, Any]


def rows(networks: Sequence[Classifier], films: Films, cases: Sequence[Case], say: Callable[[str], None]) -> Iterator[Row]:
    """A row per network, each as it comes; the first network is the one that the others are compared with."""
    first = None
    for network in networks:
        worth, drawn = measuring.worth(network, films, first)
        first = drawn if first is None else first
        mine = [case for case in cases if case.finding in network.card.findings]
        row: Row = {
            "name": network.card.name,
            "title": network.card.title,
            "architecture": network.card.architecture,
            "auroc": figure(worth.auroc),
            "difference": None if network is networks[0] else figure(worth.difference),
            "slope": figure(worth.slope),
            "drops": {name: round(value, 4) for name, value in worth.drops.items()},
            "milliseconds": round(worth.milliseconds, 2),
            "parameters": worth.parameters,
            "findings": {name: round(value, 4) for name, value in worth.findings.items()},
            "maps": list(localised(network, mine)),
            "looks": [
                {"map": one.map, "finding": one.finding, "measure": one.measure, "value": figure(one.value)}
                for one in looking.looks(network, mine)
            ],
        }
        for line in lines(row):
            say(line)
        yield row


def localised(network: Classifier, cases: Sequence[Case]) -> Iterator[Row]:
    """Pointing game and outside–inside ratio of each method that is defined for a network, over all cases and source by source,
    with the controls beside them."""
    own = shown(network, cases)
    methods = [*(METHODS if not getattr(network.network, "explained_by", "") else ()), *own]
    found = maps.summarise(maps.localise(network, cases, methods, lambda _: None)) if cases else []
    for one in found:
        if one.finding == "all" and one.measure in MEASURES and not one.source.endswith(CALLED):
            yield {"source": one.source, "map": one.method, "measure": one.measure, "value": figure(one.mean)}


def shown(network: Classifier, cases: Sequence[Case]) -> list[str]:
    """The maps of its own attention that a network has; none without cases."""
    own = [name for name in explainers.names(network.card) if explainers.describe(name).kind == "attention"]
    if not cases or not own:
        return []
    trace = explainers.record(network, cases[0].series)
    made = {name: maps.explain(name, network, trace, [cases[0].finding])[0] for name in own}
    return [name for name, layer in made.items() if not layer.state.startswith("not defined")]


def figure(told: Mean) -> list[float]:
    """Value, lower and upper end, and how many values there were."""
    return [round(told.value, 4), round(told.low, 4), round(told.high, 4), told.count]


def lines(row: Row) -> Iterator[str]:
    """A row for people."""
    apart = "" if row["difference"] is None else f"   difference {_shown(row['difference'], sign=True)}"
    drops = ", ".join(f"{name} {-value:+.3f}" for name, value in row["drops"].items())
    yield f"{row['name']}: mean AUROC {_shown(row['auroc'])}{apart}   slope {_shown(row['slope'])}"
    yield f"  mean AUROC under {drops}; {row['milliseconds']:.1f} ms per film, {row['parameters'] / 1e6:.2f} million parameters"
    for one in row["maps"]:
        yield f"  {one['source']}, {one['map']}: {one['measure']} {_shown(one['value'])}"
    for one in row["looks"]:
        yield f"  {one['map']}, {one['finding']}: {one['measure']} {_shown(one['value'])}"


def _shown(told: Sequence[float], *, sign: bool = False) -> str:
    value, low, high, count = told
    return f"{value:{'+' if sign else ''}.3f} [{low:.3f}, {high:.3f}] ({count:.0f})"


def write(models: Path, films: Films, found: Sequence[Row]) -> Path:
    """Keep the rows beside the networks, in the place of earlier ones of the same kind of films."""
    path, known = models / COMPARED, compared(models)
    known[films.kind] = {"films": len(films.pixels), "rows": list(found)}
    path.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
