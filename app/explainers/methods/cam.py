"""Class activation mapping: exact for a network that ends in global average pooling and one linear layer.

Zhou et al.: Learning Deep Features for Discriminative Localization (CVPR 2016). ``M_c(i, j) = Σ_k w_ck f_k(i, j)`` with f the
feature map that is pooled. The bias is not in the map: ``mean over places of M_c + b_c = y_c``.

Where it reads several such maps that lie elsewhere, as that of a film and that of a crop, their maps are laid over one another:
every cell's part of the answer is spread over the place that it looks at.

Where a network of a stack takes each channel's largest mean over the slices (Bien et al. 2018), a channel is in the map of the
slice that won it and in no other (the first of equals): ``Σ over slices of the mean over places of M_c + b_c = y_c``. Where it
weighs its slices besides, each slice's map has the weighed part in it, and the sum is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from app.classifiers.stack import StackNetwork
from app.errors import NotExplainable
from app.explainers.base import Explainer, Relevance
from app.explainers.geometry import field
from app.explainers.laying import over
from app.explainers.relevance.plan import Part, plan
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
        walk, network = plan(trace.tape), trace.classifier.network
        head = walk.average_pooled_head()
        if head is None and (parts := walk.pooled_parts()) and walk.last is not None:
            return together(trace, parts, walk.last.call.argument(1, "weight").detach()[list(targets)])
        if head is None and isinstance(network, StackNetwork):
            return of_slices(trace, network, targets)
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


def of_slices(trace: Trace, network: StackNetwork, targets: Sequence[int]) -> Relevance:
    """The maps of a network that weighs its slices, (targets, slices, h, w), the weights held as they are."""
    features = trace.layer("encoder").detach()
    factors = network.factors(features.mean((2, 3)))[list(targets)].detach()
    return Relevance(torch.einsum("tnc,nchw->tnhw", factors, features), field=field(trace.tape, trace.place("encoder")))


def together(trace: Trace, parts: Sequence[Part], weight: Tensor) -> Relevance:
    """One map of several that are pooled apart, (targets, slices, h, w) over the network's input; ``weight`` (targets, channels
    of all). The mean over places is the answer less the bias, as of one map."""
    laid = []
    for part in parts:
        features, place = trace.tape.values[part.features].detach(), field(trace.tape, part.features)
        if place is None:
            raise NotExplainable("needs feature maps whose cells have a place on the film")
        maps = torch.einsum("tc,nchw->tnhw", weight[:, part.first : part.end], features)
        laid.append(over(maps / maps[0, 0].numel(), place, (trace.input.shape[2], trace.input.shape[3])))
    whole = torch.stack(laid).sum(0)
    return Relevance(whole * whole[0, 0].numel())
