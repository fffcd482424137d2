"""RAP's rules for layers with weights (Nam et al., AAAI 2020), as its authors' code computes them.

Relevance begins at the last linear layer's input as each neuron's share of all influence, ``|c_i| / Σ|c|``, and is never
rescaled. Every other layer with weights passes it on by its positive and negative parts and then shifts all active neurons by
the same amount, so that the sum is kept. No bias takes part. The rules need inputs ≥ 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from app.errors import NotExplainable
from app.explainers.relevance.engine import Rules, negative_activation
from app.explainers.relevance.linear import Linear, reciprocal
from app.explainers.relevance.lrp import box, positive_part, positive_weight
from app.explainers.relevance.plan import Plan, Step
from app.explainers.trace import Trace


@dataclass(frozen=True)
class RAPRules(Rules):
    """``signed_sharing`` is the faithful mode; ``by_logit`` restores the authors' scale, a seed whose sum is the logit."""

    method = "RAP"

    signed_sharing: bool = False
    by_logit: bool = False

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
        """``|c_i| / Σ|c|`` with ``c_i = x_i w_ti``; times the logit with ``by_logit``."""
        x = trace.tape.values[head.sources[0]].detach()
        weight = Linear.of(head).weight[list(targets)]
        influence = (x * weight.view(len(targets), *[1] * (x.dim() - 1), -1)).abs_()
        whole = influence.flatten(2).sum(2).view(*influence.shape[:2], *[1] * (influence.dim() - 2))
        shares = influence * reciprocal(whole)
        if self.by_logit:
            logits = trace.logits[:, list(targets)].T
            shares = shares * logits.view(*logits.shape, *[1] * (shares.dim() - 2))
        return shares

    def weighted(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor:
        """z^B for the first convolution; criterion of relevant neuron and uniform shifting for the others.

        ``m_j`` needs no mask: P, N and s only ever multiply R_j, which is 0 where m_j is. ``s_j/N_j = 1/(P_j+N_j)``."""
        layer = Linear.of(step)
        if step.first:
            return box(layer, layer.weight, r, x)
        key = step.call.output
        up = positive_weight(trace, layer)
        down = trace.remember(("|w-|", key), lambda: (-layer.weight).clamp_min_(0))
        p = positive_part(trace, layer, x)
        n = trace.remember(("N", key), lambda: layer.forward(x, down))
        by_p = trace.remember(("1/P", key), lambda: reciprocal(p))
        by_both = trace.remember(("1/(P+N)", key), lambda: reciprocal(p + n))
        if step.kind == "linear":
            c = layer.transposed(r * by_p, up, x).add_(layer.transposed(r * by_both, down, x)).mul_(x)
        else:
            by_n = trace.remember(("1/N", key), lambda: reciprocal(n))
            positive, negative = r.clamp_min(0), r.clamp_max(0)
            s = (r * by_both).addcmul_(negative, by_n)
            c = layer.transposed(positive.mul_(by_p), up, x).add_(layer.transposed(s, down, x)).mul_(x)
        return shifted(c, r)


def shifted(c: Tensor, r: Tensor) -> Tensor:
    """Uniform shifting, in place: ``C_i − [C_i ≠ 0]·(ΣC − ΣR)/n`` over one finding and slice, n counting active neurons."""
    silent = c == 0
    excess = c.flatten(2).sum(2) - r.flatten(2).sum(2)
    active = c[0, 0].numel() - silent.flatten(2).sum(2)
    shift = excess * reciprocal(active.to(c.dtype))
    return c.sub_(shift.view(*shift.shape, *[1] * (c.dim() - 2))).masked_fill_(silent, 0.0)
