"""Grad-CAM++: Grad-CAM with weights that let several separate places count in full.

Chattopadhay et al.: Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep Convolutional Networks (WACV 2018).
With g = ∂ y_c / ∂ A_k and the paper's choice Y = exp(y): ``α = g² / (2 g² + g³ Σ A_k)``, a/0 := 0;
``w_k = Σ over places of α · ReLU(g)``; ``map = Σ_k w_k A_k``, whose positive part is the picture. The factor exp(y) is left
out: it is the same for every place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from app.explainers.base import Explainer, Relevance
from app.explainers.geometry import field
from app.explainers.relevance.linear import reciprocal
from app.explainers.trace import Trace

TITLE = "Grad-CAM++"
SIGNED = False
SUMMARY = "Like Grad-CAM, but several separate places of the same kind count in full."
PAPER = "Chattopadhay 2018, WACV"
PANEL = 0


@dataclass(frozen=True)
class GradCAMPlusPlus(Explainer):
    """Grad-CAM++ at the layer that the network's card names."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map before its ReLU, (targets, slices, h, w), at the layer's own resolution."""
        place = trace.place(trace.classifier.card.explained_layer)
        layer = trace.tape.values[place]
        gradient = trace.gradients(targets, layer)
        features = layer.detach()
        square = gradient.square()
        alpha = square * reciprocal(2 * square + square * gradient * features.sum((2, 3), keepdim=True))
        weights = (alpha * gradient.clamp_min(0)).sum((3, 4))
        return Relevance(torch.einsum("tnc,nchw->tnhw", weights, features), field=field(trace.tape, place))
