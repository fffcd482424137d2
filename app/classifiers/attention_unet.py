"""A U-Net for chest films (Ronneberger 2015), with attention gates on its skips (Oktay 2018; Schlemper 2019) or without.

A gate weighs what a skip brings by where the coarser level found something: α = σ(ψᵀ ReLU(W_x x + W_g g + b)), x̂ = α x. As in
the papers the finest skip has none: what it carries is too close to the film. The twin without gates differs in nothing else.
"""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRUCTURES = 4
"""Background, right lung, left lung, heart with mediastinum: the first of a card's findings, by the codes of `app.anatomy`."""


def pair(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions, each with normalisation and ReLU."""
    layers: list[nn.Module] = []
    for i in (inputs, outputs):
        layers += [nn.Conv2d(i, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class Gate(nn.Module):
    """Weighs a skip (batch, channels, h, w) by a coarser level (batch, deeper, h, w), which was brought to its size."""

    def __init__(self, channels: int, deeper: int) -> None:
        super().__init__()
        inner = max(8, channels // 2)
        self.skip = nn.Conv2d(channels, inner, 1, bias=False)
        self.coarse = nn.Conv2d(deeper, inner, 1)
        self.psi = nn.Conv2d(inner, 1, 1)
        nn.init.constant_(self.psi.bias, 1.0)  # type: ignore[arg-type]  # open at the start

    def forward(self, skip: Tensor, coarse: Tensor) -> Tensor:
        """α, (batch, 1, h, w) in [0, 1]."""
        return torch.sigmoid(self.psi(F.relu(self.skip(skip) + self.coarse(coarse))))


class AnatomyNetwork(nn.Module):
    """Films (batch, 1, side, side) in −2 … 2 → logits (batch, findings, side, side): of the four structures, between which a
    softmax decides, and of markers and text, with a sigmoid of their own. ``side`` is a multiple of 16."""

    def __init__(self, findings: int, widths: Sequence[int], gated: bool) -> None:
        super().__init__()
        self.down = nn.ModuleList(pair(i, o) for i, o in zip((1, *widths), widths, strict=False))
        steps = list(itertools.pairwise(widths))
        self.up = nn.ModuleList(pair(deep + wide, wide) for wide, deep in steps)
        self.gates = nn.ModuleList(Gate(wide, deep) for wide, deep in steps[1:] if gated)
        self.out = nn.Conv2d(widths[0], findings, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.looked(x)[0]

    def looked(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The logits, and α of every gate from fine to coarse, each (batch, 1, h, w)."""
        kept: list[Tensor] = []
        for level, step in enumerate(self.down):
            x = step(x if level == 0 else F.max_pool2d(x, 2))
            kept.append(x)
        alphas: list[Tensor] = []
        for level in reversed(range(len(self.up))):
            coarse, skip = F.interpolate(x, scale_factor=2.0, mode="bilinear"), kept[level]
            if level and len(self.gates):
                alpha = self.gates[level - 1](skip, coarse)
                alphas.insert(0, alpha)
                skip = skip * alpha
            x = self.up[level](torch.cat([coarse, skip], 1))
        return self.out(x), tuple(alphas)
