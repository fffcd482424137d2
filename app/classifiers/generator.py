"""The generator of counterfactuals: what to add to a film or a slice, where, and how far to move the border of the heart.

An attention GAN with a residual connection: a U-Net (Ronneberger 2015; group normalisation, Wu 2018) whose answer is
``x′ = clip(warp(x; flow) + A ⊙ M)``. The residual M and the attention A come at half the film's resolution and are laid onto
the film, which so stays as sharp as it was; the flow is coarse, so smooth. The last convolutions start at zero: an untrained
generator changes nothing. One encoder for all, a decoder per finding.
"""

import itertools
from collections.abc import Sequence
from math import gcd
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.anatomy.limits import LIMITS

WAYS = ("residual", "flow", "both")
"""By what a finding may be changed."""
BORDER = "border"
"""The limit that may be moved."""
MOST_NEEDED = 3.0
"""Gaps; what is needed beyond is told as so much."""


class Parts(NamedTuple):
    """An edit of films of side S: ``flow`` (b, 2, S, S), to the right and down in shares of the side, from where a pixel takes
    its value; ``attention`` (b, 1, S, S) in [0, 1]; ``residual`` (b, 1, S/2, S/2) in shares of the film's range."""

    flow: Tensor
    attention: Tensor
    residual: Tensor

    def change(self) -> Tensor:
        """A ⊙ M on the film, (b, 1, S, S)."""
        return self.attention * F.interpolate(self.residual, self.attention.shape[-2:], mode="bilinear")


def applied(films: Tensor, parts: Parts, strength: float = 1.0) -> Tensor:
    """``clip(warp(x; s · flow) + s · A ⊙ M)`` of films (b, 1, S, S) in [0, 1]."""
    return (warped(films, strength * parts.flow) + strength * parts.change()).clamp(0, 1)


def upside_down(parts: Parts) -> Parts:
    """The same edits in another place: what lay above lies below. A control of the same size."""
    flow, attention, residual = (part.flip(-2) for part in parts)
    return Parts(flow * flow.new_tensor([1.0, -1.0])[:, None, None], attention, residual)


def warped(films: Tensor, flow: Tensor) -> Tensor:
    """Films (b, 1, S, S) whose pixels take their values from ``flow`` away, bilinearly; edges are held."""
    side = films.shape[-1]
    at = (torch.arange(side, device=films.device, dtype=torch.float32) + 0.5) * (2 / side) - 1
    grid = torch.stack(torch.meshgrid(at, at, indexing="xy"), -1)[None] + 2 * flow.float().permute(0, 2, 3, 1)
    return F.grid_sample(films.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)


def pair(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions, each with normalisation and SiLU."""
    layers: list[nn.Module] = []
    for i in (inputs, outputs):
        layers += [nn.Conv2d(i, outputs, 3, 1, 1), nn.GroupNorm(gcd(8, outputs), outputs), nn.SiLU()]
    return nn.Sequential(*layers)


def still(layer: nn.Conv2d) -> nn.Conv2d:
    """A convolution that starts as nothing."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Decoder(nn.Module):
    """One finding's way back up: (deepest features, skips, what is asked) → residual, attention and flow, as logits."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        deepest = widths[-1]
        self.asked = nn.Sequential(nn.Linear(2, 32), nn.SiLU(), nn.Linear(32, 2 * deepest))
        self.up = nn.ModuleList(pair(deep + wide, wide) for wide, deep in itertools.pairwise(widths))
        self.residual, self.attention = still(nn.Conv2d(widths[0], 1, 3, 1, 1)), nn.Conv2d(widths[0], 1, 3, 1, 1)
        self.flow = still(nn.Conv2d(widths[min(2, len(widths) - 1)], 2, 3, 1, 1))
        self.coarse = min(2, len(widths) - 1)

    def forward(self, skips: Sequence[Tensor], asked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``skips`` from fine to coarse, ``asked`` (b, 2) → (b, 1, h, w) twice and (b, 2, h/4, w/4)."""
        scale, shift = self.asked(asked)[:, :, None, None].chunk(2, 1)
        x = skips[-1] * (1 + scale) + shift
        flow = x
        for level in reversed(range(len(self.up))):
            x = self.up[level](torch.cat([F.interpolate(x, scale_factor=2.0, mode="bilinear"), skips[level]], 1))
            if level == self.coarse:
                flow = x
        return self.residual(x), self.attention(x), self.flow(flow)


class Generator(nn.Module):
    """See the module. ``widths``: channels of the levels, from half the film's resolution down; the side is a multiple of
    2 · 2^(levels − 1). ``ways`` and ``within``, per finding: by what it may be changed, and in which of the ``limits``; flow is
    always held within "border". ``reach``: the longest way that a pixel is moved, as a share of the side. ``beside``: how many
    slices before and behind are seen with the one to be changed. ``scales`` (findings, 3) are of the explained network: the
    logit of its operating point, the spread of its logits, and its gap between called and normal films."""

    scales: Tensor

    def __init__(
        self,
        findings: int,
        widths: Sequence[int],
        ways: Sequence[str],
        within: Sequence[str],
        *,
        reach: float = 0.06,
        limits: Sequence[str] = LIMITS,
        beside: int = 0,
    ) -> None:
        super().__init__()
        known = set(WAYS) if BORDER in limits else {"residual"}
        if not len(ways) == len(within) == findings or not set(ways) <= known or not set(within) <= set(limits):
            raise ValueError("ways and within: one per finding, of those that there are")
        self.ways, self.within, self.reach = tuple(ways), tuple(limits.index(name) for name in within), reach
        self.border, self.beside = limits.index(BORDER) if BORDER in limits else None, beside
        self.fold = nn.PixelUnshuffle(2)
        seen = 4 * (1 + 2 * beside) + len(limits)
        self.down = nn.ModuleList(pair(i, o) for i, o in zip((seen, *widths), widths, strict=False))
        self.decoders = nn.ModuleList(Decoder(widths) for _ in range(findings))
        self.register_buffer("scales", torch.tensor([[0.0, 1.0, 1.0]]).repeat(findings, 1))

    def goal(self, finding: int, direction: int) -> Tensor:
        """The logit that flips an answer: half a spread beyond the operating point."""
        goal: Tensor = self.scales[finding, 0] + 0.5 * direction * self.scales[finding, 1]
        return goal

    def needed(self, logits: Tensor, finding: int, direction: int) -> Tensor:
        """How many gaps logits (b,) are away from there, (b,) in [0, 3]."""
        away: Tensor = direction * (self.goal(finding, direction) - logits) / self.scales[finding, 2]
        return away.clamp(0, MOST_NEEDED)

    def forward(self, films: Tensor, limits: Tensor, finding: int, direction: int, needed: Tensor) -> Parts:
        """Films (b, 1, S, S) in −2 … 2, or slices with those beside them (b, 1 + 2 · beside, S, S); limits (b, n, h, w), a
        finding's number, −1 (less of it) or +1, gaps (b,)."""
        side = films.shape[-1]
        half = F.interpolate(limits, side // 2, mode="bilinear")
        x, skips = torch.cat([self.fold(films), half.to(films.dtype)], 1), []
        for level, step in enumerate(self.down):
            x = step(x if level == 0 else F.avg_pool2d(x, 2))
            skips.append(x)
        asked = torch.stack([torch.full_like(needed, float(direction)), needed], 1)
        residual, attention, flow = (part.float() for part in self.decoders[finding](skips, asked))
        whole = F.interpolate(limits, side, mode="bilinear").float()
        way = self.ways[finding]
        attention = torch.sigmoid(F.interpolate(attention, side, mode="bilinear")) * whole[:, self.within[finding], None]
        moved = F.interpolate(torch.tanh(flow), side, mode="bicubic").clamp(-1, 1) * self.reach
        moved = torch.zeros_like(moved) if self.border is None else moved * whole[:, self.border, None]
        return Parts(
            torch.zeros_like(moved) if way == "residual" else moved,
            attention,
            torch.zeros_like(residual) if way == "flow" else torch.tanh(residual),
        )
