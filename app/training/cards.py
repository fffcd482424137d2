"""Writes ``models/<name>/``: weights as safetensors, the card with their checksum, and the curves behind the card's figures."""

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn

from app.classifiers.curves import NAME
from app.domain import Bin
from app.evaluation.calibration import Slope
from app.evaluation.operating import Reached
from app.evaluation.predictions import Interval


def write(folder: Path, network: nn.Module, entries: dict[str, Any], tables: dict[str, list[dict[str, Any]]]) -> None:
    """Write weights.safetensors and card.toml; ``entries`` are the card's plain values, ``tables`` its arrays of tables.

    Curves that lie there belong to other weights and go: `curves` is called after this.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = packed(network)
    entries = {**entries, "sha256": hashlib.sha256(data).hexdigest()}
    text = [f"{key} = {toml(value)}\n" for key, value in entries.items() if not isinstance(value, dict)]
    for key, value in entries.items():
        if isinstance(value, dict):
            text.append(f"\n[{key}]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in value.items()))
    for key, rows in tables.items():
        for row in rows:
            text.append(f"\n[[{key}]]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in row.items()))
    (folder / "weights.safetensors").write_bytes(data)
    (folder / "card.toml").write_text("".join(text), encoding="utf-8")
    (folder / NAME).unlink(missing_ok=True)


def packed(network: nn.Module) -> bytes:
    """A network's weights as a safetensors file."""
    return save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()})


def toml(value: Any) -> str:
    """One TOML value; JSON's strings, numbers, booleans and arrays of those are TOML's too, a table within a line is not."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def figure(source: str, finding: str, interval: Interval, metric: str = "AUROC", beside: float | None = None) -> dict[str, Any]:
    """One row of the card's figures, rounded to what the interval can carry; ``beside`` is the published network's figure."""
    return {
        "source": source,
        "finding": finding,
        "metric": metric,
        **_rounded(value=interval.value, low=interval.low, high=interval.high),
        "positives": interval.positives,
        "negatives": interval.negatives,
    } | ({} if beside is None else _rounded(beside=beside))


def outside(left_out: str, tested_on: str, finding: str, inside: Interval, without: Interval) -> dict[str, Any]:
    """One row of leave-one-source-out: the AUROC of the card's network, and of one trained without ``left_out``, same films."""
    return {
        "left_out": left_out,
        "tested_on": tested_on,
        "finding": finding,
        **_rounded(inside=inside.value, inside_low=inside.low, inside_high=inside.high),
        **_rounded(outside=without.value, outside_low=without.low, outside_high=without.high),
        "positives": without.positives,
        "negatives": without.negatives,
    }


def calibration(source: str, slope: Slope, ece: float, films: int) -> dict[str, Any]:
    """One row of calibration: all findings of one source's test part."""
    told = _rounded(slope=slope.slope, low=slope.low, high=slope.high, intercept=slope.intercept, ece=ece)
    return {"source": source, **told, "films": films}


def operating(source: str, finding: str, point: float, reached: Reached) -> dict[str, Any]:
    """One row of operating points: what calling a finding from a probability on does on a source's films."""
    told: dict[str, float] = {}
    for name, share in (("sensitivity", reached.sensitivity), ("specificity", reached.specificity)):
        told |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
    counts = {"positives": reached.sensitivity.count, "negatives": reached.specificity.count}
    return {"source": source, "finding": finding, "probability": point, **_rounded(**told), **counts}


def looked_at(finding: str, right: bool, film: str, probability: float, seen: str) -> dict[str, Any]:
    """One call that was looked at with its maps; ``film`` is the public file name, ``seen`` a sentence about what was seen."""
    return {"finding": finding, "right": right, "film": film, **_rounded(probability=probability), "seen": seen}


def roc(source: str, finding: str, points: NDArray[np.float64], beside: NDArray[np.float64] | None = None) -> dict[str, Any]:
    """One ROC curve, points (k, 2) as `app.evaluation.predictions.roc` gives them; ``beside`` is the published network's."""
    row = {"source": source, "finding": finding, "points": points.round(4).tolist()}
    return row | ({} if beside is None else {"beside": beside.round(4).tolist()})


def calls(source: str, finding: str, rows: NDArray[np.float64], positives: int, negatives: int) -> dict[str, Any]:
    """What every point does on one source: rows (k, 3) as `app.evaluation.operating.curve` gives them; of those that are alike
    once they are rounded the first."""
    points: list[list[float]] = []
    for point, sensitivity, specificity in rows:
        if not points or digits(point) > points[-1][0]:
            points.append([digits(point), round(float(sensitivity), 4), round(float(specificity), 4)])
    return {"source": source, "finding": finding, "points": points, "positives": positives, "negatives": negatives}


def reliability(source: str, bins: Sequence[Bin], histogram: Sequence[int]) -> dict[str, Any]:
    """One reliability diagram: bins, and how many answers fall in each equal part of 0 to 1."""
    rows = [{**_rounded(predicted=b.predicted, observed=b.observed, low=b.low, high=b.high), "count": b.count} for b in bins]
    return {"source": source, "bins": rows, "histogram": [int(count) for count in histogram]}


def curves(
    folder: Path,
    rocs: Sequence[dict[str, Any]],
    reliabilities: Sequence[dict[str, Any]],
    called: Sequence[dict[str, Any]] = (),
) -> None:
    """Write curves.json beside a card that is there already, with the checksum of the weights that were measured; the file is
    whole at every moment."""
    checksum = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    _curves(folder, checksum, rocs, reliabilities, called)


def add_calls(folder: Path, called: Sequence[dict[str, Any]], findings: Collection[str]) -> None:
    """Write into curves.json what points do, in place of earlier rows of these findings; the rest of the file stays where it
    is of the weights that lie there."""
    checksum = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    path = folder / NAME
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    if found.get("sha256") != checksum:
        found = {}
    others = [row for row in found.get("calls", []) if row["finding"] not in findings]
    _curves(folder, checksum, found.get("roc", []), found.get("reliability", []), [*others, *called])


def _curves(
    folder: Path,
    checksum: str,
    rocs: Sequence[dict[str, Any]],
    reliabilities: Sequence[dict[str, Any]],
    called: Sequence[dict[str, Any]],
) -> None:
    lines = [
        ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        for rows in (rocs, reliabilities, called)
    ]
    text = (
        f'{{"sha256": "{checksum}",\n"roc": [\n{lines[0]}\n],\n"reliability": [\n{lines[1]}\n],\n"calls": [\n{lines[2]}\n]}}\n'
    )
    aside = (folder / NAME).with_suffix(".part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(folder / NAME)


def digits(value: float) -> float:
    """A probability to six significant digits: rare findings have small ones, and films lie close together."""
    return float(f"{value:.6g}")


def _rounded(**values: float) -> dict[str, float]:
    """To four digits, as plain numbers."""
    return {name: round(float(value), 4) for name, value in values.items()}
