"""Occlusion: how much the logit falls when a patch of the film is hidden.

Zeiler, Fergus: Visualizing and Understanding Convolutional Networks (ECCV 2014). A square patch, filled with the slice's mean,
slides over the film by a cell of a grid at a time; each cell gets the mean fall over all patches that hid it, which is the
finest that they tell: one value for all of its pixels. One pass per patch serves all findings.
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
    """The film is cut into ``cells`` × ``cells``; the patch's side is ``overlap`` of them."""

    signed: ClassVar[bool] = SIGNED
    cells: int = 14
    overlap: int = 2

    def __post_init__(self) -> None:
        if self.cells < 1 or not 1 <= self.overlap <= self.cells:
            raise InputError("Occlusion needs at least one cell and an overlap between 1 and the number of cells.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The fall of the logit, (targets, slices, cells, cells)."""
        film = trace.input.detach()
        stack = trace.answer(film[:1].repeat(2, 1, 1, 1)).shape[0] == 1  # one answer for all slices: no batch of patches
        maps = film.new_zeros(len(targets), trace.slices, self.cells, self.cells)
        hidden = film.new_zeros(self.cells, self.cells)
        patches = list(self._patches())
        for rows, columns in patches:
            hidden[rows, columns] += 1
        for index in range(trace.slices):
            before = trace.logits[0 if stack else index]
            size = 1 if stack else BATCH
            for start in range(0, len(patches), size):
                some = patches[start : start + size]
                pixels = [self._pixels(patch, film.shape[-1]) for patch in some]
                after = trace.answer(self._hide(film, index, pixels, whole=stack))
                for (rows, columns), logits in zip(some, after, strict=True):
                    maps[:, index, rows, columns] += (before - logits)[list(targets), None, None]
        return Relevance(maps / hidden)

    def _patches(self) -> Iterator[tuple[slice, slice]]:
        """Rows and columns of cells that are hidden together."""
        spans = [slice(k, k + self.overlap) for k in range(self.cells - self.overlap + 1)]
        for rows in spans:
            for columns in spans:
                yield rows, columns

    def _pixels(self, patch: tuple[slice, slice], size: int) -> tuple[slice, slice]:
        """A patch of cells in pixels of the network's input."""
        rows, columns = (slice(round(s.start * size / self.cells), round(s.stop * size / self.cells)) for s in patch)
        return rows, columns

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
