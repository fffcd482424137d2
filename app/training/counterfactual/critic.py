"""The critic of a generator: how much a film looks like one of the group that it is to belong to (WGAN, Arjovsky 2017).

It knows where on the film it looks (two planes of coordinates) and what the film is like as a whole (a head over everything):
without either, a stamp that is the same on every film passes. Used in training alone, so it is on no card.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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


def penalty(critic: Critic, real: Tensor, made: Tensor, group: int, random: torch.Generator) -> Tensor:
    """The gradient penalty: (‖∇‖ − 1)² of each film between a real and a made one, the norm over all its dimensions; a scalar.

    In float32: a second derivative in bfloat16 is mostly noise."""
    share = torch.rand((len(real), 1, 1, 1), generator=random).to(real.device)
    between = (share * real + (1 - share) * made.detach()).requires_grad_(True)
    with torch.autocast(real.device.type, enabled=False):
        told = critic(between)[:, group]
        (found,) = torch.autograd.grad(told.sum(), between, create_graph=True)
    return F.mse_loss(found.flatten(1).norm(dim=1), torch.ones(len(real), device=real.device))
