"""Where a stack's voxels lie: in the patient, and in the knee's own frame."""

import numpy as np
from numpy.typing import NDArray

from app.phantoms import knee
from app.phantoms.knee import person, scanner
from app.phantoms.knee.space import Space


def patient(stack: knee.KneeStack, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The patient's mm (n, 3) of the voxels of a mask, from the numbers that go into the header."""
    axes = np.asarray(stack.axes)
    across, down = axes[:3], axes[3:]
    slices, rows, columns = np.nonzero(mask)
    return np.asarray(
        np.asarray(stack.position)
        + columns[:, None] * stack.spacing[1] * across
        + rows[:, None] * stack.spacing[0] * down
        + slices[:, None] * stack.between * np.cross(across, down),
        float,
    )


def in_knee(exam: knee.KneePhantom, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places of the patient (n, 3) as the knee's u, v, w."""
    who = person.invent(exam.seed)
    space = Space.make(8.0, (-8, 8, -8, 8, -8, 8), turn=who.turn, shift=who.shift, scale=who.scale, side=who.side)
    how = scanner.frame(exam.seed, who.side)
    return space.knee((places - how.origin) @ how.axes.T)


def shared(exam: knee.KneePhantom, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of ``places`` (n, 3) that the slices of every plane cover, 3 mm from their ends at least."""
    kept = np.ones(len(places), bool)
    for stack in exam.stacks:
        normal = np.cross(stack.axes[:3], stack.axes[3:])
        along = (places - np.asarray(stack.position)) @ normal
        kept &= (along > 3) & (along < stack.between * (len(stack.pixels) - 1) - 3)
    return places[kept]


def voxel(stack: knee.KneeStack) -> float:
    """The volume that a pixel of a slice stands for, mm³, the gap to the next slice included."""
    return stack.spacing[0] * stack.spacing[1] * stack.between
