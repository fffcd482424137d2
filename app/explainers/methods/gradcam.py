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
from app.explainers.geometry import field
from app.explainers.relevance.plan import plan
from app.explainers.trace import Trace

TITLE = "Grad-CAM"
SIGNED = False
SUMMARY = "Which coarse regions of the last feature maps raise the answer, weighted by the gradient."
PAPER = "Selvaraju 2017, ICCV"
PANEL = 0
ENDS = ("for", "none")

IDENTICAL = "The same map as CAM, scaled: this network ends in pooling and one linear layer. The picture is its positive part."
"""With such an end ``α_k = w_ck / (h · w)``, so that h · w times this map is CAM."""


@dataclass(frozen=True)
class GradCAM(Explainer):
    """Grad-CAM at the layer that the network's card names."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map before its ReLU, (targets, slices, h, w), at the layer's own resolution."""
        place = trace.place(trace.classifier.card.explained_layer)
        layer = trace.tape.values[place]
        weights = trace.gradients(targets, layer).mean((3, 4))
        maps = torch.einsum("tnc,nchw->tnhw", weights, layer.detach())
        head = plan(trace.tape).average_pooled_head()
        same = head is not None and head.features == place
        return Relevance(maps, field=field(trace.tape, place), notes=(IDENTICAL,) if same else ())
