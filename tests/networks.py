"""Real networks that were never trained: small, seeded, and honest about it. For tests that need a network, not its opinion."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

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
    **more: str,
) -> Path:
    """A CompactResidual with random weights as ``models/<name>/``; reads CR and DX of the chest. Returns its folder.

    ``tables`` are the card's tables, ``more`` further entries of it.
    """
    torch.manual_seed(seed)
    network = build("compact-residual", len(findings), PARAMETERS)
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
        "architecture": "compact-residual",
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
        "banner": "Untrained: its answers mean nothing.",
        "parameters": PARAMETERS,
        **more,
    }
    cards.write(models / name, network, entries, tables or {})
    return models / name
