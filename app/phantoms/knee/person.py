"""Whose knee it is: the measures of one invented person and how the leg lies in the coil, all drawn from one seed.

Knows numpy and the grid. Lengths in mm of the knee's frame (`app.phantoms.knee.space`), angles in radians.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.phantoms.knee.space import stream


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One knee.

    ``side``: 1 left, −1 right. ``scale``: size along u, v, w against an average adult; ``flexion`` of the femur on the tibia;
    ``varus``: its lean in the frontal plane; ``slope`` of the plateau to the back. ``condyle``: half width of the (medial,
    lateral) condyle; ``notch``: half width of the space between them; ``groove``: depth of the trochlea; ``cartilage``: its
    thickness. ``patella``: how far it lies (lateral, up) from the middle. ``stout``: 0 lean to 1; ``skin``: depth of the fat
    under the skin; ``muscle``: size of the muscles. ``discoid``: the lateral meniscus covers the plateau; ``meniscus``:
    (medial, lateral) width against the usual; ``acl``: radius of the anterior cruciate ligament and how steep it is.
    ``turn``, ``shift``: how the leg lies in the scanner's frame.
    """

    side: int
    scale: tuple[float, float, float]
    flexion: float
    varus: float
    slope: float
    condyle: tuple[float, float]
    notch: float
    groove: float
    cartilage: float
    patella: tuple[float, float]
    stout: float
    skin: float
    muscle: float
    discoid: bool
    meniscus: tuple[float, float]
    acl: tuple[float, float]
    turn: NDArray[np.float64]
    shift: tuple[float, float, float]


def invent(seed: int) -> Person:
    """The person of a seed."""
    rng = stream(seed, "person")
    size = float(np.clip(rng.normal(0.985, 0.055) + (0.03 if rng.random() < 0.5 else -0.03), 0.86, 1.12))
    stout = float(rng.beta(1.8, 2.6))
    angles = np.clip(rng.normal(0, (0.035, 0.03, 0.06)), -0.13, 0.13)
    return Person(
        side=1 if rng.random() < 0.5 else -1,
        scale=(size * float(rng.uniform(0.96, 1.05)), size * float(rng.uniform(0.96, 1.05)), size),
        flexion=float(rng.uniform(-0.02, 0.2)),
        varus=float(rng.normal(0, 0.03)),
        slope=float(rng.uniform(0.04, 0.16)),
        condyle=(float(rng.uniform(15.5, 18.5)), float(rng.uniform(15, 17.5))),
        notch=float(rng.uniform(8.6, 11.2)),
        groove=float(rng.uniform(3.0, 6.5)),
        cartilage=float(rng.uniform(1.9, 2.7)),
        patella=(float(rng.normal(2.5, 1.6)), float(rng.normal(0, 3.0))),
        stout=stout,
        skin=float(4 + 11 * stout + rng.uniform(0, 2)),
        muscle=float(rng.uniform(0.85, 1.12)),
        discoid=bool(rng.random() < 0.06),
        meniscus=(float(rng.uniform(0.92, 1.15)), float(rng.uniform(0.92, 1.15))),
        acl=(float(rng.uniform(2.3, 3.0)), float(rng.uniform(-1.5, 1.5))),
        turn=rotation(angles),
        shift=(float(rng.normal(0, 2.5)), float(rng.normal(0, 3.0)), float(rng.normal(-2, 5.0))),
    )


def rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, float)
