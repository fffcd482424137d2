"""Pleural effusions drawn over films of healthy chests: pairs with a truth, for a finding that films do not teach.

Fluid gathers at the bottom of one side and rises towards the wall (the meniscus). What lies behind it is as bright as what lies
below the diaphragm, and loses most of its texture. Knows one film and its map of labels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy import LEFT_LUNG, RIGHT_LUNG, Labels
from app.domain import Extent
from app.grey import resample

Plane = NDArray[np.float32]
LEAST_LUNG = 60
"""Cells of a 64 × 64 map; a smaller lung is none."""


def effusion(film: Plane, labels: Labels, rng: np.random.Generator) -> tuple[Plane, NDArray[np.bool_]] | None:
    """A film (S, S) in [0, 1] with an effusion, and where it lies; None where there is no lung to put it. ``labels``: codes of
    `app.anatomy`, (h, w), over the same square."""
    sides = [code for code in (RIGHT_LUNG, LEFT_LUNG) if (labels == code).sum() >= LEAST_LUNG]
    if not sides:
        return None
    code = int(rng.choice(sides))
    size = film.shape[0]
    square = Extent(0, 0, size, size)
    lung = resample((labels == code).astype(np.float32), square, (size, size))
    rows, columns = np.flatnonzero((lung > 0.5).any(1)), np.flatnonzero((lung > 0.5).any(0))
    if not rows.size:
        return None
    height = int(rows[-1] + 1 - rows[0])
    fill = _fluid(size, _Place(columns[0], columns[-1] + 1, rows[-1] + 1, height, code == RIGHT_LUNG), rng)
    reach = ndimage.grey_dilation(lung, (max(3, round(0.09 * height)) | 1, 3))  # the recess lies below what is labelled
    fill = fill * ndimage.gaussian_filter(reach, size / 150)
    low = ndimage.gaussian_filter(film, size / 45)
    below = film[min(rows[-1] + 2, size - 1) : min(rows[-1] + 2 + height // 4, size), columns[0] : columns[-1] + 1]
    tone = max(float(np.median(below)) if below.size else 0.0, float(np.quantile(film, 0.75))) * float(rng.uniform(0.92, 1.05))
    dense = fill * np.float32(rng.uniform(0.75, 0.97))
    made = film + dense * np.maximum(tone - low, 0) - 0.6 * dense * (film - low)
    made = np.minimum(made, np.maximum(film, tone))  # no rim where lung and diaphragm met
    return np.clip(made, 0, 1).astype(np.float32), np.asarray(fill > 0.4)


class _Place(NamedTuple):
    """Where one lung lies: its columns, its lowest row, its height in rows, and at which side its wall is."""

    left: int
    right: int
    bottom: int
    height: int
    wall_at_left: bool


def _fluid(size: int, lung: _Place, rng: np.random.Generator) -> Plane:
    """How much of the beam's way is fluid, were all of the square lung: (size, size) in [0, 1]."""
    severity = float(rng.beta(1.4, 1.8))
    y, x = np.mgrid[:size, :size].astype(np.float32) + 0.5
    from_wall = np.clip((x - lung.left) if lung.wall_at_left else (lung.right - x), 0, None) / (lung.right - lung.left)
    level = lung.bottom - lung.height * (0.04 + 0.5 * severity**1.4) * float(rng.uniform(0.8, 1.2))
    rise = lung.height * (0.07 + 0.18 * severity) * float(rng.uniform(0.8, 1.25))
    surface = level - rise * np.exp(-from_wall / (0.12 + 0.25 * severity))
    soft = lung.height * (0.012 + 0.02 * severity)
    inward = 1 / (1 + np.exp(np.clip((from_wall - (0.35 + 1.2 * severity)) / 0.07, -60, 60)))  # a little lies at the side
    return np.asarray(inward / (1 + np.exp(np.clip((surface - y) / soft, -60, 60))), np.float32)
