"""Lesions drawn into lungs: nodules, masses and consolidations whose place is known, for findings that are rare.

Works on batches of films in [0, 1], float32 (batch, 1, size, size), with the share of lung in each pixel beside them. A lesion
raises the film towards white, as more tissue in the beam does, and never leaves the lung. Sizes are shares of the film's width:
a frontal film of an adult is about 40 cm wide, and a nodule is at most 3 cm across (Fleischner Society glossary, 2008).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from app.training.augmentation import uniform

GRID = 32
"""A lesion's centre is drawn on a grid so coarse: one cell is a centimetre or so."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of lesion: radius (share of the width), contrast (share of the way to white), softness of its edge (share of the
    radius), and the findings that a film with it has."""

    findings: tuple[str, ...]
    radius: tuple[float, float]
    contrast: tuple[float, float]
    softness: tuple[float, float]


KINDS = (
    Kind(("Nodule",), (0.014, 0.036), (0.12, 0.40), (0.10, 0.30)),
    Kind(("Mass",), (0.042, 0.100), (0.12, 0.45), (0.08, 0.25)),
    Kind(("Consolidation", "Pneumonia"), (0.080, 0.220), (0.15, 0.50), (0.25, 0.60)),
)


def insert(films: Tensor, lungs: Tensor, kinds: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Films with a lesion each, and where: both float32 (batch, 1, size, size).

    ``lungs`` is the share of lung per pixel, of the films' shape; ``kinds`` (batch,) int64 counts into `KINDS`. A film without
    a lung is returned as it is, with an empty place.
    """
    n, _, size, _ = films.shape
    low, high = (torch.tensor([kind.radius[i] for kind in KINDS])[kinds] for i in (0, 1))
    radius = low + (high - low) * torch.rand(n, generator=random)
    contrast, softness = (_between(name, kinds, random) for name in ("contrast", "softness"))
    shape = _shape(_centres(lungs, random), radius, softness, size, random)
    place = shape * F.avg_pool2d(lungs, 3, 1, 1)
    strength = contrast[:, None, None, None] * _texture(kinds, size, random)
    return films + (1 - films) * (place * strength).clamp(0, 1), place


def _between(name: str, kinds: Tensor, random: torch.Generator) -> Tensor:
    """(batch,) A value between the two that each kind allows."""
    limits = torch.tensor([getattr(kind, name) for kind in KINDS])[kinds]
    return limits[:, 0] + (limits[:, 1] - limits[:, 0]) * torch.rand(len(kinds), generator=random)


def _centres(lungs: Tensor, random: torch.Generator) -> Tensor:
    """(batch, 2) A place in the lung, as (x, y) in [0, 1]; (−9, −9), far outside, where there is no lung."""
    coarse = F.adaptive_avg_pool2d(lungs, GRID).flatten(1)
    inside = (coarse > 0.9).float()
    found = inside.sum(1) > 0
    chosen = torch.multinomial(torch.where(found[:, None], inside, torch.ones_like(inside)), 1, generator=random)[:, 0]
    cell = torch.stack([chosen % GRID, chosen // GRID], 1).float()
    centre = (cell + torch.rand(cell.shape, generator=random)) / GRID
    return torch.where(found[:, None], centre, torch.full_like(centre, -9.0))


def _shape(centre: Tensor, radius: Tensor, softness: Tensor, size: int, random: torch.Generator) -> Tensor:
    """(batch, 1, size, size) in [0, 1]: an ellipse whose outline wobbles, soft at its edge."""
    n = len(centre)
    at = (torch.arange(size) + 0.5) / size
    x, y = at[None, None, :] - centre[:, 0, None, None], at[None, :, None] - centre[:, 1, None, None]
    turn, stretch = uniform((n, 1, 1), 0, torch.pi, random), uniform((n, 1, 1), 0.75, 1.33, random)
    u, v = x * torch.cos(turn) + y * torch.sin(turn), y * torch.cos(turn) - x * torch.sin(turn)
    u, v = u * stretch, v / stretch
    angle = torch.atan2(v, u)
    wobble = torch.ones_like(angle)
    for waves in (2, 3, 5):
        wobble = wobble + uniform((n, 1, 1), 0, 0.12, random) * torch.cos(waves * angle + uniform((n, 1, 1), 0, 6.28, random))
    distance = torch.sqrt(u * u + v * v) / (radius[:, None, None] * wobble)
    return torch.sigmoid((1 - distance) / softness[:, None, None] * 2)[:, None]


def _texture(kinds: Tensor, size: int, random: torch.Generator) -> Tensor:
    """(batch, 1, size, size) about 1: even for nodules and masses, patchy for consolidations."""
    coarse = torch.randn((len(kinds), 1, 12, 12), generator=random)
    patchy = F.interpolate(coarse, size, mode="bicubic", align_corners=False) * 0.5
    return torch.where((kinds == 2)[:, None, None, None], (1 + patchy).clamp(0, 2), torch.ones(()))
