"""α of the finer gate: see `app.explainers.attention.gate`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import gate
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Attention gate, fine"
SIGNED = False
SUMMARY = "Where the finer of the two gates is open: what lies there counts for more when this stage is pooled."
PAPER = "Schlemper 2019"
PANEL = 0
ONLY = ("compact-gated", "stack-attending")
KIND = "attention"
ENDS = ("attended", "passed over")


@dataclass(frozen=True)
class GateFine(Explainer):
    """Attention gate, fine."""

    kind: ClassVar[LayerKind] = "attention"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return gate(trace, 0, targets)
