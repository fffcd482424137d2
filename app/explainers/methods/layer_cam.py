"""Layer-CAM: what each place of a finer feature map adds, by its own gradient.

Jiang, Zhang, Hou, Cheng, Wei: LayerCAM: Exploring Hierarchical Class Activation Maps for Localization (IEEE TIP 2021). With
``g = ∂ y_c / ∂ A_k`` at every place: ``map = Σ_k ReLU(g_k) · A_k``; the paper's picture is its positive part. Unlike Grad-CAM's
mean over places, the place's own gradient still means something before the last feature map, where the grid is finer.

Where it looks follows from the recorded pass: the last value of the wanted resolution that everything on its way to the layer
on the card goes through, after a ReLU where there is one. Of networks side by side that is one value in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from app.errors import InputError, NotExplainable
from app.explainers.base import Explainer, Relevance
from app.explainers.geometry import field
from app.explainers.relevance.plan import RELUS
from app.explainers.tape import Call, Tape
from app.explainers.trace import Trace

TITLE = "Layer-CAM"
SIGNED = False
SUMMARY = "Which regions of a feature map twice as fine as the last raise the answer, each by its own gradient."
PAPER = "Jiang 2021, IEEE TIP"
PANEL = 2
ENDS = ("for", "none")


@dataclass(frozen=True)
class LayerCAM(Explainer):
    """``stage``: by how many resolutions finer than the layer on the card, 0 for that layer itself."""

    signed: ClassVar[bool] = SIGNED
    stage: int = 1

    def __post_init__(self) -> None:
        if self.stage < 0:
            raise InputError("Layer-CAM needs a stage of at least 0.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map before its ReLU, (targets, slices, h, w), at the stage's own resolution."""
        places = stage(trace.tape, trace.place(trace.classifier.card.explained_layer), self.stage)
        maps = []
        for place in places:
            value = trace.tape.values[place]
            gradient = trace.gradients(targets, value).clamp_min(0)
            maps.append(torch.einsum("tnchw,nchw->tnhw", gradient, value.detach()))
        return Relevance(torch.stack(maps).sum(0), field=field(trace.tape, places[0]))


def stage(tape: Tape, index: int, finer: int) -> tuple[int, ...]:
    """The values on a tape that hold all of a network at a resolution before the value ``index``: the ``finer``-th of those
    that it went through on its way there, counted from that value's own.

    One value, or one for each of networks that lie side by side. NotExplainable where the network has no such resolution.
    """
    if finer == 0:
        return (index,)
    branches = _branches(tape, index)
    sizes = [sorted({_size(tape, value) for value in branch if _size(tape, value) > _size(tape, index)}) for branch in branches]
    if any(len(each) < finer for each in sizes):
        raise NotExplainable("needs a feature map that is finer than the last, and this network has none that all goes through")
    return tuple(_last(tape, branch, each[finer - 1]) for branch, each in zip(branches, sizes, strict=True))


def _branches(tape: Tape, index: int) -> list[list[int]]:
    """The values that everything goes through from the film to ``index``; where networks that lie side by side end there, those
    of each."""
    made = {call.output: call for call in tape.calls}
    through = _through(tape, made, index)
    if any(_size(tape, value) > _size(tape, index) for value in through) or (last := made.get(index)) is None:
        return [through]
    if last.name in ("cat", "concat", "concatenate"):
        return [branch for value in last.inputs for branch in _branches(tape, value)]
    return [through]


def _through(tape: Tape, made: dict[int, Call], index: int) -> list[int]:
    """The feature maps that every way from the film to ``index`` goes through, in the order in which they were made: as many
    ways lead to such a value, times those that lead on from it, as there are in all."""
    there = {0: 1}
    for call in tape.calls:
        there[call.output] = sum(there.get(value, 0) for value in call.inputs)
    on = {index: 1}
    for call in reversed(tape.calls):
        for value in call.inputs if call.output in on else ():
            on[value] = on.get(value, 0) + on[call.output]
    maps = (value for value in sorted(on) if value in made and tape.values[value].ndim == 4)
    return [value for value in maps if there[value] * on[value] == there[index]]


def _size(tape: Tape, index: int) -> int:
    value = tape.values[index]
    return int(value.shape[-2] * value.shape[-1]) if value.ndim == 4 else 0


def _last(tape: Tape, values: Sequence[int], size: int) -> int:
    """The last of these values that has this size, after a ReLU where there is one."""
    made = {call.output: call.name for call in tape.calls}
    fitting = [value for value in values if _size(tape, value) == size]
    active = [value for value in fitting if made[value] in RELUS]
    return (active or fitting)[-1]
