"""What a filled area shows: the film blurred, the mean of what lies around, or what diffuses in from its rim.

All three are worked out on *cells*: blocks of k × k pixels, k the smallest whole number for which the film's longer side has at
most `CELLS` of them (a film of up to 512 pixels is worked on pixel by pixel). A network sees no more than that. Pixels get the
cells' values by bilinear interpolation. docs/reference/what-if.md has the formulas.
"""

import numpy as np
from numpy.typing import NDArray

from app.domain import Fill

CELLS = 512
REACH = 16
"""The blur's σ and half the window of the local mean are the longer side divided by this."""
UNKNOWNS = 16384
"""In-painting works on cells twice as large as long as more cells than this would have to be worked out."""

Values = NDArray[np.float32]
Cells = NDArray[np.float64]
Mask = NDArray[np.bool_]


def filled(values: Values, covered: Mask, fill: Fill) -> tuple[Values, tuple[slice, slice]]:
    """What the covered pixels get: values in a rectangle that holds all of them, and the rectangle. ``values`` is float32
    (rows, columns); at least one pixel is covered. Where all are, as of a slice of a stack may be, there is nothing around to
    fill from: then the mean of all takes the place of the local mean and of what diffuses in."""
    if fill != "blur" and covered.all():
        return np.full_like(values, values.mean(dtype=np.float64)), (slice(None), slice(None))
    k = -(-max(values.shape) // CELLS)
    keeping = (~covered).astype(np.float32)
    kept = blocks(keeping, k)
    while fill == "inpaint" and np.count_nonzero(kept == 0) > UNKNOWNS:
        k *= 2
        kept = blocks(keeping, k)
    if fill == "blur":
        cells = blurred(blocks(values, k) / blocks(np.ones_like(values), k), max(values.shape) / REACH / k)
    else:
        sums = blocks(values * keeping, k)
        cells = local_mean(sums, kept, max(values.shape) / REACH / k) if fill == "mean" else diffused(sums, kept)
    rows, columns = (_span(np.asarray(covered.any(axis=axis)), k) for axis in (1, 0))
    part = cells.astype(np.float32)
    for axis, (start, end, first, last) in enumerate((rows, columns)):
        cell = np.clip(np.arange(start // k - 1, (end - 1) // k + 2), 0, cells.shape[axis] - 1)
        part = _widened(np.take(part, cell, axis), k, axis)
        part = part[first - start : last - start] if axis == 0 else part[:, first - start : last - start]
    return part, (slice(*rows[2:]), slice(*columns[2:]))


def _span(covered: NDArray[np.bool_], k: int) -> tuple[int, int, int, int]:
    """Where the covered lines begin and end, first by whole blocks, then exactly."""
    at = np.flatnonzero(covered)
    first, last = int(at[0]), int(at[-1]) + 1
    return first // k * k, -(-last // k) * k, first, last


def blocks(values: Values, k: int) -> Cells:
    """Sums over blocks of k × k pixels, those at the right and lower border smaller. One axis after the other, one line of each
    block after the other: many times quicker than numpy's own sums over short axes."""
    down = values[::k].copy()
    for place in range(1, k):
        more = values[place::k]
        down[: len(more)] += more
    across = down[:, ::k].astype(np.float64)
    for place in range(1, k):
        more = down[:, place::k]
        across[:, : more.shape[1]] += more
    return across


def _widened(cells: Values, k: int, axis: int) -> Values:
    """Lines between the middles of neighbouring cells: of n cells the inner n − 2, each as k pixels; the outer two are only
    neighbours. Bilinear interpolation is this along both axes."""
    lines = np.moveaxis(cells, axis, 0)
    out = np.empty((k * (len(lines) - 2), *lines.shape[1:]), np.float32)
    for place in range(k):
        share = np.float32((place + 0.5) / k - 0.5)
        beside = lines[:-2] if share < 0 else lines[2:]
        out[place::k] = lines[1:-1] * (1 - abs(share)) + beside * abs(share)
    return np.moveaxis(out, 0, axis)


def blurred(cells: Cells, sigma: float) -> Cells:
    """A Gaussian of ``sigma`` cells; at the film's border its weights are those of the cells that are there."""
    down, across = (_gaussian(count, sigma) for count in cells.shape)
    return np.asarray(down @ cells @ across.T)


def _gaussian(count: int, sigma: float) -> Cells:
    away = np.subtract.outer(np.arange(count), np.arange(count)) / sigma
    weights = np.exp(-0.5 * away**2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def local_mean(sums: Cells, kept: Cells, reach: float) -> Cells:
    """The mean of the pixels that are kept within ``reach`` cells, in a square; where there are none the reach is doubled until
    there are some."""
    cells = np.full(sums.shape, np.nan)
    half = max(1, round(reach))
    while np.isnan(cells).any():
        count = _windowed(kept, half)
        found = np.isnan(cells) & (count > 0.5)
        cells[found] = _windowed(sums, half)[found] / count[found]
        half *= 2
    return cells


def _windowed(values: Cells, half: int) -> Cells:
    """Sums over squares of 2·half + 1 cells, cut at the film's border."""
    for axis in (0, 1):
        count = values.shape[axis]
        summed = np.concatenate([np.zeros_like(np.take(values, [0], axis)), np.cumsum(values, axis=axis)], axis=axis)
        place = np.arange(count)
        upper = np.take(summed, np.minimum(place + half + 1, count), axis)
        values = upper - np.take(summed, np.maximum(place - half, 0), axis)
    return values


def diffused(sums: Cells, kept: Cells) -> Cells:
    """The solution of Laplace's equation in the cells of which nothing is kept, with the kept mean in all others: every unknown
    cell is the mean of its neighbours above, below, left and right, as far as the film reaches."""
    from scipy import sparse  # noqa: PLC0415 - takes longer to import than the first page to open
    from scipy.sparse.linalg import spsolve  # noqa: PLC0415 - as above

    unknown = kept < 0.5
    cells = sums / np.where(unknown, 1.0, kept)
    if unknown.all() or not unknown.any():  # the cells are so large that each keeps something, or none does
        cells[unknown] = sums.sum() / max(kept.sum(), 1.0)
        return cells
    number = np.cumsum(unknown).reshape(unknown.shape) - 1
    count = int(unknown.sum())
    neighbours, right_side = np.zeros(count), np.zeros(count)
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for here, there in _sides():
        asking = unknown[here]
        both = asking & unknown[there]
        np.add.at(neighbours, number[here][asking], 1.0)
        border = asking & ~unknown[there]
        np.add.at(right_side, number[here][border], cells[there][border])
        pairs.append((number[here][both], number[there][both]))
    rows, columns = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    links = sparse.csc_matrix((np.ones(rows.size), (rows, columns)), shape=(count, count))
    system = sparse.diags(neighbours, format="csc") - links
    cells[unknown] = spsolve(system, right_side, permc_spec="MMD_AT_PLUS_A")
    return cells


def _sides() -> tuple[tuple[tuple[slice, slice], tuple[slice, slice]], ...]:
    """A cell's four neighbours: for each side the cells that have one, and the neighbours themselves."""
    every, first, last = slice(None), slice(None, -1), slice(1, None)
    down, across = ((first, every), (last, every)), ((every, first), (every, last))
    return (down, down[::-1], across, across[::-1])
