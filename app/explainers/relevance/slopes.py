"""Gradients of several findings at once, by the chain rule along the tape, for networks of layers that are known here.

On a CPU autograd goes finding by finding, works through batch normalisations although they are fixed, and turns a stem of one
channel back in blocks of sixteen. This walk takes all findings in one batch, folds fixed normalisations into the layer before
them and uses the relevance engine's transposed maps. The values are autograd's, but for the order of float sums. A call that is
not known here, on the way from the logits to what is asked for, leaves the whole walk to autograd.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from app.explainers.relevance import flow
from app.explainers.relevance.linear import Linear, scale_of
from app.explainers.relevance.plan import RESHAPES, SUMS, Step
from app.explainers.tape import Call, Tape

SMALL = frozenset({"adaptive_avg_pool2d", "avg_pool2d", "mean", "amax", "max", "repeat", "expand"})
"""Handed to autograd one call at a time: next to nothing of the work."""


def slopes(tape: Tape, targets: Sequence[int], wrt: int) -> Tensor | None:
    """∂ logit / ∂ the value ``wrt`` for each target, (targets, \\*its shape), detached; None where a call between them is not
    known here. The logits are (slices, findings); slices are summed over, as autograd's are."""
    calls = _between(tape, wrt)
    if not calls or not all(map(_known, calls)):
        return None
    output = tape.values[tape.output].detach()
    seed = output.new_zeros((len(targets), *output.shape))
    for row, target in enumerate(targets):
        seed[row, :, target] = 1.0
    uses = Counter(index for call in tape.calls for index in call.inputs)
    walk = _Walk(tape, frozenset(call.output for call in calls if call.name == "conv2d" and uses[call.output] == 1))
    waiting = {tape.output: seed}
    for call in reversed(calls):
        for source, part in zip(call.inputs, walk.back(call, waiting.pop(call.output)), strict=True):
            waiting[source] = waiting[source] + part if source in waiting else part
    return waiting[wrt]


def _between(tape: Tape, wrt: int) -> list[Call]:
    """The calls that lead from the value ``wrt`` to the logits, in the order they were made."""
    after, below = {wrt}, []
    for call in tape.calls:
        if not after.isdisjoint(call.inputs):
            after.add(call.output)
            below.append(call)
    needed, found = {tape.output}, []
    for call in reversed(below):
        if call.output in needed:
            needed.update(call.inputs)
            found.append(call)
    return found[::-1]


def _known(call: Call) -> bool:  # noqa: PLR0911 - one line per kind of call
    """Whether a call is one that `_Walk.back` has a rule for, in the form that the rule is for."""
    match call.name:
        case name if call.part is not None:
            return name in SMALL and len(call.inputs) == 1
        case "batch_norm":
            fixed = not call.argument(5, "training", False) and call.argument(1, "running_mean") is not None
            return fixed and len(call.inputs) == 1
        case "dropout":
            return not call.argument(2, "training", True)
        case name if name in SUMS:
            return len(call.inputs) == 2 and call.kwargs.get("alpha", 1) == 1
        case "conv2d":
            return len(call.inputs) == 1 and not isinstance(call.argument(4, "padding", 0), str)
        case "cat":
            return True
        case name:
            return len(call.inputs) == 1 and (name in ("linear", "relu", "max_pool2d") or name in RESHAPES or name in SMALL)


@dataclass(frozen=True, eq=False)
class _Walk:
    """``read_once``: outputs of convolutions that one call alone reads, so that a normalisation there can be folded in."""

    tape: Tape
    read_once: frozenset[int]
    folded: dict[int, Tensor] = field(default_factory=dict)

    @torch.no_grad()
    def back(  # noqa: PLR0911 - one line per kind of call
        self, call: Call, slope: Tensor
    ) -> list[Tensor]:
        """The slope (targets, \\*output) of a call's output as slopes of what it read."""
        values = [self.tape.values[index].detach() for index in call.inputs]
        step = Step("conv", call, call.inputs)
        match call.name:
            case "conv2d":
                return [self._conv(Linear.of(step), slope, values[0])]
            case "linear":
                return [torch.matmul(slope, call.argument(1, "weight").detach())]
            case "batch_norm":
                return [self._norm(call, slope)]
            case "relu":
                return [torch.ops.aten.threshold_backward(slope, self.tape.values[call.output].detach()[None], 0)]
            case "max_pool2d":
                return flow.max_pool(step, slope, values[0])
            case "cat":
                return flow.cat(step, slope, values)
            case name if name in SUMS:
                return [flow.fit(slope, value.shape) for value in values]
            case name if name in SMALL:
                return flow.route(step, slope, values)
            case _:
                return [slope.reshape(slope.shape[0], *values[0].shape)]

    def _norm(self, call: Call, slope: Tensor) -> Tensor:
        (source,) = call.inputs
        if source in self.read_once:
            self.folded[source] = scale_of(call)
            return slope
        return slope * scale_of(call).view(-1, *[1] * (slope.dim() - 3))

    def _conv(self, layer: Linear, slope: Tensor, x: Tensor) -> Tensor:
        scale = self.folded.get(layer.step.call.output)
        weight = layer.weight if scale is None else layer.weight * layer.per_output(scale)
        return replace(layer, weight=weight).transposed(slope, weight, x)
