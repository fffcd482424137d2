"""Eight channels: see `app.explainers.attention.weighed`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import weighed
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Channels weighed most"
SIGNED = False
SUMMARY = "The maps of the eight channels whose gates are widest open on this film, together."
PAPER = "Hu 2018, CVPR"
PANEL = 0
ONLY = "compact-squeezed"
KIND = "attention"
ENDS = ("active", "still")


@dataclass(frozen=True)
class ChannelsWeighed(Explainer):
    """Channels weighed most."""

    kind: ClassVar[LayerKind] = "attention"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return weighed(trace, targets, 8)
