"""Where the lungs lie: a small U-Net (Ronneberger 2015), trained from rough masks, whose answer the views of a film are cut by.

It works at 64 px: enough to tell a lung from what is around it. Knows arrays and networks; its masks come from `lung_masks`.
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app.training.augmentation import blur_some, exposure, uniform

SIZE = 64
WIDTHS = (16, 32, 64, 64)
EPOCHS, BATCH, RATE = 16, 32, 3e-3


def pair(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions, each with normalisation and ReLU."""
    layers: list[nn.Module] = []
    for i in (inputs, outputs):
        layers += [nn.Conv2d(i, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class LungNetwork(nn.Module):
    """Film (batch, 1, 64, 64) in −2 … 2 → logits of "this is lung" (batch, 1, 64, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(pair(i, o) for i, o in zip((1, *WIDTHS), WIDTHS, strict=False))
        self.up = nn.ModuleList(pair(deep + wide, wide) for wide, deep in itertools.pairwise(WIDTHS))
        self.out = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        kept: list[Tensor] = []
        for level, step in enumerate(self.down):
            x = step(x if level == 0 else F.max_pool2d(x, 2))
            kept.append(x)
        for level in reversed(range(len(self.up))):
            x = self.up[level](torch.cat([F.interpolate(x, scale_factor=2.0, mode="bilinear"), kept[level]], 1))
        return self.out(x)  # type: ignore[no-any-return]


def fit(
    films: Tensor, masks: Tensor, seed: int = 0, epochs: int = EPOCHS, told: Callable[[int, int], None] = lambda _, __: None
) -> LungNetwork:
    """A network fitted to films and masks, both float32 (n, 1, 64, 64) in [0, 1]; cross-entropy and Dice (Milletari 2016).
    ``told`` is given how many of how many epochs are done."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    network = LungNetwork()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    steps = epochs * max(1, len(films) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, RATE / 50)
    network.train()
    for epoch in range(epochs):
        for batch in torch.split(torch.randperm(len(films), generator=random), BATCH):
            if len(batch) < 2:
                continue  # batch normalisation needs two
            x, y = moved(films[batch], masks[batch], random)
            x = exposure(blur_some(x, random), random).clamp(0, 1)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(seen(x))
            optimiser.zero_grad(set_to_none=True)
            loss(logits.float(), y).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        told(epoch + 1, epochs)
    network.eval()
    return network


def loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy per pixel plus one minus Dice over the batch."""
    share = logits.sigmoid()
    dice = (2 * (share * masks).sum() + 1) / (share.sum() + masks.sum() + 1)
    return F.binary_cross_entropy_with_logits(logits, masks) + 1 - dice


def moved(films: Tensor, masks: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Films and masks turned, zoomed, shifted and mirrored together: sources differ in framing more than in lungs."""
    n = len(films)
    angle, zoom, aspect = (
        uniform((n,), -0.25, 0.25, random),
        uniform((n,), 0.75, 1.35, random),
        uniform((n,), 0.85, 1.15, random),
    )
    shift = uniform((n, 2), -0.2, 0.2, random)
    mirror = torch.where(torch.rand(n, generator=random) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = [cos * aspect * mirror, -sin * aspect, shift[:, 0], sin * mirror / aspect, cos / aspect, shift[:, 1]]
    grid = F.affine_grid(torch.stack(rows, 1).view(n, 2, 3), list(films.shape), align_corners=False)
    return F.grid_sample(films, grid, align_corners=False), F.grid_sample(masks, grid, align_corners=False)


def seen(films: Tensor) -> Tensor:
    """[0, 1] → −2 … 2, as every network here sees a film."""
    return ((films - 0.5) * 4).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def lungs(network: LungNetwork, films: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The share of lung per pixel, uint8 (n, 64, 64) with 255 for all, of films uint8 (n, S, S)."""
    out = np.empty((len(films), SIZE, SIZE), np.uint8)
    for start in range(0, len(films), 256):
        x = torch.from_numpy(np.array(films[start : start + 256]))[:, None].float() / 255
        x = F.interpolate(x, SIZE, mode="bilinear", antialias=True)
        out[start : start + 256] = (network(seen(x)).sigmoid()[:, 0] * 255).round().to(torch.uint8).numpy()
    return out


def dice(network: LungNetwork, films: Tensor, masks: Tensor) -> float:
    """Mean Dice coefficient per film, at one half, of masks (n, 1, 64, 64)."""
    with torch.inference_mode():
        found, truth = network(seen(films)) > 0, masks > 0.5
    both = (found & truth).sum((1, 2, 3))
    return float((2 * both / (found.sum((1, 2, 3)) + truth.sum((1, 2, 3))).clamp(min=1)).mean())
