"""Real networks that were never trained: small, seeded, and honest about it. For tests that need a network, not its opinion."""

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from app.classifiers.film_guard import FilmGuard
from app.classifiers.guard import KINDS
from app.classifiers.networks import build
from app.domain import FINDINGS
from app.training import cards

PARAMETERS = {"widths": [8, 12, 16], "strides": [1, 2, 2], "blocks": 1}


def write_network(
    models: Path,
    name: str,
    *,
    findings: tuple[str, ...] = FINDINGS,
    phantom: bool = False,
    default: bool = True,
    size: int = 64,
    seed: int = 0,
    tables: dict[str, list[dict[str, Any]]] | None = None,
    guard: str = "",
    **more: Any,
) -> Path:
    """A CompactResidual with random weights as ``models/<name>/``; reads CR and DX of the chest. Returns its folder.

    ``tables`` are the card's tables, ``more`` further entries of it; ``architecture`` and ``parameters`` may be among them.
    """
    torch.manual_seed(seed)
    architecture, parameters = more.pop("architecture", "compact-residual"), more.pop("parameters", PARAMETERS)
    network = build(architecture, len(findings), parameters)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after training: otherwise every batch norm would be the identity
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.1)
            module.running_mean = torch.randn(module.num_features) * 0.1
            module.running_var = torch.rand(module.num_features) + 0.5
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.5)
    entries = {
        "name": name,
        "title": f"Untrained network {name}",
        "summary": "Random weights, for tests.",
        "architecture": architecture,
        "findings": list(findings),
        "modalities": ["CR", "DX"],
        "body_parts": ["CHEST"],
        "phantom": phantom,
        "default": default,
        "input_size": size,
        "explained_layer": "features",
        "terms": "none",
        "limits": ["It was never trained."],
        "intended_use": "Tests.",
        "guard": guard,
        "banner": "Untrained: its answers mean nothing.",
        "parameters": parameters,
        **more,
    }
    cards.write(models / name, network, entries, tables or {})
    return models / name


def write_guard(models: Path, name: str = "guard", *, film: float = 0.99, seed: int = 0) -> Path:
    """A guard that was never trained: every image is a film with the probability ``film``, and none lies far off.

    It refuses below 0.2 and warns below 0.6. Returns its folder.
    """
    torch.manual_seed(seed)
    parameters = {"widths": [4, 4, 4, 4], "components": 4, "refuse": 0.2, "warn": 0.6, "far": [1.0, 2.0]}
    network = build("film-guard", len(KINDS), parameters)
    assert isinstance(network, FilmGuard)
    with torch.no_grad():
        network.unit.fill_(1e6)
        nn.init.zeros_(network.head.weight)
        network.head.bias[:] = torch.tensor([math.log(film / (1 - film)), *[-math.log(len(KINDS) - 1)] * (len(KINDS) - 1)])
    entries = {
        "name": name,
        "kind": "guard",
        "title": "Untrained guard",
        "summary": "It says the same of every image, for tests.",
        "architecture": "film-guard",
        "findings": list(KINDS),
        "modalities": [],
        "body_parts": [],
        "input_size": 64,
        "explained_layer": "features",
        "parameters": parameters,
    }
    cards.write(models / name, network, entries, {})
    return models / name
