"""SmoothGrad: the gradient averaged over slightly noisy copies of the film.

Smilkov et al.: SmoothGrad: removing noise by adding noise (2017), arXiv:1706.03825. Normal noise with a standard deviation of
``noise`` times the slice's range; the gradients are averaged with their signs, then their magnitude is taken, as for saliency.
The noise comes from ``seed``, so that the same film gives the same map.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from app.errors import InputError
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "SmoothGrad"
SIGNED = False
SUMMARY = "Saliency with less noise: the average over slightly changed copies of the film."
PAPER = "Smilkov 2017, arXiv:1706.03825"
PANEL = 0


@dataclass(frozen=True)
class SmoothGrad(Explainer):
    """The mean of ``samples`` gradients."""

    signed: ClassVar[bool] = SIGNED
    samples: int = 16
    noise: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1 or self.noise < 0:
            raise InputError("SmoothGrad needs at least one sample and a noise of at least 0.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The magnitude of the mean gradient, (targets, slices, size, size)."""
        film = trace.input.detach()
        spread = self.noise * (film.amax((2, 3), keepdim=True) - film.amin((2, 3), keepdim=True))
        generator = torch.Generator().manual_seed(self.seed)
        total = film.new_zeros(len(targets), *film.shape)
        for _ in range(self.samples):
            # The same for every slice, whatever stands beside it, and for every channel: a film is grey.
            noise = torch.randn(1, *film.shape[2:], generator=generator).to(film)
            total += trace.gradients_at(film + spread * noise, targets)[1]
        return Relevance((total / self.samples).abs().amax(2))
