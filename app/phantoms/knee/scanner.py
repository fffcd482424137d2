"""The magnet: three stacks of slices out of one canvas, with slice profile, coil, gain and Rician noise.

Knows the grid and the canvas, no anatomy. The scanner's frame is the patient's (L, P, H), turned a little as a radiographer
turns planes to suit a leg; a stack's axes are the frame's. The mean over a slice's thickness and a pixel's width is a product
with three matrices, one an axis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import READ_PLANES as PLANES
from app.domain import Plane, frozen
from app.phantoms.knee.person import rotation
from app.phantoms.knee.space import F32, Box, Space, stream

TOP = 4095
PROTOCOLS = (
    (("T2 FS", "T1", "PD FS"), 0.6),
    (("PD FS", "PD FS", "PD FS"), 0.2),
    (("PD FS", "T1", "T2 FS"), 0.2),
)
"""The sequences of the three planes, and how often."""

DIRECTIONS = {"sagittal": ((1, 1), (2, -1)), "coronal": ((0, 1), (2, -1)), "axial": ((0, 1), (1, 1))}
"""Of a plane: along which axis of the frame, and which way, a row's columns and a column's rows run."""
ALONG = {"sagittal": (0, -1), "coronal": (1, 1), "axial": (2, 1)}
"""Of a plane: along which axis, and which way, its slices follow each other: the normal of the two above."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """How one examination's planes lie.

    ``axes`` (3, 3): the frame's x, y, z in the patient's directions, one a row; ``origin``: the patient's mm of the frame's
    nought.
    """

    axes: NDArray[np.float64]
    origin: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One stack's geometry.

    ``pixel``: mm, square; ``thickness`` and ``between``: mm; ``across``, ``columns``, ``rows``: the frame's mm of every
    slice, column and row, in image order.
    """

    plane: Plane
    weighting: str
    pixel: float
    thickness: float
    between: float
    across: NDArray[np.float64]
    rows: NDArray[np.float64]
    columns: NDArray[np.float64]


def frame(seed: int, side: int) -> Frame:
    """How the radiographer has laid the planes."""
    rng = stream(seed, "protocol")
    axes = rotation(np.clip(rng.normal(0, (0.03, 0.03, 0.07)), -0.16, 0.16)).T
    return Frame(axes, np.array([side * rng.uniform(60, 110), rng.normal(-10, 12), rng.normal(0, 12)]))


def protocol(seed: int) -> tuple[str, str, str]:
    """The sequences of the three planes."""
    rng = np.random.default_rng([seed, 2001])
    shares = [share for _, share in PROTOCOLS]
    return PROTOCOLS[int(rng.choice(len(PROTOCOLS), p=shares))][0]


def settings(seed: int, size: int, slices: int | None) -> tuple[Setting, ...]:
    """Field of view, slices and their place, plane by plane."""
    rng = np.random.default_rng([seed, 2002])
    made = []
    for plane, weighting in zip(PLANES, protocol(seed), strict=True):
        field = rng.uniform(142, 152) if plane == "axial" else rng.uniform(148, 162)
        extent = {"sagittal": rng.uniform(94, 104), "coronal": rng.uniform(104, 114), "axial": rng.uniform(108, 120)}[plane]
        middle = rng.normal({"sagittal": 0, "coronal": -3, "axial": 8}[plane], 2.0)
        thickness = round(float(rng.uniform(3.0, 3.5)), 1)
        between = round(float(thickness + rng.uniform(0.3, 0.7)), 2)
        count = int(np.clip(np.rint(extent / between), 20, 34))
        if slices is not None:
            between, count = extent / slices, slices
            thickness = max(thickness, 0.85 * between)
        across = np.asarray((np.arange(count) - (count - 1) / 2) * between * ALONG[plane][1] + middle, float)
        pixel = float(field / size)
        steps = (np.arange(size) - (size - 1) / 2) * pixel
        (column_axis, column_way), (row_axis, row_way) = DIRECTIONS[plane]
        centre = rng.normal(0, 2.5, 3) + np.array([0, 3, 2])
        columns, rows = steps * column_way + centre[column_axis], steps * row_way + centre[row_axis]
        made.append(Setting(plane, weighting, pixel, thickness, between, across, rows, columns))
    return tuple(made)


def averaging(centres: NDArray[np.float64], width: float, axis: F32, step: float) -> F32:
    """Weights (centres, axis): the mean over ``width`` mm around each of ``centres``; nothing beyond the grid but air."""
    wide = max(width, step)
    distance = np.abs(centres[:, None] - axis[None, :])
    return np.asarray(np.clip((wide / 2 + step / 2 - distance) / step, 0, 1) * (step / wide), np.float32)


def slab(volume: F32, box: Box, space: Space, setting: Setting) -> F32:
    """``volume``, known in ``box``, as the stack's slices (slices, rows, columns), without coil or noise."""
    widths = [setting.pixel, setting.pixel, setting.pixel]
    axes = (space.x, space.y, space.z)
    places: list[NDArray[np.float64]] = [setting.across] * 3
    (column_axis, _), (row_axis, _) = DIRECTIONS[setting.plane]
    places[column_axis], places[row_axis] = setting.columns, setting.rows
    widths[ALONG[setting.plane][0]] = setting.thickness
    wx, wy, wz = (averaging(places[k], widths[k], axes[k][box[2 - k]], space.step) for k in range(3))
    if setting.plane == "sagittal":
        thin = np.tensordot(wx, volume, (1, 2))  # slice, z, y
        return np.asarray(wz @ thin @ wy.T, np.float32)
    if setting.plane == "coronal":
        thin = np.matmul(wy, volume).transpose(1, 0, 2)  # slice, z, x
        return np.asarray(wz @ thin @ wx.T, np.float32)
    thin = np.tensordot(wz, volume, (1, 0))  # slice, y, x
    return np.asarray(wy @ thin @ wx.T, np.float32)


def receive(clean: F32, seed: int, number: int) -> NDArray[np.uint16]:
    """What the coil and the receiver make of clean slices: uneven sensitivity, Rician noise, 12 bits."""
    rng = np.random.default_rng([seed, 2003, number])
    slices, rows, columns = clean.shape
    s, r, c = (np.linspace(-1, 1, n, dtype=np.float32) for n in (slices, rows, columns))
    tilt = rng.normal(0, 0.1, 3)
    bowl = rng.uniform(-0.12, 0.22, 3)
    field = 1 + sum(
        (np.float32(a) * axis + np.float32(b) * axis * axis).reshape(shape)
        for a, b, axis, shape in zip(tilt, bowl, (s, r, c), ((-1, 1, 1), (-1, 1), (-1,)), strict=True)
    )
    sigma = np.float32(rng.uniform(0.012, 0.03))
    noise = rng.standard_normal((2, *clean.shape), dtype=np.float32) * sigma
    received = np.hypot(clean * field + noise[0], noise[1]) ** np.float32(rng.uniform(0.92, 1.08))
    top = np.float32(TOP / rng.uniform(1.25, 1.9))
    return np.asarray(np.clip(np.rint(received * top), 0, TOP), np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class KneeStack:
    """One series.

    ``plane``, ``weighting``. ``pixels``: uint16 (slices, rows, columns), 12 bits. ``spacing``: mm between rows, between
    columns; ``thickness`` of a slice and distance ``between`` slices' middles, mm. ``position``: the patient's mm (L, P, H)
    of the first slice's first pixel; ``axes``: Image Orientation (0020,0037). Slices follow each other along the normal of
    ``axes``. ``masks``: bool (slices, rows, columns) per finding and per lesion that was drawn. ``parts``: uint8 of the same
    shape, which part of the knee lies where (`app.phantoms.knee.parts`), None where nobody asked.
    """

    plane: Plane
    weighting: str
    pixels: NDArray[np.uint16]
    spacing: tuple[float, float]
    thickness: float
    between: float
    position: tuple[float, float, float]
    axes: tuple[float, float, float, float, float, float]
    masks: Mapping[str, NDArray[np.bool_]]
    parts: NDArray[np.uint8] | None = None


def stack(
    clean: F32,
    setting: Setting,
    how: Frame,
    masks: Mapping[str, NDArray[np.bool_]],
    seed: int,
    *,
    parts: NDArray[np.uint8] | None = None,
) -> KneeStack:
    """The series of one plane, with its place in the patient."""
    (column_axis, column_way), (row_axis, row_way) = DIRECTIONS[setting.plane]
    first = np.zeros(3)
    first[column_axis], first[row_axis], first[ALONG[setting.plane][0]] = setting.columns[0], setting.rows[0], setting.across[0]
    position = how.origin + first @ how.axes
    axes = np.concatenate([how.axes[column_axis] * column_way, how.axes[row_axis] * row_way])
    pixels = receive(clean, seed, PLANES.index(setting.plane))
    return KneeStack(
        plane=setting.plane,
        weighting=setting.weighting,
        pixels=frozen(pixels),
        spacing=(setting.pixel, setting.pixel),
        thickness=setting.thickness,
        between=setting.between,
        position=tuple(position.tolist()),
        axes=tuple(axes.tolist()),
        masks={name: frozen(mask) for name, mask in masks.items()},
        parts=None if parts is None else frozen(parts),
    )


def masked(found: Sequence[tuple[Box, F32]], space: Space, setting: Setting) -> NDArray[np.bool_]:
    """Where the slices of a stack show at least a third of a lesion: bool (slices, rows, columns)."""
    shape = len(setting.across), len(setting.rows), len(setting.columns)
    mask = np.zeros(shape, bool)
    for box, share in found:
        mask |= slab(share, box, space, setting) > 0.34
    return mask
