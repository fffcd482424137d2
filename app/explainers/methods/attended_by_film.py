"""The term of attended evidence that came by way of the whole film: ``Σ_k v_k F_k / (HW)`` (`app.explainers.attended`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.explainers.attended import terms
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Evidence by the whole film"
SIGNED = True
SUMMARY = "The part of the attended evidence that counts alike wherever it lies: what the mask cannot take away."
PAPER = "Kim 2021, arXiv:2101.09915"
PANEL = 0
ONLY = "compact-masked"


@dataclass(frozen=True)
class AttendedByFilm(Explainer):
    """The whole film's term alone."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w), at the feature map's own resolution."""
        found = terms(trace, targets)
        return found.relevance(found.whole)
