"""The crop: see `app.explainers.attention.crop`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import LayerKind
from app.explainers.attention import crop
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Second look (crop)"
SIGNED = False
SUMMARY = "The rectangle that the second branch saw, as large as the film."
PAPER = "Guan 2020"
PANEL = 0
ONLY = "compact-guided"
KIND = "image"
ENDS = ("bright", "dark")


@dataclass(frozen=True)
class Crop(Explainer):
    """Second look (crop)."""

    kind: ClassVar[LayerKind] = "image"
    signed: ClassVar[bool] = SIGNED

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The map, (targets, slices, h, w)."""
        return crop(trace, targets)
