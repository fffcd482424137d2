"""The cardiothoracic ratio (Danzer 1919): the heart's width by the chest's inner width, with both lines and an interval.

The heart's line is the widest row of the heart with mediastinum below the level of the carina, the chest's the widest row from
the outer border of the right lung to that of the left. Borders lie where the share of a structure crosses one half, between the
centres of cells; the interval is what the ratio would be where borders are drawn at 0.3 and at 0.7.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.anatomy.reasons import CUT_OFF, UNSURE
from app.anatomy.regions import HEART, LEFT_LUNG, RIGHT_LUNG, Labels, cleaned, largest, unmeasurable
from app.domain import Extent

CARINA = 0.41
"""Where the carina lies between the top and the bottom of the lungs: the mean of 96 films with drawn airways (SD 0.05)."""
LEVELS = (0.3, 0.7)
WIDEST_DOUBT = 0.16
"""An interval that is wider says nothing of use."""
Shares = NDArray[np.float32]
"""The share of every structure per cell, float32 (4, h, w), by their codes; they sum to 1."""


@dataclass(frozen=True, slots=True)
class Line:
    """A level line across a film, in pixels of the image: from (left, y) to (right, y)."""

    left: float
    right: float
    y: float

    @property
    def length(self) -> float:
        """In pixels."""
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio, the interval that its borders' sureness leaves it, and the two lines that it was measured by."""

    value: float
    low: float
    high: float
    heart: Line
    chest: Line


@dataclass(frozen=True, slots=True)
class NotMeasurable:
    """Why there is no ratio: a sentence of `app.anatomy.reasons`."""

    reason: str


def of_labels(labels: Labels) -> Shares:
    """A map of labels as shares that are certain."""
    return np.stack([labels == code for code in range(4)]).astype(np.float32)


def measure(shares: Shares, extent: Extent, film: Extent | None = None) -> Ratio | NotMeasurable:
    """The ratio on a film by the shares of its structures over ``extent``; ``film`` is what was exposed of it, beyond which a
    chest may go on."""
    labels = cleaned(shares.argmax(0).astype(np.uint8))
    reason = unmeasurable(labels)
    if reason:
        return NotMeasurable(reason)
    rows = np.flatnonzero(((labels == RIGHT_LUNG) | (labels == LEFT_LUNG)).any(1))
    carina = int(rows[0] + CARINA * (rows[-1] - rows[0]))
    found = {level: (_heart(shares, level, carina), _chest(shares, level)) for level in (0.5, *LEVELS)}
    if any(line is None for pair in found.values() for line in pair):
        return NotMeasurable(UNSURE)
    width = {level: tuple(line[1] - line[0] for line in pair if line is not None) for level, pair in found.items()}
    value = width[0.5][0] / width[0.5][1]
    low, high = width[LEVELS[1]][0] / width[LEVELS[0]][1], width[LEVELS[0]][0] / width[LEVELS[1]][1]
    if high - low > WIDEST_DOUBT:
        return NotMeasurable(UNSURE)
    heart, chest = (_line(line, shares.shape, extent) for line in found[0.5] if line is not None)
    edge = (extent.right - extent.left) / shares.shape[2] / 2
    if film is not None and (chest.left <= film.left + edge or chest.right >= film.right - edge):
        return NotMeasurable(CUT_OFF)
    return Ratio(value, min(low, value), max(high, value), heart, chest)


Found = tuple[float, float, int]
"""Where a line begins and ends, in cells, and its row."""


def _heart(shares: Shares, level: float, carina: int) -> Found | None:
    part = largest(shares[HEART] >= level)
    part = part & (np.arange(part.shape[0]) >= carina)[:, None]
    lines = [(_begin(shares[HEART], part, row, level), _end(shares[HEART], part, row, level), row) for row in _rows(part)]
    return max(lines, key=lambda line: line[1] - line[0]) if lines else None


def _chest(shares: Shares, level: float) -> Found | None:
    right, left = largest(shares[RIGHT_LUNG] >= level), largest(shares[LEFT_LUNG] >= level)
    both = np.intersect1d(_rows(right), _rows(left))
    lines = [
        (_begin(shares[RIGHT_LUNG], right, row, level), _end(shares[LEFT_LUNG], left, row, level), int(row)) for row in both
    ]
    return max(lines, key=lambda line: line[1] - line[0]) if lines else None


def _rows(part: NDArray[np.bool_]) -> list[int]:
    return [int(row) for row in np.flatnonzero(part.any(1))]


def _begin(share: NDArray[np.float32], part: NDArray[np.bool_], row: int, level: float) -> float:
    """Where a structure begins on a row, in cells: between its first cell's centre and the one before."""
    first = int(part[row].argmax())
    return first + 0.5 - _reach(share[row], first, first - 1, level)


def _end(share: NDArray[np.float32], part: NDArray[np.bool_], row: int, level: float) -> float:
    last = part.shape[1] - 1 - int(part[row, ::-1].argmax())
    return last + 0.5 + _reach(share[row], last, last + 1, level)


def _reach(share: NDArray[np.float32], at: int, beyond: int, level: float) -> float:
    """How far beyond the centre of its outermost cell a structure goes, in cells: half a cell where it is certain."""
    inside = float(share[at])
    outside = float(share[beyond]) if 0 <= beyond < len(share) else inside
    return float(min(max((inside - level) / (inside - outside), 0.0), 1.0)) if inside > outside else 0.5


def _line(found: Found, shape: tuple[int, ...], extent: Extent) -> Line:
    begin, end, row = found
    across, down = (extent.right - extent.left) / shape[2], (extent.bottom - extent.top) / shape[1]
    return Line(extent.left + begin * across, extent.left + end * across, extent.top + (row + 0.5) * down)
