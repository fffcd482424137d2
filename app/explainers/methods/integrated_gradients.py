"""Integrated gradients: what each pixel adds on the straight way from an empty film to this one.

Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks (ICML 2017). ``(x − x′) · ∫₀¹ ∂y_c/∂x (x′ + a (x − x′)) da`` by
Gauss–Legendre quadrature. The map's sum is ``y_c(x) − y_c(x′)``; what the quadrature misses of it is the conservation error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from app.errors import InputError
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Integrated Gradients"
SIGNED = True
SUMMARY = "What each pixel adds to the answer or takes from it, compared with an empty film."
PAPER = "Sundararajan 2017, ICML"
PANEL = 0


@dataclass(frozen=True)
class IntegratedGradients(Explainer):
    """``baseline``: the empty film x′, black (the slice's darkest value everywhere) or grey (its mean),
    channel by channel."""

    signed: ClassVar[bool] = SIGNED
    steps: int = 32
    baseline: str = "black"

    def __post_init__(self) -> None:
        if self.steps < 1 or self.baseline not in ("black", "grey"):
            raise InputError("Integrated gradients need at least one step and a baseline that is black or grey.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """Each pixel's part of ``y(x) − y(x′)``, (targets, slices, size, size)."""
        film = trace.input.detach()
        empty = film.amin((2, 3), keepdim=True) if self.baseline == "black" else film.mean((2, 3), keepdim=True)
        empty = empty.expand_as(film)
        places, weights = np.polynomial.legendre.leggauss(self.steps)
        total = film.new_zeros(len(targets), *film.shape)
        for place, weight in zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True):
            total += weight * trace.gradients_at(empty + place * (film - empty), targets)[1]
        maps = ((film - empty) * total).sum(2)
        wanted = (trace.logits - trace.answer(empty))[:, list(targets)].T.double()
        found = maps.flatten(2).sum(2, dtype=torch.float64)
        if wanted.shape[1] != trace.slices:
            wanted = wanted.expand(-1, trace.slices)
            found = found.sum(1, keepdim=True).expand_as(wanted)
        missed = (found - wanted).abs() / wanted.abs().clamp_min(1e-12)
        return Relevance(maps, wanted, missed)
