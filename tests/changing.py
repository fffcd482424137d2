"""Generators of counterfactuals that were never trained and yet change films and stacks, by their biases alone; beside their
networks."""

import shutil
from pathlib import Path
from typing import Any

import torch

from app.classifiers.card import Card
from app.classifiers.generator import Decoder, Generator
from app.classifiers.networks import build
from app.config import ROOT
from app.training import cards
from tests.exams import write_exam_network
from tests.networks import write_network
from tests.segmenting import beside

OWN = "phantom-untrained"
OFFERED = ("Effusion", "Cardiomegaly")
KEPT_BACK = "Mass"
TEARS = ("ACL tear",)
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


def write_stack_generator(models: Path, own: Card, *, name: str = "changes-stacks", offers: tuple[str, ...] = TEARS) -> Card:
    """``models/<name>/`` for a network of exams: what lies where cruciate ligaments do on sagittal slices gets darker."""
    parameters: dict[str, Any] = {
        "widths": [4, 4],
        "ways": ["residual"],
        "within": ["cruciates"],
        "limits": ["menisci", "cruciates"],
        "beside": 1,
    }
    torch.manual_seed(6)
    generator = build("la-gan", 1, parameters)
    assert isinstance(generator, Generator)
    (decoder,) = generator.decoders
    assert isinstance(decoder, Decoder)
    assert decoder.residual.bias is not None
    with torch.no_grad():
        decoder.residual.bias.fill_(DARKER)
        generator.scales.copy_(torch.tensor([[0.0, 1.0, 2.0]]))
    row = {"network": own.name, "sha256": own.sha256, "point": 0.0, "spread": 1.0, "gap": 2.0}
    entries = {
        "name": name,
        "kind": "counterfactual",
        "title": "Changes stacks",
        "summary": "Never trained.",
        "architecture": "la-gan",
        "findings": list(TEARS),
        "modalities": [],
        "body_parts": ["KNEE"],
        "phantom": True,
        "explains": own.name,
        "explains_sha256": own.sha256,
        "plane": "sagittal",
        "input_size": 40,
        "explained_layer": "decoders",
        "parameters": parameters,
        "preprocessing": {"stretch": "stack"},
        "offers": list(offers),
    }
    cards.write(models / name, generator, entries, {"gaps": [{**row, "finding": finding} for finding in TEARS]})
    return Card.read(models / name)


def changing_stacks(folder: Path) -> Path:
    """A folder of networks: an untrained one of exams, the anatomy of knees, and a generator for the first."""
    own = Card.read(write_exam_network(folder, opens_with=["cam"]))
    shutil.copytree(ROOT / "models" / "knee-anatomy", folder / "knee-anatomy")
    write_stack_generator(folder, own)
    return folder


def changing(folder: Path) -> Path:
    """A folder of networks: those of `segmenting.beside`, a generator for the one of phantoms, and a referee for it."""
    beside(folder)
    own = Card.read(folder / OWN)
    write_generator(folder, own)
    write_network(folder, "referee", seed=7, phantom=True, kind="referee")
    return folder
