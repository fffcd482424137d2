"""A generator of counterfactuals that was never trained and yet changes films, by its biases alone; beside its network."""

from pathlib import Path
from typing import Any

import torch

from app.classifiers.card import Card
from app.classifiers.generator import Decoder, Generator
from app.classifiers.networks import build
from app.training import cards
from tests.networks import write_network
from tests.segmenting import beside

OWN = "phantom-untrained"
OFFERED = ("Effusion", "Cardiomegaly")
KEPT_BACK = "Mass"
DARKER = -0.35
"""What the generator adds where it may, before its attention."""


def write_generator(models: Path, own: Card, *, name: str = "changes", offers: tuple[str, ...] = OFFERED) -> Card:
    """``models/<name>/``: less of a finding is darker within its limit; of cardiomegaly the heart's border is moved, too."""
    findings = (*OFFERED, KEPT_BACK)
    parameters: dict[str, Any] = {
        "widths": [4, 4, 4],
        "ways": ["residual", "both", "residual"],
        "within": ["bases", "heart", "lungs"],
        "reach": 0.05,
    }
    torch.manual_seed(5)
    generator = build("la-gan", len(findings), parameters)
    assert isinstance(generator, Generator)
    with torch.no_grad():
        for decoder in generator.decoders:
            assert isinstance(decoder, Decoder)
            for head, value in ((decoder.residual, DARKER), (decoder.flow, 0.8)):
                assert head.bias is not None
                head.bias.fill_(value)
        generator.scales.copy_(torch.tensor([[0.0, 1.0, 2.0]] * len(findings)))
    row = {"sha256": own.sha256, "point": 0.0, "spread": 1.0, "gap": 2.0}
    gaps = [{"network": network, "finding": finding, **row} for network in (own.name,) for finding in findings]
    entries = {
        "name": name,
        "kind": "counterfactual",
        "title": "Changes",
        "summary": "Never trained.",
        "architecture": "la-gan",
        "findings": list(findings),
        "modalities": [],
        "body_parts": ["CHEST"],
        "phantom": own.phantom,
        "explains": own.name,
        "explains_sha256": own.sha256,
        "input_size": 64,
        "explained_layer": "decoders",
        "parameters": parameters,
        "offers": list(offers),
    }
    cards.write(models / name, generator, entries, {"gaps": gaps})
    return Card.read(models / name)


def changing(folder: Path) -> Path:
    """A folder of networks: those of `segmenting.beside`, a generator for the one of phantoms, and a referee for it."""
    beside(folder)
    own = Card.read(folder / OWN)
    write_generator(folder, own)
    write_network(folder, "referee", seed=7, phantom=True, kind="referee")
    return folder
