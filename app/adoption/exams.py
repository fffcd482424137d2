"""A folder of MRNet-style weights becomes a network of exams: a file per plane and task, AlexNet or ResNet-18 and one layer.

The plane and the task are in a file's name ("sagittal_acl.pth"). Nothing in a file says how exams were prepared for it nor how
the planes are joined: the card that is handed in does, and without it MRNet's ways are taken and the planes' logits averaged.
"""

import re
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from app.adoption import checkpoint, trial
from app.adoption.checkpoint import State
from app.classifiers.card import NAME, Card
from app.classifiers.loading import load_exam
from app.classifiers.networks import build
from app.domain import KNEE_FINDINGS, READ_PLANES, Plane
from app.errors import Conflict, InputError, ModelError
from app.training import cards

FILES = (".safetensors", ".pt", ".pth", ".bin")
PLANES: dict[Plane, str] = {"sagittal": r"sag(ittal)?", "coronal": r"cor(onal)?", "axial": r"ax(ial)?|tra(nsverse)?"}
TASKS = {"abnormality": r"abn(ormal(ity)?)?", "ACL tear": r"acl", "meniscal tear": r"men(iscus|iscal)?"}
PREFERS: dict[Plane, list[str]] = {"sagittal": ["T2 FS", "T2", "PD FS"], "coronal": ["T1", "PD"], "axial": ["PD FS", "PD"]}
"""MRNet's series: sagittal T2, coronal T1, axial PD, the first and the last with fat suppression."""
SIZE = 256
CARD = """
title = ""
summary = "Added from files of weights."
modalities = ["MR"]
body_parts = ["KNEE"]
unnamed_parts = true
phantom = false
default = true
intended_use = "Research on explanations: comparing what a network says with where it looks. Not for clinical use."
banner = "Added on this site: no figures say how good this network is."
terms = "Not stated: the terms of the weights and of the data they were fitted to hold."
limits = ["Nothing is known here of the exams it was trained on."]
"""


def add(
    folder: Path, name: str, models: Path, device: torch.device, card: Path | None = None
) -> tuple[Card, trial.Trial, list[str]]:
    """Take a network of exams in: its card, how the check run went, and what was done. ModelError, InputError or Conflict, and
    nothing is left behind, when it cannot be used."""
    if not NAME.fullmatch(name):
        raise InputError("A network's name is lower-case letters, digits and hyphens, not “%(name)s”.", {"name": name})
    place = models / name
    if place.exists():
        raise Conflict(
            "There is a network “%(name)s” already. Choose another name, or take it away first: models remove %(name)s.",
            {"name": name},
        )
    told: list[str] = []
    networks, members = nn.ModuleList(), []
    channels = set()
    for path, plane, finding in files(folder):
        encoder, state = recognised(dict(checkpoint.read(path).state), path.name)
        width = int(state["head.weight"].shape[0])
        found = next(value for key, value in state.items() if key.endswith(("features.0.weight", "encoder.conv1.weight")))
        channels.add(int(found.shape[1]))
        network = build("stack", width, {"encoder": encoder}, int(found.shape[1]))
        _filled(network, state, path.name)
        networks.append(network)
        members.append({"plane": plane, "findings": [finding], "parameters": {"encoder": encoder}, "prefers": PREFERS[plane]})
        told.append(f"{path.name}: {encoder}, {plane} plane, {finding}")
    if len(channels) != 1:
        raise ModelError("The files take different numbers of input channels; one network takes the same everywhere.")
    entries, joins = _entries(name, card, channels.pop())
    told.append(
        "planes are joined as the card says" if joins else "no join was given: an exam's logit is the mean of its planes'"
    )
    entries["origin"] = {"file": folder.name, "added": datetime.now(UTC).date().isoformat(), "done": told}
    whole = nn.ModuleDict({"members": networks})
    tables = {"members": members, "joins": joins}
    try:
        models.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".adding-", dir=models) as hidden:
            aside = Path(hidden) / name
            cards.write(aside, whole, entries, tables)
            tried = trial.run_exam(load_exam(Card.read(aside), device))
            cards.write(aside, whole, {**entries, "stride": tried.stride, "check": tried.entries()}, tables)
            Card.read(aside)
            aside.rename(place)
    except OSError as error:
        raise ModelError(
            "The network cannot be written to “%(folder)s”: %(error)s.",
            {"folder": models.name, "error": error.strerror or type(error).__name__},
        ) from error
    return Card.read(place), tried, told


def files(folder: Path) -> list[tuple[Path, Plane, str]]:
    """The files of a folder with the plane and the finding that their names say, in a card's order; InputError for a name that
    does not say both, and for two that say the same."""
    found: dict[tuple[Plane, str], Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in FILES:
            continue
        words = re.split(r"[^a-z]+", path.stem.lower())
        planes = [plane for plane, words_of in PLANES.items() if any(re.fullmatch(words_of, word) for word in words)]
        tasks = [finding for finding, words_of in TASKS.items() if any(re.fullmatch(words_of, word) for word in words)]
        if len(planes) != 1 or len(tasks) != 1:
            raise InputError(
                "The name of “%(name)s” does not say one plane (sagittal, coronal, axial) and one task (abnormal, acl, "
                "meniscus). Name the files like sagittal_acl.pth.",
                {"name": path.name},
            )
        key = (planes[0], tasks[0])
        if key in found:
            raise InputError(
                "“%(one)s” and “%(other)s” are of the same plane and task. Keep one of them.",
                {"one": found[key].name, "other": path.name},
            )
        found[key] = path
    if not found:
        raise InputError("The folder “%(name)s” holds no weights (.safetensors, .pt, .pth or .bin).", {"name": folder.name})
    order = [(plane, finding) for plane in READ_PLANES for finding in KNEE_FINDINGS]
    return [(found[key], *key) for key in order if key in found]


def recognised(state: State, name: str) -> tuple[str, State]:
    """Which encoder a state dict is of, and its tensors under the names of `app.classifiers.stack.StackNetwork`. ModelError for
    anything else."""
    alexnet = {key: value for key, value in state.items() if re.search(r"(^|\.)features\.\d+\.(weight|bias)$", key)}
    residual = {key: value for key, value in state.items() if re.search(r"(^|\.)(conv1|bn1|layer[1-4]\..+)\.[a-z_]+$", key)}
    if len(alexnet) == 10:
        encoder, width = "alexnet", 256
        body = {"encoder." + key[re.search(r"features\.\d+\.", key).start() :]: v for key, v in alexnet.items()}  # type: ignore[union-attr]
    elif any(key.endswith("layer4.1.conv2.weight") for key in residual):
        encoder, width = "resnet-18", 512
        pattern = re.compile(r"(?:^|\.)((?:conv1|bn1|layer[1-4])\..+)$")
        prefix = next(key for key in residual if key.endswith("layer1.0.conv1.weight")).removesuffix("layer1.0.conv1.weight")
        body = {"encoder." + key.removeprefix(prefix): v for key, v in residual.items() if pattern.search(key)}
    else:
        raise ModelError(
            "“%(name)s” is neither AlexNet's convolutions nor a ResNet-18 with one linear layer, by torchvision's names.",
            {"name": name},
        )
    heads = [key for key, value in state.items() if key.endswith(".weight") and value.dim() == 2 and value.shape[1] == width]
    if len(heads) != 1 or state[heads[0]].shape[0] != 1:
        raise ModelError(
            "“%(name)s” does not end in one linear layer from %(width)s channels to one answer.", {"name": name, "width": width}
        )
    bias = state.get(heads[0].removesuffix("weight") + "bias", torch.zeros(1))
    return encoder, {**body, "head.weight": state[heads[0]], "head.bias": bias}


def _filled(network: nn.Module, state: State, name: str) -> None:
    wanted = network.state_dict()
    counters = {key: torch.tensor(0) for key in wanted if key.endswith("num_batches_tracked") and key not in state}
    try:
        network.load_state_dict({**counters, **state}, strict=True)
    except RuntimeError as error:
        raise ModelError("“%(name)s” does not fit: %(error)s.", {"name": name, "error": str(error)[:300]}) from error
    if not all(bool(torch.isfinite(value).all()) for value in state.values()):
        raise ModelError("“%(name)s” holds numbers that are not finite.", {"name": name})


def _entries(name: str, card: Path | None, channels: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The card's plain entries, and its joins."""
    given: dict[str, Any] = {}
    if card is not None:
        try:
            given = tomllib.loads(card.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(
                "The card “%(file)s” cannot be used: %(error)s.", {"file": card.name, "error": str(error)}
            ) from error
    joins = given.pop("joins", [])
    three = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]} if channels == 3 else {}
    entries = tomllib.loads(CARD) | {"input_size": SIZE, **given}
    entries |= {
        "name": name,
        "title": entries["title"] or name,
        "kind": "exam",
        "architecture": "stack",
        "findings": list(KNEE_FINDINGS),
        "explained_layer": "encoder",
        "preprocessing": {"stretch": "stack", "scale": [0.0, 1.0], "channels": channels, **three}
        | given.get("preprocessing", {}),
    }
    return entries, joins
