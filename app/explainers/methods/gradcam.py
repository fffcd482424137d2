"""Grad-CAM: the feature maps, weighted by how much each of them moves the logit.

Selvaraju et al.: Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization (ICCV 2017).
``α_k = mean over places of ∂ y_c / ∂ A_k``; ``map = Σ_k α_k A_k``. The paper's picture is the positive part of this map; the
values keep their sign, and the picture drops the negative side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Grad-CAM"
SIGNED = False
SUMMARY = "Which coarse regions of the last feature maps raise the answer, weighted by the gradient."
PAPER = "Selvaraju 2017, ICCV"
PANEL = 2
ENDS = ("for", "")


@dataclass(frozen=True)
class GradCAM(Explainer):
    """Grad-CAM at the layer that the network's card names."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map before its ReLU, (targets, slices, h, w), at the layer's own resolution."""
        layer = trace.layer(trace.classifier.card.explained_layer)
        weights = trace.gradients(targets, layer).mean((3, 4))
        return Relevance(torch.einsum("tnc,nchw->tnhw", weights, layer.detach()))
