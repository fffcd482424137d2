"""Layer-wise relevance propagation: the logit, handed back layer by layer until every pixel has its share.

Bach et al.: On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation (PLOS ONE 2015).
The seed is the logit without its bias, ``z_t = Σ_k w_tk x_k``; the map's sum equals it. Red raises the logit. The rules are in
`app.explainers.relevance.lrp`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.errors import InputError
from app.explainers.base import Explainer, LayerRelevance, Relevance
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.lrp import COMPOSITES, LRPRules
from app.explainers.trace import Trace

TITLE = "LRP"
SIGNED = True
SUMMARY = "What each pixel adds to the answer or takes from it; all pixels together make up the whole answer."
PAPER = "Bach 2015, PLOS ONE"
PANEL = 4


@dataclass(frozen=True)
class LRP(Explainer):
    """``composite``: EpsilonPlusFlat, EpsilonGammaBox or Epsilon; ``epsilon`` and ``gamma`` are those of its rules."""

    signed: ClassVar[bool] = SIGNED
    copies: ClassVar[float] = 6.0
    composite: str = "EpsilonPlusFlat"
    epsilon: float = 1e-6
    gamma: float = 0.25

    def __post_init__(self) -> None:
        if self.composite not in COMPOSITES:
            raise InputError(
                "LRP has no composite “%(name)s”. It has: %(known)s.", {"name": self.composite, "known": ", ".join(COMPOSITES)}
            )
        if self.epsilon <= 0 or self.gamma < 0:
            raise InputError("LRP needs an epsilon above 0 and a gamma of at least 0.")

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The pixels' shares of ``z_t``, (targets, slices, size, size)."""
        return propagate(trace, self._rules(), targets)

    def layers(self, trace: Trace, targets: Sequence[int]) -> tuple[LayerRelevance, ...]:
        """The relevance at every layer, from the decision back to the film."""
        return propagate(trace, self._rules(), targets, keep_layers=True).layers

    def _rules(self) -> LRPRules:
        return LRPRules(self.composite, self.epsilon, self.gamma)
