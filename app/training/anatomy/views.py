"""What a film with its truth may look like and still be the same: framing, tilt, size, exposure, opacities, markers and text.

Sources differ in framing and contrast more than in lungs; children are small and wide, and diseased lungs are white. Batches:
films in [0, 1] (n, 1, side, side) and truth, codes (n, side, side).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from app.anatomy import BACKGROUND, LEFT_LUNG, RIGHT_LUNG
from app.training.augmentation import blur_some, exposure, uniform

FRAMED, OPAQUE, LETTERED = 0.3, 0.45, 0.7
"""The shares of films that get a frame, an opacity in a lung, and letters."""


def changed(films: Tensor, truth: Tensor, letters: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Films, their truth, and where letters were laid over them (n, side, side) in [0, 1]; ``letters`` (m, side, side)."""
    films, truth = moved(films, truth, random)
    films = opacities(films, truth, random)
    films = exposure(blur_some(films, random), random).clamp(0, 1)
    films = framed(films, random)
    laid = letters[torch.randint(len(letters), (len(films),), generator=random)]
    laid = laid * (torch.rand((len(films), 1, 1), generator=random) < LETTERED)
    bright = uniform((len(films), 1, 1), 0.75, 1.0, random)
    return films * (1 - laid[:, None]) + (bright * laid)[:, None], truth, laid


def moved(films: Tensor, truth: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Turned ±23°, zoomed 0.67–1.5, stretched ±20 %, shifted ±20 % of half the side, together. Never mirrored: the heart's side
    is one of the things to know."""
    n = len(films)
    angle = torch.randn(n, generator=random) * 0.14
    angle = angle.clamp(-0.4, 0.4)
    zoom, aspect = torch.exp(uniform((n,), -0.4, 0.4, random)), torch.exp(uniform((n,), -0.18, 0.18, random))
    shift = uniform((n, 2), -0.2, 0.2, random)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = [cos * aspect, -sin * aspect, shift[:, 0], sin / aspect, cos / aspect, shift[:, 1]]
    grid = F.affine_grid(torch.stack(rows, 1).view(n, 2, 3), list(films.shape), align_corners=False)
    there = F.grid_sample(truth[:, None].float(), grid, mode="nearest", align_corners=False)
    return F.grid_sample(films, grid, align_corners=False), there[:, 0].round().long()


def opacities(films: Tensor, truth: Tensor, random: torch.Generator) -> Tensor:
    """Part of a lung turns white, as consolidation, effusion and collapse make it; its truth stays what it is."""
    n, side = len(films), films.shape[-1]
    at = (torch.arange(side) + 0.5) / side
    x, y = uniform((n, 1, 1), 0.15, 0.85, random), uniform((n, 1, 1), 0.3, 0.95, random)
    wide, high = uniform((n, 1, 1), 0.08, 0.35, random), uniform((n, 1, 1), 0.08, 0.35, random)
    soft = torch.exp(-(((at[None, None, :] - x) / wide) ** 2 + ((at[None, :, None] - y) / high) ** 2))
    some = (torch.rand((n, 1, 1), generator=random) < OPAQUE).float()
    share = soft * some * uniform((n, 1, 1), 0.3, 1.0, random) * ((truth == RIGHT_LUNG) | (truth == LEFT_LUNG))
    share = F.avg_pool2d(share[:, None], 3, 1, 1)
    return films * (1 - share) + share * uniform((n, 1, 1, 1), 0.6, 0.9, random)


def framed(films: Tensor, random: torch.Generator) -> Tensor:
    """Some films get a border of one grey on some sides: collimation that the search for the field missed."""
    n, _, side, _ = films.shape
    cut = (uniform((n, 4), -0.06, 0.1, random).clamp(min=0) * side).long()
    cut = cut * (torch.rand((n, 1), generator=random) < FRAMED)
    at = torch.arange(side)
    keep_rows = (at >= cut[:, 0:1]) & (at < side - cut[:, 1:2])
    keep_columns = (at >= cut[:, 2:3]) & (at < side - cut[:, 3:4])
    keep = keep_rows[:, None, :, None] & keep_columns[:, None, None, :]
    grey = torch.where(torch.rand((n, 1, 1, 1), generator=random) < 0.7, 0.0, 1.0)
    return torch.where(keep, films, grey)


def outside(truth: Tensor) -> Tensor:
    """Where no structure lies: there a film may have markers of its own that nobody drew."""
    return truth == BACKGROUND
