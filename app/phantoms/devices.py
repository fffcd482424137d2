"""What lies on or in the patient that is no anatomy: chest drain, catheter, electrodes, pacemaker; and the film's lettering.

Knows the grid and the patient. Values are mm of water, except lettering, which is a share of white.
"""

from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.phantoms.grid import F32, Grid, Mask, chord, curve, stream
from app.phantoms.patient import LEFT, RIGHT, Patient


class Bearing(Protocol):
    """Who bears a device, before the detector: as `app.phantoms.anatomy.Anatomy` has it."""

    @property
    def patient(self) -> Patient:
        """Whose chest it is."""

    @property
    def grid(self) -> Grid:
        """The detector."""


def drain(anatomy: Bearing, seed: int) -> tuple[F32, Mask]:
    """A chest drain and its mask: in through the side wall and up to the top; its bright stripe has gaps at the side holes."""
    rng = stream(seed, "tube")
    patient, grid = anatomy.patient, anatomy.grid
    side = RIGHT if rng.random() < 0.5 else LEFT
    w, h = patient.half_width, patient.height
    entry = rng.uniform(0.62, 0.86) * h
    goal = (side * w * rng.uniform(0.3, 0.55), h * rng.uniform(0.08, 0.22))
    out = w + patient.wall + rng.uniform(20, 60)
    knots = [
        (side * out, entry + rng.uniform(20, 75)),
        (side * (w + 0.6 * patient.wall), entry + rng.uniform(6, 18)),
        (side * w * rng.uniform(0.76, 0.86), entry - rng.uniform(14, 26)),
        (side * w * rng.uniform(0.6, 0.74), rng.uniform(0.34, 0.46) * h),
        goal,
    ]
    line = curve(knots, 0.5 * grid.pixel + 0.2)
    radius = rng.uniform(3.6, 5.0)
    walls = grid.tube(knots, radius, wall=1.3, sigma=0.3) * 3.0
    steps = np.gradient(line, axis=0)
    length = np.linalg.norm(steps, axis=1)
    normal = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / length[:, None]
    run = np.cumsum(length)
    stripe = np.ones(len(line))
    for hole in (18, 40, 66):  # side holes interrupt the stripe, mm from the tip
        stripe[np.abs(run[-1] - run - hole) < 4] = 0
    where = line + normal * (radius * 0.45)
    layer = walls + grid.splat(where, stripe * length * 1.9 * 30, 0.35)
    near = grid.tube(knots, radius + 0.3 * grid.pixel, sigma=0.0)
    return np.asarray(layer, np.float32), np.asarray(near > 0.3 * radius, bool)


def decoration(anatomy: Bearing, seed: int) -> F32:
    """Electrodes with their wires, a central venous catheter, a pacemaker: any of them, unrelated to every finding."""
    rng = stream(seed, "devices")
    patient, grid = anatomy.patient, anatomy.grid
    layer = grid.zeros()
    if rng.random() < 0.55:
        layer += electrodes(patient, grid, rng)
    if rng.random() < 0.5:
        layer += catheter(anatomy, rng)
    if rng.random() < 0.18:
        layer += pacemaker(anatomy, rng)
    return layer


def electrodes(patient: Patient, grid: Grid, rng: np.random.Generator) -> F32:
    """Two to five stick-on electrodes with snap buttons, and wires that leave the film."""
    w, h = patient.half_width, patient.height
    layer = grid.zeros()
    for _ in range(int(rng.integers(2, 6))):
        x, y = float(rng.uniform(-0.9, 0.9) * w), float(rng.choice([rng.uniform(0, 0.3), rng.uniform(0.75, 1.15)]) * h)
        layer += 8 * chord(grid.ellipse(x, y, 9, 9)) ** 0.3 + 30 * chord(grid.ellipse(x, y, 4, 4))
        away = np.sign(x) if rng.random() < 0.75 else -np.sign(x)
        mid = (x + away * rng.uniform(20, 70), y + rng.uniform(-30, 60))
        far = (away * (w + rng.uniform(60, 140)), y + rng.uniform(-60, 120))
        layer += 15 * grid.tube([(x, y), mid, far], 0.75)
    return layer


def catheter(anatomy: Bearing, rng: np.random.Generator) -> F32:
    """A thin central line from the neck or under the clavicle to the great vein at the right of the spine."""
    patient = anatomy.patient
    w, h = patient.half_width, patient.height
    side = RIGHT if rng.random() < 0.7 else LEFT
    tip = (-22.0 + patient.twist * 0.3, rng.uniform(0.3, 0.5) * h)
    if rng.random() < 0.5:
        start = [(side * rng.uniform(36, 58), -95.0), (side * 34, -25.0), (side * 30.0, 0.08 * h)]
    else:
        start = [(side * (w + 30), 0.2 * h), (side * 0.72 * w, 0.06 * h), (side * 0.4 * w, 0.07 * h), (side * 30, 0.12 * h)]
    bridge = [] if side == RIGHT else [(2.0, 0.17 * h)]
    return anatomy.grid.tube([*start, *bridge, (-21.0 + patient.twist * 0.3, 0.24 * h), tip], 1.15) * np.float32(9.0)


def pacemaker(anatomy: Bearing, rng: np.random.Generator) -> F32:
    """A pacemaker under one clavicle with a lead to the heart's apex."""
    patient, grid = anatomy.patient, anatomy.grid
    w, h = patient.half_width, patient.height
    side = LEFT if rng.random() < 0.8 else RIGHT
    x, y = side * 0.72 * w, 0.2 * h
    dx, dy = np.abs(grid.x - x) / 22, np.abs(grid.y - y) / 18
    case = np.clip(6 * (1 - (dx**4 + dy**4)), 0, 1)
    lead = [
        (x, y - 14),
        (side * 0.4 * w, 0.08 * h),
        (side * 22, 0.15 * h),
        (-20, 0.35 * h),
        (-24, 0.75 * h),
        (0.3 * w, 0.93 * h),
    ]
    return np.asarray(110 * case + 26 * grid.tube(lead, 0.95), np.float32)


def lettering(
    size: int, words: str, height: float, place: tuple[float, float], *, ring: bool = False, turn: float = 0.0
) -> F32:
    """Words as a share of white (size, size); ``height`` and ``place`` (middle, column and row) as shares of the film.

    ``ring``: in a circle; ``turn``: degrees.
    """
    scale = 4 if size <= 256 else 2  # drawn larger and averaged: letters of five pixels stay letters
    big = size * scale
    letters = max(8, round(height * big))
    font = ImageFont.load_default(letters)
    left, top, right, bottom = font.getbbox(words)
    pad = letters * 0.35
    plate = Image.new("L", (round(right - left + 2 * pad), round(bottom - top + 2 * pad)), 0)
    pen = ImageDraw.Draw(plate)
    pen.text((pad - left, pad - top), words, fill=255, font=font)
    if ring:
        pen.ellipse([1, 1, plate.width - 2, plate.height - 2], outline=255, width=max(1, letters // 9))
    if turn:
        plate = plate.rotate(turn, expand=True, resample=Image.Resampling.BILINEAR)
    film = Image.new("L", (big, big), 0)
    film.paste(plate, (round(place[0] * big - plate.width / 2), round(place[1] * big - plate.height / 2)))
    return np.asarray(film.reduce(scale), np.float32) / np.float32(255)
