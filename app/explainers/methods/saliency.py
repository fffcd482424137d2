"""Saliency: how strongly each pixel would move the logit.

Simonyan, Vedaldi, Zisserman: Deep Inside Convolutional Networks (2013), arXiv:1312.6034.
``max over channels of |∂ y_c / ∂ x|``, at the network's input resolution.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace

TITLE = "Saliency"
SIGNED = False
SUMMARY = "Where a small change of a pixel would change the answer most, in either direction."
PAPER = "Simonyan 2013, arXiv:1312.6034"
PANEL = 3


@dataclass(frozen=True)
class Saliency(Explainer):
    """``raw``: the gradient itself, with its sign and summed over channels, instead of its magnitude."""

    signed: ClassVar[bool] = SIGNED
    raw: bool = False

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The gradient's magnitude, (targets, slices, size, size)."""
        gradient = trace.gradients(targets, trace.input)
        return Relevance(gradient.sum(2) if self.raw else gradient.abs().amax(2))
