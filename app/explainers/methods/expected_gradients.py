"""Expected gradients: what each pixel adds on the way from healthy films to this one, on average.

Erion, Janizek, Sturmfels, Lundberg, Lee: Improving performance of deep learning models with axiomatic attribution priors and
expected gradients (Nature Machine Intelligence 2021). ``E over x′ of (x − x′) · ∫₀¹ ∂y_c/∂x (x′ + a (x − x′)) da``: Integrated
Gradients, compared with many films instead of an empty one. The paper draws x′ and a by chance; here every film x′ has the same
few places by Gauss–Legendre quadrature, so that the same film gives the same map.

The map's sum is ``y_c(x) − the mean of y_c(x′)``; what the quadrature misses of it is the conservation error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from app.errors import InputError
from app.explainers.base import Explainer, Relevance
from app.explainers.healthy import healthy
from app.explainers.trace import Trace

TITLE = "Expected Gradients"
SIGNED = True
SUMMARY = "What each pixel adds to the answer or takes from it, compared with healthy phantoms."
PAPER = "Erion 2021, Nature Machine Intelligence"
PANEL = 0


@dataclass(frozen=True)
class ExpectedGradients(Explainer):
    """``films``: how many healthy phantoms x′; ``steps``: how many places on the way from each."""

    signed: ClassVar[bool] = SIGNED
    films: int = 8
    steps: int = 4

    def __post_init__(self) -> None:
        if self.films < 1 or self.steps < 1:
            raise InputError("Expected gradients need at least one film to compare with and one step.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """Each pixel's part of ``y(x) − mean y(x′)``, (targets, slices, size, size)."""
        film = trace.input.detach()
        places, weights = np.polynomial.legendre.leggauss(self.steps)
        steps = list(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
        maps = film.new_zeros(len(targets), film.shape[0], *film.shape[2:])
        before = torch.zeros_like(trace.logits)
        for other in healthy(trace, self.films):
            apart = film - other
            for place, weight in steps:
                gradient = trace.gradients_at(other + place * apart, targets)[1]
                maps += weight / self.films * (apart * gradient).sum(2)
            before += trace.answer(other) / self.films
        wanted = (trace.logits - before)[:, list(targets)].T.double()
        found = maps.flatten(2).sum(2, dtype=torch.float64)
        if wanted.shape[1] != trace.slices:
            wanted = wanted.expand(-1, trace.slices)
            found = found.sum(1, keepdim=True).expand_as(wanted)
        return Relevance(maps, wanted, (found - wanted).abs() / wanted.abs().clamp_min(1e-12))
