"""The soft parts of the chest as path lengths: trunk, arms, lungs, heart, great vessels, airways, diaphragm, stomach, breasts.

Knows the grid and the patient. The lungs are the chest's inside minus what lies in it, as in the patient: a big heart takes
air away and the dome of the diaphragm ends it, so every border on the film comes about the way it does in life.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from app.phantoms.grid import F32, Floats, Grid, Mask, Profile, chord, smoothstep, stream
from app.phantoms.patient import LEFT, RIGHT, Patient


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """One patient on one film.

    ``body``: tissue thickness if there were no air, mm. ``air``: depth of lung, mm. ``field``: where lung lies on the film,
    heart and domes taken out. ``heart``: the heart's outline above the diaphragm. ``depth`` is the lung's depth were there no
    heart: what a collapsed lobe or fluid can fill. ``soft``: thin structures to add, mm water. ``carina``: where the trachea
    divides; ``hila`` the two hila (right, left). ``raised``: what a lifted dome covers of
    the lung that was there. ``below``: where the body lies below the diaphragm.
    """

    grid: Grid
    patient: Patient
    body: F32
    air: F32
    depth: F32
    field: Mask
    heart: Mask
    soft: F32
    carina: tuple[float, float]
    hila: tuple[tuple[float, float], tuple[float, float]]
    raised: Mask
    below: Mask

    def hilum(self, side: int) -> tuple[float, float]:
        """One side's hilum."""
        return self.hila[0] if side == RIGHT else self.hila[1]


def build(patient: Patient, grid: Grid, seed: int, heart_share: float, lifted: tuple[float, float]) -> Anatomy:
    """Lay the soft parts out.

    ``heart_share`` is the cardiothoracic ratio; ``lifted``: how much higher each dome stands, mm (right, left).
    """
    rng = stream(seed, "skeleton")
    body = trunk(patient, grid)
    depth, above = cavity(patient, grid, lifted)
    heart = heart_chord(patient, grid, heart_share)
    column, knob_soft = mediastinum(patient, grid, rng)
    air = np.maximum(depth - np.maximum(heart * above, column), 0)
    below = np.clip(1 - above, 0, 1)
    carina = (patient.twist * 0.25, 0.36 * patient.height)
    hila = ((-34.0 + patient.twist * 0.3, 0.455 * patient.height), (36.0 + patient.twist * 0.3, 0.42 * patient.height))
    soft = knob_soft + airways(patient, grid, carina) + abdomen(patient, grid, rng, below) + breasts(patient, grid, rng)
    outline = (heart > 4) & (above > 0.5) & (grid.y > 0.42 * patient.height)
    field = (
        (depth > 0.12 * patient.inner_depth * patient.cavity(grid.y))
        & (above > 0.5)
        & ~outline
        & (column < 0.3 * depth + 8)
        & (depth > 6)
    )
    raised = np.zeros_like(field)
    if any(lifted):
        before, over = cavity(patient, grid, (0.0, 0.0))
        raised = (over > 0.5) & (before > 6) & (above <= 0.5)
    return Anatomy(grid, patient, body, air, depth, field, outline, soft, carina, hila, raised, (above <= 0.5) & (body > 5))


def trunk(patient: Patient, grid: Grid) -> F32:
    """Neck, shoulders, trunk and arms: the thickness of the body, mm; 0 is air outside it."""
    reach = patient.half_width + patient.wall
    h = patient.height
    size = patient.depth
    ax = np.abs(grid.x)
    half = Profile(
        [-40, 0.0, 0.15 * h, 0.35 * h, 0.7 * h, h, 1.35 * h, 1.9 * h],
        [v * reach for v in (0.5, 0.72, 0.9, 0.97, 1.0, 0.99, 0.93 + 0.1 * patient.stout, 0.95 + 0.15 * patient.stout)],
    )(grid.y)
    thick = Profile(
        [-60, 0.0, 0.25 * h, 0.6 * h, h, 1.35 * h, 1.9 * h],
        [0.3 * size, 0.55 * size, 0.83 * size, size, 1.02 * size, (0.98 + 0.08 * patient.stout) * size, size],
    )(grid.y)
    body = thick * np.maximum(1 - (ax / half) ** 2.6, 0) ** (1 / 2.2)
    neck = 52 + 10 * patient.stout
    top = Profile(
        [0, neck - 4, neck + 2, neck + 12, 82, 105, 145, 172, 198, 222, 240],
        [-400, -260, -110, -76, -56, -42, -26, -10, 16, 62, 150],
    )(ax * (138 / patient.half_width))
    down = np.maximum(grid.y - top, 0)
    yoke = (122 + 45 * patient.stout) * (1 - np.exp(-down / 24)) * smoothstep(grid.y, 0.66 * h, 0.12 * h)
    yoke = yoke * (1 - smoothstep(grid.y, -30, -130) * smoothstep(ax, neck + 30, neck - 20))
    throat = (114 + 20 * patient.stout) * chord((ax / (neck + 2)) ** 2)
    yoke = join(yoke, throat)
    shoulder = np.array([patient.half_width + 38.0, 34.0])
    aim = np.array([np.sin(patient.arm_angle), np.cos(patient.arm_angle)])
    along = (ax - shoulder[0]) * aim[0] + (grid.y - shoulder[1]) * aim[1]
    across = (ax - shoulder[0]) * aim[1] - (grid.y - shoulder[1]) * aim[0]
    girth = 41 + 20 * patient.stout - 3 * patient.female
    beyond = np.where(along < 0, along, 0)
    arm = 2 * girth * chord((across**2 + beyond**2) / girth**2)
    return join(body, yoke, arm)


def join(*parts: Floats) -> F32:
    """The larger of several thicknesses, rounded where they meet: the fourth root of the sum of fourth powers."""
    total = sum(np.square(np.square(np.asarray(part, np.float32))) for part in parts)
    return np.asarray(np.sqrt(np.sqrt(total)), np.float32)


def cavity(patient: Patient, grid: Grid, lifted: tuple[float, float]) -> tuple[F32, F32]:
    """Depth of the chest's inside (mm) where lung may lie, and the share of it above the diaphragm (1 above, 0 below)."""
    ax = np.abs(grid.x)
    lateral = patient.lateral(grid.y)
    inner = 0.36 * patient.half_width
    side = np.maximum((ax - inner) / np.maximum(lateral - inner, 1), 0)
    depth = patient.inner_depth * patient.cavity(grid.y) * np.maximum(1 - side**2.4, 0) ** 0.55
    soft = 1 + 2.2 * smoothstep(grid.y, 0.35 * patient.height, 0.6 * patient.height)
    depth = depth * smoothstep((ax - patient.medial(grid.y)) / soft, -3, 6) * (grid.y > 0)
    left = grid.x > 0
    top = np.where(left, patient.dome(LEFT) - lifted[1], patient.dome(RIGHT) - lifted[0])
    peak = 0.47 * patient.half_width
    out = np.clip((ax - peak) / (patient.half_width - peak), 0, 1)
    into = np.clip((peak - ax) / peak, 0, 1.3)
    edge = top + patient.dome_drop * (1 - np.sqrt(1 - 0.985 * out**2.2)) + 0.3 * patient.dome_drop * into**2
    under = np.maximum(grid.y - edge, 0)
    span = patient.dome_drop * 1.15
    recess = 0.42 * np.maximum(1 - np.sqrt(under / span), 0) * smoothstep(under, span, 0.2 * span)
    blend = np.clip((grid.y - edge) / grid.pixel + 0.5, 0, 1)  # the lung dips behind the dome; the border itself is sharp
    above = 1 - blend + blend * recess
    return np.asarray(depth * above, np.float32), np.asarray(above, np.float32)


def heart_chord(patient: Patient, grid: Grid, share: float) -> F32:
    """The heart's thickness along the beam, mm. ``share`` of the inner chest width: 0.42 is normal, above 0.5 enlarged.

    Its left border runs from the pulmonary trunk straight down to the apex, its right one bulges with the atrium; a big heart
    grows most at the bottom, since its base hangs on the great vessels.
    """
    h, w = patient.height, patient.half_width
    grow = share / 0.47
    at = np.array([0.26, 0.34, 0.42, 0.5, 0.6, 0.72, 0.84, 0.95, 1.05, 1.15, 1.3])
    lower = 1 / (1 + np.exp(-(at - 0.55) / 0.09))
    factor = 1 + (grow - 1) * (0.25 + 0.75 * lower)
    left = np.array([0.1, 0.17, 0.235, 0.27, 0.335, 0.45, 0.575, 0.65, 0.66, 0.58, 0.3]) * w * factor
    right = np.array([0.12, 0.15, 0.165, 0.19, 0.235, 0.27, 0.28, 0.265, 0.23, 0.19, 0.1]) * w * factor
    rows = (at * h).tolist()
    centre = Profile(rows, ((left - right) / 2).tolist())(grid.y) + patient.twist * 0.55
    half = Profile(rows, ((left + right) / 2).tolist())(grid.y)
    r = np.abs(grid.x - centre) / half
    front = patient.inner_depth * Profile(rows, [0, 0.2, 0.45, 0.6, 0.7, 0.76, 0.8, 0.8, 0.74, 0.5, 0])(grid.y)
    return np.asarray(front * np.maximum(1 - r**2.8, 0) ** 0.55, np.float32)


def mediastinum(patient: Patient, grid: Grid, rng: np.random.Generator) -> tuple[F32, F32]:
    """Great vessels and spine's surroundings: lung taken away (mm), and a little calcium in an old aortic knob (mm water)."""
    h, twist = patient.height, patient.twist * 0.35
    deep = patient.inner_depth * patient.cavity(grid.y)
    right = Profile(
        (np.array([-0.3, 0.0, 0.12, 0.3, 0.5, 0.8, 1.5]) * h).tolist(),
        [20, 24, 25 + 3 * patient.stout, 27 + 5 * patient.stout, 26, 22, 20],
    )(grid.y)
    left = Profile(
        (np.array([-0.3, 0.0, 0.1, 0.2, 0.4, 0.52, 0.7, 1.5]) * h).tolist(),
        [20, 26, 24, 20, 23 + 4 * patient.stout, 29, 22, 20],
    )(grid.y)
    soft = 4 + 14 * smoothstep(grid.y, 0.42 * h, 0.6 * h)  # behind the heart nothing sharp bounds it
    wide = smoothstep((grid.x - twist - left) / soft, 1, -1) * smoothstep((-grid.x + twist - right) / soft, 1, -1)
    core = smoothstep(np.abs(grid.x - twist), 24, 8)
    column = deep * wide * (0.62 + 0.26 * core)
    radius = 15 + 6 * patient.age + rng.uniform(0, 3)
    knob = 52 * chord(grid.ellipse(20 + twist + 4 * patient.age, 0.29 * h, radius, radius * 1.15))
    wander = Profile((np.array([0.0, 0.3, 0.6, 1.5]) * h).tolist(), [12, 20, 19 + 5 * patient.age, 12])(grid.y)
    aorta = 30 * chord(((grid.x - wander - twist) / 13.0) ** 2) * smoothstep(grid.y, 0.25 * h, 0.31 * h)
    trunk_knob = 34 * chord(grid.ellipse(27 + twist, 0.43 * h, 17, 15))
    calcium = grid.zeros()
    if patient.age > 0.75 and rng.random() < 0.7:
        bow = np.linspace(-1.3, 0.7, 9)
        arc = np.stack([20 + twist + 4 * patient.age + radius * 0.93 * np.cos(bow), 0.29 * h + radius * np.sin(bow)], axis=1)
        calcium = grid.tube(arc, 0.9) * 2.0
    return np.asarray(np.maximum.reduce([column, knob, aorta, trunk_knob]), np.float32), calcium


def airways(patient: Patient, grid: Grid, carina: tuple[float, float]) -> F32:
    """Trachea and main bronchi: air, so negative, mm water."""
    x, y = carina
    bend = patient.scoliosis * 0.5
    trachea = grid.tube([(bend * 0.3, -130), (bend, -30), (x + bend + 1, 0.5 * y), (x, y - 2)], 9.2, sigma=1.2)
    right = grid.tube([(x - 2, y - 3), (x - 14, y + 14), (x - 26, y + 32)], (6.8, 5.5), sigma=1.2)
    left = grid.tube([(x + 2, y - 3), (x + 20, y + 13), (x + 42, y + 24)], (6.0, 4.6), sigma=1.2)
    return np.asarray(-1.6 * np.maximum.reduce([trachea, right, left]), np.float32)


def abdomen(patient: Patient, grid: Grid, rng: np.random.Generator, below: F32) -> F32:
    """Gas under the left dome: the stomach's bubble, with a fluid level when upright, and bowel. Negative, mm water."""
    gas = grid.zeros()
    x, y = rng.uniform(0.38, 0.6) * patient.half_width, patient.dome(LEFT) + rng.uniform(22, 34)
    if rng.random() < 0.65:
        a, b = rng.uniform(18, 36), rng.uniform(11, 20)
        bubble = chord(grid.ellipse(x, y, a, b, rng.uniform(-0.3, 0.3)))
        if not patient.portable and rng.random() < 0.6:
            bubble = bubble * smoothstep(grid.y, y + 0.45 * b, y + 0.35 * b)
        gas -= np.float32(rng.uniform(25, 55)) * bubble
    for _ in range(int(rng.integers(0, 5))):
        where = (rng.uniform(-0.2, 0.85) * patient.half_width, patient.dome(LEFT) + rng.uniform(55, 110))
        loop = chord(grid.ellipse(where[0], where[1], rng.uniform(8, 20), rng.uniform(6, 13), rng.uniform(-1, 1)))
        gas -= np.float32(rng.uniform(8, 30)) * loop
    return np.asarray(gas * smoothstep(below, 0.5, 0.9), np.float32)


def breasts(patient: Patient, grid: Grid, rng: np.random.Generator) -> F32:
    """Breast shadows: dense and sharp at the lower fold, fading upwards; also past the trunk's edge. mm water."""
    size = rng.uniform(0.15, 1.0)
    lean = rng.uniform(-4, 4)
    if not patient.female:
        return grid.zeros()
    layer = grid.zeros()
    for side in (RIGHT, LEFT):
        radius = 46 + 26 * size + 12 * patient.stout
        x = side * (0.6 * patient.half_width + 12 * size) + patient.twist * 0.8
        y = (0.8 + 0.12 * size) * patient.height + lean * side
        inside = chord(grid.ellipse(x, y, radius * 1.02, radius * 0.98))
        rise = smoothstep(grid.y, y - radius, y + 0.55 * radius)
        layer += np.float32(18 + 42 * size) * inside**0.8 * rise
    return layer


def pectorals(patient: Patient, grid: Grid) -> F32:
    """The chest muscle's free edge from the armpit inwards: a faint oblique step, clearer in muscular men. mm water."""
    if patient.female:
        return grid.zeros()
    ax = np.abs(grid.x)
    edge = 0.52 * patient.height - 0.42 * (ax - 0.35 * patient.half_width)
    fan = smoothstep(edge - grid.y, -2, 8) * smoothstep(grid.y, 0, 40) * smoothstep(ax, 30, 80)
    return np.asarray(7 * ndimage.gaussian_filter(fan, 1.5 / grid.pixel), np.float32)
