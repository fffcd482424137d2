"""Hard attention: the region that a first look finds most active is cropped, and looked at again by a branch of its own.

Guan et al.: Diagnose like a Radiologist: Attention Guided Convolutional Neural Network (AG-CNN, 2018; Pattern Recognition
Letters 2020): ``H_g(x, y) = max_k |f_g^k(x, y)|``, scaled to 0…1 per film; what lies above a threshold is parted, the largest
connected part is kept, and the rectangle around it is cropped and brought to the size of the film. Three answers: of the whole
film, of the crop, and of both pooled features together, which is the network's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from app.classifiers.attending import columns
from app.classifiers.compact import Trunk

LEAST = 0.25
"""A crop is at least this share of the film's side wide and high: less shows no neighbourhood."""

LOWEST, HIGHEST = 0.3, 0.9
"""Between these the second branch learns from crops of any threshold."""

Box = tuple[int, int, int, int]
"""Top, left, bottom, right, in pixels of the network's input."""


@dataclass(frozen=True, slots=True)
class Branches:
    """``whole``, ``part`` and ``fused``: logits (batch, findings) of the three branches; ``heat`` H_g in [0, 1], (batch, h, w)
    at the size of the feature map; ``boxes`` one per film."""

    whole: Tensor
    part: Tensor
    fused: Tensor
    heat: Tensor
    boxes: tuple[Box, ...]


class CompactGuided(nn.Module):
    """See the module. ``threshold`` in (0, 1): what counts as active."""

    def __init__(
        self, findings: int, widths: Sequence[int], strides: Sequence[int], blocks: int = 2, *, threshold: float = 0.7
    ) -> None:
        super().__init__()
        if not 0 < threshold < 1:
            raise ValueError("the threshold lies between 0 and 1")
        self.whole, self.part = (Trunk(widths, strides, blocks) for _ in range(2))
        self.whole_head, self.part_head = (nn.Linear(widths[-1], findings) for _ in range(2))
        self.head = nn.Linear(2 * widths[-1], findings)
        self.threshold = threshold
        self.held = False

    def hold(self) -> None:
        """Learn nothing in the first branch from here on."""
        self.held = True
        for branch in (self.whole, self.whole_head):
            branch.requires_grad_(False)

    def train(self, mode: bool = True) -> "CompactGuided":
        """As every module; a branch that is held goes by what it has seen on average."""
        super().train(mode)
        self.whole.train(mode and not self.held)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → logits (batch, findings) of both branches together."""
        features = self.whole(x)
        crops = cropped(x, boxes(heat(features), x.shape[-1], self.threshold))
        return self.head(torch.cat([features.mean((2, 3)), self.part(crops).mean((2, 3))], 1))  # type: ignore[no-any-return]

    def branches(self, x: Tensor) -> Branches:
        """Every branch's answer, and what the crop goes by. No branch's loss reaches another's weights: the fused answer reads
        both pooled features as they are."""
        features = self.whole(x)
        active = heat(features)
        around = boxes(active, x.shape[-1], self._threshold())
        whole, part = features.mean((2, 3)), self.part(cropped(x, around)).mean((2, 3))
        fused = self.head(torch.cat([whole.detach(), part.detach()], 1))
        return Branches(self.whole_head(whole), self.part_head(part), fused, active, around)

    def _threshold(self) -> float:
        """The network's own; while it learns another one for every batch, so that the second branch knows crops of every size
        and the threshold can be chosen afterwards."""
        return self.threshold if not self.training else LOWEST + (HIGHEST - LOWEST) * float(torch.rand(()))

    def from_plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See `app.classifiers.attending.Begins`: both branches begin with the twin, and the fused answer with the mean of
        theirs."""
        columns(self.whole_head, weights)
        columns(self.part_head, weights)
        columns(self.head, weights)
        with torch.no_grad():
            half = self.whole_head.weight / 2
            self.head.weight.copy_(torch.cat([half, half], 1))
        kept = {name: value for name, value in weights.items() if not name.startswith("head.")}
        return {f"{branch}.{name}": value for branch in ("whole", "part") for name, value in kept.items()}


def heat(features: Tensor) -> Tensor:
    """H_g of feature maps (batch, channels, h, w): (batch, h, w), each between 0 and 1; 0 everywhere where all are equal."""
    active = features.detach().abs().amax(1)
    low, high = active.amin((1, 2), keepdim=True), active.amax((1, 2), keepdim=True)
    return (active - low) / (high - low).clamp(min=1e-6)


def region(active: Tensor, size: int, threshold: float) -> NDArray[np.bool_]:
    """The largest connected part of one film's H_g (h, w) above the threshold, bool (size, size); all where there is none."""
    fine = F.interpolate(active[None, None].float(), (size, size), mode="bilinear")[0, 0]
    parts, count = ndimage.label(fine.cpu().numpy() > threshold)
    if count == 0:
        return np.ones((size, size), bool)
    sizes = np.bincount(parts.ravel())[1:]
    return np.asarray(parts == 1 + int(sizes.argmax()), bool)


def boxes(active: Tensor, size: int, threshold: float) -> tuple[Box, ...]:
    """The rectangle around each film's `region`, widened to `LEAST` where it is smaller; inside the film."""
    return tuple(_around(region(one, size, threshold), round(LEAST * size)) for one in active)


def _around(mask: NDArray[np.bool_], least: int) -> Box:
    rows, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    (top, bottom), (left, right) = (_wide(int(line[0]), int(line[-1]) + 1, least, len(mask)) for line in (rows, across))
    return top, left, bottom, right


def _wide(first: int, last: int, least: int, size: int) -> tuple[int, int]:
    """A range of at least ``least`` pixels around the same middle, moved into 0…``size``."""
    width = max(last - first, least)
    start = min(max((first + last - width) // 2, 0), size - width)
    return start, start + width


def cropped(x: Tensor, around: Sequence[Box]) -> Tensor:
    """Each film's rectangle at the size of the film, (batch, 1, h, w)."""
    size = x.shape[-2:]
    parts = [
        F.interpolate(x[n : n + 1, :, top:bottom, left:right], size, mode="bilinear", align_corners=False)
        for n, (top, left, bottom, right) in enumerate(around)
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts, 0)
