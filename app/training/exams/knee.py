"""`train knee`: a network of knee exams from MRNet's layout, or from phantoms that are drawn into it, and its card."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from app.classifiers.attending import Begins
from app.classifiers.card import Card
from app.classifiers.compact import total_stride
from app.classifiers.loading import load_exam, pick_device
from app.classifiers.networks import build
from app.classifiers.stack import StackNetwork
from app.domain import KNEE_FINDINGS, READ_PLANES, Plane
from app.errors import InputError
from app.evaluation.predictions import auroc_interval
from app.training import cards, provenance
from app.training.exams import drawn, joining, mrnet
from app.training.exams.fitting import PlaneFit, Recipe, answered
from app.training.exams.mrnet import Exams
from app.training.members import attending
from app.training.record import began_with

JOINING = 8
"""Of the training part, one exam in so many fits no plane: what joins the planes is fitted on it."""
VALID = 240
"""Phantoms of the validation part."""
Logits = dict[Plane, NDArray[np.float32]]


@dataclass(frozen=True)
class Task:
    """What is to be done: the config as read, where the exams are, and where the network and the checkpoints go."""

    run: dict[str, Any]
    data: Path
    out: Path
    runs: Path
    device: torch.device
    fresh: bool = False
    begin: Path | None = None

    @property
    def recipe(self) -> Recipe:
        """How a plane is learned."""
        return Recipe(**self.run["recipe"])


def train(
    config: Path,
    data: Path | None,
    out: Path,
    runs: Path,
    *,
    device: str = "auto",
    phantoms: int = 0,
    most: int | None = None,
    plane: Plane | None = None,
    fresh: bool = False,
    begin: Path | None = None,
) -> None:
    """Fit every plane, join them on exams that no plane learned from, measure on the validation part, write the model folder.

    ``phantoms``: draw so many exams first, into ``runs``. ``plane``: fit only that one and write nothing, so that several
    processes can share the work; the run without it goes on from there. ``most``: at most so many exams per part.
    ``begin``: the folder of a network of the same encoder whose weights the planes begin with, instead of chance; one with
    attention begins with its plain twin's.
    """
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    provenance.named(out)
    if phantoms:
        data = runs / "knee-phantoms"
        counts = {"train": phantoms, "valid": int(run.get("valid", VALID)) if most is None else most}
        drawn.draw(data, counts, int(run["first_seed"]), int(run["recipe"]["size"]))
    if data is None or not data.is_dir():
        raise InputError(
            "There is no folder of exams. Say where MRNet's is (--data MRNet-v1.0/), or draw phantoms (--phantoms 1200)."
        )
    task = Task(run, data, out, runs, pick_device(device), fresh, begin)
    parts = [mrnet.read(data, part) for part in mrnet.PARTS]
    train_part, valid = (part if most is None else part.chosen(range(min(most, len(part)))) for part in parts)
    print(
        "\n".join((f"{len(train_part)} exams to learn from, {len(valid)} to measure on", *train_part.notes, *valid.notes)),
        flush=True,
    )
    apart = np.array([crc32(name.encode()) % JOINING == 0 for name in train_part.ids])
    learn, join = train_part.chosen(np.flatnonzero(~apart)), train_part.chosen(np.flatnonzero(apart))
    if not len(join):
        raise InputError("There are too few exams: none is left over to join the planes on. A few dozen are the least.")
    planes = READ_PLANES if plane is None else (plane,)
    networks = {each: fitted(task, each, learn, join) for each in planes}
    if plane is None:
        write(task, networks, learn, join, valid)


def fitted(task: Task, plane: Plane, learn: Exams, join: Exams) -> StackNetwork:
    """One plane's averaged network, in eval mode: fitted, or as its checkpoint has it."""
    networks = []
    for _ in range(2):
        torch.manual_seed(int(task.run["seed"]))
        networks.append(
            build(architecture(task.run), len(KNEE_FINDINGS), task.run["encoder"], channels(task.run)).to(task.device)
        )
    network, average = networks
    assert isinstance(network, StackNetwork)  # noqa: S101 - what reads stacks
    assert isinstance(average, StackNetwork)  # noqa: S101 - as above
    wanted = [key for key in ("seed", "architecture", "encoder", "recipe") if key in task.run]
    about = began_with({"plane": plane, "exams": [*learn.ids], **{key: task.run[key] for key in wanted}})
    about["exams"] = f"{len(learn)}, {crc32(about['exams'].encode()):08x}"
    if task.begin is not None:
        about["begin"] = begun(task.begin, plane, (network, average))
    folder = task.runs / provenance.named(task.out) / plane
    fit = PlaneFit(network, average, plane, task.recipe, folder, task.device, int(task.run["seed"]), about, task.fresh)
    fit.run(learn, join)
    return average.eval()


def begun(folder: Path, plane: Plane, networks: Sequence[StackNetwork]) -> str:
    """Give networks the weights of a plane of another one; the checksum of its card. InputError where they do not fit."""
    card = Card.read(folder)
    other = next((part.network for member, part in load_exam(card, torch.device("cpu")).parts if member.plane == plane), None)
    try:
        for network in networks:
            weights = other.state_dict() if other is not None else {}
            if isinstance(network, Begins) and not isinstance(other, Begins) and weights:
                attending(network, weights)
            else:
                network.load_state_dict(weights)
    except (RuntimeError, InputError) as error:
        raise InputError(
            "The network in “%(folder)s” has no %(plane)s plane of this encoder to begin with.",
            {"folder": folder.name, "plane": plane},
        ) from error
    return card.sha256


def architecture(run: dict[str, Any]) -> str:
    """Which network of stacks a config is of."""
    return str(run.get("architecture", "stack"))


def channels(run: dict[str, Any]) -> int:
    """How many copies of the grey plane an encoder reads."""
    return int(run.get("channels", 1))


def write(task: Task, networks: dict[Plane, StackNetwork], learn: Exams, join: Exams, valid: Exams) -> None:
    """The model folder: weights, joins, figures on the validation part."""
    size = task.recipe.size

    def logits(exams: Exams) -> Logits:
        return {plane: answered(network, exams, plane, size, task.device) for plane, network in networks.items()}

    rows = joining.joins(logits(join), join.labels)
    figures = measured(
        rows, logits(valid), valid, "phantoms of new seeds" if task.run["phantom"] else "official validation part"
    )
    whole = nn.ModuleDict({"members": nn.ModuleList(networks.values())}).eval()
    entries = entries_of(task.run, provenance.named(task.out))
    members = [
        {
            "plane": plane,
            "findings": list(KNEE_FINDINGS),
            "parameters": task.run["encoder"],
            "prefers": task.run["prefers"][plane],
        }
        for plane in networks
    ]
    terms = task.run["terms"]
    name = "phantoms" if task.run["phantom"] else task.data.name
    data = [{"name": name, "images": 3 * (len(learn) + len(join)), "patients": len(learn) + len(join), "terms": terms}]
    cards.write(task.out, whole, entries, {"members": members, "joins": rows, "data": data, "figures": figures})
    print(f"written: {task.out}", flush=True)


def measured(rows: list[dict[str, Any]], logits: Logits, valid: Exams, source: str) -> list[dict[str, Any]]:
    """AUROC with interval per finding: of the whole exam, and of each plane alone; printed too."""
    found = []
    for row in rows:
        whole = len(row["planes"]) == len(logits)
        if not whole and len(row["planes"]) > 1:
            continue
        scores = joining.joined(row, logits)
        where = source if whole else f"{source}, {row['planes'][0]} plane alone"
        for index, finding in enumerate(KNEE_FINDINGS):
            truth = valid.labels[:, index] == 1
            if not 0 < int(truth.sum()) < len(truth):
                continue
            interval = auroc_interval(scores[:, index], truth, np.arange(len(truth)), rounds=1000)
            found.append(cards.figure(where, finding, interval))
            print(f"{where}: {finding:15} {interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]", flush=True)
    return found


def stride_of(encoder: dict[str, Any]) -> int:
    """The total stride of an encoder's map, in pixels of its input: of ours with gates the finest gated stage's; all others
    than ours halve it five times."""
    if "strides" not in encoder:
        return 32
    return total_stride(encoder["strides"][:2] if encoder.get("encoder") == "compact-gated" else encoder["strides"])


def entries_of(run: dict[str, Any], name: str) -> dict[str, Any]:
    """The card's plain entries."""
    return {
        "name": name,
        "title": run["title"],
        "summary": run["summary"],
        "kind": "exam",
        "architecture": architecture(run),
        "findings": list(KNEE_FINDINGS),
        "modalities": ["MR"],
        "body_parts": ["KNEE"],
        "phantom": bool(run["phantom"]),
        "people": bool(run["phantom"]),  # where no other network reads an exam, one of phantoms shows how its maps work
        "unnamed_parts": True,  # few exams say what they are of
        "default": bool(run.get("default", True)),
        **({"opens_with": list(run["opens_with"])} if "opens_with" in run else {}),
        "input_size": int(run["recipe"]["size"]),
        "explained_layer": "encoder",
        "stride": stride_of(run["encoder"]),
        "intended_use": run["intended_use"],
        "banner": run["banner"],
        "terms": run["terms"],
        "limits": list(run["limits"]),
        "preprocessing": {"stretch": "stack", "channels": channels(run)},
    }
