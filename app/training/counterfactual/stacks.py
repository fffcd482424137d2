"""What a generator of stacks learns from: pairs of drawn knees, where each may be changed, and what the network says of them.

A network of stacks takes of each channel the largest mean over all slices, so what it said of the slices that stay is kept:
of a changed stack only the changed slices are read anew.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from app.anatomy.knee_limits import knee_limits
from app.classifiers.classifier import Classifier
from app.classifiers.exam import ExamClassifier
from app.classifiers.stack import StackNetwork
from app.counterfactuals.slices import Bounds, with_beside
from app.domain import Plane
from app.errors import InputError
from app.segmentation.stacks import codes
from app.training.counterfactual.knees import KneePair
from app.training.progress import Progress

AT_ONCE = 16
"""Slices that the encoder sees at once."""
FEWEST = 8
"""Called and normal stacks that a finding needs."""

Looked = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""Of a stack the codes of `app.anatomy.knee` (slices, h, w), and what the explained network keeps of each (slices, width)."""


@dataclass(frozen=True, eq=False)
class ExplainedPlane:
    """The network of one plane, frozen, and the finding whose answer is to change."""

    exam: ExamClassifier
    plane: Plane
    finding: str

    @property
    def member(self) -> Classifier:
        """The plane's classifier."""
        return self.exam.member(self.plane, self.finding)

    @property
    def network(self) -> StackNetwork:
        """The plane's network."""
        return cast(StackNetwork, self.member.network)

    @property
    def size(self) -> int:
        """The side of the slices that it reads."""
        return self.member.card.input_size

    @property
    def column(self) -> int:
        """The finding's place among the plane's."""
        return self.member.card.findings.index(self.finding)

    @property
    def point(self) -> float:
        """The plane's logit at which an exam of that plane alone is at the finding's operating point."""
        weight, bias = self.exam.alone(self.plane, self.finding)
        probability = self.exam.card.point(self.finding)
        return (float(np.log(probability / (1 - probability))) - bias) / weight

    def pooled(self, slices: Tensor) -> Tensor:
        """Slices (n, size, size) in [0, 1] → what the network keeps of each, (n, width); differentiable."""
        planes = self.member.channels((slices[:, None] - 0.5) * 4)
        return torch.cat([self.network.pooled(part) for part in torch.split(planes, AT_ONCE)])

    def logits(self, pooled: Tensor) -> Tensor:
        """What it says of a stack from that, (findings,)."""
        return self.network.answer(pooled.float())[0]


@dataclass(frozen=True, eq=False)
class Stack:
    """A stack uint8 (slices, S, S), where it may be changed, what the network keeps of each slice (slices, width) and says of
    all, (findings,)."""

    pixels: Tensor
    bounds: Bounds
    pooled: Tensor
    logits: Tensor

    @property
    def grey(self) -> Tensor:
        """The slices in [0, 1]."""
        return self.pixels.float() / 255

    def seen(self, places: Sequence[int], beside: int) -> tuple[Tensor, Tensor]:
        """What the generator sees of slices that may be changed: them with those beside (n, 1 + 2 · beside, side, side) in
        [0, 1], and their limits."""
        rows = [self.bounds.places.index(place) for place in places]
        films = self.bounds.square.cut(with_beside(self.pixels, tuple(places), beside)).float() / 255
        return films, self.bounds.limits[rows].float()


@dataclass(frozen=True, eq=False)
class StackPair:
    """A knee with the finding and the same one without it."""

    ill: Stack
    well: Stack
    pair: KneePair


@dataclass(frozen=True, eq=False)
class Looking:
    """Who tells where a stack may be changed, for a generator that changes ``side`` cells of it within one of its limits."""

    explained: ExplainedPlane
    anatomy: Classifier
    within: int
    side: int

    @torch.no_grad()
    def look(self, pixels: NDArray[np.uint8]) -> Looked:
        """What the networks make of a stack (slices, S, S) of the explained one's size."""
        grey = torch.from_numpy(pixels).float() / 255
        small = F.interpolate(grey[:, None], self.anatomy.card.input_size, mode="bilinear", antialias=True)
        return codes(self.anatomy, (small - 0.5) * 4), self.explained.pooled(grey).float().numpy()

    @torch.no_grad()
    def stack(self, pixels: NDArray[np.uint8], looked: Looked) -> Stack:
        """A stack with that."""
        found = Bounds.of(knee_limits(looked[0]), self.within, self.side, pixels.shape[-1])
        bounds, pooled = Bounds(found.places, found.square, found.limits.half()), torch.from_numpy(looked[1])
        return Stack(torch.from_numpy(pixels), bounds, pooled, self.explained.logits(pooled))

    def pairs(self, drawn: Iterator[KneePair], count: int, kept: Path) -> list[StackPair]:
        """Those of drawn knees on which there is somewhere to change; what the networks made of them is kept in a folder."""
        about = f"{self.anatomy.card.sha256} {self.explained.exam.card.sha256} {self.explained.plane}"
        folder = kept / f"looked-{hashlib.sha256(about.encode()).hexdigest()[:16]}"
        folder.mkdir(parents=True, exist_ok=True)
        found, progress = [], Progress("stacks", count)
        for one in drawn:
            path = folder / f"{one.seed}.npz"
            if not path.is_file():
                (ill, well), aside = (self.look(pixels) for pixels in (one.ill, one.well)), path.with_suffix(".partial")
                with aside.open("wb") as file:
                    np.savez_compressed(file, ill=ill[0], ill_pooled=ill[1], well=well[0], well_pooled=well[1])
                aside.replace(path)
            with np.load(path) as told:
                ill_stack = self.stack(one.ill, (told["ill"], told["ill_pooled"]))
                pair = StackPair(ill_stack, self.stack(one.well, (told["well"], told["well_pooled"])), one)
            if pair.ill.bounds.places and pair.well.bounds.places:
                found.append(pair)
            progress.advance(1)
        return found


def scales(explained: ExplainedPlane, pairs: Sequence[StackPair]) -> Tensor:
    """The logit of the operating point, the spread of logits, and the gap between called stacks and those that are neither
    called nor ill, float32 (1, 3). InputError for too few of either."""
    column, point = explained.column, explained.point
    ill, well = (torch.stack([getattr(one, side).logits[column] for one in pairs]) for side in ("ill", "well"))
    every = torch.cat([ill, well])
    called, normal = every[every >= point], well[well < point]
    if len(called) < FEWEST or len(normal) < FEWEST:
        raise InputError(
            "“%(finding)s” is called on %(called)s films and not on %(normal)s healthy ones: too few to learn from.",
            {"finding": explained.finding, "called": len(called), "normal": len(normal)},
        )
    return torch.tensor([[point, float(every.std()), float(called.median() - normal.median())]])
