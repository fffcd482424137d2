"""The critic of counterfactual films: how much one looks as if somebody had changed it, or like those that it should be like.

It knows where on the film it looks (two planes of coordinates) and what the film is like as a whole (a head over everything):
without either, a stamp that is the same on every film passes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTHS = (16, 32, 48, 64)
"""Of a critic that is fitted anew."""


class Critic(nn.Module):
    """Films (b, 1, S, S) in −2 … 2 → (b, outputs), one per group: what patches say on the average, and what the whole says. No
    batch normalisation: the penalty is per film (Gulrajani 2017)."""

    def __init__(self, outputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        inputs, layers = 3, []
        for width in widths:
            layers += [nn.Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2)]
            inputs = width
        self.trunk = nn.Sequential(*layers)
        self.patches = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.whole = nn.Sequential(nn.Linear(2 * inputs, inputs), nn.LeakyReLU(0.2), nn.Linear(inputs, outputs))

    def forward(self, films: Tensor) -> Tensor:
        """See the class."""
        side = films.shape[-1]
        at = torch.linspace(-1, 1, side, device=films.device, dtype=films.dtype)
        places = torch.stack(torch.meshgrid(at, at, indexing="xy"))[None].expand(len(films), -1, -1, -1)
        x = self.trunk(torch.cat([films, places], 1))
        flat = x.flatten(2)
        spread = (flat.var(2, unbiased=False) + 1e-6).sqrt()
        return self.patches(x).mean((2, 3)) + self.whole(torch.cat([flat.mean(2), spread], 1))  # type: ignore[no-any-return]
