"""A convolution or a linear layer as a linear map, forward and transposed, over a batch of findings.

Activations are (slices, …); relevance is (targets, slices, …). The transposed map folds both into one batch.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from app.errors import NotExplainable
from app.explainers.relevance.plan import Step
from app.explainers.tape import Call

FEW = 4
"""Up to so many channels a transposed convolution with strides is done phase by phase."""
TINY = 1e-30
"""Below this a denominator counts as zero, and a/0 := 0."""


def reciprocal(z: Tensor) -> Tensor:
    """1/z, and 0 where z is 0."""
    return z.reciprocal().masked_fill_(z.abs() < TINY, 0.0)


@dataclass(frozen=True, eq=False)
class Linear:
    """The layer of a step. ``bias`` is (outputs,), None where it has none; ``stride`` and the rest are unused for a linear
    layer."""

    step: Step
    weight: Tensor
    bias: Tensor | None = None
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1

    @classmethod
    def of(cls, step: Step) -> "Linear":
        """The layer of a step of the kind conv or linear."""
        call = step.call
        weight: Tensor = call.argument(1, "weight").detach()
        given = call.argument(2, "bias")
        bias = None if given is None else given.detach()
        if step.kind == "linear":
            return cls(step, weight, bias)
        dilation = _pair(call.argument(5, "dilation", 1))
        padding = call.argument(4, "padding", 0)
        if isinstance(padding, str):
            padding = _padding(padding, weight, dilation, step)
        return cls(
            step,
            weight,
            bias,
            stride=_pair(call.argument(3, "stride", 1)),
            padding=_pair(padding),
            dilation=dilation,
            groups=int(call.argument(6, "groups", 1)),
        )

    @property
    def conv(self) -> bool:
        """Whether this is a convolution."""
        return self.step.kind == "conv"

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The map with other weights of the same shape (their outputs may be more), x (slices, …)."""
        if not self.conv:
            return F.linear(x, weight, bias)
        groups = self.groups * (weight.shape[0] // self.weight.shape[0]) if self.groups > 1 else 1
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, groups)

    def transposed(self, s: Tensor, weight: Tensor, like: Tensor) -> Tensor:
        """The transposed map of ``s`` (targets, slices, …), shaped (targets, \\*like.shape)."""
        if not self.conv:
            return torch.matmul(s, weight)
        targets, slices = s.shape[:2]
        channels = weight.shape[1] * self.groups
        if channels <= FEW and self.groups == 1 and max(self.stride) > 1 and max(self.dilation) == 1:
            return self._by_phases(s.flatten(0, 1), weight, like).view(targets, slices, channels, *like.shape[2:])
        # Nobody reads this one: its layout alone says in which the result is wanted. A 1×1 kernel does not.
        last = torch.channels_last if like.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        shape = (targets * slices, channels, *like.shape[2:])
        unread = torch.empty(shape, dtype=s.dtype, device=s.device, memory_format=last)
        back: Tensor = torch.ops.aten.convolution_backward(
            s.flatten(0, 1), unread, weight, None,
            self.stride, self.padding, self.dilation, False, [0, 0], self.groups, [True, False, False],
        )[0]  # fmt: skip
        return back.view(targets, slices, *back.shape[1:])

    def _by_phases(self, s: Tensor, weight: Tensor, like: Tensor) -> Tensor:
        """The transposed map of a convolution with strides to a few channels, (batch, channels, h, w): each phase of the input
        (every second row and column, say) is a plain convolution of ``s``, and all of them are one. A transposed convolution
        works in blocks of eight or sixteen channels, most of which would be thrown away."""
        outputs, channels, high, wide = weight.shape
        (up, rows), (left, columns) = (
            _phases(size, stride, pad) for size, stride, pad in zip((high, wide), self.stride, self.padding, strict=True)
        )
        taps = [1 + max(tap for phase in phases for tap, _ in phase) for phases in (rows, columns)]
        kernel = weight.new_zeros(channels, len(rows), len(columns), outputs, *taps)
        for v, row in enumerate(rows):
            for h, column in enumerate(columns):
                for y, ky in row:
                    for x, kx in column:
                        kernel[:, v, h, :, y, x] = weight[:, :, ky, kx].T
        sizes = [-(-size // stride) for size, stride in zip(like.shape[2:], self.stride, strict=True)]
        below, right = (
            n + t - 1 - before - have for n, t, before, have in zip(sizes, taps, (up, left), s.shape[2:], strict=True)
        )
        # As much on both sides as the convolution pads by itself, and what is too much cut off: nothing is copied to be padded.
        pad = max(up, below, 0), max(left, right, 0)
        kernel = kernel.flatten(0, 2).contiguous(memory_format=torch.channels_last)
        parts = F.conv2d(s, kernel, padding=pad)[:, :, pad[0] - up :, pad[1] - left :][:, :, : sizes[0], : sizes[1]]
        parts = parts.view(len(s), channels, len(rows), len(columns), *sizes).permute(0, 1, 4, 2, 5, 3)
        return parts.reshape(len(s), channels, sizes[0] * len(rows), sizes[1] * len(columns))[
            ..., : like.shape[2], : like.shape[3]
        ]

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

    def folded_bias(self) -> Tensor | None:
        """The bias (outputs,) with the batch normalisation behind it folded in; None where there is neither."""
        norm = self.step.norm
        if norm is None:
            return self.bias
        mean, beta = norm.argument(1, "running_mean").detach(), norm.argument(4, "bias")
        moved: Tensor = (-mean if self.bias is None else self.bias - mean) * scale_of(norm)
        return moved if beta is None else moved + beta.detach()

    def by_output(self, values: Tensor, r: Tensor) -> Tensor:
        """Σ over the outputs of ``values`` (outputs,) times r (targets, slices, \\*the output's shape): float64
        (targets, slices)."""
        each = torch.matmul(r.sum((-2, -1), dtype=torch.float64) if self.conv else r.double(), values.double())
        return each.flatten(2).sum(2) if each.dim() > 2 else each

    def turned(self) -> Tensor:
        """The weights with the sign of the batch normalisation behind them. A rule that divides by the sum of its own
        contributions does not feel a positive factor, so this equals folding, also where the factor is 0."""
        scale = self.norm_scale()
        if scale is None or bool((scale >= 0).all()):
            return self.weight
        return self.weight * self.per_output(torch.where(scale < 0, -1.0, 1.0))


def _phases(size: int, stride: int, padding: int) -> tuple[int, list[list[tuple[int, int]]]]:
    """Of each phase u of the input, which outputs reach it and by which weight: pairs of a tap and a place in the kernel. The
    taps run over outputs from ``a − before`` on for the input ``stride · a + u``; ``before`` comes first.

    Output o reaches the input ``stride · o + k − padding`` by its weight k."""
    reached = [
        [((u + padding - k) // stride, k) for k in range(size) if (u + padding - k) % stride == 0] for u in range(stride)
    ]
    before = -min(offset for phase in reached for offset, _ in phase)
    return before, [[(offset + before, k) for offset, k in phase] for phase in reached]


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
