"""The channel that speaks most for each finding: see `app.explainers.attention.channel`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.explainers.attention import channel
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Leading channel"
SIGNED = True
SUMMARY = "The channel that speaks most for the answer: gate × weight × what it found, place by place."
PAPER = "Hu 2018, CVPR"
PANEL = 0
ONLY = "compact-squeezed"


@dataclass(frozen=True)
class Channel1(Explainer):
    """Leading channel."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return channel(trace, targets, 0)
