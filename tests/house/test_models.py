"""The networks of the product: the card says what they are, the weights are the ones it names, a licence is there."""

import hashlib
from pathlib import Path

import pytest

from app.classifiers.card import Card
from app.config import Settings

LARGEST = {
    "chest": 16_000_000,
    "chest-masked": 16_000_000,
    "chest-compact": 12_000_000,
    "chest-phantom": 2_000_000,
    "chest-phantom-shortcut": 2_000_000,
    "chest-guard": 1_000_000,
    "chest-masks": 1_000_000,
    "chest-phantom-counterfactual": 20_000_000,
    "chest-counterfactual": 20_000_000,
    "knee-counterfactual": 20_000_000,
}
"""Most bytes of weights, where the network's issue sets a limit."""

FOLDERS = sorted(path.parent for path in Settings().models.glob("*/card.toml"))


def test_the_networks_of_the_product_are_there() -> None:
    assert set(LARGEST) <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_card_names_its_weights_its_terms_and_its_limits(folder: Path) -> None:
    card = Card.read(folder)
    assert hashlib.sha256(card.weights.read_bytes()).hexdigest() == card.sha256
    assert card.weights.stat().st_size <= LARGEST.get(card.name, 200_000_000)
    assert (folder / "LICENSE").is_file()
    assert card.data, "a card says what the network was trained on"
    assert card.figures, "a card says how good the network is"
    assert card.limits, "a card says where it must not be trusted"
    assert card.terms
    assert card.intended_use
    unpickled = [path.name for path in folder.iterdir() if path.suffix in {".pt", ".pth", ".bin", ".pkl", ".ckpt"}]
    assert unpickled == [], "weights are safetensors, which runs nothing when it is read"
