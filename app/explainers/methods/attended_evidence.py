"""Attended evidence: what each cell of the last feature map adds to the answer of a network that weighs it by masks, exactly.

Kim, Jung, Lee: Weakly Supervised Thoracic Disease Localization via Disease Masks (arXiv:2101.09915), with the whole film's
feature beside the attended one: the map is ``Σ_k (w_k m + v_k) F_k / (HW)`` and adds up to ``y − b``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.explainers.attended import terms
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Attended evidence"
SIGNED = True
SUMMARY = "What each region adds to the answer or takes from it, weighed by where the finding occurs and by the whole film."
PAPER = "Kim 2021, arXiv:2101.09915"
PANEL = 0
ONLY = "compact-masked"
PRIOR = True


@dataclass(frozen=True)
class AttendedEvidence(Explainer):
    """Both terms together."""

    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w), at the feature map's own resolution."""
        found = terms(trace, targets)
        return found.relevance(found.attended + found.whole, exact=True)
