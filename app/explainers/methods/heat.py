"""H_g: see `app.explainers.attention.first_look`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import first_look
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "First look"
SIGNED = False
SUMMARY = "How active the network's first look found each place (H_g), and the frame around what it looked at again."
PAPER = "Guan 2020"
PANEL = 0
ONLY = "compact-guided"
KIND = "attention"
ENDS = ("active", "still")


@dataclass(frozen=True)
class Heat(Explainer):
    """First look."""

    kind: ClassVar[LayerKind] = "attention"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return first_look(trace, targets)
