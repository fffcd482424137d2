"""A folder of small networks: real architecture, random weights, honest checksums."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.classifiers.networks import build
from app.domain import Image, Patient, Series, Study, Window, frozen
from app.training import cards

ENTRIES: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "summary": "Random weights.",
    "architecture": "compact-residual",
    "findings": ["Mass", "Nodule", "Effusion"],
    "modalities": ["CR", "DX"],
    "body_parts": ["CHEST", "THORAX"],
    "phantom": False,
    "default": True,
    "input_size": 64,
    "explained_layer": "features",
    "temperature": [1.0, 2.0, 0.5],
    "parameters": {"widths": [4, 8], "strides": [1, 2], "blocks": 1},
}


def write_model(folder: Path, **changes: Any) -> Path:
    """A model folder below ``folder``, with the entries changed as named."""
    entries = {**ENTRIES, **changes}
    torch.manual_seed(0)
    channels = int(entries.get("preprocessing", {}).get("channels", 1))
    network = build(entries["architecture"], len(entries["findings"]), entries["parameters"], channels)
    cards.write(folder / entries["name"], network, entries, {"data": [], "figures": []})
    return folder / str(entries["name"])


def film(rows: int = 80, columns: int = 60, seed: int = 0) -> Image:
    """A film of smooth noise, 12 bits."""
    rng = np.random.default_rng(seed)
    stored = frozen(rng.integers(0, 4096, (rows, columns)).astype(np.uint16))
    return Image(f"1.2.{seed}", 0, stored, windows=(Window(2048, 4096),))


def study(series: Series, phantom: bool = False, description: str = "") -> Study:
    return Study("1.2.3", Patient(), (series,), description=description, phantom=phantom)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_model(tmp_path)
    write_model(tmp_path, name="by-name", default=False)
    write_model(tmp_path, name="drawn", phantom=True)
    return tmp_path
