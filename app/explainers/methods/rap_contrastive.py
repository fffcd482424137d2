"""RAP with a contrastive start: which pixels had influence on this finding more than on the network's others.

The rules are those of relative attributing propagation (Nam et al., AAAI 2020), untouched; only where it begins is ours. The
paper begins at ``|c_i| / Σ|c|``, ``c_i = x_i w_ti``, which hardly differs from finding to finding of one network. Here it
begins at ``c⁺_i / Σc⁺`` minus the mean of this over all findings of the network. The map's sum is that of its start, about 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.errors import InputError
from app.explainers.base import Explainer, LayerRelevance, Relevance
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.rap import RAPRules
from app.explainers.trace import Trace

TITLE = "Contrastive RAP"
SIGNED = True
SUMMARY = (
    "Which pixels had more influence on this finding than on the network's others (red), and which had less (blue). "
    "RAP's rules with another start than the paper's."
)
PAPER = "after Nam 2020, AAAI"
PANEL = 5
ALONE = "rap"
ENDS = ("more", "less")


@dataclass(frozen=True)
class RAPContrastive(Explainer):
    """``mode`` stable: sums and averages share by magnitude; faithful: by signed values, as the authors' code does."""

    signed: ClassVar[bool] = SIGNED
    copies: ClassVar[float] = 8.0
    mode: str = "stable"

    def __post_init__(self) -> None:
        if self.mode not in ("stable", "faithful"):
            raise InputError("RAP has no mode “%(name)s”. It has: stable, faithful.", {"name": self.mode})

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """Influence beyond the mean finding's per pixel, (targets, slices, size, size)."""
        return propagate(trace, self._rules(), targets)

    def layers(self, trace: Trace, targets: Sequence[int]) -> tuple[LayerRelevance, ...]:
        """The relevance at every layer, from the decision back to the film."""
        return propagate(trace, self._rules(), targets, keep_layers=True).layers

    def _rules(self) -> RAPRules:
        return RAPRules(signed_sharing=self.mode == "faithful", start="contrastive")
