"""How networks with trainable attention are fitted: what is added to the loss beside the answer's own.

Knows networks and batches; what a film shows is the targets' business.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.classifiers.attending.gated import CompactGated
from app.classifiers.attending.glimpsed import GlimpseNetwork
from app.classifiers.attending.guided import CompactGuided
from app.training.fitting import Aim, masked_loss, plain

SCALES = 0.3
"""The weight of each scale's own answer beside the answer of all, in a network with gates: without it a gate learns slowly."""
EARLIER = 0.3
"""The weight of the answers after the earlier glimpses beside the last one's."""
BASELINE = 0.5
"""The weight of the baseline's squared error."""


def aim_of(network: nn.Module) -> Aim:
    """What a network is fitted by."""
    kinds: tuple[tuple[type[nn.Module], Aim], ...] = (
        (CompactGated, gated),
        (CompactGuided, guided),
        (GlimpseNetwork, glimpsed),
    )
    return next((aim for kind, aim in kinds if isinstance(network, kind)), plain)


def gated(network: nn.Module, x: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Every scale has to answer by itself as well (deep supervision, as Schlemper 2019 begins), so that each gate learns where
    its own map says something."""
    assert isinstance(network, CompactGated)  # noqa: S101 - `aim_of` chose it
    pooled = network.dropout(network.pooled(x))
    logits = network.head(pooled).float()
    each = torch.stack([masked_loss(own.float(), targets, weights) for own in network.by_scale(pooled)])
    return logits, masked_loss(logits, targets, weights) + SCALES * each.mean()


def guided(network: nn.Module, x: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Each branch by its own answer (Guan 2018): no gradient goes from one to another, so that fitting them side by side is
    fitting them in stages. A first look that was taken over is held."""
    assert isinstance(network, CompactGuided)  # noqa: S101
    found = network.branches(x)
    each = [masked_loss(logits.float(), targets, weights) for logits in (found.whole, found.part, found.fused)]
    return found.fused.float(), sum(each[1:], each[0])


def glimpsed(network: nn.Module, x: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The answers after all glimpses, and REINFORCE for the places (Williams 1992; Mnih 2014): the log of a place's density
    times how much better than the baseline guessed the answers after it are."""
    assert isinstance(network, GlimpseNetwork)  # noqa: S101
    path = network.path(x, torch.default_generator)
    logits = path.logits.float()
    wanted, heavy = targets[:, None].expand_as(logits), weights[:, None].expand_as(logits)
    earlier = masked_loss(logits[:, :-1], wanted[:, :-1], heavy[:, :-1])
    loss = masked_loss(logits[:, -1], targets, weights) + EARLIER * earlier
    later = rewards(logits.detach(), targets, weights)
    guessed = path.worth.float()
    gain = later[:, 1:] - guessed.detach()[:, :-1]
    gain = (gain - gain.mean()) / gain.std().clamp(min=1e-3)
    drawn = -(path.chances.float() * gain).mean()
    return logits[:, -1], loss + drawn + BASELINE * F.mse_loss(guessed[:, :-1], later[:, 1:])


def rewards(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """How right a film's answers after a glimpse and all later ones are on average, by the findings' weights: logits
    (batch, steps, findings) to (batch, steps) in [0, 1]; 0 for a film of which nothing is known."""
    right = 1 - (torch.sigmoid(logits) - targets[:, None]).abs()
    each = (right * weights[:, None]).sum(2) / weights.sum(1, keepdim=True).clamp(min=1e-6)
    count = torch.arange(each.shape[1], 0, -1, device=each.device, dtype=each.dtype)
    return each.flip(1).cumsum(1).flip(1) / count
