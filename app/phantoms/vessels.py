"""The lungs' vessels: trees that fill each lung from its hilum.

Knows the grid and the patient. A tree is grown level by level towards points scattered in the lung: each group of points is
halved along its longer side and a branch runs part of the way to each half, so that twigs fill the lung evenly and arteries
thin as they divide. The third dimension is drawn too, so that some vessels are met end on.
"""

import numpy as np
from numpy.typing import NDArray

from app.phantoms.anatomy import Anatomy
from app.phantoms.grid import F32, stream
from app.phantoms.patient import LEFT, RIGHT, Patient

LEVELS = 9
RADII = (7.2, 5.6, 4.2, 3.0, 2.15, 1.55, 1.15, 0.85, 0.6)
"""Radius of the branches of each level, mm."""


def build(anatomy: Anatomy, seed: int) -> F32:
    """Arteries and veins of both lungs and the hila: thickness in mm of water, also where no lung is left."""
    rng = stream(seed, "vessels")
    patient, grid = anatomy.patient, anatomy.grid
    girth = float(rng.uniform(0.95, 1.2))
    by_level: list[list[NDArray[np.float64]]] = [[] for _ in range(LEVELS)]
    for side, hilum in zip((RIGHT, LEFT), anatomy.hila, strict=True):
        veins = (side * 26.0, hilum[1] + 22)
        for root, lower in ((hilum, 0.55), (veins, 0.4)):
            leaves = scatter(patient, side, lower, rng)
            for level, pieces in enumerate(tree(leaves, root, rng, grid.pixel)):
                by_level[level].append(pieces)
    layer = grid.zeros()
    for levels in ((0, 1), (2, 3), (4, 5), (6, 7, 8)):
        parts = [part for level in levels for part in by_level[level]]
        radius = float(np.mean([RADII[level] for level in levels])) * girth
        table = np.concatenate(parts)
        layer += grid.splat(table[:, :2], table[:, 2] * girth**2, 0.45 * radius)
    for side, hilum in zip((RIGHT, LEFT), anatomy.hila, strict=True):
        bow = [(hilum[0] - side * 12, hilum[1] - 8), (hilum[0], hilum[1]), (hilum[0] + side * 3, hilum[1] + 22)]
        layer += grid.tube([*bow, (hilum[0] + side * 1, hilum[1] + 46)], (6.5 * girth, 4.2 * girth), sigma=1.8)
        points = rng.normal((hilum[0] - side * 3, hilum[1] + 6), (6, 17), (16, 2))
        layer += grid.splat(points, 340 * girth * rng.uniform(0.4, 1.4, 16), 3.0)
    return layer


def scatter(patient: Patient, side: int, lower: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """2^LEVELS points in one lung, (n, 3): evenly over the lung, ``lower`` share of them in its lower half."""
    count = 2**LEVELS
    h = patient.height
    base = 1.12 * h
    v = rng.beta(1.15, 1.15 * (1 - lower) / lower * 0.95, count)
    y = 0.05 * h + v * (base - 0.05 * h)
    low, high = patient.medial(y) + 2, patient.lateral(y) - 5
    x = low + rng.random(count) ** 0.9 * (high - low)
    z = rng.uniform(-0.2, 0.2, count) * patient.inner_depth * patient.cavity(y)
    return np.stack([side * x, y, z], axis=1)


def tree(
    leaves: NDArray[np.float64], root: tuple[float, float], rng: np.random.Generator, pixel: float
) -> list[NDArray[np.float64]]:
    """One tree from ``root`` to ``leaves`` (n, 3): per level a table (n, 3) of x, y in mm and volume in mm³."""
    groups = leaves[None]
    side = np.sign(root[0])
    nodes = np.array([[root[0], root[1], 0.0]])
    aims = np.array([[float(side), 0.15, 0.0]])
    levels = []
    for level in range(LEVELS):
        spread = groups.std(axis=1)
        spread[:, 2] *= 0.7
        axis = spread.argmax(axis=1)
        key = np.take_along_axis(groups, axis[:, None, None].repeat(groups.shape[1], 1), axis=2)[..., 0]
        groups = np.take_along_axis(groups, key.argsort(axis=1)[..., None], axis=1)
        groups = groups.reshape(groups.shape[0] * 2, -1, 3)
        nodes, aims = nodes.repeat(2, axis=0), aims.repeat(2, axis=0)
        goal = groups.mean(axis=1)
        reach = goal - nodes
        share = rng.uniform(0.34, 0.56, (len(goal), 1)) * (1.0 if level else 0.8)
        ends = nodes + reach * share + rng.normal(0, 0.04, (len(goal), 3)) * np.linalg.norm(reach, axis=1, keepdims=True)
        radii = (0.82 * RADII[level], 0.95 * RADII[min(level + 1, LEVELS - 1)])
        levels.append(stretch(nodes, ends, aims, radii, pixel))
        run = ends - nodes
        aims = run / np.maximum(np.linalg.norm(run, axis=1, keepdims=True), 1e-6)
        nodes = ends
    return levels


def stretch(
    start: NDArray[np.float64], end: NDArray[np.float64], aim: NDArray[np.float64], radii: tuple[float, float], pixel: float
) -> NDArray[np.float64]:
    """Bent branches from ``start`` to ``end`` that set out along ``aim``: a table (n, 3) of x, y and volume.

    ``radii``: at the start and at the end, mm.
    """
    length = np.linalg.norm(end - start, axis=1)
    count = int(np.clip(np.ceil(1.5 * length.mean() / max(0.7, 0.6 * pixel)), 3, 80))
    t = ((np.arange(count) + 0.5) / count)[None, :, None]
    bend = start + aim * (0.45 * length[:, None])
    line = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * bend[:, None] + t**2 * end[:, None]
    radius = radii[0] + (radii[1] - radii[0]) * t[..., 0]
    volume = np.pi * radius**2 * (length[:, None] / count)
    return np.concatenate([line[..., :2], volume[..., None]], axis=2).reshape(-1, 3)
