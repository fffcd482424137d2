"""LRP's rules for layers with weights (Bach 2015; Montavon 2019; composites as in Kohlbrenner 2020).

Batch normalisation is folded into the layer before it. ``a/0 := 0``. All sums run over the inputs i of one neuron j, whose bias
is b_j and whose output z_j.

- ε: ``R_i = Σ_j x_i w_ij R_j / (z_j + ε·sign z_j)``, the bias part of z_j; without bias: ``z_j = Σ_i x_i w_ij``
- z⁺: the same with positive contributions only, without bias
- γ (generalised, Andéol 2021): where z_j > 0 the ε rule with contributions ``x_i (w_ij + γ w⁺_ij)``, for x_i < 0
  ``x_i (w_ij + γ w⁻_ij)``, and the bias ``b_j + γ b⁺_j``; where z_j < 0 the other way about; where it is 0 nothing
- flat: every R_j evenly over the receptive field, as far as it lies in the image
- z^B: contributions ``x_i w_ij − L w⁺_ij − H w⁻_ij``, L and H the smallest and largest value of the slice

In ε with its bias and in γ the bias takes its share and keeps it: without it z_j may be a sum that nearly cancels although the
neuron is as active as any, and the map is noise. What biases kept is `LRPRules.absorbed`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.explainers.relevance.engine import Rules
from app.explainers.relevance.linear import TINY, Linear, reciprocal
from app.explainers.relevance.plan import Step
from app.explainers.trace import Trace

COMPOSITES = {
    "EpsilonPlusFlat": ("flat", "plus", "exact"),
    "EpsilonGammaBox": ("box", "gamma", "epsilon"),
    "Epsilon": ("epsilon", "epsilon", "epsilon"),
}
"""Name → the rule of the first convolution, of the others, and of linear layers; exact: ε without bias, which loses nothing."""


@dataclass(frozen=True)
class LRPRules(Rules):
    """The rules of one composite."""

    method = "LRP"

    composite: str
    epsilon: float
    gamma: float

    def seed(self, trace: Trace, head: Step, targets: Sequence[int]) -> Tensor:
        """``R_k = w_tk x_k``: the ε rule from ``z_t`` itself, so that the sum is the logit without its bias, exactly."""
        x = trace.tape.values[head.sources[0]].detach()
        weight = Linear.of(head).weight[list(targets)]
        return x * weight.view(len(targets), *[1] * (x.dim() - 1), -1)

    def weighted(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor:
        """By the composite's rule for this layer."""
        layer = Linear.of(step)
        match self._rule(step):
            case "flat":
                return flat(layer, r, x)
            case "box":
                return box(trace, layer, layer.turned(), r, x)
            case "plus":
                return self._plus(trace, layer, r, x)
            case "gamma":
                return self._gamma(trace, layer, r, x)
            case rule:
                weight = layer.folded()
                return layer.transposed(r * self._stable(self._sum(trace, layer, x, rule == "epsilon")), weight, x).mul_(x)

    def absorbed(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor | None:
        """What the layer's bias kept: ``Σ_j b_j R_j / z_j`` by the denominators of ε and γ; None for the other rules."""
        layer = Linear.of(step)
        rule, bias = self._rule(step), layer.folded_bias()
        if bias is None or rule not in ("epsilon", "gamma"):
            return None
        if rule == "epsilon":
            return layer.by_output(bias, r * self._stable(self._sum(trace, layer, x, biased=True)))
        above, below = self._sides(trace, layer, x)
        up, down = bias + self.gamma * bias.clamp_min(0), bias + self.gamma * bias.clamp_max(0)
        return layer.by_output(up, r * above) + layer.by_output(down, r * below)

    def _rule(self, step: Step) -> str:
        first, convolution, linear = COMPOSITES[self.composite]
        return linear if step.kind == "linear" else first if step.first else convolution

    def _stable(self, z: Tensor) -> Tensor:
        """1/(z + ε·sign z), with sign 0 = 1."""
        return (z + torch.where(z < 0, -self.epsilon, self.epsilon)).reciprocal_()

    @staticmethod
    def _sum(trace: Trace, layer: Linear, x: Tensor, biased: bool) -> Tensor:
        """z_j, with its bias or without."""
        key = ("LRP z", biased, layer.step.call.output)
        return trace.remember(key, lambda: layer.forward(x, layer.folded(), layer.folded_bias() if biased else None))

    def _plus(self, trace: Trace, layer: Linear, r: Tensor, x: Tensor) -> Tensor:
        key = layer.step.call.output
        weight = layer.turned()
        as_rap = layer.step.positive and weight is layer.weight
        up = positive_weight(trace, layer) if as_rap else trace.remember(("LRP w+", key), lambda: weight.clamp_min(0))
        if layer.step.positive:
            z = positive_part(trace, layer, x) if as_rap else trace.remember(("LRP z", key), lambda: layer.forward(x, up))
            by_z = trace.remember(("1/P" if as_rap else "LRP 1/z", key), lambda: reciprocal(z))
            shared = layer.transposed(r * by_z, up, x).mul_(x)
        else:
            down, high, low = weight.clamp_max(0), x.clamp_min(0), x.clamp_max(0)
            z = layer.forward(high, up) + layer.forward(low, down)
            s = r * reciprocal(z)
            shared = high * layer.transposed(s, up, x) + low * layer.transposed(s, down, x)
        without = z.abs() < TINY
        if bool(without.any()) and bool(r[:, without].any()):
            shared = shared + by_size(layer, r * without, x)
        return shared

    def _gamma(self, trace: Trace, layer: Linear, r: Tensor, x: Tensor) -> Tensor:
        weight = layer.folded()
        up, down = weight + self.gamma * weight.clamp_min(0), weight + self.gamma * weight.clamp_max(0)
        above, below = (r * side for side in self._sides(trace, layer, x))
        if layer.step.positive:
            return (layer.transposed(above, up, x) + layer.transposed(below, down, x)).mul_(x)
        high, low = x.clamp_min(0), x.clamp_max(0)
        shared = high * (layer.transposed(above, up, x) + layer.transposed(below, down, x))
        return shared + low * (layer.transposed(above, down, x) + layer.transposed(below, up, x))

    def _sides(self, trace: Trace, layer: Linear, x: Tensor) -> tuple[Tensor, Tensor]:
        """What R_j is multiplied by in the γ rule: where z_j > 0, and where z_j < 0; each 0 on the other side."""
        bias, weight = layer.folded_bias(), layer.folded()

        def sides() -> Tensor:
            high, low = x.clamp_min(0), x.clamp_max(0)
            more = layer.forward(high, weight.clamp_min(0), None if bias is None else bias.clamp_min(0))
            less = layer.forward(high, weight.clamp_max(0), None if bias is None else bias.clamp_max(0))
            z = self._sum(trace, layer, x, biased=True)
            if not layer.step.positive:
                more = more + layer.forward(low, weight.clamp_max(0))
                less = less + layer.forward(low, weight.clamp_min(0))
            return torch.stack([(z > 0) * self._stable(z + self.gamma * more), (z < 0) * self._stable(z + self.gamma * less)])

        above, below = trace.remember(("LRP γ", self.gamma, self.epsilon, layer.step.call.output), sides)
        return above, below


def positive_part(trace: Trace, layer: Linear, x: Tensor) -> Tensor:
    """``P_j = Σ_i x_i w⁺_ij`` of a layer whose input is ≥ 0; LRP's z⁺ and RAP need the same one."""
    return trace.remember(("P", layer.step.call.output), lambda: layer.forward(x, positive_weight(trace, layer)))


def positive_weight(trace: Trace, layer: Linear) -> Tensor:
    """w⁺ of a layer."""
    return trace.remember(("w+", layer.step.call.output), lambda: layer.weight.clamp_min(0))


def by_size(layer: Linear, r: Tensor, x: Tensor) -> Tensor:
    """Relevance of neurons that are active by their bias alone, nothing positive having reached them: by ``|x_i w_ij|``."""
    size, weight = x.abs(), layer.weight.abs()
    return size * layer.transposed(r * reciprocal(layer.forward(size, weight)), weight, x)


def flat(layer: Linear, r: Tensor, x: Tensor) -> Tensor:
    """Every R_j evenly over the part of its receptive field that lies in the image."""
    if not layer.conv:
        return r.sum(-1, keepdim=True).div(x.shape[-1]).expand(*r.shape[:-1], x.shape[-1])
    one = replace(layer, bias=None, groups=1)
    groups, ones = layer.groups, torch.ones_like(layer.weight[:1, :1])
    seen = one.forward(torch.ones_like(x[:1, :1]), ones) * (x.shape[1] // groups)
    channels = r.reshape(*r.shape[:2], groups, -1, *r.shape[3:]).sum(3)
    spread = [one.transposed(channels[:, :, g : g + 1] / seen, ones, x[:, :1]) for g in range(groups)]
    return torch.cat([part.expand(-1, -1, x.shape[1] // groups, -1, -1) for part in spread], 2)


def box(trace: Trace, layer: Linear, weight: Tensor, r: Tensor, x: Tensor) -> Tensor:
    """z^B with the slice's own smallest and largest value. L and H are padded with zeros like x: the padding takes nothing.

    Both parts of the weights are one transposed map, of twice the channels."""
    flat_x = x.flatten(1)
    shape = (-1, *[1] * (x.dim() - 1))
    above, below = x - flat_x.amin(1).view(shape), x - flat_x.amax(1).view(shape)
    up, down = weight.clamp_min(0), weight.clamp_max(0)
    inverse = trace.remember(
        ("1/box", layer.step.call.output, weight is layer.weight),
        lambda: reciprocal(layer.forward(above, up) + layer.forward(below, down)),
    )
    both = layer.transposed(r * inverse, torch.cat([up, down], 1), torch.cat([x, x], 1)) if layer.groups == 1 else None
    if both is None:
        return above * layer.transposed(r * inverse, up, x) + below * layer.transposed(r * inverse, down, x)
    return above * both[:, :, : x.shape[1]] + below * both[:, :, x.shape[1] :]
