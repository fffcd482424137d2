"""Class activation mapping: exact for a network that ends in global average pooling and one linear layer.

Zhou et al.: Learning Deep Features for Discriminative Localization (CVPR 2016). ``M_c(i, j) = Σ_k w_ck f_k(i, j)`` with f the
feature map that is pooled. The bias is not in the map: ``mean over places of M_c + b_c = y_c``.

Where a network of a stack takes each channel's largest mean over the slices (Bien et al. 2018), a channel is in the map of the
slice that won it and in no other (the first of equals): ``Σ over slices of the mean over places of M_c + b_c = y_c``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from app.errors import NotExplainable
from app.explainers.base import Explainer, Relevance
from app.explainers.geometry import field
from app.explainers.relevance.plan import plan
from app.explainers.trace import Trace

TITLE = "CAM"
SIGNED = True
SUMMARY = "What each coarse region of the last feature maps adds to the answer or takes from it, exactly."
PAPER = "Zhou 2016, CVPR"
PANEL = 1


@dataclass(frozen=True)
class CAM(Explainer):
    """CAM of the feature map that global average pooling reads; that map is the only one the method is defined for."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w), at the feature map's own resolution."""
        head = plan(trace.tape).average_pooled_head()
        if head is None:
            raise NotExplainable(
                "needs global average pooling followed by one linear layer; Grad-CAM and saliency need neither"
            )
        features = trace.tape.values[head.features].detach()
        weight = head.linear.argument(1, "weight").detach()[list(targets)]
        place = field(trace.tape, head.features)
        if not head.over_slices:
            return Relevance(torch.einsum("tc,nchw->tnhw", weight, features), field=place)
        winners = features.mean((2, 3)).max(0, keepdim=True)[1]
        kept = torch.zeros_like(features[:, :, 0, 0]).scatter_(0, winners, 1.0)
        return Relevance(torch.einsum("tc,nc,nchw->tnhw", weight, kept, features), field=place)
