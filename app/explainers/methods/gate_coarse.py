"""α of the coarser gate: see `app.explainers.attention.gate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import gate
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Attention gate, coarse"
SIGNED = False
SUMMARY = "Where the coarser of the two gates is open: what lies there counts for more when this stage is pooled."
PAPER = "Schlemper 2019"
PANEL = 0
ONLY = ("compact-gated", "stack-attending")
KIND = "attention"
ENDS = ("attended", "passed over")


@dataclass(frozen=True)
class GateCoarse(Explainer):
    """Attention gate, coarse."""

    kind: ClassVar[LayerKind] = "attention"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return gate(trace, 1, targets)
