"""Who stands before the detector: the measures of one invented patient, all drawn from one seed.

Knows numpy. Lengths in mm; y = 0 is the top of the lungs, x = 0 the middle of the spine.
"""

from dataclasses import dataclass

import numpy as np

from app.phantoms.grid import Profile, stream

RIGHT, LEFT = -1, 1
"""The patient's sides as signs of x: the patient's right is on the left of the film."""


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """Measures in mm.

    ``height``: top of the lungs to the right dome; ``half_width``: half the inner width of the chest; ``wall``: chest wall at
    the side; ``depth``: front to back of the trunk. ``stout`` 0 slim to 1 obese; ``age`` 0 young to 1 old. ``twist``: how far
    a point 100 mm in front of the spine is displaced to the left by rotation. ``heart``: cardiothoracic ratio.
    """

    female: bool
    stout: float
    age: float
    height: float
    half_width: float
    wall: float
    depth: float
    twist: float
    heart: float
    portable: bool
    dome_left: float
    dome_drop: float
    lung_density: float
    lateral: Profile
    medial: Profile
    cavity: Profile
    arm_angle: float
    scoliosis: float

    @property
    def inner_depth(self) -> float:
        """Front to back of the chest's inside at its deepest."""
        return self.depth - 52 - 22 * self.stout

    def dome(self, side: int) -> float:
        """The y of the top of a side's diaphragm."""
        return self.height + (self.dome_left if side == LEFT else 0.0)


def invent(seed: int) -> Patient:
    """The patient of a seed."""
    rng = stream(seed, "patient")
    female = bool(rng.random() < 0.48)
    stout = float(rng.beta(1.8, 3.2))
    portable = bool(rng.random() < 0.35)
    height = float(rng.normal(222, 15) - 8 * female - (18 if portable else 0))
    height = float(np.clip(height, 175, 262))
    half_width = float(np.clip(rng.normal(138, 7) - 8 * female + 4 * stout, 115, 158))
    full = float(rng.uniform(-0.03, 0.03))  # a narrow or a barrel-shaped upper chest
    share = np.array([0.3, 0.41, 0.53, 0.66 + full, 0.79 + full, 0.9 + full, 0.97 + full / 3, 1.0, 1.01, 1.0])
    at = np.array([0.0, 0.015, 0.05, 0.115, 0.2, 0.33, 0.55, 0.8, 1.0, 1.4]) * height
    lateral = Profile(at.tolist(), (share * half_width).tolist())
    inside = [0.3 * half_width, 0.2 * half_width, 0.15 * half_width, 18.0, 17.0, 17.0, 20.0]
    medial = Profile((np.array([0.0, 0.025, 0.07, 0.15, 0.4, 0.8, 1.4]) * height).tolist(), inside)
    cavity = Profile(
        (np.array([-0.05, 0.0, 0.03, 0.1, 0.22, 0.45, 0.75, 1.4]) * height).tolist(),
        [0.0, 0.05, 0.3, 0.52, 0.74, 0.95, 1.0, 0.98],
    )
    return Patient(
        female=female,
        stout=stout,
        age=float(rng.random()),
        height=height,
        half_width=half_width,
        wall=float(16 + 34 * stout + rng.uniform(0, 6)),
        depth=float(205 + 85 * stout + rng.uniform(-10, 10) - 8 * female),
        twist=float(np.clip(rng.normal(0, 4.0), -9, 9)),
        heart=float(rng.uniform(0.4, 0.475) + (0.02 if portable else 0)),
        portable=portable,
        dome_left=float(rng.uniform(4, 20)),
        dome_drop=float(rng.uniform(40, 62)),
        lung_density=float(rng.uniform(0.2, 0.3)),
        lateral=lateral,
        medial=medial,
        cavity=cavity,
        arm_angle=float(rng.uniform(0.1, 0.42)),
        scoliosis=float(rng.normal(0, 3)),
    )
