"""The region: see `app.explainers.attention.parted`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import parted
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Region of the first look"
SIGNED = False
SUMMARY = "What was kept of the first look: its largest connected part above the threshold."
PAPER = "Guan 2020"
PANEL = 0
ONLY = "compact-guided"
KIND = "outline"
ENDS = ("kept", "left out")


@dataclass(frozen=True)
class FirstRegion(Explainer):
    """Region of the first look."""

    kind: ClassVar[LayerKind] = "outline"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return parted(trace, targets)
