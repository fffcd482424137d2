"""Menisci, cruciate ligaments and what lies between the bones.

Knows the person, the bones and the grid. A meniscus is the wedge that the cartilage of condyle and plateau leave free, cut out
by two ellipses on the plateau: it fits whatever bones it lies between.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.phantoms.knee.bones import Bones
from app.phantoms.knee.person import Person
from app.phantoms.knee.space import F32, Space, ramp

MEDIAL, LATERAL = -1, 1
"""The compartments as signs of u."""

OUTLINE = {MEDIAL: (-20.5, 4.0, 20.0, 24.5), LATERAL: (20.5, 3.0, 18.5, 20.0)}
"""Outer edge of a meniscus on the plateau: an ellipse's middle (u, v) and half axes."""


@dataclass(frozen=True, slots=True, eq=False)
class Meniscus:
    """One meniscus within the joint's box.

    ``body``: share of every cell that it fills. ``angle``: degrees around its middle, 0 towards the outside of the knee,
    growing to the back, −180 to 180. ``edge``: mm inwards from its outer edge; ``width``: mm from outer to inner edge;
    ``depth``: the one in units of the other. ``above``, ``below``: mm to the cartilage of condyle and plateau; ``height``: 0
    at the plateau's, 1 at the condyle's.
    """

    compartment: int
    body: F32
    angle: F32
    depth: F32
    height: F32
    above: F32
    below: F32
    width: F32
    edge: F32


def meniscus(space: Space, person: Person, bones: Bones, compartment: int) -> Meniscus:
    """The medial or the lateral meniscus."""
    u, v, w = (axis[bones.joint] for axis in (space.u, space.v, space.w))
    cu, cv, a, b = OUTLINE[compartment]
    du, dv = (u - cu) * np.float32(compartment), v - np.float32(cv)
    angle = np.degrees(np.arctan2(dv / np.float32(b), du / np.float32(a)))
    k0 = np.sqrt((du / a) ** 2 + (dv / b) ** 2)
    k1 = np.sqrt((du / a**2) ** 2 + (dv / b**2) ** 2)
    inward = (1 - k0) * k0 / np.maximum(k1, 1e-3)
    broad = person.meniscus[0 if compartment == MEDIAL else 1]
    if compartment == LATERAL and person.discoid:
        width = np.full_like(u, np.float32(19.0))
    elif compartment == MEDIAL:
        width = np.float32(broad) * (9.5 + 4.5 * ramp(angle, 20, 100))
    else:
        width = np.full_like(u, np.float32(11.0 * broad))
    reach = 148 if compartment == MEDIAL else 158
    ends = (np.abs(angle) - reach) * np.float32(np.pi / 180 * 14)
    above = bones.condyles - bones.femoral
    below = bones.plateau - bones.tibial
    tall = w - (np.float32(6.2) - np.float32(person.slope) * (v - 5))
    floor = np.float32(-2.2) - np.float32(person.slope) * (v - 5) - w
    shape = np.maximum.reduce([-inward, inward - width, ends, -above + 0.15, -below + 0.15, tall, floor])
    height = np.clip(below / np.maximum(above + below, 0.3), 0, 1)
    return Meniscus(
        compartment=compartment,
        body=space.inside(np.asarray(shape, np.float32)),
        angle=np.asarray(angle, np.float32),
        depth=np.asarray(inward / width, np.float32),
        height=np.asarray(height, np.float32),
        above=np.asarray(above, np.float32),
        below=np.asarray(below, np.float32),
        width=np.asarray(width, np.float32),
        edge=np.asarray(inward, np.float32),
    )


def acl_line(person: Person) -> NDArray[np.float64]:
    """The anterior cruciate ligament's middle from the lateral condyle (first) to the tibia (last), 13 points in u, v, w."""
    tilt = person.acl[1]
    start, end = np.array([person.notch - 2.8, 18 + 0.4 * tilt, 27.5 + tilt]), np.array([-0.5, -10.0 - tilt, -0.5])
    t = np.linspace(0, 1, 13)[:, None]
    return np.asarray(start + (end - start) * t + np.array([0, 1.4, -1.0]) * np.sin(np.pi * t), float)


def pcl_line(person: Person) -> NDArray[np.float64]:
    """The posterior cruciate ligament's middle from the medial condyle to the back of the tibia: a hockey stick."""
    knots = np.array(
        [
            [-person.notch + 3.0, -1.0, 17.0],
            [-5.5, 8, 20.5],
            [-3.5, 17, 18.5],
            [-1.5, 24.5, 10.0],
            [0, 28.5, -2.0],
            [0.5, 29, -11.0],
        ]
    )
    t = np.linspace(0, len(knots) - 1, 16)
    return np.stack([np.interp(t, np.arange(len(knots)), knots[:, k]) for k in range(3)], axis=1)
