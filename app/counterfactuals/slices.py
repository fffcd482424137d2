"""How a generator sees the slices of a stack: each with those beside it, in one square around what may be changed."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from app.anatomy.knee_limits import Planes, shown_on, window
from app.domain import Extent


@dataclass(frozen=True, slots=True)
class Square:
    """A part of a grid of ``of`` × ``of`` cells: ``side`` × ``side`` from row ``top`` and column ``left`` on."""

    top: int
    left: int
    side: int
    of: int

    def cut(self, planes: Tensor) -> Tensor:
        """What lies there of planes (…, of, of)."""
        return planes[..., self.top : self.top + self.side, self.left : self.left + self.side]

    def laid(self, whole: Tensor, part: Tensor) -> Tensor:
        """Planes (…, of, of) with another part (…, side, side) in its place."""
        out = whole.clone()
        out[..., self.top : self.top + self.side, self.left : self.left + self.side] = part
        return out

    def extent(self, whole: Extent) -> Extent:
        """Where it lies in an image of which the grid covers ``whole``."""
        wide, high = (whole.right - whole.left) / self.of, (whole.bottom - whole.top) / self.of
        left, top = whole.left + self.left * wide, whole.top + self.top * high
        return Extent(left, top, left + self.side * wide, top + self.side * high)


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Where a stack may be changed: the slices at ``places``, within a ``square``, and there softly within ``limits``, float32
    (slices at places, planes, side, side)."""

    places: tuple[int, ...]
    square: Square
    limits: Tensor

    @classmethod
    def of(cls, planes: Planes, within: int, side: int, grid: int) -> "Bounds":
        """From planes (n, slices, h, w) of which one bounds the change, for a stack that is read on a grid of so many cells."""
        places = shown_on(planes[within])
        square = Square(*window(planes[within], side, grid), side, grid)
        found = torch.from_numpy(planes[:, list(places)].copy()).transpose(0, 1)
        if not places:
            return cls((), square, found.new_zeros((0, len(planes), side, side)))
        return cls(places, square, square.cut(F.interpolate(found, grid, mode="bilinear")).contiguous())


def with_beside(stack: Tensor, places: tuple[int, ...], beside: int) -> Tensor:
    """Slices (slices, S, S) at some places, each with those beside it, (places, 1 + 2 · beside, S, S); at the ends the last one
    stands for those that are not there. The slice itself is in the middle."""
    steps = torch.arange(-beside, beside + 1)
    rows = (torch.tensor(places, dtype=torch.int64).view(-1, 1) + steps).clamp(0, len(stack) - 1)
    return stack[rows]
