"""Findings of the pleural space: effusion and pneumothorax.

Knows the anatomy. Fluid gathers at the bottom and creeps up the wall; air gathers at the top and lets the lung shrink towards
its hilum.
"""

import numpy as np
from scipy import ndimage

from app.phantoms.anatomy import Anatomy
from app.phantoms.grid import F32, Mask, smoothstep, stream
from app.phantoms.lesions import Drawn
from app.phantoms.patient import LEFT, RIGHT


def side_of(seed: int, name: str) -> int:
    """The side a pleural finding of this seed lies on."""
    return RIGHT if np.random.default_rng([seed, 78, len(name)]).random() < 0.5 else LEFT


def effusion(anatomy: Anatomy, seed: int, severity: float) -> Drawn:
    """Fluid: from a blunted angle to half a chest, its upper border a meniscus that rises towards the wall."""
    rng = stream(seed, "Effusion")
    patient, grid = anatomy.patient, anatomy.grid
    side = side_of(seed, "Effusion")
    dome = patient.dome(side)
    ax = grid.x * side
    level = dome + patient.dome_drop * (0.62 - 0.35 * rng.random()) - severity**1.4 * rng.uniform(70, 120)
    rise = (14 + 40 * severity) * rng.uniform(0.8, 1.25)
    from_wall = np.maximum(patient.lateral(grid.y) - ax, 0)
    surface = level - rise * np.exp(-from_wall / (11 + 16 * severity)) + 0.05 * ax
    fill = smoothstep(grid.y - surface, -5 - 7 * severity, 9 + 12 * severity) * (ax > 0)
    w = patient.half_width
    fill = fill * smoothstep(ax, (0.45 - 0.9 * severity) * w, (0.7 - 0.9 * severity) * w)  # a little fluid lies at the side
    opacity = fill * anatomy.air * (1 - patient.lung_density) * (0.88 + 0.1 * rng.random())
    return Drawn(np.asarray(opacity, np.float32), (fill > 0.4) & (opacity > 4))


def pneumothorax(anatomy: Anatomy, seed: int, severity: float) -> Drawn:
    """Air around the lung: a rim without vessels at the top and side, bounded by the thin line of the lung's own pleura."""
    rng = stream(seed, "Pneumothorax")
    patient, grid = anatomy.patient, anatomy.grid
    side = side_of(seed, "Pneumothorax")
    h = patient.height
    hilum = np.array(anatomy.hilum(side))
    extent = (0.55 + 0.75 * severity) * h  # how far down the side the rim reaches
    shrink = 0.09 + 0.27 * severity + 0.03 * rng.random()
    droop = 0.10 + 0.22 * severity + 0.03 * rng.random()

    def pulled(y: F32) -> F32:
        return np.asarray(shrink * (1 - np.clip(y / extent, 0, 1) ** 2) + 1e-3, np.float32)

    down = np.where(grid.y < hilum[1], 1 - droop, 1.0)
    y0 = hilum[1] + (grid.y - hilum[1]) / down
    x0 = side * (hilum[0] + (grid.x - hilum[0]) / (1 - pulled(grid.y)))
    inside: Mask = (x0 < patient.lateral(y0)) & (y0 > 0) & (x0 > patient.medial(y0) * 0.6)
    here = (grid.x * side > patient.medial(grid.y) - 2) & (anatomy.air > 3)
    rim = here & ~inside & (grid.y < extent)
    edge = np.linspace(0.001, 1.0, 400) * min(extent * 0.97, 1.08 * h)
    wall = np.stack([patient.lateral(edge), edge], axis=1)[::-1]
    roof = np.stack([patient.medial(edge[edge < 0.16 * h]), edge[edge < 0.16 * h]], axis=1)
    line = np.concatenate([wall, roof]).astype(float)
    rows = np.where(line[:, 1] < hilum[1], hilum[1] + (line[:, 1] - hilum[1]) * (1 - droop), line[:, 1])
    columns = hilum[0] + (side * line[:, 0] - hilum[0]) * (1 - pulled(rows.astype(np.float32)))
    path = np.stack([columns, rows], axis=1)
    keep = np.concatenate([[True], np.linalg.norm(np.diff(path, axis=0), axis=1) > 1e-3])
    path = path[keep]
    length = np.linalg.norm(np.gradient(path, axis=0), axis=1)
    pleura = grid.splat(path, length * 4.6, 0.55) * smoothstep(anatomy.air, 3, 15)
    rim_soft = ndimage.gaussian_filter(rim.astype(np.float32), 0.5)
    opacity = -rim_soft * anatomy.air * patient.lung_density * 0.95 + pleura
    return Drawn(np.asarray(opacity, np.float32), rim, np.asarray(1 - rim_soft, np.float32))
