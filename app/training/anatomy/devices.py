"""`train anatomy --config chest-devices.toml`: where tubes and wires lie on a chest film, learned from drawn ones.

Drains, catheters, electrodes and pacemakers are laid over films of training patients, so that the truth is known to the pixel;
drawn films with a drain come beside. What really lies on the patients of those films nobody has drawn: that is noise.
"""

import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage
from torch import Tensor

from app.classifiers.attention_unet import AnatomyNetwork
from app.evaluation.predictions import Interval
from app.phantoms import chest, laid
from app.training import cards, decoding, films
from app.training.anatomy import material, measuring, views
from app.training.anatomy.fitting import Plan, Run, Stage
from app.training.augmentation import blur_some, exposure
from app.training.progress import Progress
from app.training.shortcut import spread

SIDE, FINE = 128, 256
"""Of the network's input, and at which devices are drawn before that."""
NAME = "tubes and wires"
PATIENTS = "films of patients, devices drawn by radiologists"
REAL = {"central_venous_line", "endotracheal_tube", "monitoring_probes", "nosogastric_tube", "tubings"}
"""Masks of `covid_masks`."""
SEEN = 0.08
"""A place is a device's from this share of white on."""
BATCH, DRAWN_FILMS = 12, 3
"""Films in a batch, and how many of them are drawn ones."""
FIRST_SEED, TEST_SEED = 9_700_000, 9_780_000
KEPT_EVERY = 50
RARE = 6.0
"""How much a device's cell weighs beside another."""


@dataclass(frozen=True, slots=True)
class Config:
    """A training configuration, as `chest-devices.toml` has it: how many films, plates of each kind and drawn films."""

    name: str
    seed: int
    films: int
    plates: int
    phantoms: int
    tested: int
    plan: Plan

    @classmethod
    def read(cls, path: Path) -> "Config":
        """From a file."""
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        plan = Plan(tuple(raw["widths"]), (Stage(SIDE, raw["steps"]),), (), raw["rate"], raw["decay"])
        counts = (raw["films"], raw["plates"], raw["phantoms"], raw["tested"])
        return cls(raw["name"], raw["seed"], *counts, plan)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Films uint8 (n, FINE, FINE); plates uint8 (m, FINE, FINE), 255 for white; drawn films with where their drain is."""

    films: NDArray[np.uint8]
    plates: NDArray[np.uint8]
    phantoms: NDArray[np.uint8]
    drains: NDArray[np.uint8]


def about_devices(path: Path) -> bool:
    """Whether a configuration is one of devices."""
    return bool(tomllib.loads(path.read_text(encoding="utf-8")).get("devices", False))


def read(told: Config, data: Path, runs: Path, part: str, seed: int) -> Material:
    """The material of a part."""
    count, phantoms = (told.films, told.phantoms) if part == "train" else (told.tested, told.tested)
    records = spread([film for film in films.read(data, ("nih",)) if film.part == part], count)
    shown = decoding.pixels(records, FINE, runs / "films").pixels
    plates = [laid.plate(seed + n, FINE, laid.KINDS[n % len(laid.KINDS)]) for n in range(len(laid.KINDS) * told.plates)]
    drawn = [chest.draw(seed + n, (), n % 2 == 0, FINE, devices_too=False) for n in range(phantoms)]
    drains = [np.zeros((FINE, FINE), bool) if one.tube_mask is None else one.tube_mask for one in drawn]
    stretched = [_stretched(one.pixels) for one in drawn]
    whole = (np.stack([np.rint(255 * each) for each in plates]), np.stack(stretched), 255 * np.stack(drains))
    return Material(np.asarray(shown), *(each.astype(np.uint8) for each in whole))


def _stretched(pixels: NDArray[np.uint16]) -> NDArray[np.float64]:
    low, high = np.percentile(pixels, (1, 99))
    return np.asarray(np.clip((pixels - low) / max(high - low, 1e-6), 0, 1) * 255)


def train(config: Path, data: Path, out: Path, runs: Path, *, most: int | None = None, fresh: bool = False) -> None:
    """Fit, measure on films of test patients and on drawn ones, write the model folder."""
    told = Config.read(config)
    if most is not None:
        few = {name: min(most, getattr(told, name)) for name in ("films", "plates", "phantoms", "tested")}
        told = Config(told.name, told.seed, few["films"], few["plates"], few["phantoms"], few["tested"], told.plan)
    known = read(told, data, runs, "train", FIRST_SEED)
    network = fit(told, known, runs / told.name, fresh=fresh)
    rows = []
    for source, each in measured(network, read(told, data, runs, "test", TEST_SEED)):
        mean, low, high = measuring.mean_of(each)
        print(f"{source}: Dice of {NAME} {mean:.3f} [{low:.3f}, {high:.3f}] of {len(each)} films", flush=True)
        rows.append(cards.figure(source, NAME, Interval(mean, low, high, len(each), 0), metric="Dice"))
    for metric, each in on_patients(network, data).items():
        mean, low, high = measuring.mean_of(each)
        print(f"{PATIENTS}: {metric} {mean:.3f} [{low:.3f}, {high:.3f}] of {len(each)} films", flush=True)
        rows.append(cards.figure(PATIENTS, NAME, Interval(mean, low, high, len(each), 0), metric=metric))
    patients = {film.patient for film in films.read(data, ("nih",)) if film.part == "train"}
    about = {"name": "nih", "images": len(known.films), "patients": len(patients), "terms": films.TERMS["nih"]}
    about |= {"shows": "Whole frontal films of adults, with drains, catheters, electrodes and pacemakers drawn in."}
    cards.write(out, network, card(out.name, told), {"data": [about], "figures": rows})
    print(f"written: {out}", flush=True)


def fit(told: Config, known: Material, folder: Path, *, fresh: bool = False) -> AnatomyNetwork:
    """A fitted network in eval mode; a run that broke off goes on from its checkpoint in ``folder``."""
    about = json.dumps({**asdict(told.plan), "films": len(known.films)}, sort_keys=True)
    run = Run(told.plan, about, False, told.seed, folder / f"plain-{told.seed}.pt", outputs=1)
    if not fresh:
        run.restore()
    progress = Progress(run.path.stem, told.plan.steps, run.step)
    run.network.train()
    while run.step < told.plan.steps:
        shown, truth = batch(known, run.random)
        with torch.autocast("cpu", torch.bfloat16):
            logits = run.network(((shown - 0.5) * 4).contiguous(memory_format=torch.channels_last))
        value = loss(logits[:, 0].float(), truth)
        run.learn(value)
        progress.advance(1, f"loss {value.item():.3f}")
        if run.step % KEPT_EVERY == 0 or run.step == told.plan.steps:
            run.keep()
    return run.average.eval()


def batch(known: Material, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Films [0, 1] (BATCH, 1, SIDE, SIDE), none, one or two devices on each, moved as a whole, and where devices are."""

    def some(of: NDArray[np.uint8], count: int) -> tuple[Tensor, NDArray[np.int64]]:
        index = torch.randint(len(of), (count,), generator=random).numpy()
        return torch.from_numpy(of[index])[:, None].float() / 255, index

    plain, _ = some(known.films, BATCH - DRAWN_FILMS)
    share = torch.zeros_like(plain)
    for chance in (0.75, 0.4):
        there = torch.rand((len(plain), 1, 1, 1), generator=random) < chance
        strength = 0.5 + 0.6 * torch.rand((len(plain), 1, 1, 1), generator=random)
        share = torch.maximum(share, some(known.plates, len(plain))[0] * there * strength).clamp(max=1)
    drawn, index = some(known.phantoms, DRAWN_FILMS)
    shown = torch.cat([plain + share * (1 - plain), drawn])
    where = torch.cat([share > SEEN, torch.from_numpy(known.drains[index])[:, None] > 127]).float()
    shown, where = F.avg_pool2d(shown, FINE // SIDE), F.max_pool2d(where, FINE // SIDE)
    shown, moved = views.moved(shown, where[:, 0], random)
    return exposure(blur_some(shown, random), random).clamp(0, 1), moved.float()


def loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Weighted cross-entropy, plus one minus the Dice."""
    weight = torch.where(truth > 0.5, RARE, 1.0)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, weight)
    share = logits.sigmoid()
    return entropy + 1 - (2 * (share * truth).sum() + 1) / (share.sum() + truth.sum() + 1)


@torch.inference_mode()
def measured(network: AnatomyNetwork, known: Material) -> list[tuple[str, list[float]]]:
    """Dice per film: of films of people with one device each, and of drawn films with a drain."""
    plates = known.plates[np.arange(len(known.films)) % len(known.plates)].astype(np.float32) / 255
    people = known.films.astype(np.float32) / 255
    drains = known.drains.any((1, 2))
    pairs = (
        ("films of test patients, devices drawn in", people + plates * (1 - people), plates > SEEN),
        ("phantoms of new seeds, with a drain", known.phantoms[drains].astype(np.float32) / 255, known.drains[drains] > 127),
    )
    found = []
    for source, shown, truth in pairs:
        planes = F.avg_pool2d(torch.from_numpy(shown)[:, None], FINE // SIDE)
        where = F.max_pool2d(torch.from_numpy(truth.astype(np.float32))[:, None], FINE // SIDE)[:, 0].numpy() > 0.5
        said = torch.cat([network((part - 0.5) * 4)[:, 0] for part in torch.split(planes, 8)]).numpy() > 0
        found.append((source, [2 * (a & b).sum() / max(1, a.sum() + b.sum()) for a, b in zip(said, where, strict=True)]))
    return found


@torch.inference_mode()
def on_patients(network: AnatomyNetwork, data: Path) -> dict[str, list[float]]:
    """Per film of `covid_masks` on which radiologists drew devices: Dice, the share of the drawn that was found, and of what
    was found that lies at a drawn one, both to a cell. They drew the clear ones only, so that the last is too low. Empty
    without the films."""
    found: dict[str, list[float]] = {"Dice": [], "found": [], "at one": []}
    folder = data / "chest" / "covid_masks"
    for row in material.rows(folder):
        names = sorted(REAL & set(row["masks"].split("|")))
        if not names:
            continue
        with Picture.open(folder / "images" / row["image"]) as opened:
            film = opened.convert("L")
        drawn = np.zeros((FINE, FINE), bool)
        for name in names:
            with Picture.open(folder / "masks" / f"{Path(row['image']).stem}.{name}.png") as picture:
                drawn |= decoding.plane_of(picture.convert("L"), FINE) > 32
        plane = torch.from_numpy(decoding.plane_of(film, SIDE).astype(np.float32) / 255)
        said = (network((plane[None, None] - 0.5) * 4)[0, 0].numpy() > 0).astype(bool)
        truth = drawn.reshape(SIDE, FINE // SIDE, SIDE, FINE // SIDE).any((1, 3))
        near, reach = (ndimage.binary_dilation(one, np.ones((3, 3))) for one in (truth, said))
        found["Dice"].append(2 * float((said & truth).sum()) / max(1, int(said.sum() + truth.sum())))
        found["found"].append(float((truth & reach).sum()) / max(1, int(truth.sum())))
        if said.any():
            found["at one"].append(float((said & near).sum()) / int(said.sum()))
    return found if found["Dice"] else {}


def card(name: str, told: Config) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": name,
        "kind": "segmentation",
        "title": "Tubes and wires",
        "summary": "Says where tubes, wires and devices may lie on a frontal chest film, learned from drawn ones.",
        "architecture": "attention-unet",
        "findings": [NAME],
        "modalities": [],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": False,
        "input_size": SIDE,
        "explained_layer": "out",
        "intended_use": "Research: telling whether a map lies on a tube or a wire. Not for clinical use.",
        "banner": "",
        "terms": "Weights: research, with credit to Wang et al. 2017 (NIH ChestX-ray14).",
        "limits": [
            "It learned drawn drains, catheters, electrodes, pacemakers. It misses most real ones: finding none says nothing.",
            "Clips, clothes, edges of bone and letters may be taken for a wire.",
        ],
        "parameters": {"widths": list(told.plan.widths), "gated": False},
    }
