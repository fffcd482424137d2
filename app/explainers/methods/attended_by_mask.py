"""The term of attended evidence that came by way of the mask: ``Σ_k w_k m F_k / (HW)`` (`app.explainers.attended`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.explainers.attended import terms
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Evidence by the mask"
SIGNED = True
SUMMARY = "The part of the attended evidence that was weighed by where the finding occurs."
PAPER = "Kim 2021, arXiv:2101.09915"
PANEL = 0
ONLY = "compact-masked"
PRIOR = True


@dataclass(frozen=True)
class AttendedByMask(Explainer):
    """The attended term alone."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w), at the feature map's own resolution."""
        found = terms(trace, targets)
        return found.relevance(found.attended)
