"""The second: see `app.explainers.attention.channel`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.explainers.attention import channel
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Second channel"
SIGNED = True
SUMMARY = "The channel that speaks second most for the answer: gate × weight × what it found, place by place."
PAPER = "Hu 2018, CVPR"
PANEL = 0
ONLY = "compact-squeezed"


@dataclass(frozen=True)
class Channel2(Explainer):
    """Second channel."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return channel(trace, targets, 1)
