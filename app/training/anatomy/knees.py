"""`train anatomy --config knee-anatomy.toml`: bones, menisci and cruciate ligaments on the slices of drawn knees, whatever the
plane, and the folder with its figures on knees of other seeds.

It knows drawn knees only. Runs, checkpoints and stages are those of the chest's anatomy (`app.training.anatomy.fitting`).
"""

import json
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app.classifiers.attention_unet import STRUCTURES, AnatomyNetwork
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.domain import READ_PLANES
from app.evaluation.predictions import Interval
from app.phantoms import knee
from app.phantoms.knee.parts import PARTS
from app.segmentation.stacks import SIDE, codes_of
from app.training import cards
from app.training.anatomy import measuring, views
from app.training.anatomy.fitting import Plan, Run, Stage, side_of
from app.training.augmentation import blur_some, exposure
from app.training.progress import Progress

FINDINGS = ("background", *PARTS)
KEPT_EVERY = 50
TEST_SEEDS = 8_400_000
"""The first seed of the knees that figures are of."""


@dataclass(frozen=True, slots=True)
class Config:
    """A training configuration, as `knee-anatomy.toml` has it; ``first_seed`` of the knees to learn from, ``exams`` how many,
    ``tested`` how many others figures are of. ``weights``: how much a cell of each code weighs, for menisci and ligaments are
    small. ``begin``: a network of these, beside the one that is written, whose weights it begins with; "" for chance."""

    name: str
    seed: int
    first_seed: int
    exams: int
    tested: int
    batch: int
    weights: tuple[float, ...]
    begin: str
    plan: Plan

    @classmethod
    def read(cls, path: Path) -> "Config":
        """From a file."""
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        stages = tuple(Stage(**stage) for stage in raw["stages"])
        plan = Plan(tuple(raw["widths"]), stages, (), raw["rate"], raw["decay"])
        counts = (raw["seed"], raw["first_seed"], raw["exams"], raw["tested"], raw["batch"])
        return cls(raw["name"], *counts, tuple(raw["weights"]), raw.get("begin", ""), plan)


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Slices of drawn knees uint8 (n, SIDE, SIDE) and their codes, and of each the number of its exam and of its plane."""

    pixels: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    exams: NDArray[np.int64]
    planes: NDArray[np.int64]


def about_knees(path: Path) -> bool:
    """Whether a configuration is one of knees."""
    return bool(tomllib.loads(path.read_text(encoding="utf-8")).get("knee", False))


def train(config: Path, out: Path, runs: Path, *, most: int | None = None, fresh: bool = False) -> None:
    """Draw, fit, measure on knees of other seeds, write the model folder."""
    told = Config.read(config)
    count, tested = (number if most is None else min(number, most) for number in (told.exams, told.tested))
    known = drawn(range(told.first_seed, told.first_seed + count), runs)
    begin = load(Card.read(out.parent / told.begin), torch.device("cpu")).network if told.begin else None
    network = fit(told, known, runs / told.name, begin, fresh=fresh)
    rows = []
    for line, row in measured(network, drawn(range(TEST_SEEDS, TEST_SEEDS + tested), runs)):
        print(line, flush=True)
        rows.append(row)
    data = [
        {"name": "phantoms", "images": 3 * count, "patients": count, "terms": "drawn", "shows": "Drawn knees in three planes."}
    ]
    cards.write(out, network, card(out.name, told), {"data": data, "figures": rows})
    print(f"written: {out}", flush=True)


def drawn(seeds: range, runs: Path) -> Slices:
    """The slices of knees; kept in a file under ``runs``."""
    kept = runs / f"knee-parts-{seeds.start}-{len(seeds)}.npz"
    if not kept.is_file():
        runs.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(1) as pool:
            found = list(pool.map(partial(_one, first=seeds.start), seeds))
        whole = [np.concatenate([one[column] for one in found]) for column in range(4)]
        partial_file = kept.with_suffix(".part.npz")
        np.savez_compressed(partial_file, pixels=whole[0], codes=whole[1], exams=whole[2], planes=whole[3])
        partial_file.replace(kept)
    with np.load(kept) as arrays:
        return Slices(arrays["pixels"], arrays["codes"], arrays["exams"], arrays["planes"])


def _one(seed: int, first: int) -> tuple[NDArray[Any], ...]:
    pixels, codes, planes = [], [], []
    for stack in knee.draw(seed, size=SIDE, parted=True).stacks:
        low, high = np.percentile(stack.pixels, (1, 99.5))  # as `app.classifiers.classifier.stretched` has it
        grey = np.clip((stack.pixels - low) / max(high - low, 1e-6), 0, 1) * 255
        pixels.append(grey.round().astype(np.uint8))
        codes.append(np.zeros(0, np.uint8) if stack.parts is None else stack.parts)
        planes.append(np.full(len(stack.pixels), READ_PLANES.index(stack.plane), np.int64))
    number = np.full(sum(map(len, planes)), seed - first, np.int64)
    return np.concatenate(pixels), np.concatenate(codes), number, np.concatenate(planes)


def fit(told: Config, known: Slices, folder: Path, begin: nn.Module | None = None, *, fresh: bool = False) -> AnatomyNetwork:
    """A fitted network in eval mode; a run that broke off goes on from its checkpoint in ``folder``, a new one begins with the
    weights of ``begin``."""
    plan = told.plan
    about = json.dumps({**asdict(plan), "slices": len(known.pixels)}, sort_keys=True)
    run = Run(plan, about, False, told.seed, folder / f"plain-{told.seed}.pt", outputs=len(FINDINGS))
    if begin is not None:
        for network in (run.network, run.average):
            network.load_state_dict(begin.state_dict())
    if not fresh:
        run.restore()
    films, truth = torch.from_numpy(known.pixels), torch.from_numpy(known.codes)
    # A slice that shows a meniscus or a ligament is worth more than one of the thigh.
    worth = torch.from_numpy(np.where((known.codes > 1).any((1, 2)), 3.0, 1.0))
    progress = Progress(run.path.stem, plan.steps, run.step)
    run.network.train()
    while run.step < plan.steps:
        index = torch.multinomial(worth, told.batch, generator=run.random)
        batch = changed(films[index][:, None].float() / 255, truth[index].long(), run.random)
        side = side_of(plan.stages, run.step)
        value = loss(run.network, *resized(*batch, side), told.weights)
        run.learn(value)
        progress.advance(1, f"side {side}, loss {value.item():.3f}")
        if run.step % KEPT_EVERY == 0 or run.step == plan.steps:
            run.keep()
    return run.average.eval()


def changed(films: Tensor, truth: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Slices [0, 1] (n, 1, side, side) with their codes as another scanner might show another knee: moved, mirrored (there are
    left knees and right ones), brighter or darker."""
    films, truth = views.moved(films, truth, random)
    mirrored = torch.rand(len(films), generator=random) < 0.5
    films = torch.where(mirrored[:, None, None, None], films.flip(-1), films)
    truth = torch.where(mirrored[:, None, None], truth.flip(-1), truth)
    return exposure(blur_some(films, random), random).clamp(0, 1), truth


def resized(films: Tensor, truth: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The batch at a resolution."""
    if side < SIDE:
        films = F.interpolate(films, side, mode="bilinear", antialias=True)
        truth = F.interpolate(truth[:, None].float(), side, mode="nearest")[:, 0].long()
    return films, truth


def loss(network: AnatomyNetwork, films: Tensor, truth: Tensor, weights: Sequence[float]) -> Tensor:
    """Weighted cross-entropy, plus one minus the mean Dice of the three parts."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(((films - 0.5) * 4).contiguous(memory_format=torch.channels_last))
    logits = logits.float()
    shares = logits.softmax(1)
    overlaps = []
    for code in range(1, STRUCTURES):
        mine, own = (truth == code).float(), shares[:, code]
        overlaps.append((2 * (mine * own).sum() + 1) / (mine.sum() + own.sum() + 1))
    return F.cross_entropy(logits, truth, logits.new_tensor(weights)) + 1 - torch.stack(overlaps).mean()


def measured(network: AnatomyNetwork, known: Slices) -> "list[tuple[str, dict[str, Any]]]":
    """Dice of every part in every plane over the slices of an exam, the mean over exams with the interval of a bootstrap."""
    said = codes_of(network, torch.from_numpy(known.pixels)[:, None].float() / 255 * 4 - 2)
    rows = []
    for number, plane in enumerate(READ_PLANES):
        for code, part in enumerate(PARTS, 1):
            each = [
                dice(said[chosen] == code, known.codes[chosen] == code)
                for exam in np.unique(known.exams)
                if (chosen := (known.exams == exam) & (known.planes == number)).any()
            ]
            mean, low, high = measuring.mean_of(each)
            row = cards.figure(f"phantoms of new seeds, {plane}", part, Interval(mean, low, high, len(each), 0), metric="Dice")
            rows.append((f"{plane} {part}: Dice {mean:.3f} [{low:.3f}, {high:.3f}] of {len(each)} drawn knees", row))
    return rows


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """How far two masks agree, 0 to 1; 1 where both are empty."""
    both = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / both if both else 1.0


def card(name: str, told: Config) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": name,
        "kind": "segmentation",
        "title": "Knee anatomy",
        "summary": "Says where bones, menisci and cruciate ligaments lie on the slices of a knee. It knows drawn knees only.",
        "architecture": "attention-unet",
        "findings": list(FINDINGS),
        "modalities": [],
        "body_parts": ["KNEE"],
        "phantom": True,
        "default": True,
        "input_size": SIDE,
        "explained_layer": "out",
        "intended_use": "Testing where the evidence of maps lies, on exams where the truth is known. Not for exams of people.",
        "banner": "learned from drawn knees: on an exam of a person these outlines may lie anywhere",
        "terms": "Apache-2.0, like the program that drew the phantoms.",
        "limits": [
            "It knows drawn knees only. On an exam of a person its outlines may lie anywhere.",
            "It sees a slice at 128 × 128 pixels, and each slice by itself.",
            "Menisci and ligaments are regions: what lies within two millimetres of them belongs to them, torn or not.",
        ],
        "parameters": {"widths": list(told.plan.widths), "gated": False},
        "preprocessing": {"stretch": "stack"},
    }
