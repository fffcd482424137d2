"""Lateral chest films, drawn as the sum of what a ray from side to side passes: what a guard must not take for frontal ones.

Thicknesses add up as attenuation does: a trunk, two lungs that lie over one another, a heart low in front, a spine that runs
down behind and fades where more lung lies over it, arms held up. Nothing real is used. Planes as in `app.training.nonfilms`:
float32 (CANVAS, CANVAS) in [0, 1], front to the left before they are turned about.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter

CANVAS, SIZE = 160, 64
Plane = NDArray[np.float32]
Random = np.random.Generator
down, over = (axis.astype(np.float32) for axis in np.mgrid[0:CANVAS, 0:CANVAS] / CANVAS)


def draw(seed: int, count: int) -> NDArray[np.uint8]:
    """``count`` lateral films as a guard sees them, uint8 (count, SIZE, SIZE)."""
    return np.stack([small(seed, index) for index in range(count)])


def small(seed: int, index: int) -> NDArray[np.uint8]:
    """One of them: resized, with a film's noise."""
    random = np.random.default_rng([seed, index, 15])
    picture = Picture.fromarray((np.clip(lateral(random), 0, 1) * 255).astype(np.uint8))
    plane = np.asarray(picture.resize((SIZE, SIZE), Picture.Resampling.BOX), np.float32)
    plane += random.normal(0, random.choice([0, 2, 8]), (SIZE, SIZE))
    return np.clip(plane, 0, 255).astype(np.uint8)


def lateral(random: Random) -> Plane:
    """One lateral chest film, in grey [0, 1]."""
    zoom, lean = random.uniform(0.85, 1.3), random.normal(0, 0.07)
    y = (down - 0.5) / zoom + 0.5 + random.normal(0, 0.03)
    x = (over - 0.5) / zoom + 0.5 + random.normal(0, 0.03) + lean * (y - 0.5)
    front, back = trunk(y, random)
    inside, depth = within(x, front, back)
    sum_ = random.uniform(0.9, 1.3) * depth
    air, domes = lungs(x, y, front, back, random)
    sum_ -= air * (inside > 0)
    sum_ += heart(x, y, front, back, random) * np.clip(domes, 0, 1)
    sum_ += spine(x, y, front, back, random)
    sum_ += details(x, y, front, back, random) * inside
    sum_ += arms(x, y, random)
    texture = gaussian_filter(random.normal(size=(CANVAS, CANVAS)), random.uniform(1, 4)) * random.uniform(0, 0.25)
    return shown(np.asarray(sum_ + texture * inside, np.float32), random)


def trunk(y: Plane, random: Random) -> tuple[Plane, Plane]:
    """Where the body begins in front and ends behind, per height: deeper below, drawn in at the neck."""
    deep, middle = random.uniform(0.5, 0.85), random.uniform(0.46, 0.54)
    grows = random.uniform(0.0, 0.25)
    half = deep / 2 * (1 + grows * (y - 0.5)) * (1 - random.uniform(0.1, 0.45) * np.clip((0.22 - y) / 0.22, 0, 1) ** 1.5)
    bulge = random.uniform(0, 0.05) * np.sin(np.pi * np.clip(y, 0, 1))
    kyphosis = random.uniform(0.0, 0.09) * np.cos(np.pi * (y - 0.35))
    return middle - half - bulge, middle + half + kyphosis


def within(x: Plane, front: Plane, back: Plane) -> tuple[Plane, Plane]:
    """A soft mask between two borders, and how much of a rounded trunk a ray passes there, 1 in the middle."""
    place = (x - front) / np.maximum(back - front, 1e-3) * 2 - 1
    depth = np.clip(1 - np.abs(place) ** 3, 0, 1) ** 0.5
    return np.clip((1 - np.abs(place)) * 12, 0, 1), depth


def lungs(x: Plane, y: Plane, front: Plane, back: Plane, random: Random) -> tuple[Plane, Plane]:
    """How much air a ray passes, and how far above the domes each point lies, in steps of 0.03."""
    wall = random.uniform(0.03, 0.09)
    total = np.zeros_like(x)
    lowest = random.uniform(0.6, 0.86)
    apex, rise = random.uniform(0.08, 0.22), random.uniform(0.2, 0.9)
    for _ in range(2):
        dome = lowest + random.uniform(-0.03, 0.03) + rise * np.maximum(x - random.uniform(0.35, 0.5), 0) ** 2 * 1.6
        dome += random.uniform(0, 0.5) * np.minimum(x - 0.35, 0) ** 2
        place = (x - front - wall) / np.maximum(back - front - 1.7 * wall, 1e-3) * 2 - 1
        across = np.clip(1 - np.abs(place) ** random.uniform(2, 5), 0, 1) ** 0.6
        top = np.clip((y - apex - 0.12 * np.abs(place) ** 2) / random.uniform(0.08, 0.3), 0, 1) ** 0.7
        above = np.clip((dome - y) / 0.03, 0, 1)
        total += random.uniform(0.2, 0.42) * across * top * above
        last = np.asarray((dome - y) / 0.03, np.float32)
    return total, last


def heart(x: Plane, y: Plane, front: Plane, back: Plane, random: Random) -> Plane:
    """An oval low in front, a third to two thirds of the depth, with the aorta's arch above it."""
    deep = back - front
    centre = front + deep * random.uniform(0.28, 0.45)
    height, size = random.uniform(0.56, 0.72), random.uniform(0.11, 0.22)
    u = (x - centre) / (size * random.uniform(0.8, 1.2))
    v = (y - height) / size
    oval = np.clip(1 - (u + 0.4 * v) ** 2 - v**2, 0, 1) ** 0.5
    arch = np.hypot(x - centre - 0.1, y - height + random.uniform(0.28, 0.36)) - random.uniform(0.06, 0.1)
    return np.asarray(
        random.uniform(0.2, 0.5) * oval + random.uniform(0, 0.15) * np.exp(-((arch / 0.03) ** 2)) * (y < height), np.float32
    )


def spine(x: Plane, y: Plane, front: Plane, back: Plane, random: Random) -> Plane:
    """A column behind, vertebra by vertebra, and the ribs that run from it round to the front."""
    middle = back - (back - front) * random.uniform(0.12, 0.24)
    wide, every = random.uniform(0.04, 0.08), random.uniform(0.06, 0.1)
    body = np.clip(1 - np.abs((x - middle) / wide) ** 4, 0, 1)
    discs = 1 - random.uniform(0.1, 0.5) * (np.sin(np.pi * y / every) ** 2 > 0.85)
    column = random.uniform(0.15, 0.45) * body * discs
    ribs = np.zeros_like(x)
    tilt = random.uniform(0.25, 0.7)
    for at in np.arange(0.02, 0.95, random.uniform(0.07, 0.1)):
        line = y - at - tilt * (middle - x) * (1 - 0.6 * np.clip(middle - x, 0, 1))
        ribs += np.exp(-((line / random.uniform(0.008, 0.014)) ** 2)) * (x < back) * (x > front)
    return np.asarray(column + random.uniform(0.02, 0.1) * ribs, np.float32)


def details(x: Plane, y: Plane, front: Plane, back: Plane, random: Random) -> Plane:
    """Hila, the airway, the breastbone, the stomach's bubble."""
    middle = front + (back - front) * random.uniform(0.45, 0.58)
    hila = np.exp(-(((x - middle) / 0.06) ** 2) - ((y - random.uniform(0.4, 0.5)) / 0.07) ** 2)
    airway = np.exp(-(((x - middle - 0.1 * (y - 0.3)) / 0.018) ** 2)) * (y < 0.42)
    bone = np.exp(-(((x - front - random.uniform(0.02, 0.05)) / 0.012) ** 2)) * (y > 0.2) * (y < 0.65)
    bubble = np.exp(-(((x - random.uniform(0.4, 0.6)) / 0.08) ** 2) - ((y - random.uniform(0.82, 0.95)) / 0.05) ** 2)
    shares = random.uniform([0.05, 0, 0, 0], [0.3, 0.15, 0.2, 0.3])
    return np.asarray(shares[0] * hila - shares[1] * airway + shares[2] * bone - shares[3] * bubble, np.float32)


def arms(x: Plane, y: Plane, random: Random) -> Plane:
    """Arms held up and forward, over the apices or out of the picture; sometimes one hangs in the way."""
    out = np.zeros_like(x)
    if random.random() < 0.3:
        return out
    for _ in range(2):
        root = np.array([random.uniform(0.1, 0.24), random.uniform(0.42, 0.62)])
        way = random.uniform(1.5, 2.9) if random.random() < 0.85 else random.uniform(4.4, 5.2)
        along = (x - root[1]) * np.cos(way) - (y - root[0]) * np.sin(way)
        aside = np.abs((x - root[1]) * np.sin(way) + (y - root[0]) * np.cos(way))
        radius = random.uniform(0.06, 0.11)
        limb = np.clip(1 - (aside / radius) ** 2, 0, 1) ** 0.5 * np.clip(along * 20 + 1, 0, 1)
        core = np.clip(1 - (aside / (0.3 * radius)) ** 2, 0, 1) ** 0.5 * (along > 0)
        out += random.uniform(0.15, 0.5) * limb + random.uniform(0.05, 0.3) * core
    return np.asarray(out, np.float32)


def shown(sum_: Plane, random: Random) -> Plane:
    """Attenuation as grey: a window, a gamma, the side it faces, now and then a marker or collimation."""
    low, high = np.percentile(sum_, (random.uniform(0.2, 4), random.uniform(96, 99.8)))
    picture = np.clip((sum_ - low) / max(float(high - low), 1e-6), 0, 1) ** random.uniform(0.6, 1.7)
    if random.random() < 0.3:
        picture[int(random.integers(CANVAS - 16)) :][:10, int(random.integers(CANVAS - 12)) :][:, :8] = 1
    if random.random() < 0.25:
        side = int(random.integers(4, CANVAS // 5))
        picture[:, : side if random.random() < 0.7 else 0] = random.choice([0.0, 1.0])
        picture[:, CANVAS - side :] = random.choice([0.0, 1.0])
    return np.ascontiguousarray(picture if random.random() < 0.5 else picture[:, ::-1], np.float32)
