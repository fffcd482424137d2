"""Findings in the lung's substance and of the heart: nodule, mass, consolidation, atelectasis, cardiomegaly.

Knows the anatomy. Each answers with what it adds to the beam's path and with its exact mask. Severity runs from 0, just to be
seen by somebody who knows where to look, to 1, seen across the room.
"""

from dataclasses import dataclass

import numpy as np

from app.phantoms.anatomy import Anatomy
from app.phantoms.grid import F32, Mask, Profile, smoothstep, stream
from app.phantoms.patient import LEFT, RIGHT, Patient


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A finding on the film: ``opacity`` mm of water to add (negative takes away), its ``mask``, and the share of the lung's
    vessels that is ``left`` (1 everywhere when None)."""

    opacity: F32
    mask: Mask
    left: F32 | None = None


def spot(patient: Patient, rng: np.random.Generator, margin: float, low: float = 0.1) -> tuple[float, float]:
    """A place in either lung at least about ``margin`` mm inside its border and ``low`` of its height from the top."""
    for _ in range(60):
        side = RIGHT if rng.random() < 0.53 else LEFT
        y = float(rng.uniform(low, 0.98)) * patient.height
        x = float(rng.uniform(25, patient.half_width))
        edge = float(patient.lateral(y))
        bottom = patient.dome(side) + patient.dome_drop * 0.8 * max(0.0, x / patient.half_width - 0.5)
        inside = float(patient.medial(y)) + margin * 0.7 < x < edge - margin and y < bottom - margin
        hidden = side == LEFT and y > 0.6 * patient.height and x < 0.32 * patient.half_width  # behind the heart
        if inside and not hidden and y > margin + 6:
            return side * x, y
    return RIGHT * 0.55 * patient.half_width, 0.55 * patient.height


def nodule(anatomy: Anatomy, seed: int, severity: float) -> Drawn:
    """A round shadow of 9 to 29 mm, well defined, sometimes a little lobulated."""
    rng = stream(seed, "Nodule")
    radius = 4.5 + 10.0 * (0.75 * severity + 0.25 * rng.random())
    return ball(anatomy, rng, radius, margin=radius + 5, rough=0.07, dense=1.25 + 0.75 * rng.random())


def mass(anatomy: Anatomy, seed: int, severity: float) -> Drawn:
    """A lobulated shadow of 34 to 80 mm with strands into the lung around it."""
    rng = stream(seed, "Mass")
    radius = 17 + 23 * (0.75 * severity + 0.25 * rng.random())
    return ball(anatomy, rng, radius, margin=0.75 * radius, rough=0.13, dense=1.0 + 0.4 * rng.random())


def ball(anatomy: Anatomy, rng: np.random.Generator, radius: float, *, margin: float, rough: float, dense: float) -> Drawn:
    """A lump of tissue: a ball with an uneven outline. ``dense``: its depth along the beam relative to its width."""
    grid = anatomy.grid
    centre = spot(anatomy.patient, rng, margin)
    angles = np.linspace(-180, 180, 10)
    wobble = rng.normal(0, rough, 10)
    wobble[-1] = wobble[0]
    edge = Profile(angles.tolist(), (radius * np.clip(1 + wobble, 0.7, 1.35)).tolist(), step=2.0)
    dx, dy = grid.x - np.float32(centre[0]), grid.y - np.float32(centre[1])
    r = np.sqrt(dx**2 + (dy * np.float32(rng.uniform(0.85, 1.18))) ** 2)
    share = r / edge(np.degrees(np.arctan2(dy, dx)))
    body = np.float32(2 * radius * dense) * np.maximum(1 - share**2.6, 0) ** 0.6
    mask = share < 1
    opacity = np.minimum(body * (1 - anatomy.patient.lung_density), np.maximum(anatomy.depth, 22.0))
    if radius > 15:
        ends = rng.uniform(1.1, 1.5, 16) * radius
        turns = rng.uniform(0, 2 * np.pi, 16)
        for length, turn in zip(ends, turns, strict=True):
            away = np.array([np.cos(turn), np.sin(turn)])
            tip = np.array(centre) + away * length
            opacity = opacity + grid.tube([np.array(centre) + away * radius * 0.8, tip], (1.2, 0.3)) * (anatomy.depth > 10)
    return Drawn(np.asarray(opacity, np.float32), mask)


def consolidation(anatomy: Anatomy, seed: int, severity: float) -> Drawn:
    """Airspace filled: patchy, ill defined, ending at a fissure now and then, with air-filled bronchi running through it."""
    rng = stream(seed, "Consolidation")
    patient, grid = anatomy.patient, anatomy.grid
    size = 22 + 30 * (0.7 * severity + 0.3 * rng.random())
    x, y = spot(patient, rng, 0.45 * size, 0.2)
    side = int(np.sign(x))
    shape = grid.zeros()
    for _ in range(int(rng.integers(4, 7))):
        px, py = x + rng.normal(0, 0.42 * size), y + rng.normal(0, 0.42 * size)
        blob = grid.ellipse(px, py, rng.uniform(0.5, 0.85) * size, rng.uniform(0.4, 0.7) * size, rng.uniform(-1, 1))
        shape = np.maximum(shape, np.exp(-0.9 * blob))
    patchy = 0.16 * grid.cloud(rng, 13) + 0.09 * grid.cloud(rng, 5)
    fill = smoothstep(shape + patchy * shape * 1.5, 0.16, 0.88)
    if rng.random() < 0.4:  # a fissure stops it: straight and sharp on one side
        limit = y + rng.uniform(0.25, 0.6) * size * rng.choice([-1, 1])
        slope = rng.uniform(-0.12, 0.12)
        line = (grid.y - limit - slope * (grid.x - x)) * np.sign(limit - y)
        fill = fill * smoothstep(line, 1.2, -1.2)
    fill = fill * (grid.x * side > 0)
    amount = (0.28 + 0.42 * severity) * (0.85 + 0.15 * rng.random())
    water = fill * np.minimum(anatomy.air, 110.0) * amount * (1 - patient.lung_density)
    hilum = anatomy.hilum(side)
    air = grid.zeros()
    for _ in range(int(rng.integers(4, 8))):
        goal = np.array([x, y]) + rng.normal(0, 0.4 * size, 2)
        start = np.array(hilum) + (goal - np.array(hilum)) * 0.3
        bend = (start + goal) / 2 + rng.normal(0, 5, 2)
        air = np.maximum(air, grid.tube([start, bend, goal], (2.6, 1.1)))
    opacity = water - np.minimum(3.2 * air, 0.5 * water) * fill
    return Drawn(np.asarray(opacity, np.float32), (fill > 0.25) & (water > 5))


def atelectasis(anatomy: Anatomy, seed: int, severity: float) -> Drawn:
    """Collapse: flat bands low in the lung, or a lower lobe shrunk against the spine with its dome drawn up."""
    rng = stream(seed, "Atelectasis")
    patient, grid = anatomy.patient, anatomy.grid
    lobar, side = atelectasis_kind(seed)
    if not lobar:
        opacity = grid.zeros()
        for _ in range(1 + int(rng.random() < 0.35 + 0.4 * severity)):
            length = rng.uniform(38, 60) + 35 * severity
            y = rng.uniform(0.62, 0.93) * patient.height
            x = rng.uniform(0.42, 0.62) * patient.half_width
            tilt = rng.uniform(-0.35, 0.35)
            t = np.linspace(-0.5, 0.5, 6)
            bow = rng.uniform(-0.14, 0.14) * length
            line = [(side * (x + s * length), y + s * length * tilt + bow * (0.25 - s * s) * 4) for s in t]
            half = rng.uniform(1.0, 1.8) + 1.6 * severity
            opacity = opacity + grid.tube(line, (half, half * 0.7), sigma=0.5) * (7.0 + 3 * severity) / half
        opacity = opacity * smoothstep(anatomy.air, 4, 25)
        return Drawn(np.asarray(opacity, np.float32), opacity > 2.5)
    reach = (0.42 + 0.22 * severity) * patient.half_width
    top = (0.5 - 0.04 * severity) * patient.height
    down = np.clip((grid.y - top) / (patient.height * 1.1 - top), 0, 1.2)
    fissure = 10 + reach * down**0.8
    ax = grid.x * side
    inside = smoothstep(fissure - ax, -1.5, 3.0) * (grid.y > top) * (ax > 0)
    amount = 0.4 + 0.35 * severity
    opacity = inside * amount * (1 - patient.lung_density) * np.minimum(anatomy.air, 120.0)
    opacity = opacity * (1 + 0.08 * grid.cloud(rng, 12))
    return Drawn(np.asarray(opacity, np.float32), ((inside > 0.5) & (anatomy.air > 8)) | anatomy.raised)


def atelectasis_kind(seed: int) -> tuple[bool, int]:
    """Whether a seed's collapse is lobar, and on which side."""
    rng = np.random.default_rng([seed, 77])
    return bool(rng.random() < 0.45), RIGHT if rng.random() < 0.5 else LEFT


def lifted(seed: int, severity: float) -> tuple[float, float]:
    """How far a lobar collapse draws up the domes (right, left), mm."""
    lobar, side = atelectasis_kind(seed)
    height = 8 + 16 * severity if lobar else 0.0
    return (height, 0.0) if side == RIGHT else (0.0, height)


def enlarged(patient: Patient, severity: float) -> float:
    """The cardiothoracic ratio of an enlarged heart."""
    return 0.545 + 0.13 * severity + 0.15 * (patient.heart - 0.43)


def cardiomegaly(anatomy: Anatomy) -> Drawn:
    """The heart that `anatomy.build` has already drawn large: its outline is the mask."""
    return Drawn(anatomy.grid.zeros(), anatomy.heart)
