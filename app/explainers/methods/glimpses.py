"""The path: see `app.explainers.attention.glimpses`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import glimpses
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Path of glimpses"
SIGNED = False
SUMMARY = "Where the network looked, glimpse after glimpse, and what it thought after each."
PAPER = "Mnih 2014; Ypsilantis 2017"
PANEL = 0
ONLY = "glimpses"
KIND = "attention"
ENDS = ("often", "never")


@dataclass(frozen=True)
class Glimpses(Explainer):
    """Path of glimpses."""

    kind: ClassVar[LayerKind] = "attention"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return glimpses(trace, targets)
