"""A convolution or a linear layer as a linear map without its bias, forward and transposed, over a batch of findings.

Activations are (slices, …); relevance is (targets, slices, …). The transposed map folds both into one batch.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from app.errors import NotExplainable
from app.explainers.relevance.plan import Step
from app.explainers.tape import Call

TINY = 1e-30
"""Below this a denominator counts as zero, and a/0 := 0."""


def reciprocal(z: Tensor) -> Tensor:
    """1/z, and 0 where z is 0."""
    zero = z.abs() < TINY
    return z.masked_fill(zero, 1.0).reciprocal_().masked_fill_(zero, 0.0)


@dataclass(frozen=True, eq=False)
class Linear:
    """The layer of a step. ``stride`` and the rest are unused for a linear layer."""

    step: Step
    weight: Tensor
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1

    @classmethod
    def of(cls, step: Step) -> "Linear":
        """The layer of a step of the kind conv or linear."""
        call = step.call
        weight: Tensor = call.argument(1, "weight").detach()
        if step.kind == "linear":
            return cls(step, weight)
        dilation = _pair(call.argument(5, "dilation", 1))
        padding = call.argument(4, "padding", 0)
        if isinstance(padding, str):
            padding = _padding(padding, weight, dilation, step)
        return cls(
            step,
            weight,
            stride=_pair(call.argument(3, "stride", 1)),
            padding=_pair(padding),
            dilation=dilation,
            groups=int(call.argument(6, "groups", 1)),
        )

    @property
    def conv(self) -> bool:
        """Whether this is a convolution."""
        return self.step.kind == "conv"

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        """The map with other weights of the same shape (their outputs may be more), x (slices, …)."""
        if not self.conv:
            return F.linear(x, weight)
        groups = self.groups * (weight.shape[0] // self.weight.shape[0]) if self.groups > 1 else 1
        return F.conv2d(x, weight, None, self.stride, self.padding, self.dilation, groups)

    def transposed(self, s: Tensor, weight: Tensor, like: Tensor) -> Tensor:
        """The transposed map of ``s`` (targets, slices, …), shaped (targets, \\*like.shape)."""
        if not self.conv:
            return torch.matmul(s, weight)
        targets, slices = s.shape[:2]
        channels = weight.shape[1] * self.groups
        shape = (targets * slices, channels, *like.shape[2:])
        back: Tensor = torch.ops.aten.convolution_backward(
            s.flatten(0, 1), s.new_empty(1).expand(shape), weight, None,
            self.stride, self.padding, self.dilation, False, [0, 0], self.groups, [True, False, False],
        )[0]  # fmt: skip
        return back.view(targets, slices, *back.shape[1:])

    def per_output(self, values: Tensor) -> Tensor:
        """One number per output neuron or channel, shaped to multiply the weights."""
        return values.view(-1, *[1] * (self.weight.dim() - 1))

    def norm_scale(self) -> Tensor | None:
        """What the batch normalisation right behind multiplies each output by; None without one."""
        return None if self.step.norm is None else scale_of(self.step.norm)

    def folded(self) -> Tensor:
        """The weights with the batch normalisation behind them folded in."""
        scale = self.norm_scale()
        return self.weight if scale is None else self.weight * self.per_output(scale)

    def turned(self) -> Tensor:
        """The weights with the sign of the batch normalisation behind them. A rule that divides by the sum of its own
        contributions does not feel a positive factor, so this equals folding, also where the factor is 0."""
        scale = self.norm_scale()
        if scale is None or bool((scale >= 0).all()):
            return self.weight
        return self.weight * self.per_output(torch.where(scale < 0, -1.0, 1.0))


def scale_of(norm: Call) -> Tensor:
    """γ/√(σ² + eps) of a batch normalisation, one number per channel."""
    variance: Tensor = norm.argument(2, "running_var").detach()
    gamma = norm.argument(3, "weight")
    scale = torch.rsqrt(variance + float(norm.argument(7, "eps", 1e-5)))
    return scale if gamma is None else scale * gamma.detach()


def _pair(value: int | tuple[int, ...] | list[int]) -> tuple[int, ...]:
    return (value, value) if isinstance(value, int) else tuple(value) * (2 // len(value))


def _padding(name: str, weight: Tensor, dilation: tuple[int, ...], step: Step) -> tuple[int, ...]:
    if name == "valid":
        return (0, 0)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(r % 2 for r in reach):
        raise NotExplainable(
            "The layer “%(place)s” pads its two sides differently; LRP and RAP have no rule for that. "
            "Still available: %(others)s.",
            {"place": step.name, "others": "Grad-CAM, saliency"},
        )
    return tuple(r // 2 for r in reach)
