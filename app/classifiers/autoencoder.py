"""A small autoencoder of films, in whose latent space a network's answer can be followed.

Convolutions alone: the latent is a map of at least 16 × 16 cells, so that a change there stays where it is on the film.
"""

from collections.abc import Sequence
from math import gcd

import torch.nn.functional as F
from torch import Tensor, nn


def step(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """A convolution with normalisation and SiLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.GroupNorm(gcd(8, outputs), outputs), nn.SiLU())


class Autoencoder(nn.Module):
    """Films (b, 1, side, side) in −2 … 2 → latents (b, latent, h, w) → films. ``widths``: channels of the levels, each half as
    fine as the one before; side / h is 2 to the number of levels. ``findings`` is 1: a film."""

    def __init__(self, findings: int, widths: Sequence[int], latent: int) -> None:
        super().__init__()
        if findings != 1:
            raise ValueError("an autoencoder has one output")
        down: list[nn.Module] = []
        for i, o in zip((1, *widths), widths, strict=False):
            down += [step(i, o, 2), step(o, o, 1)]
        self.down = nn.Sequential(*down, nn.Conv2d(widths[-1], latent, 1))
        self.begin = step(latent, widths[-1], 1)
        back = list(reversed(widths))
        levels = zip(back, (*back[1:], back[-1]), strict=True)
        self.up = nn.ModuleList(nn.Sequential(step(i, o, 1), step(o, o, 1)) for i, o in levels)
        self.out = nn.Conv2d(back[-1], 1, 3, 1, 1)

    def encode(self, films: Tensor) -> Tensor:
        """Films → latents."""
        return self.down(films)  # type: ignore[no-any-return]

    def decode(self, latents: Tensor) -> Tensor:
        """Latents → films in −2 … 2."""
        x = self.begin(latents)
        for level in self.up:
            x = level(F.interpolate(x, scale_factor=2.0, mode="bilinear"))
        return self.out(x)  # type: ignore[no-any-return]

    def forward(self, films: Tensor) -> Tensor:
        """The reconstruction of films."""
        return self.decode(self.encode(films))
