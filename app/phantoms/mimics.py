"""What a healthy film shows that may be taken for a finding: nipples, calcified rib cartilage, skin folds, companion shadows.

Knows the anatomy. None of it has a mask or a label.
"""

import numpy as np

from app.phantoms.anatomy import Anatomy, pectorals
from app.phantoms.grid import F32, chord, curve, smoothstep, stream
from app.phantoms.patient import LEFT, RIGHT


def build(anatomy: Anatomy, seed: int) -> F32:
    """Any of them, by the seed: mm of water."""
    rng = stream(seed, "mimics")
    layer = pectorals(anatomy.patient, anatomy.grid) * np.float32(rng.uniform(0, 1))
    if rng.random() < 0.4:
        layer += nipples(anatomy, rng)
    if rng.random() < 0.25 + 0.5 * anatomy.patient.age:
        layer += cartilage(anatomy, rng)
    if rng.random() < (0.35 if anatomy.patient.portable else 0.12):
        layer += skin_fold(anatomy, rng)
    if rng.random() < 0.3:
        layer += end_on(anatomy, rng)
    return layer + markings(anatomy, rng)


def nipples(anatomy: Anatomy, rng: np.random.Generator) -> F32:
    """One or both nipples: small, low, at the side, sharp outwards and fading inwards: taken for nodules."""
    patient, grid = anatomy.patient, anatomy.grid
    y = patient.height * rng.uniform(0.78, 0.97)
    x = patient.half_width * rng.uniform(0.56, 0.74)
    layer = grid.zeros()
    for side in (RIGHT, LEFT):
        if rng.random() < 0.75:
            r = rng.uniform(3.6, 5.4)
            py = y + rng.normal(0, 5)
            disc = chord(grid.ellipse(side * x, py, r, r)) ** 0.7
            layer += np.float32(rng.uniform(4, 10)) * disc * smoothstep((grid.x - side * x) * side, -1.3 * r, 0.7 * r)
    return layer


def cartilage(anatomy: Anatomy, rng: np.random.Generator) -> F32:
    """Flecks of calcium where the first ribs, and in the old the lower ones, end in cartilage."""
    patient, grid = anatomy.patient, anatomy.grid
    h, w = patient.height, patient.half_width
    layer = grid.zeros()
    places = [(0.25, 0.13), (0.33, 0.42), (0.42, 0.55), (0.5, 0.68)][: 1 + int(rng.integers(0, 1 + round(3 * patient.age)))]
    for across, down in places:
        for side in (RIGHT, LEFT):
            points = rng.normal((side * across * w + patient.twist, down * h), (6.5, 4.0), (26, 2))
            layer += grid.splat(points, rng.gamma(1.2, 22, 26), 0.9)
    return layer


def skin_fold(anatomy: Anatomy, rng: np.random.Generator) -> F32:
    """A fold of skin under a lying patient: density grows towards a sharp edge and stops; taken for a pneumothorax."""
    patient, grid = anatomy.patient, anatomy.grid
    side = RIGHT if rng.random() < 0.5 else LEFT
    w, h = patient.half_width, patient.height
    top, bottom = rng.uniform(-0.05, 0.15), rng.uniform(0.75, 1.15)
    x0, x1 = rng.uniform(0.55, 0.8) * w, rng.uniform(0.6, 0.95) * w
    knots = [
        (side * x0, top * h),
        (side * ((x0 + x1) / 2 + rng.uniform(-8, 12)), (top + bottom) / 2 * h),
        (side * x1, bottom * h),
    ]
    line = curve(knots, 2.0)
    edge = np.interp(grid.y, line[:, 1], line[:, 0] * side).astype(np.float32)
    inward = edge - grid.x * side
    ends = smoothstep(grid.y, top * h, top * h + 30) * smoothstep(grid.y, bottom * h, bottom * h - 40)
    fold = np.where(inward > 0, np.exp(-inward / np.float32(rng.uniform(9, 18))), 0) * smoothstep(inward, -0.8, 0.8)
    return np.asarray(np.float32(rng.uniform(4, 9)) * fold * ends, np.float32)


def end_on(anatomy: Anatomy, rng: np.random.Generator) -> F32:
    """A vessel met end on, beside its bronchus: a dense dot near the hilum."""
    layer = anatomy.grid.zeros()
    for _ in range(int(rng.integers(1, 4))):
        hilum = anatomy.hila[int(rng.integers(0, 2))]
        x, y = hilum[0] * rng.uniform(1.15, 1.7), hilum[1] + rng.uniform(-28, 34)
        r = rng.uniform(1.8, 3.2)
        layer += np.float32(2.4 * r) * chord(anatomy.grid.ellipse(x, y, r, r))
    return layer


def markings(anatomy: Anatomy, rng: np.random.Generator) -> F32:
    """The lung's own fine texture, coarser in some people. mm of water, both signs."""
    amount = 0.012 + 0.02 * rng.random() ** 2
    fine = 0.6 * anatomy.grid.cloud(rng, 4.5) + 0.5 * anatomy.grid.cloud(rng, 9)
    return np.asarray(np.float32(amount) * fine * anatomy.air, np.float32)
