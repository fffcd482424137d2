"""Occlusion: how much the logit falls when a patch of the film is hidden.

Zeiler, Fergus: Visualizing and Understanding Convolutional Networks (ECCV 2014). A square patch, filled with the slice's mean,
slides over the film; each pixel gets the mean fall over all patches that hid it. One pass per patch serves all findings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from app.errors import InputError
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Occlusion"
SIGNED = True
SUMMARY = "How much the answer falls when a patch of the film is hidden: a test on the film itself, slow but direct."
PAPER = "Zeiler 2014, ECCV"
PANEL = 0
BATCH = 8
"""Patches per pass where the network reads each slice by itself; more gains nothing on a CPU."""


@dataclass(frozen=True)
class Occlusion(Explainer):
    """The patch moves ``cells`` times along each side, by size/cells; its side is ``overlap`` such moves."""

    signed: ClassVar[bool] = SIGNED
    cells: int = 14
    overlap: int = 2

    def __post_init__(self) -> None:
        if self.cells < 1 or not 1 <= self.overlap <= self.cells:
            raise InputError("Occlusion needs at least one cell and an overlap between 1 and the number of cells.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The fall of the logit, (targets, slices, size, size)."""
        film = trace.input.detach()
        stack = trace.answer(film[:1].repeat(2, 1, 1, 1)).shape[0] == 1  # one answer for all slices: no batch of patches
        maps = film.new_zeros(len(targets), trace.slices, *film.shape[2:])
        hidden = film.new_zeros(film.shape[2:])
        patches = list(self._patches(film))
        for rows, columns in patches:
            hidden[rows, columns] += 1
        for index in range(trace.slices):
            before = trace.logits[0 if stack else index]
            size = 1 if stack else BATCH
            for start in range(0, len(patches), size):
                some = patches[start : start + size]
                after = trace.answer(self._hide(film, index, some, whole=stack))
                for (rows, columns), logits in zip(some, after, strict=True):
                    maps[:, index, rows, columns] += (before - logits)[list(targets), None, None]
        return Relevance(maps / hidden)

    def _patches(self, film: Tensor) -> Iterator[tuple[slice, slice]]:
        size = film.shape[-1]
        edges = [round(k * size / self.cells) for k in range(self.cells + 1)]
        spans = [slice(edges[k], edges[k + self.overlap]) for k in range(self.cells - self.overlap + 1)]
        for rows in spans:
            for columns in spans:
                yield rows, columns

    @staticmethod
    def _hide(film: Tensor, index: int, patches: Sequence[tuple[slice, slice]], whole: bool) -> Tensor:
        """Copies of one slice with a patch hidden in each; ``whole``: the whole stack with a patch hidden in that slice."""
        mean = film[index].mean((1, 2))[:, None, None]
        if whole:
            films = film.clone()
            films[index, :, patches[0][0], patches[0][1]] = mean
            return films
        films = film[index : index + 1].repeat(len(patches), 1, 1, 1)
        for copy, (rows, columns) in zip(films, patches, strict=True):
            copy[:, rows, columns] = mean
        return films.contiguous(memory_format=torch.channels_last)
