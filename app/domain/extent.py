"""Where something lies on an image: rectangles in its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle in image pixels: columns ``left`` to ``right``, rows ``top`` to ``bottom``.

    Pixel (r, c) covers [c, c+1) × [r, r+1). Of a layer the rectangle is that of its cells, each in the middle of what it looks
    at, so that it need not be what the network read: ``reach`` is how far such a layer is drawn. Its outermost cells are held
    up to there, and nothing of it lies beyond. None: as far as the rectangle itself.
    """

    left: float
    top: float
    right: float
    bottom: float
    reach: "Extent | None" = None

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Extent":
        """From left, top, right, bottom, and those of its reach behind them where it has one."""
        left, top, right, bottom = numbers[:4]
        return cls(left, top, right, bottom, cls.of(numbers[4:8]) if len(numbers) > 4 else None)

    @classmethod
    def covering(cls, rows: int, columns: int) -> "Extent":
        """The square that covers all of an image, in which something is shown in the image's place."""
        side = max(rows, columns)
        left, top = (columns - side) / 2, (rows - side) / 2
        return cls(left, top, left + side, top + side)

    def numbers(self) -> list[float]:
        """As `of` takes them."""
        own = [self.left, self.top, self.right, self.bottom]
        return own if self.reach is None else own + self.reach.numbers()

    @property
    def drawn(self) -> "Extent":
        """The rectangle that is drawn."""
        return self.reach or self

    def seen_from(self, left: float, top: float, across: float, down: float) -> "Extent":
        """The same where (left, top) is (0, 0) and a pixel is ``across`` wide and ``down`` high."""
        return Extent(
            (self.left - left) * across,
            (self.top - top) * down,
            (self.right - left) * across,
            (self.bottom - top) * down,
            None if self.reach is None else self.reach.seen_from(left, top, across, down),
        )

    def edges(self, rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the cells of a map (rows, columns) begin and end as they are drawn, down (rows + 1,) and across (columns + 1,):
        what reaches over is cut off, and the outermost cells are as large as they are drawn."""
        drawn = self.drawn
        down = self.top + (self.bottom - self.top) * np.arange(rows + 1) / rows
        across = self.left + (self.right - self.left) * np.arange(columns + 1) / columns
        return _held(down, drawn.top, drawn.bottom), _held(across, drawn.left, drawn.right)

    def beyond(self, values: NDArray[np.float32], image: tuple[int, ...]) -> float:
        """Which share of the sizes of a map's values (slices, height, width) lies outside an image of (rows, columns) pixels,
        by area: in the padding that made it a square. 0 for a map of zeros."""
        height, width = values.shape[-2:]
        inside = [
            (np.minimum(edges[1:], length) - np.maximum(edges[:-1], 0)).clip(0) / np.maximum(np.diff(edges), 1e-12)
            for edges, length in zip(self.edges(height, width), image, strict=True)
        ]
        sizes = np.abs(values.reshape(-1, height, width)).sum(0, dtype=np.float64)
        total = float(sizes.sum())
        return max(0.0, 1.0 - float(inside[0] @ sizes @ inside[1]) / total) if total > 0 else 0.0


def _held(edges: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    held = np.clip(edges, low, high)
    held[0], held[-1] = low, high
    return held
