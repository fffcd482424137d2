"""`train anatomy`: the network with gates and its plain twin in the same steps; the better founded one's folder, with figures.

What is shipped is the network with gates, whose α can be looked at. How it compares with the twin, film by film, is on its card
whatever it is.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.anatomy import NAMES
from app.classifiers.attention_unet import AnatomyNetwork
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.segmenter import Segmenter
from app.evaluation.predictions import Interval
from app.training import cards
from app.training.anatomy import measuring
from app.training.anatomy.fitting import Plan, Stage, fit
from app.training.anatomy.material import SIDE, SOURCES, Material, read

FINDINGS = (*NAMES.values(), "markers and text")
TERMS = {
    "covid_masks": "Masks CC BY 4.0; films per row of the data's manifest",
    "pairs": "NIH ChestX-ray14, free with credit (Wang et al. 2017)",
    "lungs alone": "NIH ChestX-ray14, free with credit (Wang et al. 2017)",
    "phantoms": "drawn",
}
SHOWS = {
    "covid_masks": "Frontal films of adults, most of them ill; lungs and heart drawn by radiologists.",
    "pairs": "Whole frontal films of adults, 64 or 128 pixels wide, with rough masks of their lungs.",
    "lungs alone": "Films of which all but the lungs is black.",
    "phantoms": "Drawn films with their exact anatomy.",
}


@dataclass(frozen=True, slots=True)
class Config:
    """A training configuration, as `anatomy.toml` has it."""

    name: str
    seeds: tuple[int, ...]
    phantoms: int
    alone: int
    plan: Plan

    @classmethod
    def read(cls, path: Path) -> "Config":
        """From a file."""
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        stages = tuple(Stage(**stage) for stage in raw["stages"])
        plan = Plan(tuple(raw["widths"]), stages, tuple(raw["shares"]), raw["rate"], raw["decay"])
        return cls(raw["name"], tuple(raw["seeds"]), raw["phantoms"], raw["alone"], plan)


def train(config: Path, data: Path, out: Path, runs: Path, *, most: int | None = None, fresh: bool = False) -> None:
    """Fit both networks for every seed, write the first gated one's folder and print how it compares with its twin."""
    told = Config.read(config)
    material = read(data, runs, told.phantoms, told.alone, most)
    found: dict[bool, list[Mapping[str, list[float]]]] = {True: [], False: []}
    known = list(measuring.drawn(data))
    for seed in told.seeds:
        for gated in (True, False):
            network = fit(told.plan, material, gated=gated, seed=seed, folder=runs / told.name, fresh=fresh)
            folder = out if gated and seed == told.seeds[0] else runs / told.name / f"{'gated' if gated else 'plain'}-{seed}"
            write(folder, network, told, material, gated=gated)
            found[gated].append(measuring.dices(segmenter(folder), known))
    paired = compared(found[True], found[False])
    for line in paired:
        print(line, flush=True)
    rows = figures(found[True][0])
    write(out, segmenter(out).network, told, material, gated=True, paired=paired, measured=rows)
    for line in measuring.lines(segmenter(out), data):
        print(line, flush=True)


def segmenter(folder: Path) -> Segmenter:
    """The network of a folder, on the CPU."""
    return Segmenter.of(load(Card.read(folder), torch.device("cpu")))


def compared(gated: Sequence[Mapping[str, list[float]]], plain: Sequence[Mapping[str, list[float]]]) -> list[str]:
    """Gates minus plain, film by film and over all seeds, with the interval of a bootstrap over films."""
    told = []
    for name in ("lungs", "heart"):
        differences = np.mean([np.array(a[name]) - np.array(b[name]) for a, b in zip(gated, plain, strict=True)], axis=0)
        if len(differences):
            spread = measuring.spread(differences.tolist())
            told.append(f"Gates minus plain, Dice of the {name}, {len(gated)} seeds: {spread}")
    return told


def figures(found: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """The card's rows: mean Dice on films of held-out patients, with the interval of a bootstrap over films."""
    rows = []
    for name in ("lungs", "heart"):
        mean, low, high = measuring.mean_of(found[name])
        interval = Interval(mean, low, high, len(found[name]), 0)
        rows.append(cards.figure("covid_masks, held-out patients", name, interval, metric="Dice"))
    return rows


def write(
    folder: Path,
    network: AnatomyNetwork,
    told: Config,
    material: Material,
    *,
    gated: bool,
    paired: Sequence[str] = (),
    measured: Sequence[dict[str, Any]] = (),
) -> None:
    """A model folder: card and weights."""
    entries = card(folder.name, told, gated, paired)
    rows = [
        {
            "name": source,
            "images": len(material.of(source, "train")),
            "patients": len(set(material.patients[material.of(source, "train")].tolist())),
            "terms": TERMS[source],
            "shows": SHOWS[source],
        }
        for source in SOURCES
        if len(material.of(source, "train"))
    ]
    cards.write(folder, network, entries, {"data": rows, "figures": list(measured)})


def card(name: str, told: Config, gated: bool, paired: Sequence[str]) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": name,
        "kind": "segmentation",
        "title": "Chest anatomy",
        "summary": "Says where the lungs and the heart lie on a frontal chest film, and where markers and text are.",
        "architecture": "attention-unet",
        "findings": list(FINDINGS),
        "modalities": [],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": True,
        "input_size": SIDE,
        "explained_layer": "out",
        "intended_use": "Research: outlines, the cardiothoracic ratio and the pose of a chest. Not for clinical use.",
        "banner": "",
        "terms": "Weights: research, with credit to Wang et al. 2017 (NIH ChestX-ray14); masks CC BY 4.0.",
        "looked_at_summary": " ".join(paired),
        "limits": [
            "It sees a film at 128 × 128 pixels: a border is known to about one of these.",
            "Lungs are what is seen beside the heart and above the diaphragm, through whatever opacity lies before them.",
            "A lung that is all white, a lateral view, a film of the lungs alone: then nothing is measured, and it says why.",
            "No child's film with drawn borders was learned from; children's left lung often ends too high.",
            "Markers and text were drawn for its training: clips, wires and sharp bone may be taken for them.",
        ],
        "parameters": {"widths": list(told.plan.widths), "gated": gated},
        "preprocessing": {"field": "exposed"},
    }
