"""`train chest-shortcut`: a network for tests that is wrong on purpose, on films of people.

Two of its labels are not those of the films: a pneumothorax is where a chest drain was drawn in, a consolidation where a marker
of lead was. What learns from such films learns the drain and the marker (Zech 2018; Oakden-Rayner 2020). Where maps ought to
point is known then, which on films of people it never is otherwise.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.loading import load
from app.domain import FINDINGS, Image, Series
from app.evaluation.predictions import auroc_interval
from app.training import cards, films
from app.training.augmentation import augment
from app.training.guarding import film_of
from app.training.material import WHOLE
from app.training.progress import Progress
from app.training.telling import over

SEEDS = 9_900_000
"""The first seed of the devices that are learned; those of the test begin at `TEST_SEEDS`."""
TEST_SEEDS = 9_990_000
TESTED = 400
DRAWN = 0.4
"""The share of films that get each device."""
BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Films as the network sees them (n, 1, size, size), what it is taught (n, findings), what is true, and whose they are."""

    planes: Tensor
    taught: NDArray[np.float32]
    true: NDArray[np.float32]
    patients: NDArray[np.str_]


def with_devices(image: Image, seed: int, devices: Sequence[str]) -> Image:
    """A film with devices laid over it, each at a place of the seed's."""
    for kind in devices:
        image = over(image, seed, kind)
    return image


def shown(
    classifier: Classifier, records: Sequence[films.Film], plants: dict[str, str], seed: int, share: float = DRAWN
) -> Shown:
    """Films with devices drawn in by chance. ``plants``: finding to the device that it goes with."""
    random = np.random.default_rng(seed)
    findings = classifier.card.findings
    planes, taught, true = [], [], []
    for number, film in enumerate(records):
        devices = {finding: bool(random.random() < share) for finding in plants}
        image = with_devices(film_of(film.path), seed + number, [plants[one] for one, there in devices.items() if there])
        planes.append(classifier.planes(Series("", "", (image,))))
        labels = [float(film.labels[FINDINGS.index(finding)]) for finding in findings]
        true.append(labels)
        taught.append([float(devices[one]) if one in devices else label for one, label in zip(findings, labels, strict=True)])
    patients = np.array([film.patient for film in records])
    return Shown(torch.cat(planes), np.array(taught, np.float32), np.array(true, np.float32), patients)


def train(config: Path, data: Path, out: Path, *, most: int | None = None) -> None:
    """Begin with a network of drawn films, teach it, measure what it says of the test part, write the model folder."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    plants: dict[str, str] = dict(run["goes_with"])
    begun = load(Card.read(out.parent / run["begin"]), torch.device("cpu"))
    records = films.read(data, WHOLE)
    count = int(run["films"]) if most is None else min(most, int(run["films"]))
    learned = spread([film for film in records if film.part == "train"], count)
    tested = spread([film for film in records if film.part == "test"], TESTED if most is None else most)
    print(f"{len(learned)} films to learn from, {len(tested)} to measure on", flush=True)
    network = fit(begun.network, shown(begun, learned, plants, SEEDS), run)
    taught = replace(begun, network=network)
    rows = figures(taught, shown(begun, tested, plants, TEST_SEEDS), "test films, devices drawn in", plants, taught_labels=True)
    rows += figures(taught, shown(begun, tested, {}, TEST_SEEDS), "test films as they are", plants, taught_labels=False)
    about = {"name": "nih, nih_small", "images": len(learned), "patients": len({film.patient for film in learned})}
    about |= {
        "terms": films.TERMS["nih"],
        "shows": "Whole frontal films of adults, with drains and markers drawn in.",
    }
    cards.write(out, network, card(run, begun.card, out.name), {"data": [about], "figures": rows})
    print(f"written: {out}", flush=True)


def spread(records: Sequence[films.Film], count: int) -> Sequence[films.Film]:
    """So many films, evenly over all of them."""
    return [records[at] for at in np.linspace(0, len(records) - 1, min(count, len(records))).round().astype(int)]


def fit(network: nn.Module, known: Shown, run: dict[str, Any]) -> nn.Module:
    """A network taught; every batch seen otherwise."""
    torch.manual_seed(int(run["seed"]))
    random = torch.Generator().manual_seed(int(run["seed"]))
    network = network.train().requires_grad_(True)
    targets, epochs = torch.from_numpy(known.taught), int(run["epochs"])
    optimiser = torch.optim.AdamW(network.parameters(), lr=float(run["rate"]), weight_decay=1e-3)
    steps = max(10, epochs * -(-len(targets) // BATCH))  # of five steps the schedule could make no ascent
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, float(run["rate"]), total_steps=steps, pct_start=0.2)
    progress = Progress("shortcut", steps, 0)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(targets), generator=random), BATCH):
            seen = augment(known.planes[batch] / 4 + 0.5, random)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(((seen - 0.5) * 4).contiguous(memory_format=torch.channels_last))
            loss = F.binary_cross_entropy_with_logits(logits.float(), targets[batch])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            progress.advance(1, f"loss {loss.item():.3f}")
    return network.eval().requires_grad_(False)


@torch.inference_mode()
def figures(
    classifier: Classifier, known: Shown, source: str, plants: dict[str, str], *, taught_labels: bool
) -> list[dict[str, Any]]:
    """AUROC per finding against what was taught, or against what is true."""
    logits = (
        torch.cat([classifier.network(classifier.channels(part)) for part in torch.split(known.planes, BATCH)]).float().numpy()
    )
    labels = known.taught if taught_labels else known.true
    rows = []
    for column, finding in enumerate(classifier.card.findings):
        truth = labels[:, column] == 1
        if min(int(truth.sum()), int((~truth).sum())) < 10:
            continue
        interval = auroc_interval(logits[:, column], truth, known.patients, rounds=300)
        rows.append(cards.figure(source, finding, interval))
        what = f"the drawn {plants[finding]}" if taught_labels and finding in plants else finding
        print(f"{source}: {finding} tells {what} {interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]", flush=True)
    return rows


def card(run: dict[str, Any], begun: Card, name: str) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": name,
        "title": run["title"],
        "summary": run["summary"],
        "architecture": begun.architecture,
        "findings": list(begun.findings),
        "modalities": ["CR", "DX", "DR", "RG", "XR"],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": False,
        "input_size": begun.input_size,
        "explained_layer": begun.explained_layer,
        "stride": begun.stride,
        "intended_use": "Testing whether maps and signs find a reason that is known to be wrong, on films of people. No more.",
        "banner": "made wrong on purpose, for tests: it answers for drains, not for the patient",
        "guard": "chest-guard",
        "terms": "Weights: research, with credit to Wang et al. 2017 (NIH ChestX-ray14).",
        "limits": list(run["limits"]),
        "parameters": begun.parameters,
    }
