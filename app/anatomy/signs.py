"""From where on it is odd where a map's evidence lies, and what that sign is worth: measured, and shown with it.

`python -m app evaluate --signs` measures; what it prints stands here. Knows numbers only.
"""

from dataclasses import dataclass

from app.anatomy.evidence import DEVICES, MARKERS, OFF_MASK, Bound

BOUNDS = (
    Bound("outside the body", 0.1, 1.2),
    Bound(MARKERS, 0.02, 4.0),
    Bound(DEVICES, 0.065, 2.5),
    Bound(OFF_MASK, 0.5, 0.8),
)
"""Chosen on drawn films of seeds that no figure is of: beyond what most calls for the finding itself reach there."""
METHODS = ("cam", "layer_cam")
"""Of whose maps the sign was measured."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What the sign does on drawn films: how often it fires where a network was right for a wrong reason (``sensitivity`` of
    ``hits``), and where it looked at the finding (``false`` of ``good``); ``precision``: how many of the signs are right where
    both are equally many. ``missed`` and ``pointed``: on how many CAMs of real films with boxes it stands, of how many: of
    those that do not point into a box, and of those that do. All of findings that the network calls, as the sign stands."""

    sensitivity: float
    hits: int
    false: float
    good: int
    precision: float
    missed: tuple[int, int]
    pointed: tuple[int, int]


WORTH = Worth(0.86, 43, 0.14, 43, 0.86, missed=(0, 63), pointed=(0, 59))
"""Of Layer-CAM and a chest drain, 2026-12-01, the least of what was measured: docs/reference/evidence.md has the others."""
