"""The network for the anatomy of chests that comes with the product, and a folder in which it stands beside untrained ones."""

import shutil
from pathlib import Path

import torch

from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.segmenter import Segmenter
from app.config import ROOT
from tests.networks import write_network

SHIPPED = ROOT / "models" / "chest-anatomy"


def shipped() -> Segmenter:
    """The network on the CPU."""
    return Segmenter.of(load(Card.read(SHIPPED), torch.device("cpu")))


def beside(folder: Path) -> Path:
    """A folder of networks: an untrained one for phantoms and patients each, and the anatomy."""
    write_network(folder, "chest-untrained", seed=1)
    write_network(folder, "phantom-untrained", seed=2, phantom=True)
    shutil.copytree(SHIPPED, folder / SHIPPED.name)
    return folder
