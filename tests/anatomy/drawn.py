"""Chests whose anatomy is known to the pixel: drawn phantoms, and their maps of labels."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG, Labels
from app.domain import frozen
from app.phantoms import chest


def labels_of(film: chest.ChestPhantom) -> Labels:
    """The map of a phantom: its lungs apart by side, and its heart."""
    out = np.zeros(film.lungs.shape, np.uint8)
    parts, _ = ndimage.label(film.lungs)
    for number in (np.argsort(np.bincount(parts.ravel())[1:])[-2:] + 1).tolist():
        columns = np.flatnonzero((parts == number).any(0))
        middle = np.flatnonzero(film.heart.any(0)).mean() if film.heart.any() else out.shape[1] / 2
        out[parts == number] = RIGHT_LUNG if columns.mean() < middle else LEFT_LUNG
    out[film.heart] = HEART
    return frozen(out)


def turned(plane: NDArray[np.generic], angle: float, across: float, down: float) -> NDArray[np.generic]:
    """A map of labels turned clockwise by ``angle`` degrees about its middle and stretched along its own axes first."""
    rows, columns = plane.shape
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    forward = np.array([[cos, -sin], [sin, cos]]) @ np.diag([across, down])
    back = np.linalg.inv(forward)
    middle = np.array([columns, rows]) / 2
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    there = np.stack([x - middle[0], y - middle[1]], -1) @ back.T + middle
    found: NDArray[np.generic] = ndimage.map_coordinates(plane, [there[..., 1] - 0.5, there[..., 0] - 0.5], order=0)
    return found
