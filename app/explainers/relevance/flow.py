"""Rules that every relevance method shares: where relevance goes at sums, pools, concatenations, gates and reshapes.

Relevance is (targets, \\*shape of the value it belongs to). Each rule returns one tensor per source of the step.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from app.explainers.relevance.linear import reciprocal
from app.explainers.relevance.plan import Step


def fit(r: Tensor, shape: Sequence[int]) -> Tensor:
    """Sum out what broadcasting added, so that relevance has (targets, \\*shape)."""
    wanted = (r.shape[0], *[1] * (r.dim() - 1 - len(shape)), *shape)
    return r.sum_to_size(wanted).reshape(r.shape[0], *shape) if r.shape[1:] != torch.Size(shape) else r


def add(r: Tensor, a: Tensor, b: Tensor, signed: bool) -> list[Tensor]:
    """A sum shares by |a|/(|a|+|b|), half and half where both are 0; ``signed``: by a/(a+b), a/0 := 0."""
    if signed:
        inverse = reciprocal(a + b)
        return [fit(r * (a * inverse), a.shape), fit(r * (b * inverse), b.shape)]
    size_a, size_b = a.abs(), b.abs()
    total = size_a + size_b
    share = torch.where(total > 0, size_a / total.clamp_min(torch.finfo(total.dtype).tiny), 0.5)
    return [fit(r * share, a.shape), fit(r * (1 - share), b.shape)]


def cat(step: Step, r: Tensor, xs: Sequence[Tensor]) -> list[Tensor]:
    """Concatenation: slices."""
    dim = int(step.call.argument(1, "dim", 0))
    dim = dim if dim >= 0 else dim + xs[0].dim()
    return list(torch.split(r, [x.shape[dim] for x in xs], dim + 1))


def route(step: Step, r: Tensor, xs: Sequence[Tensor]) -> list[Tensor]:
    """Moves and maxima: each output's relevance goes where its value came from."""
    with torch.enable_grad():
        leaves = [x.detach().requires_grad_() for x in xs]
        y = step.call.again(leaves)
        return list(torch.autograd.grad(y, leaves, r.reshape(r.shape[0], *y.shape), is_grads_batched=True))


def max_pool(step: Step, r: Tensor, x: Tensor) -> list[Tensor]:
    """Winner takes all. The winners are found once for all findings, which go back in one batch."""
    call = step.call
    kernel = call.argument(1, "kernel_size")
    stride = call.argument(2, "stride", None) or kernel
    window = [_two(kernel), _two(stride), _two(call.argument(3, "padding", 0)), _two(call.argument(4, "dilation", 1))]
    ceil = bool(call.argument(5, "ceil_mode", False))
    winners = torch.ops.aten.max_pool2d_with_indices(x, *window, ceil)[1]
    last = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    # Nobody reads x on the way back: its shape and layout alone are wanted, for every finding.
    unread = torch.empty((r.shape[0] * x.shape[0], *x.shape[1:]), dtype=x.dtype, device=x.device, memory_format=last)
    each = winners.expand(r.shape[0], *winners.shape).flatten(0, 1).contiguous(memory_format=last)
    back = torch.ops.aten.max_pool2d_with_indices_backward(r.flatten(0, 1), unread, *window, ceil, each)
    return [back.view(r.shape[0], *x.shape)]


def share(step: Step, r: Tensor, x: Tensor, signed: bool) -> list[Tensor]:
    """Averages, sums and upsampling share by |x|, evenly where a window is all 0; ``signed``: by x, a/0 := 0."""
    weight = x if signed else x.abs()
    total = step.call.again([weight])
    r = r.reshape(r.shape[0], *total.shape)
    shared = weight * _spread(step, r * reciprocal(total), x)
    if not signed and bool((empty := total == 0).any()):
        even = reciprocal(step.call.again([torch.ones_like(x)]))
        shared = shared + _spread(step, r * (even * empty), x)
    return [shared]


def _spread(step: Step, s: Tensor, x: Tensor) -> Tensor:
    """The transposed average."""
    with torch.enable_grad():
        leaf = torch.zeros_like(x).requires_grad_()
        (back,) = torch.autograd.grad(step.call.again([leaf]), leaf, s, is_grads_batched=True)
    return back


def _two(value: int | Sequence[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value) * (2 // len(value))
