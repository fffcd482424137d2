"""LRP's rules for layers with weights (Bach 2015; Montavon 2019; composites as in Kohlbrenner 2020).

No bias takes part in any rule. Batch normalisation is folded into the layer before it. ``a/0 := 0``. All sums run over the
inputs i of one neuron j.

- ε: ``R_i = Σ_j x_i w_ij R_j / (z_j + ε·sign z_j)``
- z⁺: the same with positive contributions only
- γ: the ε rule with contributions ``x_i (w_ij + γ w⁺_ij)``, for x_i < 0 ``x_i (w_ij + γ w⁻_ij)``
- flat: every R_j evenly over the receptive field, as far as it lies in the image
- z^B: contributions ``x_i w_ij − L w⁺_ij − H w⁻_ij``, L and H the smallest and largest value of the slice
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.explainers.relevance.engine import Rules
from app.explainers.relevance.linear import TINY, Linear, reciprocal
from app.explainers.relevance.plan import Step
from app.explainers.trace import Trace

COMPOSITES = {
    "EpsilonPlusFlat": ("flat", "plus", "epsilon"),
    "EpsilonGammaBox": ("box", "gamma", "epsilon"),
    "Epsilon": ("epsilon", "epsilon", "epsilon"),
}
"""Name → the rule of the first convolution, of the others, and of linear layers."""


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
        first, convolution, linear = COMPOSITES[self.composite]
        match linear if step.kind == "linear" else first if step.first else convolution:
            case "flat":
                return flat(layer, r, x)
            case "box":
                return box(layer, layer.turned(), r, x)
            case "plus":
                return self._plus(trace, layer, r, x)
            case "gamma":
                return self._gamma(layer, r, x)
            case _:
                return self._epsilon(layer, r, x)

    def _stable(self, z: Tensor) -> Tensor:
        """1/(z + ε·sign z), with sign 0 = 1."""
        return (z + torch.where(z < 0, -self.epsilon, self.epsilon)).reciprocal_()

    def _epsilon(self, layer: Linear, r: Tensor, x: Tensor) -> Tensor:
        weight = layer.folded()
        return x * layer.transposed(r * self._stable(layer.forward(x, weight)), weight, x)

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

    def _gamma(self, layer: Linear, r: Tensor, x: Tensor) -> Tensor:
        weight = layer.folded()
        up = weight + self.gamma * weight.clamp_min(0)
        if layer.step.positive:
            return x * layer.transposed(r * self._stable(layer.forward(x, up)), up, x)
        down, high, low = weight + self.gamma * weight.clamp_max(0), x.clamp_min(0), x.clamp_max(0)
        s = r * self._stable(layer.forward(high, up) + layer.forward(low, down))
        return high * layer.transposed(s, up, x) + low * layer.transposed(s, down, x)


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
    one = Linear(layer.step, layer.weight, layer.stride, layer.padding, layer.dilation, 1)
    groups, ones = layer.groups, torch.ones_like(layer.weight[:1, :1])
    seen = one.forward(torch.ones_like(x[:1, :1]), ones) * (x.shape[1] // groups)
    channels = r.reshape(*r.shape[:2], groups, -1, *r.shape[3:]).sum(3)
    spread = [one.transposed(channels[:, :, g : g + 1] / seen, ones, x[:, :1]) for g in range(groups)]
    return torch.cat([part.expand(-1, -1, x.shape[1] // groups, -1, -1) for part in spread], 2)


def box(layer: Linear, weight: Tensor, r: Tensor, x: Tensor) -> Tensor:
    """z^B with the slice's own smallest and largest value. L and H are padded with zeros like x: the padding takes nothing."""
    flat_x = x.flatten(1)
    shape = (-1, *[1] * (x.dim() - 1))
    above, below = x - flat_x.amin(1).view(shape), x - flat_x.amax(1).view(shape)
    up, down = weight.clamp_min(0), weight.clamp_max(0)
    s = r * reciprocal(layer.forward(above, up) + layer.forward(below, down))
    return above * layer.transposed(s, up, x) + below * layer.transposed(s, down, x)
