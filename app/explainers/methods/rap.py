"""Relative attributing propagation: which pixels had influence on the answer, and which had little.

Nam et al.: Relative Attributing Propagation: Interpreting the Comparative Contributions of Individual Units in Deep Neural
Networks (AAAI 2020). Red means influence, not direction: a pixel may be red because it speaks against the finding. The
map sums to 1. The rules are in `app.explainers.relevance.rap`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.errors import InputError
from app.explainers.base import Explainer, LayerRelevance, Relevance
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.rap import RAPRules
from app.explainers.trace import Trace

TITLE = "RAP"
SIGNED = True
SUMMARY = "Which pixels had influence on the answer (red), for it or against it, and which had little (blue)."
PAPER = "Nam 2020, AAAI"
CAUTION = (
    "Draws nearly the same map for every finding, and keeps much of it when the upper layers are random: "
    "it shows influence, not evidence for this finding."
)
PANEL = 0
ENDS = ("important", "unimportant")


@dataclass(frozen=True)
class RAP(Explainer):
    """``mode`` stable: sums and averages share by magnitude; faithful: by signed values, as the authors' code does.
    ``by_logit`` restores the authors' scale: the map's sum is then the logit instead of 1."""

    signed: ClassVar[bool] = SIGNED
    copies: ClassVar[float] = 8.0
    mode: str = "stable"
    by_logit: bool = False

    def __post_init__(self) -> None:
        if self.mode not in ("stable", "faithful"):
            raise InputError("RAP has no mode “%(name)s”. It has: stable, faithful.", {"name": self.mode})

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """Influence per pixel, (targets, slices, size, size)."""
        return propagate(trace, self._rules(), targets)

    def layers(self, trace: Trace, targets: Sequence[int]) -> tuple[LayerRelevance, ...]:
        """The relevance at every layer, from the decision back to the film."""
        return propagate(trace, self._rules(), targets, keep_layers=True).layers

    def _rules(self) -> RAPRules:
        return RAPRules(signed_sharing=self.mode == "faithful", by_logit=self.by_logit)
