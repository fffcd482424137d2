"""Which way the slices of a stack run through the body, and turning them for readers who are used to the other way.

Slices are stored along rows × columns of their own orientation, so that which side comes first is an accident of how they were
written. What is turned here is what somebody looks at: the stored stack, its fingerprint and its numbers stay. Knows headers
only. Patient coordinates (PS3.3 C.7.6.2.1.1) grow to the left, to the back and to the head.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from app.domain import Plane
from app.stacks.slices import Placed, normal

Side = Literal["right", "left", "front", "back", "feet", "head"]
SIDES: Mapping[Plane, tuple[Side, Side]] = {
    "sagittal": ("right", "left"),
    "coronal": ("front", "back"),
    "axial": ("feet", "head"),
}
"""The two sides from which slices of a plane may be looked through, first the one where the patient's x, y, z is smaller."""
ACROSS = 0.5
"""Share of a normal along a plane's axis below which the slices do not run along it, whatever a reader calls their plane."""

P = TypeVar("P", bound=Placed)


def begins(images: Sequence[Placed], plane: Plane, between: float | None, *, along: bool = True) -> Side | None:
    """The side at which a stack's first slice lies, where its slices lie ``along`` their normal, as they are stored, or against
    it; None where that is not known, or where the slices do not run through the body: all in one place (``between`` 0), one
    alone, in no plane, without a position."""
    if plane not in SIDES or not between or len(images) < 2:
        return None
    if any(image.position is None or image.axes is None for image in images):
        return None
    share = float(normal(images)[tuple(SIDES).index(plane)])
    if abs(share) < ACROSS:
        return None
    return SIDES[plane][0 if (share > 0) == along else 1]


def turned(images: Sequence[P], plane: Plane, between: float | None, wanted: Mapping[Plane, Side]) -> tuple[P, ...]:
    """The slices of a stack from the side that is wanted of its plane; as they are stored where none is wanted or known."""
    first, side = begins(images, plane, between), wanted.get(plane)
    return tuple(images) if None in {first, side} or first == side else tuple(reversed(images))
