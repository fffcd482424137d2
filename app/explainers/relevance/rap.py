"""RAP's rules for layers with weights (Nam et al., AAAI 2020), as its authors' code computes them.

Relevance begins at the last linear layer's input and is never rescaled. Every other layer with weights passes it on by its
positive and negative parts and then shifts all active neurons by the same amount, so that the sum is kept. No bias takes part.
The rules need inputs ≥ 0. Where it begins (`START`), with ``c_i = x_i w_ti`` of the finding t:

- paper: each neuron's share of all influence, ``|c_i| / Σ|c|``. Of a network that answers many findings it is nearly the same
  for each of them: which neurons are active decides more than their weights.
- contrastive: each neuron's share of what speaks for the finding, ``c⁺_i / Σc⁺``, minus the mean of this over all findings of
  the network. It adds up to about nothing.
- uniform: every active neuron the same, whatever the finding: what a map of the paper's start is measured against.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from app.errors import NotExplainable
from app.explainers.relevance.engine import Rules, negative_activation
from app.explainers.relevance.linear import Linear, reciprocal
from app.explainers.relevance.lrp import box, positive_part, positive_weight
from app.explainers.relevance.plan import Plan, Step
from app.explainers.trace import Trace

Start = Literal["paper", "contrastive", "uniform"]


@dataclass(frozen=True)
class RAPRules(Rules):
    """``signed_sharing`` is the faithful mode; ``by_logit`` restores the authors' scale, a seed whose sum is the logit."""

    method = "RAP"

    signed_sharing: bool = False
    by_logit: bool = False
    start: Start = "paper"

    @property
    def balanced(self) -> bool:
        """Only a contrastive start adds up to about nothing."""
        return self.start == "contrastive"

    def check(self, walk: Plan) -> None:
        """All layers have a rule, and every layer with weights but the first reads values ≥ 0."""
        super().check(walk)
        for step in walk.steps:
            if step.kind in ("conv", "linear") and not step.first and not step.positive:
                cause = negative_activation(walk)
                raise NotExplainable(
                    "RAP needs inputs that are never negative, and “%(place)s” reads values that may be (%(cause)s). "
                    "Still available: %(others)s.",
                    {
                        "place": step.name,
                        "cause": cause.call.name if cause else "no ReLU before it",
                        "others": "LRP, Grad-CAM, saliency",
                    },
                )

    def seed(self, trace: Trace, head: Step, targets: Sequence[int]) -> Tensor:
        """By the start; times the logit with ``by_logit``."""
        x = trace.tape.values[head.sources[0]].detach()
        weight = Linear.of(head).weight
        if self.start == "contrastive":
            if len(weight) < 2:
                raise NotExplainable(
                    "RAP's contrastive start compares a finding with the network's others, and this network has one alone. "
                    "Still available: %(others)s.",
                    {"others": "RAP, LRP, Grad-CAM, saliency"},
                )
            shares = _shares(_contributions(x, weight).clamp_min_(0))
            return shares[list(targets)] - shares.mean(0)
        own = _contributions(x, weight[list(targets)])
        shares = _shares(own.abs_() if self.start == "paper" else (x != 0).to(x).expand_as(own))
        if self.by_logit:
            logits = trace.logits[:, list(targets)].T
            shares = shares * logits.view(*logits.shape, *[1] * (shares.dim() - 2))
        return shares

    def weighted(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor:
        """z^B for the first convolution; criterion of relevant neuron and uniform shifting for the others.

        ``m_j`` needs no mask: P, N and s only ever multiply R_j, which is 0 where m_j is. ``s_j/N_j = 1/(P_j+N_j)``."""
        layer = Linear.of(step)
        if step.first:
            return box(trace, layer, layer.weight, r, x)
        key = step.call.output
        up = positive_weight(trace, layer)
        down = trace.remember(("|w-|", key), lambda: (-layer.weight).clamp_min_(0))
        p = positive_part(trace, layer, x)
        n = trace.remember(("N", key), lambda: layer.forward(x, down))
        by_p = trace.remember(("1/P", key), lambda: reciprocal(p))
        by_both = trace.remember(("1/(P+N)", key), lambda: reciprocal(p + n))
        if step.kind == "linear":
            return shifted(layer.transposed(r * by_p, up, x).add_(layer.transposed(r * by_both, down, x)), r, x)
        by_n = trace.remember(("1/N", key), lambda: reciprocal(n))
        if layer.groups > 1:
            s = (r * by_both).addcmul_(r.clamp_max(0), by_n)
            return shifted(layer.transposed(r.clamp_min(0).mul_(by_p), up, x).add_(layer.transposed(s, down, x)), r, x)
        # Both parts as one transposed map of twice the outputs: less work than two, and nothing to add up afterwards.
        last = torch.channels_last if p.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        targets, (slices, outputs, *sizes) = r.shape[0], p.shape
        both = torch.empty((targets * slices, 2 * outputs, *sizes), dtype=r.dtype, device=r.device, memory_format=last)
        both = both.view(targets, slices, 2 * outputs, *sizes)
        each = _rows(r)
        signed = torch.empty_like(r[each[0]])
        for some in each:
            above, below = both[some, :, :outputs], both[some, :, outputs:]
            torch.mul(torch.clamp_min(r[some], 0, out=signed), by_p, out=above)
            torch.mul(r[some], by_both, out=below).addcmul_(torch.clamp_max(r[some], 0, out=signed), by_n)
        weights = trace.remember(("w+|w-|", key), lambda: torch.cat([up, down]))
        return shifted(layer.transposed(both, weights, x), r, x)


def _contributions(x: Tensor, weight: Tensor) -> Tensor:
    """``c_i = x_i w_ti``: x (slices, …, neurons), weight (findings, neurons) → (findings, \\*x's shape)."""
    return x * weight.view(len(weight), *[1] * (x.dim() - 1), -1)


def _shares(parts: Tensor) -> Tensor:
    """What each neuron has of the sum over one finding and slice; 0 where the sum is 0."""
    whole = parts.flatten(2).sum(2)
    return parts * reciprocal(whole).view(*whole.shape, *[1] * (parts.dim() - 2))


def shifted(c: Tensor, r: Tensor, x: Tensor) -> Tensor:
    """Contributions ``C_i = x_i c_i`` under uniform shifting, in place of ``c``: ``C_i − [C_i ≠ 0]·(ΣC − ΣR)/n`` over one
    finding and slice, n counting active neurons."""
    # Sums over dimensions as they lie: a channels-last value would be copied to be flattened.
    own, above = tuple(range(2, c.dim())), tuple(range(2, r.dim()))
    each, wanted = _rows(c), r.sum(above)
    active = torch.empty_like(c[each[0]])
    for some in each:
        part = c[some].mul_(x)
        torch.ne(part, 0, out=active)
        shift = (wanted[some] - part.sum(own)) * reciprocal(active.sum(own))
        part.addcmul_(active, shift.view(*shift.shape, *[1] * (c.dim() - 2)))
    return c


def _rows(r: Tensor) -> list[slice]:
    """The findings of ``r``, one by one on a CPU, where one fits into the cache and all of them do not."""
    return [slice(row, row + 1) for row in range(len(r))] if r.device.type == "cpu" else [slice(None)]
