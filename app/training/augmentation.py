"""What a film may look like and still be the same film: geometry, exposure, sharpness, noise, borders.

Works on batches of films in [0, 1], float32 (batch, 1, size, size). Sources differ in framing, sharpness and borders; what
varies at random here cannot serve as a shortcut to the source.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(films: Tensor, random: torch.Generator, flip: float = 0.0) -> Tensor:
    """A randomly changed copy of the films: (batch, 1, size, size) → the same shape, still in [0, 1]."""
    films = blur_some(geometry(films, random, flip), random)
    films = exposure(films, random)
    return borders(films, random).clamp(0, 1)


def uniform(shape: tuple[int, ...], low: float, high: float, random: torch.Generator) -> Tensor:
    """Uniform random numbers in [low, high)."""
    return torch.rand(shape, generator=random) * (high - low) + low


def geometry(films: Tensor, random: torch.Generator, flip: float) -> Tensor:
    """Rotation ±12°, zoom 0.8–1.15, aspect ±12%, shift ±8%; mirrored with probability ``flip``."""
    n = films.shape[0]
    angle = uniform((n,), -0.21, 0.21, random)
    zoom, aspect = uniform((n,), 0.87, 1.25, random), uniform((n,), 0.94, 1.06, random)
    mirror = torch.where(torch.rand(n, generator=random) < flip, -1.0, 1.0)
    shift = uniform((n, 2), -0.16, 0.16, random)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    theta = torch.stack(
        [
            torch.stack([cos * aspect * mirror, -sin * aspect, shift[:, 0]], 1),
            torch.stack([sin * mirror / aspect, cos / aspect, shift[:, 1]], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(films.shape), align_corners=False)
    return F.grid_sample(films, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def blur_some(films: Tensor, random: torch.Generator) -> Tensor:
    """About a third of the batches loses resolution: down by 1.3–2.5 and up again, as the small films of some sources have."""
    if torch.rand((), generator=random) > 0.35:
        return films
    size = films.shape[-1]
    small = int(size / float(uniform((), 1.3, 2.5, random)))
    return F.interpolate(F.interpolate(films, small, mode="area"), size, mode="bilinear", align_corners=False)


def exposure(films: Tensor, random: torch.Generator) -> Tensor:
    """Gamma 0.7–1.4, contrast ±25%, brightness ±0.1, and noise."""
    n = films.shape[0]
    gamma = torch.exp(uniform((n, 1, 1, 1), -0.35, 0.35, random))
    contrast, brightness = uniform((n, 1, 1, 1), 0.75, 1.25, random), uniform((n, 1, 1, 1), -0.1, 0.1, random)
    noise = torch.randn(films.shape, generator=random) * uniform((n, 1, 1, 1), 0, 0.03, random)
    return (films.clamp(1e-4, 1) ** gamma - 0.5) * contrast + 0.5 + brightness + noise


def borders(films: Tensor, random: torch.Generator) -> Tensor:
    """Four films in ten lose a random border, black or grey: text, side markers and collimation live there."""
    n, _, size, _ = films.shape
    cut = (uniform((n, 4), 0, 0.14, random) * size).long() * (torch.rand((n, 1), generator=random) < 0.4)
    at = torch.arange(size)
    keep_rows = (at >= cut[:, 0:1]) & (at < size - cut[:, 1:2])
    keep_columns = (at >= cut[:, 2:3]) & (at < size - cut[:, 3:4])
    keep = keep_rows[:, None, :, None] & keep_columns[:, None, None, :]
    fill = torch.where(torch.rand((n, 1, 1, 1), generator=random) < 0.7, 0.0, torch.rand((n, 1, 1, 1), generator=random))
    return torch.where(keep, films, fill)
