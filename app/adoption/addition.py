"""A file of weights becomes ``models/<name>/``: weights as safetensors with their checksum, and a card, after a check run.

Everything is written into a hidden folder beside the others, loaded from there as any network is, tried, and only then renamed
to its place, so that no page, worker or command ever meets half a network.
"""

import math
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from app.adoption import checkpoint, labels, recognition, trial
from app.adoption.recognition import HEADS, LAYERS, Recognised
from app.classifiers.card import NAME, Card
from app.classifiers.loading import load
from app.classifiers.networks import build
from app.classifiers.preprocessing import Preprocessing
from app.errors import Conflict, InputError, ModelError
from app.training import cards

TEMPLATE = Path(__file__).with_name("template.toml")
TABLES = ("data", "figures")
WRITTEN_HERE = ("name", "architecture", "parameters", "explained_layer", "stride", "sha256", "origin", "check")
"""Entries that a card handed in cannot decide."""
SMALLEST = 32
"""All these architectures halve the film five times."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. Empty strings, 0 and None: not said."""

    file: Path
    name: str
    architecture: str = ""
    labels: str = ""
    channels: int = 0
    size: int = 0
    preset: str = ""
    card: Path | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The network's card, how the check run went, and what was read off the file or done to it, in words."""

    card: Card
    trial: trial.Trial
    told: tuple[str, ...]


def preset(name: str, channels: int) -> Preprocessing:
    """How films were prepared for a family of networks; InputError for a family there is not, or other channels."""
    if name == "torchvision":
        # ImageNet's numbers; for one channel their means.
        mean, std = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) if channels == 3 else ((0.449,), (0.226,))
        return Preprocessing(stretch="full", scale=(0.0, 1.0), mean=mean, std=std, channels=channels)
    if name == "torchxrayvision" and channels == 1:
        return Preprocessing(stretch="full", fit="crop", scale=(-1024.0, 1024.0))
    if name == "whylight":
        return Preprocessing(channels=channels)
    raise InputError(
        "There is no preset “%(name)s” for %(channels)s channel(s). There are: torchvision (1 or 3), torchxrayvision (1), "
        "whylight (1 or 3).",
        {"name": name, "channels": channels},
    )


def add(request: Request, models: Path, device: torch.device) -> Added:
    """Take a network in. ModelError, InputError or Conflict, and nothing is left behind, when it cannot be used."""
    if not NAME.fullmatch(request.name):
        raise InputError("A network's name is lower-case letters, digits and hyphens, not “%(name)s”.", {"name": request.name})
    place = models / request.name
    if place.exists():
        raise Conflict(
            "There is a network “%(name)s” already. Choose another name, or take it away first: models remove %(name)s.",
            {"name": request.name},
        )
    given = _card(request.card)
    file = checkpoint.read(request.file)
    found = recognition.recognise(file.state, request.architecture)
    told = [*file.told, *found.told]
    entries = _entries(request, given, found, told)
    network = _network(found, entries, told)
    entries["origin"] = {
        "file": file.file,
        "sha256": file.sha256,
        "added": datetime.now(UTC).date().isoformat(),
        "done": told,
    }
    tables = {name: given.get(name, []) for name in TABLES}
    try:
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".adding-", dir=models) as folder:
            aside = Path(folder) / request.name
            cards.write(aside, network, entries, tables)
            tried = trial.run(load(Card.read(aside), device))
            cards.write(aside, network, {**entries, "stride": tried.stride, "check": tried.entries()}, tables)
            Card.read(aside)
            aside.rename(place)
            shutil.rmtree(models / ".removed" / request.name, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            "The network cannot be written to “%(folder)s”: %(error)s.",
            {"folder": models.name, "error": error.strerror or type(error).__name__},
        ) from error
    return Added(Card.read(place), tried, tuple(told))


def _card(path: Path | None) -> dict[str, Any]:
    """The entries of a card that was handed in, of which some are written here whatever it says; {} without one."""
    if path is None:
        return {}
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        for key, value in raw.items():
            rows = value if key in TABLES else [value]
            for row in rows:
                for inside in row.values() if isinstance(row, dict) else [row]:
                    if isinstance(inside, dict) or (isinstance(inside, list) and any(isinstance(v, dict) for v in inside)):
                        raise ValueError(f"“{key}” holds tables inside tables, which a card has not")
                    cards.toml(inside)
    except (OSError, UnicodeDecodeError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            "The card “%(file)s” cannot be used: %(error)s. Begin with the template in the documentation.",
            {"file": path.name, "error": str(error)},
        ) from error
    return {key: value for key, value in raw.items() if key not in WRITTEN_HERE}


def _entries(request: Request, given: dict[str, Any], found: Recognised, told: list[str]) -> dict[str, Any]:
    """The card's plain entries and tables: the template's, over them those of the card that was handed in, then what was asked
    for, and what the weights say."""
    entries = tomllib.loads(TEMPLATE.read_text(encoding="utf-8")) | {k: v for k, v in given.items() if k not in TABLES}
    if request.channels not in (0, found.channels):
        raise InputError(
            "The weights take %(found)s input channel(s), not %(wanted)s.",
            {"found": found.channels, "wanted": request.channels},
        )
    told.append(f"read off the weights: {found.architecture}, {found.outputs} outputs, {found.channels} input channel(s)")
    first = {"name": request.name, "title": entries["title"] or request.name, "architecture": found.architecture}
    entries = first | entries | first
    entries["explained_layer"] = LAYERS[found.architecture]
    entries["input_size"] = request.size or entries["input_size"]
    if not isinstance(entries["input_size"], int) or not SMALLEST <= entries["input_size"] <= 2048:
        raise InputError("The input size of these networks is a whole number between 32 and 2048.")
    entries["findings"] = _names(request, given, found)
    entries["preprocessing"] = _preprocessing(request, given, found, told).entries()
    return entries


def _names(request: Request, given: dict[str, Any], found: Recognised) -> list[str]:
    """What the outputs are called. The order of findings cannot be seen in weights, so it is never guessed."""
    if request.labels:
        return list(labels.read(request.labels))
    if "findings" in given:
        return [str(name) for name in given["findings"]]
    if request.preset == "torchxrayvision" or found.thresholds is not None:
        return list(labels.XRV)
    raise InputError(
        "Say what the %(outputs)s outputs are, in their order: --labels nih, --labels xrv, or a file with one name a line.",
        {"outputs": found.outputs},
    )


def _preprocessing(request: Request, given: dict[str, Any], found: Recognised, told: list[str]) -> Preprocessing:
    """How films were prepared; only what is customary beyond doubt is assumed, and said."""
    if not request.preset and "preprocessing" in given:
        try:
            return Preprocessing.of({"channels": found.channels} | given["preprocessing"])
        except (ValueError, TypeError) as error:
            raise InputError("The card cannot be used: %(error)s.", {"error": str(error)}) from error
    name = request.preset
    if not name:
        if found.thresholds is not None:
            name, why = "torchxrayvision", "its operating points are in the file"
        elif found.channels == 3:
            name, why = "torchvision", "three channels are customary with ImageNet's numbers"
        else:
            raise InputError(
                "Networks of one channel were fitted to films prepared in different ways, which weights do not show. Say "
                "which: --preset torchxrayvision, torchvision or whylight, or a card with a [preprocessing] table."
            )
        told.append(f"films are prepared as for {name} ({why}); another --preset says otherwise")
    return preset(name, found.channels)


def _network(found: Recognised, entries: dict[str, Any], told: list[str]) -> nn.Module:
    """The network with the outputs that have a name; fits the card's findings, temperatures and operating points to them."""
    names = entries["findings"]
    trained = [True] * found.outputs
    if found.thresholds is not None:
        trained = [not math.isnan(point) for point in found.thresholds.tolist()]
        names = [name if good else "" for name, good in zip(names, trained, strict=False)] + names[len(trained) :]
    kept = labels.named(names, found.outputs)
    places = [place for place, _ in kept]
    if len(places) < found.outputs:
        told.append(f"{found.outputs - len(places)} outputs without a name, or never trained, were left out")
    entries["findings"] = [name for _, name in kept]
    for key in ("temperature", "operating_points"):
        if key in entries and len(entries[key]) == found.outputs:
            entries[key] = [entries[key][place] for place in places]
    if found.thresholds is not None and "operating_points" not in entries:
        entries["operating_points"] = [float(f"{found.thresholds[place].item():.8g}") for place in places]
        told.append(
            "its operating points are on the card: a probability of 0.5 is at the operating point, as in torchxrayvision"
        )
    elif "crop" in entries["preprocessing"].values() and "operating_points" not in entries:
        told.append(
            "no operating points are in the file: probabilities are the plain sigmoid, not torchxrayvision's calibrated ones"
        )
    head = HEADS[found.architecture]
    state = found.state | {f"{head}.{part}": found.state[f"{head}.{part}"][places] for part in ("weight", "bias")}
    network = build(found.architecture, len(places), {}, found.channels)
    network.load_state_dict(state, strict=True)
    return network
