"""The two terms of a network that weighs its last feature map by masks, cell by cell: exact, as CAM is of a plain one.

``y = Σ_k (w_k · GAP(m · F_k) + v_k · GAP(F_k)) + b`` (`app.classifiers.masked`), so that of a cell Σ_k w_k m F_k / (HW) came by
way of the mask and Σ_k v_k F_k / (HW) by way of the whole film, and over all cells both add up to ``y − b``. Knows traces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.classifiers.masked import MaskedHead
from app.errors import NotExplainable
from app.explainers.base import Relevance
from app.explainers.geometry import Field, field
from app.explainers.trace import Trace

SHARE = "share of the term of the whole film"
"""Begins a note that ends in how much, ": 37 %"."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """``attended`` and ``whole``: float32 (targets, slices, h, w); ``answer``: logits less the bias, (targets, slices)."""

    attended: Tensor
    whole: Tensor
    answer: Tensor
    field: Field | None

    @property
    def shares(self) -> tuple[str, ...]:
        """How much of what the cells say, for and against, the term of the whole film has, in words, per target."""
        sizes = [term.abs().sum((1, 2, 3), dtype=torch.float64) for term in (self.attended, self.whole)]
        told = sizes[1] / (sizes[0] + sizes[1]).clamp(min=1e-30)
        return tuple(f"{SHARE}: {100 * share:.0f} %" for share in told.tolist())

    def relevance(self, maps: Tensor, *, exact: bool = False) -> Relevance:
        """Maps as a method gives them; ``exact``: they add up to the answer."""
        told = tuple((share,) for share in self.shares)
        if not exact:
            return Relevance(maps, field=self.field, told=told)
        lost = (maps.sum((2, 3), dtype=torch.float64) - self.answer).abs() / self.answer.abs().clamp(min=1e-12)
        return Relevance(maps, total=self.answer, conservation_error=lost, field=self.field, told=told)


def terms(trace: Trace, targets: Sequence[int]) -> Terms:
    """The terms of a recorded pass; NotExplainable for a network without such an end."""
    head, name = trace.classifier.network.head, trace.classifier.card.explained_layer
    if not isinstance(head, MaskedHead):
        raise NotExplainable("needs a network that weighs what it sees by masks of where findings occur")
    features, rows = trace.layer(name).detach(), list(targets)
    attended, whole = (
        torch.einsum("tchw,nchw->tnhw", term[rows].detach(), features)
        for term in head.terms((features.shape[2], features.shape[3]))
    )
    return Terms(
        attended,
        whole,
        answer=(trace.logits[:, rows] - head.bias.detach()[rows]).T.double(),
        field=field(trace.tape, trace.place(name)),
    )
