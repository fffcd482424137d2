"""What a tissue's magnetic resonance signal is, sequence by sequence, and the canvas that tissues are laid on.

Knows numpy and the grid, no anatomy. Signals are shares of the brightest thing that the sequence shows, as on an examination at
1.5 T: fat is bright without suppression, cortical bone, menisci, tendons and ligaments are dark throughout, fluid is bright on
T2 and on proton density with suppression and dark on T1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.phantoms.knee.space import F32, Box, Space

WEIGHTINGS = ("T1", "T2", "PD", "PD FS", "T2 FS")

SIGNAL: dict[str, tuple[float, float, float, float, float]] = {
    "fat": (0.84, 0.70, 0.80, 0.24, 0.20),
    "skin": (0.38, 0.24, 0.36, 0.36, 0.28),
    "muscle": (0.33, 0.20, 0.38, 0.42, 0.32),
    "marrow": (0.78, 0.60, 0.72, 0.20, 0.17),
    "red marrow": (0.50, 0.55, 0.62, 0.55, 0.50),
    "bruise": (0.40, 0.66, 0.66, 0.64, 0.60),
    "cortex": (0.05, 0.03, 0.05, 0.04, 0.03),
    "cartilage": (0.42, 0.38, 0.58, 0.62, 0.50),
    "meniscus": (0.09, 0.05, 0.09, 0.10, 0.06),
    "ligament": (0.13, 0.08, 0.14, 0.15, 0.09),
    "tendon": (0.08, 0.05, 0.08, 0.08, 0.05),
    "magic angle": (0.26, 0.10, 0.30, 0.30, 0.14),
    "degeneration": (0.26, 0.22, 0.36, 0.40, 0.26),
    "fluid": (0.24, 1.00, 0.74, 0.95, 1.00),
    "cleft": (0.32, 0.80, 0.66, 0.84, 0.82),
    "oedema": (0.36, 0.74, 0.62, 0.76, 0.72),
    "synovium": (0.40, 0.34, 0.50, 0.46, 0.34),
    "slow blood": (0.30, 0.72, 0.56, 0.78, 0.76),
    "flow void": (0.06, 0.04, 0.06, 0.06, 0.05),
}
"""Tissue to signal, in the order of `WEIGHTINGS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The knee as every one of its sequences would show it, before the scanner: ``signal`` float32 (sequence, z, y, x)."""

    space: Space
    weightings: tuple[str, ...]
    signal: F32

    @classmethod
    def blank(cls, space: Space, weightings: Sequence[str]) -> "Canvas":
        """Air."""
        return cls(space, tuple(weightings), np.zeros((len(weightings), *space.shape), np.float32))

    def paint(self, box: Box, share: F32, tissue: str, texture: F32 | None = None) -> None:
        """Replace ``share`` (0 to 1, the shape of ``box``) of what is there by ``tissue``, its signal times ``texture``."""
        for layer, weighting in zip(self.signal, self.weightings, strict=True):
            value = np.float32(SIGNAL[tissue][WEIGHTINGS.index(weighting)])
            there = layer[box]
            goal = value if texture is None else value * texture
            there += share * (goal - there)
