"""One plane's network from stacks: exams through the encoder, maximum over slices, weighted loss, averaged weights, resumable.

Where an exam's truth is drawn (phantoms), the map of a finding learns besides where the finding is: without that, a network of
a few hundred exams is right for reasons of its own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app.classifiers.stack import StackNetwork
from app.domain import KNEE_FINDINGS, Plane
from app.evaluation.predictions import auroc
from app.training.averaging import follow
from app.training.exams.mrnet import Exams
from app.training.fitting import one_cycle
from app.training.progress import Progress, clock
from app.training.record import Record, environment

PLACE_WEIGHT = 3.0
"""How much the place of a finding counts beside its presence."""
PLACE_RARE = 5.0
"""Cells with a finding count so many times: there are few of them."""
WAYS = 0.3
"""How much counts what the maximum over slices and the slices' weighed mean would answer each by itself, in a network that has
both: without it the maximum, which is there first, leaves the weights little to learn (deep supervision, as of gates)."""
AT_ONCE = 16
"""Slices that an encoder sees at once when nothing is learned."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a plane is learned. ``size``: of the input, px. ``batch``: exams per step. ``turn`` in degrees, ``shift`` as a share
    of the field, ``zoom`` as a share, ``mirror`` how often left and right change places, ``tint`` how far brightness and
    contrast move. The paper's: 25°, 25 px of 256, half of them mirrored."""

    size: int
    epochs: int
    batch: int
    rate: float
    turn: float = 25.0
    shift: float = 0.1
    zoom: float = 0.0
    mirror: float = 0.5
    tint: float = 0.0
    decay: float = 0.01
    average: float = 0.995


@dataclass
class PlaneFit:
    """A run over one plane. ``about`` is what it is begun with; it is continued with nothing else, unless ``fresh``."""

    network: StackNetwork
    average: StackNetwork
    plane: Plane
    recipe: Recipe
    folder: Path
    device: torch.device
    seed: int
    about: dict[str, str]
    fresh: bool = False
    places: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self.places = Places()

    def run(self, train: Exams, valid: Exams) -> None:
        """All epochs, each with a checkpoint and a row of figures; goes on where a run stopped."""
        record = Record(self.folder, self.about, environment(self.device))
        state = record.begin(self.fresh)
        self.places.to(self.device)
        learned = [*self.network.parameters(), *self.places.parameters()]
        optimiser = torch.optim.AdamW(learned, lr=self.recipe.rate, weight_decay=self.recipe.decay)
        done = self._restore(state, optimiser)
        progress = Progress(f"{self.plane}", float(self.recipe.epochs), float(done))
        for epoch in range(done + 1, self.recipe.epochs + 1):
            started = time.monotonic()
            torch.manual_seed(self.seed * 10_000 + epoch)
            loss = self._epoch(epoch, train, optimiser, progress)
            logits = answered(self.average, valid, self.plane, self.recipe.size, self.device)
            each = [auroc(logits[:, f], valid.labels[:, f] == 1) for f in range(len(KNEE_FINDINGS))]
            figures = {**dict(zip(KNEE_FINDINGS, each, strict=True)), "validation": float(np.nanmean(each))}
            seconds = time.monotonic() - started
            row = {"epoch": epoch, "loss": loss, "seconds": seconds}
            record.keep({**row, **figures}, self._state(epoch, optimiser))
            named = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
            progress.say(f"{self.plane}: epoch {epoch} of {self.recipe.epochs}: loss {loss:.4f}, {named}, {clock(seconds)}")

    def _epoch(self, epoch: int, train: Exams, optimiser: torch.optim.Optimizer, progress: Progress) -> float:
        random = np.random.default_rng(self.seed * 10_000 + epoch)
        order = random.permutation(len(train))
        batches = [order[start : start + self.recipe.batch] for start in range(0, len(order), self.recipe.batch)]
        weights = rare(train.labels)
        self.network.train()
        total = 0.0
        for step, index in enumerate(batches):
            done = (epoch - 1 + step / len(batches)) / self.recipe.epochs
            for group in optimiser.param_groups:
                group["lr"] = one_cycle(done) * self.recipe.rate
            total += self._step(train, index, weights, random, optimiser)
            rest = progress.left(1 - (step + 1) / len(batches))
            progress.advance(1 / len(batches), f"epoch {epoch}, loss {total / (step + 1):.4f}, it ends in {clock(rest)}")
        return total / len(batches)

    def _step(
        self,
        train: Exams,
        index: NDArray[np.intp],
        weights: Tensor,
        random: np.random.Generator,
        optimiser: torch.optim.Optimizer,
    ) -> float:
        shown = [seen(train, self.plane, int(i), self.recipe, random) for i in index]
        x = torch.cat([stack for stack, _ in shown]).to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16):
            maps = self.network.encoder(x)
        maps = maps.float()
        pooled = maps.mean((2, 3)).split([len(stack) for stack, _ in shown])
        labels, heavy = torch.from_numpy(train.labels[index]).to(self.device), weights.to(self.device)
        loss = F.binary_cross_entropy_with_logits(
            torch.cat([self.network.answer(part) for part in pooled]), labels, pos_weight=heavy
        )
        ways = [torch.cat(each) for each in zip(*(self.network.ways(part) for part in pooled), strict=True)]
        for way in ways:
            loss = loss + WAYS / len(ways) * F.binary_cross_entropy_with_logits(way, labels, pos_weight=heavy)
        if all(masks is not None for _, masks in shown):
            masks = torch.cat([masks for _, masks in shown if masks is not None]).to(self.device)
            loss = loss + PLACE_WEIGHT * self.places(self.network, maps, masks)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*self.network.parameters(), *self.places.parameters()], 2.0)
        optimiser.step()
        follow(self.network, self.average, self.recipe.average)
        return float(loss.detach())

    def _state(self, epoch: int, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
        return {
            "epoch": epoch,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "places": self.places.state_dict(),
            "optimiser": optimiser.state_dict(),
        }

    def _restore(self, state: dict[str, Any] | None, optimiser: torch.optim.Optimizer) -> int:
        if state is None:
            return 0
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.places.load_state_dict(state["places"])
        optimiser.load_state_dict(state["optimiser"])
        return int(state["epoch"])


class Places(nn.Module):
    """The loss of where a finding is: the class activation map of every slice, scaled and shifted, against the drawn truth."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(len(KNEE_FINDINGS)))
        self.shift = nn.Parameter(torch.full((len(KNEE_FINDINGS),), -4.0))

    def forward(self, network: StackNetwork, maps: Tensor, masks: Tensor) -> Tensor:
        """``maps`` (slices, width, h, w), ``masks`` (slices, findings, size, size) in [0, 1]."""
        heat = torch.einsum("fk,skhw->sfhw", network.alone, maps)
        heat = heat * self.scale[None, :, None, None] + self.shift[None, :, None, None]
        truth = F.adaptive_max_pool2d(masks, heat.shape[2:])
        return F.binary_cross_entropy_with_logits(heat, truth, pos_weight=truth.new_tensor(PLACE_RARE))


def rare(labels: NDArray[np.float32]) -> Tensor:
    """Class weights (findings,): a finding counts as often more as it is rarer than its absence; 1 where a class is missing."""
    there = labels.sum(0)
    away = len(labels) - there
    return torch.from_numpy(np.where((there > 0) & (away > 0), away / np.maximum(there, 1), 1.0).astype(np.float32))


def seen(exams: Exams, plane: Plane, index: int, recipe: Recipe, random: np.random.Generator) -> tuple[Tensor, Tensor | None]:
    """An exam as a step sees it, turned and moved at random, all slices alike: float32 (slices, 1, size, size) in −2 … 2, and
    the masks (slices, findings, size, size) where there are some."""
    stack = prepared(exams.stack(plane, index), recipe.size)
    raw = exams.masks(plane, index)
    masks = None
    if raw is not None:
        masks = F.adaptive_max_pool2d(torch.from_numpy(raw).float().transpose(0, 1), recipe.size)
    angle = np.deg2rad(random.uniform(-recipe.turn, recipe.turn))
    zoom, mirror = random.uniform(1 - recipe.zoom, 1 + recipe.zoom), -1.0 if random.random() < recipe.mirror else 1.0
    across, down = random.uniform(-2 * recipe.shift, 2 * recipe.shift, 2)
    cos, sin = float(np.cos(angle)) * zoom, float(np.sin(angle)) * zoom
    matrix = torch.tensor([[cos * mirror, -sin, across], [sin * mirror, cos, down]], dtype=torch.float32)
    grid = F.affine_grid(matrix[None].expand(len(stack), -1, -1), list(stack.shape), align_corners=False)
    stack = F.grid_sample(stack, grid, align_corners=False)
    if masks is not None:
        masks = F.grid_sample(masks, grid, align_corners=False)
    if recipe.tint:
        stack = stack * random.uniform(1 - recipe.tint, 1 + recipe.tint) + random.uniform(-recipe.tint, recipe.tint) / 3
        stack = stack.clamp(0, 1) ** random.uniform(1 - recipe.tint, 1 + recipe.tint)
    return (stack - 0.5) * 4, masks


def prepared(stack: NDArray[np.uint8], size: int) -> Tensor:
    """A stack as `app.classifiers.classifier.stretched` and `prepare_plane` show it to a network, before its scale: float32
    (slices, 1, size, size) in [0, 1]. MRNet's stacks are square."""
    low, high = np.percentile(stack, (1, 99.5)).tolist()
    grey = torch.from_numpy(np.clip((stack.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1))[:, None]
    if grey.shape[2:] == (size, size):
        return grey
    return F.interpolate(grey, (size, size), mode="bilinear", antialias=True, align_corners=False)


@torch.inference_mode()
def answered(network: StackNetwork, exams: Exams, plane: Plane, size: int, device: torch.device) -> NDArray[np.float32]:
    """A plane's logits (n, findings) for exams as they are."""
    network.eval()
    rows = []
    for index in range(len(exams)):
        chunks = torch.split((prepared(exams.stack(plane, index), size) - 0.5) * 4, AT_ONCE)
        parts: Sequence[Tensor] = [network.pooled(chunk.to(device, memory_format=torch.channels_last)) for chunk in chunks]
        rows.append(network.answer(torch.cat(list(parts))).float().cpu())
    return torch.cat(rows).numpy()
