"""Writes ``models/<name>/``: weights as safetensors, and the card with their checksum."""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import nn

from app.evaluation.predictions import Interval


def write(folder: Path, network: nn.Module, entries: dict[str, Any], tables: dict[str, list[dict[str, Any]]]) -> None:
    """Write weights.safetensors and card.toml; ``entries`` are the card's plain values, ``tables`` its arrays of tables."""
    folder.mkdir(parents=True, exist_ok=True)
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()})
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


def toml(value: Any) -> str:
    """One TOML value; JSON's strings, numbers, booleans and arrays of those are TOML's too."""
    return json.dumps(value, ensure_ascii=False)


def figure(source: str, finding: str, interval: Interval, metric: str = "AUROC") -> dict[str, Any]:
    """One row of the card's figures, rounded to what the interval can carry."""
    return {
        "source": source,
        "finding": finding,
        "metric": metric,
        "value": round(interval.value, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "positives": interval.positives,
        "negatives": interval.negatives,
    }
