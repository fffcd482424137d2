"""From where on it is odd where a map's evidence lies, and what that sign is worth: measured, and shown with it.

`python -m app evaluate --signs` measures; what it prints stands here. Knows numbers only.
"""

from dataclasses import dataclass

from app.anatomy.evidence import MARKERS, Bound

BOUNDS = (
    Bound("outside the body", 0.15, 1.5),
    Bound(MARKERS, 0.05, 3.0),
    Bound("below the diaphragm", 0.35, 2.0),
)
"""Chosen on phantoms of seeds that no figure is of."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What the sign does on drawn films: how often it fires where a network was right for a wrong reason (``sensitivity`` of
    ``hits``), and where it looked at the finding (``false`` of ``good``); ``precision``: how many of the signs are right where
    both are equally many."""

    sensitivity: float
    hits: int
    false: float
    good: int
    precision: float


WORTH = Worth(0.0, 0, 0.0, 0, 0.0)
