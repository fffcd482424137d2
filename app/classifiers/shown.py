"""What pages show of networks beside their cards: how trained attention grew, and networks beside one another.

``models/<name>/attention.json`` is written by `app.training.attended`, ``models/compared.json`` by `evaluate --compare`.
Knows no torch: pages read it.
"""

import json
from pathlib import Path
from typing import Any

ATTENTION, COMPARED = "attention.json", "compared.json"


def attention(folder: Path) -> dict[str, Any]:
    """Of a network's folder: ``thresholds``, what a crop's threshold was chosen by, and ``growth``: the maps of a few phantoms
    at five epochs, whole numbers up to 255. {} where there is none."""
    return _read(folder / ATTENTION)


def compared(models: Path) -> dict[str, Any]:
    """By kind of films ("films", "phantoms"): how many there were, and a row per network; {} where nothing was measured."""
    return _read(models / COMPARED)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
