"""What a generator learns from: films with their limits and what the explained network says of them, and pairs whose truth is
known. Knows arrays and the explained network; where films come from is other modules' business."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from app.classifiers.classifier import Classifier
from app.errors import InputError, ModelError

FEWEST = 8
"""Called and normal films that a finding needs on either side."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A network whose answers are to change, frozen; ``columns`` are the places of the generator's findings among its own."""

    loaded: Classifier
    columns: tuple[int, ...]

    @classmethod
    def of(cls, loaded: Classifier, findings: Sequence[str]) -> "Explained":
        """ModelError for a network that does not answer a finding, or reads the chest in the canonical pose."""
        missing = [finding for finding in findings if finding not in loaded.card.findings]
        if missing or loaded.upright:
            raise ModelError(
                "“%(name)s” cannot be explained by a generator: %(reason)s.",
                {"name": loaded.card.name, "reason": ", ".join(missing) or "canonical"},
            )
        return cls(loaded, tuple(loaded.card.findings.index(finding) for finding in findings))

    def logits(self, films: Tensor) -> Tensor:
        """What it says of films (b, 1, S, S) in [0, 1]: logits (b, answers) of all its answers, differentiable."""
        black, white = self.loaded.card.preprocessing.scale
        planes = F.interpolate(films, self.loaded.card.input_size, mode="bilinear", antialias=True)
        planes = (planes - 0.5) * (white - black) + (black + white) / 2
        return self.loaded.network(self.loaded.channels(planes)).float()  # type: ignore[no-any-return]

    @torch.no_grad()
    def told(self, films: Tensor, batch: int = 64) -> Tensor:
        """The same of films uint8 (n, S, S), on the CPU."""
        parts = [self.logits(part[:, None].to(self.loaded.device).float() / 255).cpu() for part in torch.split(films, batch)]
        return torch.cat(parts) if parts else torch.empty(0, len(self.loaded.card.findings))

    def point(self, column: int) -> float:
        """The logit of an answer's operating point."""
        card = self.loaded.card
        probability = card.point(card.findings[column])
        return float(np.log(probability / (1 - probability))) * card.temperature[column]


@dataclass(frozen=True, eq=False)
class Stock:
    """Films uint8 (n, S, S), limits uint8 (n, 5, 64, 64) with 255 for all, the explained network's logits float32 (n, answers),
    ``healthy`` bool (n,): nothing is found there by the label; ``views`` int64 (n,), films of one number were taken alike;
    ``drawn`` bool (n,): something was drawn in, so it is no film; ``patients`` (n,)."""

    films: Tensor
    limits: Tensor
    logits: Tensor
    healthy: Tensor
    views: Tensor
    drawn: Tensor
    patients: NDArray[np.str_]

    def batch(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Films (b, 1, S, S) in [0, 1] and limits (b, 5, 64, 64) in [0, 1] at ``index``, on a device."""
        return self.films[index][:, None].to(device).float() / 255, self.limits[index].to(device).float() / 255


@dataclass(frozen=True, eq=False)
class Pairs:
    """Places (m,) in a stock of films with a finding and of the same films without it; ``finding`` (m,) counts the
    generator's."""

    ill: Tensor
    well: Tensor
    finding: Tensor


@dataclass(frozen=True, eq=False)
class Side:
    """Of one finding, in one direction: films that are to be changed, films that are to stay, and films as they should look,
    all places in a stock."""

    change: Tensor
    keep: Tensor
    like: Tensor


def scales(explained: Explained, stock: Stock) -> Tensor:
    """Per finding of a generator the logit of the operating point, the spread of logits, and the gap: the distance of the
    medians of called films and of those that are neither called nor ill; float32 (findings, 3)."""
    rows = []
    real = ~stock.drawn
    for column in explained.columns:
        point, mine = explained.point(column), stock.logits[:, column]
        called, normal = mine[(mine >= point) & real], mine[(mine < point) & stock.healthy & real]
        if len(called) < FEWEST or len(normal) < FEWEST:
            raise InputError(
                "“%(finding)s” is called on %(called)s films and not on %(normal)s healthy ones: too few to learn from.",
                {"finding": explained.loaded.card.findings[column], "called": len(called), "normal": len(normal)},
            )
        rows.append([point, float(mine[real].std()), float(called.median() - normal.median())])
    return torch.tensor(rows)


def side(stock: Stock, column: int, point: float, direction: int, towards_healthy: int) -> Side:
    """The films of a column of logits for a direction. Towards healthy, called films are changed and normal ones kept and
    looked like; the other way round, the other way round. Of "No Finding" healthy is up, so its normal films are the called."""
    mine = stock.logits[:, column]
    beyond = (mine >= point) if towards_healthy < 0 else (mine < point)
    ill, normal = beyond & ~stock.drawn, ~beyond & stock.healthy & ~stock.drawn
    change, keep = (ill, normal) if direction == towards_healthy else (normal, ill)
    places = [torch.nonzero(one)[:, 0] for one in (change, keep)]
    return Side(places[0], places[1], places[1])


def alike(stock: Stock, index: Tensor, pool: Tensor, random: torch.Generator) -> Tensor:
    """For films at ``index`` (b,) one of a pool (m,) each that was taken alike; any where the pool has none such."""
    found = []
    views = stock.views[pool]
    for view in stock.views[index].tolist():
        same = pool[views == view]
        mine = same if len(same) else pool
        found.append(mine[torch.randint(len(mine), (1,), generator=random)])
    return torch.cat(found)
