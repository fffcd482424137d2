"""The gate of places: see `app.explainers.attention.places`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import places
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Places weighed"
SIGNED = False
SUMMARY = "Where the last stage's places are weighed most, whatever the channel."
PAPER = "Guha Roy 2018, MICCAI"
PANEL = 0
ONLY = "compact-squeezed"
KIND = "attention"
ENDS = ("attended", "passed over")


@dataclass(frozen=True)
class PlaceGate(Explainer):
    """Places weighed."""

    kind: ClassVar[LayerKind] = "attention"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return places(trace, targets)
