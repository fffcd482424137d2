"""RISE: where the film must be seen for the answer to be high, by hiding random parts of it.

Petsiuk, Das, Saenko: RISE: Randomized Input Sampling for Explanation of Black-box Models (BMVC 2018). Random coarse masks,
each cell kept with the probability ``share``, made smooth and shifted by chance, lie over the film; a place counts as the mean
answer over the masks, each weighted by how much of the place it leaves. Less the mean answer over all masks, which the paper
leaves in: it is the same everywhere, and without it a place where seeing makes no difference has 0. What is hidden becomes the
slice's mean, as for occlusion; the answer is the logit. The masks come from ``seed``, so that the same film gives the same map.

A stack is hidden slice by slice, each slice under a mask of its own, because one mask for all could not tell them apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from app.errors import InputError
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "RISE"
SIGNED = True
SUMMARY = "Where the film must be seen for the answer to be high: a test with random parts hidden, slow but direct."
PAPER = "Petsiuk 2018, BMVC"
PANEL = 0
BATCH = 8
"""Masks per pass where the network reads each slice by itself; more gains nothing on a CPU."""


@dataclass(frozen=True)
class RISE(Explainer):
    """``masks`` of ``cells`` × ``cells`` cells."""

    signed: ClassVar[bool] = SIGNED
    copies: ClassVar[float] = 0.25
    masks: int = 500
    cells: int = 8
    share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.masks < 2 or self.cells < 1 or not 0 < self.share < 1:
            raise InputError("RISE needs at least two masks, one cell and a share between 0 and 1.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The answer where a place is seen less the mean answer, (targets, slices, size, size)."""
        film = trace.input.detach()
        mean = film.mean((2, 3), keepdim=True)
        shape = (len(targets), film.shape[0], *film.shape[2:])
        seen, weighted, total = film.new_zeros(shape[1:]), film.new_zeros(shape), film.new_zeros(len(targets), film.shape[0])
        for masks in self._masks(film.shape[0] if trace.stacked else 1, film):
            answers = self._answers(trace, mean, film - mean, masks)[..., list(targets)]
            seen += masks.sum(0)
            weighted += torch.einsum("mnt,mnhw->tnhw", answers, masks.expand(-1, film.shape[0], -1, -1))
            total += answers.sum(0).T
        left = seen.clamp_min(torch.finfo(seen.dtype).tiny)
        return Relevance(torch.where(seen > 0, weighted / left - (total / self.masks)[..., None, None], 0.0))

    def _masks(self, slices: int, film: Tensor) -> Iterator[Tensor]:
        """All masks, (masks, slices, size, size) at a time: values from 0, hidden, to 1."""
        generator = torch.Generator().manual_seed(self.seed)
        rows, columns = film.shape[2:]
        cell = -(-max(rows, columns) // self.cells)
        side = (self.cells + 1) * cell
        for start in range(0, self.masks, BATCH):
            count = min(BATCH, self.masks - start)
            kept = torch.rand(count, slices, self.cells + 1, self.cells + 1, generator=generator) < self.share
            large = F.interpolate(kept.to(film), size=(side, side), mode="bilinear", align_corners=False)
            shifts = torch.randint(0, cell, (count, 2), generator=generator).tolist()
            yield torch.stack([one[:, y : y + rows, x : x + columns] for one, (y, x) in zip(large, shifts, strict=True)])

    @staticmethod
    def _answers(trace: Trace, mean: Tensor, varying: Tensor, masks: Tensor) -> Tensor:
        """The logits under some masks, (masks, slices, findings)."""
        if trace.stacked:
            each = [trace.answer(mean + mask[:, None] * varying) for mask in masks]
            return torch.stack(each).expand(-1, len(varying), -1)
        own = [trace.answer(_batch(mean[at] + masks * varying[at])) for at in range(len(varying))]
        return torch.stack(own, 1)


def _batch(films: Tensor) -> Tensor:
    return films.contiguous(memory_format=torch.channels_last)
