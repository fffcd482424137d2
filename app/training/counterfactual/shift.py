"""`train shift`: which way a network's answers lie in the latent space of the autoencoder beside it, kept in its folder."""

import tomllib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.classifiers.autoencoder import Autoencoder
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.loading import load, pick_device
from app.classifiers.registry import Registry
from app.counterfactuals.shifting import Way, direction, write_ways
from app.errors import ModelError
from app.phantoms import chest
from app.training import layouts
from app.training.collection import Layout
from app.training.counterfactual import drawn
from app.training.counterfactual.material import healthy
from app.training.counterfactual.stock import FEWEST, Explained
from app.training.films import SOURCES
from app.training.material import Material

FOLLOWED = 48
"""Films per finding that its direction is the mean of."""
PHANTOMS, FIRST = 300, 8_000_000
CONFIG = Path(__file__).resolve().parent / "autoencoder.toml"


def train(
    folder: Path, data: Path, runs: Path, *, layout: Layout = "ours", device: str = "auto", most: int | None = None
) -> None:
    """For every finding that is called on films of the training part and not on healthy ones: the direction, the median
    log-odds of healthy films that are not called, and the gap. ModelError where no autoencoder stands beside the network."""
    card = Card.read(folder)
    beside = Registry(folder.parent).autoencoder(card)
    if beside is None:
        raise ModelError("There is no autoencoder beside “%(name)s”; train one first.", {"name": card.name})
    where = pick_device(device)
    encoder, network = load(beside, where), load(card, where)
    films, well = _films(encoder, data, runs, layout, most)
    ways = fit(encoder, network, torch.from_numpy(films), torch.from_numpy(well))
    write_ways(folder, card, beside, ways)
    print("\n".join(f"{name}: goal {way.goal:.2f}, gap {way.gap:.2f}" for name, way in ways.items()), flush=True)
    print(f"written: {folder / 'shift.safetensors'}", flush=True)


def fit(encoder: Classifier, network: Classifier, films: Tensor, well: Tensor) -> dict[str, Way]:
    """The ways of a network's findings, from films uint8 (n, S, S) as the autoencoder reads them, ``well`` bool (n,): nothing
    is found there. Findings with fewer than eight called films or as few healthy ones not called have none."""
    autoencoder = encoder.network
    if not isinstance(autoencoder, Autoencoder):
        raise ModelError("“%(name)s” is no autoencoder.", {"name": encoder.card.name})
    own = Explained.of(network, network.card.findings)
    logits = own.told(films)
    found = {}
    for column, name in enumerate(network.card.findings):
        temperature, point = network.card.temperature[column], own.point(column)
        called, normal = logits[:, column] >= point, (logits[:, column] < point) & well
        if min(int(called.sum()), int(normal.sum())) < FEWEST:
            continue
        middles = [float(logits[side, column].median()) / temperature for side in (called, normal)]
        followed = films[torch.nonzero(called)[:FOLLOWED, 0]][:, None].to(encoder.device).float()

        def ask(planes: Tensor, column: int = column, temperature: float = temperature) -> Tensor:
            return own.logits((planes / 4 + 0.5).clamp(0, 1))[:, column] / temperature

        along = direction(autoencoder, (followed / 255 - 0.5) * 4, ask)
        found[name] = Way(along.cpu(), middles[1], middles[0] - middles[1])
    return found


def _films(
    encoder: Classifier, data: Path, runs: Path, layout: Layout, most: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Films of the training part at the autoencoder's size, (n, S, S), and which of them are healthy, (n,)."""
    side = encoder.card.input_size
    if encoder.card.phantom:
        count = PHANTOMS if most is None else min(most, PHANTOMS)
        found = drawn.pairs(FIRST, count, side, chest.FINDINGS, runs / "films")
        return np.concatenate([found.ill, found.well]), np.concatenate([np.zeros(count, bool), found.healthy])
    run = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    collection = layouts.read(data, layout, run.get("sources", SOURCES), ())
    collection = collection if most is None else collection.thinned(most)
    material = Material.read(collection, side, runs / "films", None, field=encoder.card.preprocessing.field)
    index = material.where("train")
    return np.array(material.pixels[index]), np.array([healthy(material.collection.films[i]) for i in index], bool)
