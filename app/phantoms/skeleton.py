"""The bones as path lengths: ribs in three dimensions, spine, clavicles, shoulder blades, upper arms, breast bone.

Knows the grid and the patient. Ribs are hoops around the chest projected along the beam; front and back parts, the dense edge
at the side and the crossings come out by themselves. Values are mm of water in excess of soft tissue.
"""

import numpy as np
from numpy.typing import NDArray

from app.phantoms.grid import F32, Grid, Profile, chord, smoothstep, stream
from app.phantoms.patient import LEFT, RIGHT, Patient

CORTEX = 1.9
"""How much more one mm of compact bone stops than one mm of water, in mm of water, at about 70 keV."""
MARROW = 0.28

DROPS = (38, 60, 80, 97, 108, 115, 118, 116, 110, 98, 70)
"""How far each rib's front end lies below its back end, mm, for a chest 225 mm high."""
ENDS = (0.27, 0.3, 0.33, 0.38, 0.45, 0.52, 0.6, 0.7, 0.82, 0.95, 1.0)
"""How near the middle each rib's bone reaches in front, as a share of the half width; cartilage follows, unseen."""


def build(patient: Patient, grid: Grid, seed: int) -> F32:
    """All bones, mm of water."""
    rng = stream(seed, "skeleton")
    return np.asarray(
        ribs(patient, grid, rng) + spine(patient, grid, rng) + girdle(patient, grid, rng) + sternum(patient, grid),
        np.float32,
    )


def hoops(patient: Patient, rng: np.random.Generator, step: float) -> NDArray[np.float64]:
    """The middle lines of 22 ribs, right then left: (22, n, 3) x, y, z in mm; z grows from the back to the breast bone."""
    h = patient.height
    tilt = float(rng.uniform(0.85, 1.12)) * (0.82 if patient.portable else 1.0)
    number = np.arange(11)
    start = np.where(number == 0, 0.01, -0.03 + 0.1 * number) * h
    drop = np.array(DROPS) * h / 225 * tilt
    half = patient.lateral(np.maximum(start + 0.42 * drop, 0.05 * h)).astype(float) + 3.0
    deep = 0.5 * patient.inner_depth * patient.cavity(np.maximum(start + 0.5 * drop, 0.1 * h)).astype(float) + 4
    first = -np.arccos(np.minimum(15 / half, 1))
    last = np.arccos(np.minimum(np.array(ENDS) * patient.half_width / half, 1))
    count = max(40, int(np.ceil(2.6 * half.max() / step)))
    turn = first[:, None] + (last - first)[:, None] * np.linspace(0, 1, count)
    x = half[:, None] * np.cos(turn) ** 0.95
    z = deep[:, None] * np.sin(turn)
    share = (np.sin(turn) + 1) / 2
    lift = float(rng.uniform(7, 16)) - (4 if patient.portable else 0)
    arch = np.where(number == 0, 3, lift)[:, None] * np.sin(np.pi * np.clip(share / 0.42, 0, 1) ** 0.55)
    y = start[:, None] + drop[:, None] * (0.82 * share + 0.18 * share**2) - arch
    lines = [np.stack([side * x, y + rng.normal(0, 1.2, (11, 1)), z], axis=2) for side in (RIGHT, LEFT)]
    return np.concatenate(lines)


def ribs(patient: Patient, grid: Grid, rng: np.random.Generator) -> F32:
    """Eleven pairs of ribs as shells of compact bone around marrow, mm of water."""
    lines = hoops(patient, rng, max(0.8, 0.8 * grid.pixel))
    strength = float(rng.uniform(0.8, 1.25))
    around = int(np.clip(round(22 / grid.pixel), 12, 36))
    ring = np.linspace(0, 2 * np.pi, around, endpoint=False)
    tangent = np.gradient(lines, axis=1)
    length = np.linalg.norm(tangent, axis=2)
    tangent /= length[..., None]
    outward = lines * (1.0, 0.0, 1.0)
    outward -= (outward * tangent).sum(2, keepdims=True) * tangent
    outward /= np.linalg.norm(outward, axis=2, keepdims=True)
    upward = np.cross(tangent, outward)
    share = np.linspace(0, 1, lines.shape[1])
    number = np.arange(22)[:, None] % 11
    tall = (4.6 + 1.7 * share + 1.5 * (number == 0)) * (0.92 if patient.female else 1.05)
    flat = 3.0
    shell = lines[:, :, None, :2] + upward[:, :, None, :2] * (tall[..., None] * np.cos(ring))[..., None]
    shell += outward[:, :, None, :2] * (flat * np.sin(ring))[:, None]
    shell[..., 0] += patient.twist / 100 * lines[:, :, None, 2]
    arc = np.hypot(tall[..., None] * np.sin(ring), flat * np.cos(ring)) * (2 * np.pi / around)
    thick = CORTEX * 1.3 * arc + MARROW * (np.pi * tall * flat / around)[..., None]
    fade = np.clip((1 - share) * 12 + 0.35, 0, 1) * np.where(number == 10, 0.8, 1.0)
    fade = fade * (0.5 + 0.5 * np.hypot(tangent[..., 0], tangent[..., 1])) * length  # ribs are thinnest at the side
    volume = thick * fade[..., None]
    return grid.splat(shell.reshape(-1, 2), volume.ravel(), 0.5) * np.float32(strength)


def spine(patient: Patient, grid: Grid, rng: np.random.Generator) -> F32:
    """Vertebrae with end plates, pedicles and spinous processes; the discs between are darker. mm of water."""
    h = patient.height
    pitch = 0.1 * h
    levels = np.arange(-6, 19)
    tops = -30 + np.cumsum(np.concatenate([[0.0], pitch * (0.78 + 0.022 * np.arange(len(levels) - 1))])) - 6 * 0.72 * pitch
    number = Profile(tops.tolist(), np.arange(len(levels), dtype=float).tolist())(grid.y)
    sway = np.float32(patient.scoliosis) * np.sin(grid.y / np.float32(0.55 * h))
    x = grid.x - sway
    local = number - np.floor(number)
    from_middle = 2 * local - 1
    half = (13 + 0.42 * number) * (1 - 0.1 * (1 - from_middle**2))
    inside = smoothstep(np.abs(x) - half, 2.0, -2.0)
    vertebra = smoothstep(np.abs(from_middle), 0.9, 0.8)
    plate = np.exp(-(((np.abs(from_middle) - 0.8) / 0.07) ** 2))
    rim = np.exp(-(((np.abs(x) - half + 1.2) / 1.3) ** 2))
    bone = inside * (4.0 + 4.5 * vertebra + 4.0 * plate) + 3.0 * rim * vertebra
    height = np.float32(pitch)
    dx, dy = np.abs(x) - 0.62 * half, (local - 0.33) * height
    ring = np.sqrt(dx**2 + (dy / 1.35) ** 2)
    bone += 7.0 * np.exp(-(((ring - 3.6) / 1.3) ** 2))
    shift = patient.twist * -0.35
    spinous = chord(((x - shift) / 3.0) ** 2 + ((local - 0.78) * height / 8) ** 2)
    bone += 8.0 * spinous
    rough = 1 + 0.12 * grid.cloud(rng, 7)
    return np.asarray(bone * rough * (0.8 + 0.2 * rng.random()), np.float32)


def girdle(patient: Patient, grid: Grid, rng: np.random.Generator) -> F32:
    """Clavicles, shoulder blades and upper arms, mm of water."""
    h, w = patient.height, patient.half_width
    layer = grid.zeros()
    lift = float(rng.uniform(-0.06, 0.09)) * h - (8 if patient.portable else 0)
    low_end = float(rng.uniform(0.13, 0.24)) * h
    swing = float(rng.uniform(-6, 14)) - (16 if patient.portable else 0)
    turn = patient.twist * 1.5  # the clavicles lie in front, so a turned patient shows one nearer the spine
    for side in (RIGHT, LEFT):
        own = lift + rng.normal(0, 2.5)
        joint = (side * (w + 26), 8 + own)
        low = low_end + rng.normal(0, 2)
        rise = low - (2 + own)
        knots = [(10.0, low), (30.0, low - 0.12 * rise), (0.45 * w, low - 0.5 * rise), (0.78 * w, low - 0.92 * rise)]
        line = [(side * x + turn, y) for x, y in knots] + [(side * (w + 12) + turn * 0.5, 3 + own)]
        layer += CORTEX * grid.tube(line, (7.2, 5.6), wall=1.7, sigma=0.8) + MARROW * grid.tube(line, (7.2, 5.6))
        blade = [(joint[0] - side * 12, joint[1] + 36), (side * (w + 14 + swing), 0.42 * h), (side * (w - 2 + swing), 0.7 * h)]
        layer += CORTEX * grid.tube(blade, (5.2, 2.6), wall=1.3, sigma=1.0)
        corner, low_tip = np.array([0.72 * w + swing, 0.1 * h]), np.array([w - 4 + swing, 0.71 * h])
        neck = np.array([w + 10, joint[1] + 30])
        plate = edge(grid, side, low_tip, corner) * edge(grid, side, neck, low_tip) * edge(grid, side, corner, neck)
        layer += 2.6 * plate
        inner = [(side * x, y) for x, y in (corner, (0.73 * w + swing, 0.4 * h), low_tip)]
        layer += CORTEX * grid.tube(inner, 1.7, sigma=1.0) * 0.8
        ridge = [(side * (0.73 * w + swing), 0.2 * h), (side * (w + 6), 0.09 * h), (joint[0] + side * 8, joint[1] - 4)]
        layer += CORTEX * grid.tube(ridge, (2.0, 6.0), wall=1.2, sigma=1.0) * 0.8
        beak = grid.ellipse(joint[0] - side * 17, joint[1] + 16, 9, 6, side * 0.5)
        layer += 6 * chord(beak) + 5 * np.exp(-(((np.sqrt(beak) - 0.9) / 0.15) ** 2))
        layer += arm(patient, grid, side, joint)
    return layer * np.float32(1.45)


def edge(grid: Grid, side: int, first: NDArray[np.float64], last: NDArray[np.float64]) -> F32:
    """1 on one side of the way from ``first`` to ``last`` (given for the patient's left, mirrored for the right), else 0."""
    run = (last - first) / np.linalg.norm(last - first)
    away = (grid.x * side - np.float32(first[0])) * np.float32(run[1]) - (grid.y - np.float32(first[1])) * np.float32(run[0])
    return smoothstep(np.asarray(away, np.float32), -1.0, 1.0)


def arm(patient: Patient, grid: Grid, side: int, joint: tuple[float, float]) -> F32:
    """One upper arm: the head in its socket and the hollow shaft, mm of water."""
    x, y = joint[0] + side * 13, joint[1] + 31
    head = grid.ellipse(x, y, 23, 24)
    aim = np.array([side * np.sin(patient.arm_angle), np.cos(patient.arm_angle)])
    start = np.array([x, y]) + aim * 8
    shaft = [tuple(start), tuple(start + aim * 60), tuple(start + aim * 320)]
    socket = grid.ellipse(x - side * 19, y + 3, 6, 19, side * 0.15)
    bone = 16 * chord(head) + 9 * np.exp(-(((np.sqrt(head) - 0.95) / 0.05) ** 2)) * (head < 1.3)
    bone += CORTEX * grid.tube(shaft, (14.0, 11.0), wall=3.6, sigma=0.8) * 0.75
    return np.asarray(bone + 7 * np.exp(-(((np.sqrt(socket) - 0.9) / 0.18) ** 2)), np.float32)


def sternum(patient: Patient, grid: Grid) -> F32:
    """The breast bone: hardly seen from the front, its upper part at most. mm of water."""
    x = patient.twist * 1.6
    top = 0.15 * patient.height
    plate = chord(grid.ellipse(x, top + 22, 26, 26)) + 0.8 * chord(grid.ellipse(x, top + 95, 15, 62))
    return np.asarray(2.6 * plate, np.float32)
