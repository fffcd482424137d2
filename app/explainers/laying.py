"""Maps of different places laid over one grid, so that none of what they hold is lost.

Each cell's value is an amount, spread over the place that the cell stands for."""

import torch
from torch import Tensor

from app.explainers.geometry import Field

FINE = 4
"""Pixels of the network's input to a cell of the grid."""


def over(amounts: Tensor, place: Field, size: tuple[int, int]) -> Tensor:
    """Amounts (…, h, w) of cells that lie at ``place`` on an input of ``size`` (rows, columns), spread over that input's grid:
    (…, rows / 4, columns / 4) with the same sum. What of a cell lies outside the input falls to the rest of that cell."""
    down = _shares(amounts.shape[-2], place.start_y, place.stride_y, size[0]).to(amounts)
    across = _shares(amounts.shape[-1], place.start_x, place.stride_x, size[1]).to(amounts)
    return down @ amounts @ across.T


def _shares(count: int, start: float, stride: float, size: int) -> Tensor:
    """Which share of every cell (columns) lies in which of the grid's (rows): float32 (size / 4, count), columns sum to 1."""
    low = start + 0.5 + (torch.arange(count) - 0.5) * stride
    edges = torch.arange(size // FINE + 1, dtype=torch.float32) * FINE
    inside = torch.minimum(edges[1:, None], low + stride) - torch.maximum(edges[:-1, None], low)
    shares = inside.clamp(min=0)
    return shares / shares.sum(0, keepdim=True).clamp(min=1e-12)
