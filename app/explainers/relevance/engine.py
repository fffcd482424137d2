"""The walk: relevance from the last linear layer back to the film, step by step, for several findings at once.

Holds no state: everything it makes belongs to the call. A method brings its rules for layers with weights and says how sums and
averages share; the rest is the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from app.errors import NotExplainable
from app.explainers.base import LayerRelevance, Relevance
from app.explainers.geometry import fields
from app.explainers.relevance import flow
from app.explainers.relevance.plan import SMOOTH, Plan, Step, plan
from app.explainers.trace import Trace


class Rules(ABC):
    """What a relevance method decides."""

    method: str
    """The method's title, for messages."""

    signed_sharing: bool = False
    """Share at sums and averages by signed values instead of by magnitudes."""

    @property
    def balanced(self) -> bool:
        """Whether the seed adds up to about nothing, so that a loss is told as a share of its magnitude, not of its sum."""
        return False

    def check(self, walk: Plan) -> None:
        """Raise NotExplainable where the method is not defined for this network, before anything is computed."""
        for step in walk.steps:
            if step.kind == "unsupported":
                raise NotExplainable(
                    "%(method)s has no rule for the layer %(layer)s at “%(place)s”. Still available: %(others)s.",
                    {
                        "method": self.method,
                        "layer": step.call.name,
                        "place": step.call.place or "the top of the network",
                        "others": "Grad-CAM, saliency",
                    },
                )

    @abstractmethod
    def seed(self, trace: Trace, head: Step, targets: Sequence[int]) -> Tensor:
        """Relevance at the input of the last linear layer, (targets, \\*its shape)."""

    @abstractmethod
    def weighted(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor:
        """Relevance through a convolution or linear layer: r (targets, \\*output), x the layer's input."""

    def absorbed(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor | None:  # noqa: ARG002 - for those that lose some
        """What the layer's bias kept of ``r``, float64 (targets, slices); None by a rule that hands on everything."""
        return None


@torch.no_grad()
def propagate(trace: Trace, rules: Rules, targets: Sequence[int], keep_layers: bool = False) -> Relevance:
    """Walk back from the logits. ``keep_layers`` keeps the relevance after every step, for the filmstrip and for tests."""
    walk = plan(trace.tape)
    head = walk.head(rules.method)
    rules.check(walk)
    values = [value.detach() for value in trace.tape.values]
    seed = rules.seed(trace, head, targets)
    waiting: dict[int, Tensor] = {head.sources[0]: seed}
    frontier = _Frontier(trace, seed, keep_layers, rules.balanced)
    frontier.at(head, head.sources[0], seed, waiting)
    for step in reversed(walk.steps):
        r = waiting.pop(step.call.output, None)
        if r is None:
            continue
        whole = not waiting
        parts = _through(trace, rules, step, r, [values[source] for source in step.sources])
        if step.kind in ("conv", "linear"):
            frontier.absorb(rules.absorbed(trace, step, r, values[step.sources[0]]))
        for source, part in zip(step.sources, parts, strict=True):
            waiting[source] = waiting[source] + part if source in waiting else part
        frontier.at(step, step.call.output, r, waiting, whole)
    return frontier.arrived(waiting[0])


def _through(  # noqa: PLR0911 - one line per kind of step
    trace: Trace, rules: Rules, step: Step, r: Tensor, xs: list[Tensor]
) -> list[Tensor]:
    match step.kind:
        case "conv" | "linear":
            return [rules.weighted(trace, step, r, xs[0])]
        case "identity" | "activation" | "norm":
            return [r]
        case "scale":
            return [flow.fit(r, xs[0].shape)]
        case "reshape":
            return [r.reshape(r.shape[0], *xs[0].shape)]
        case "route":
            return flow.route(step, r, xs)
        case "pool":
            return flow.max_pool(step, r, xs[0])
        case "share":
            return flow.share(step, r, xs[0], rules.signed_sharing)
        case "add":
            return flow.add(r, xs[0], xs[1], rules.signed_sharing)
        case "cat":
            return flow.cat(step, r, xs)
        case _:
            raise AssertionError(step.kind)


class _Frontier:
    """Keeps account: what is on its way at each moment, and what arrives."""

    def __init__(self, trace: Trace, seed: Tensor, keep: bool, balanced: bool) -> None:
        self.trace = trace
        self.keep = keep
        self.fields = fields(trace.tape) if keep else {}
        self.layers: list[LayerRelevance] = []
        seeds = seed.flatten(2).sum(2, dtype=torch.float64)
        self.shared = seeds.shape[1] != trace.slices
        """One seed for all slices of a stack."""
        self.total = seeds.expand(-1, trace.slices)
        self.scale = (seed.abs().flatten(2).sum(2, dtype=torch.float64) if balanced else seeds.abs()).expand_as(self.total)
        """What a loss is told as a share of."""
        self.absorbed: Tensor | None = None

    def absorb(self, kept: Tensor | None) -> None:
        """A bias kept some, (targets, slices)."""
        if kept is not None:
            kept = kept.sum(1, keepdim=True) if self.shared else kept
            self.absorbed = kept if self.absorbed is None else self.absorbed + kept

    def _kept(self) -> Tensor | None:
        """What biases kept until now of all slices, (targets,)."""
        return None if self.absorbed is None else self.absorbed.sum(1)

    def at(self, step: Step, index: int, r: Tensor, waiting: dict[int, Tensor], whole: bool = True) -> None:
        """After a step that took ``r``, the relevance of the value ``index``; ``whole``: nothing else was on its way."""
        if not self.keep:
            return
        parts = tuple(waiting.values())
        # Slice by slice, (targets, slices), unless something is about all slices at once: what was taken, or is on its way.
        apart = all(part.shape[1] == self.trace.slices for part in (r, *parts))
        kept = r.shape[: 2 if apart else 1]
        each = (part.reshape(*kept, -1).sum(-1, dtype=torch.float64) for part in parts)
        sums = sum(each, r.new_zeros(kept, dtype=torch.float64))
        spatial = r.dim() == 5
        values = r.sum(2) if spatial else r.reshape(*r.shape[:2], -1, 1)
        totals, shares = (sums.sum(1), sums) if apart else (sums, None)
        place = self.fields.get(index) if spatial else None
        self.layers.append(LayerRelevance(step.name, values, totals, whole, spatial, shares, place, self._kept()))

    def arrived(self, r: Tensor) -> Relevance:
        """The map at the film."""
        maps = r.sum(2)
        found = maps.flatten(2).sum(2, dtype=torch.float64)
        if self.shared:
            found = found.sum(1, keepdim=True).expand_as(self.total)
        if self.keep:
            totals = found.sum(1) if not self.shared else found[:, 0]
            shares = maps.flatten(2).sum(2, dtype=torch.float64)
            self.layers.append(LayerRelevance("film", maps, totals, shares=shares, absorbed=self._kept()))
        absorbed = None if self.absorbed is None else self.absorbed.expand_as(self.total)
        lost = (found - self.total if absorbed is None else found + absorbed - self.total).abs()
        share = torch.where(self.scale == 0, lost, lost / self.scale.clamp_min(torch.finfo(torch.float64).tiny))
        return Relevance(maps, self.total, share, tuple(self.layers), absorbed=absorbed)


def negative_activation(walk: Plan) -> Step | None:
    """The first activation on the way that lets negative values through."""
    return next((step for step in walk.steps if step.call.name in SMOOTH), None)
