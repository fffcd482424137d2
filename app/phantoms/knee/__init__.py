"""Magnetic resonance examinations of knees of nobody, drawn in three dimensions with lesions whose place is known.

    from app.phantoms import knee
    exam = knee.draw(7, ["meniscal tear"], size=128)

For the tests, the demo and the network that reads three stacks. Nothing here reads real examinations.
"""

from app.domain import KNEE_FINDINGS as FINDINGS
from app.domain import READ_PLANES as PLANES
from app.phantoms.knee.exam import LESIONS, KneePhantom, draw
from app.phantoms.knee.scanner import KneeStack

__all__ = ["FINDINGS", "LESIONS", "PLANES", "KneePhantom", "KneeStack", "draw"]
