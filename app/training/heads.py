"""The last layer fitted anew, on the features that a trained network pools: what its answers must not tell is taken out there.

A network that has seen the projection in its features need not say it: its logits are sums of them, and other sums tell the
findings nearly as well (Kirichenko 2023). The features stay as they are, and so does what CAM and LRP find in them. Knows
tensors only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.training.fitting import masked_loss
from app.training.unlearning import told_of_heart, told_of_projection

STEPS = 150


@dataclass(frozen=True, slots=True)
class Refit:
    """``projection`` and ``heart`` are the strengths of what `unlearning` adds to the loss, ``keep`` that of the squared
    distance from the weights as they were, in deviations of their features. ``sources``: whose training films are used.
    ``within``: what by itself says nothing of a finding in their weights, as in a recipe; None is what the recipe says."""

    projection: float
    heart: float
    keep: float
    sources: tuple[str, ...] = ()
    within: tuple[str, ...] | None = None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Refit":
        """As a training config names it."""
        told: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        return cls(**told)


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a head is fitted to: features (n, f), targets, weights and ``without`` (n, answers), projection (n,; NaN unknown),
    the number of each film's source (n,), and the answers' names. ``without``: the finding is known not to be there."""

    features: Tensor
    targets: Tensor
    weights: Tensor
    without: Tensor
    projection: Tensor
    groups: Tensor
    answers: tuple[str, ...]


def refit(head: nn.Linear, films: Pooled, how: Refit) -> nn.Linear:
    """A new last layer near ``head`` (f → answers), fitted to all films at once (L-BFGS)."""
    scale = films.features.std(0) + 1e-3
    weight, bias = head.weight.detach(), head.bias.detach().clone().requires_grad_()
    move = torch.zeros_like(weight, requires_grad=True)
    hearts = F.linear(films.features, weight, head.bias.detach())
    search = torch.optim.LBFGS([move, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> float:
        search.zero_grad()
        logits = F.linear(films.features, weight + move / scale, bias)
        loss = masked_loss(logits, films.targets, films.weights) + how.keep * (move**2).sum()
        loss = loss + how.projection * told_of_projection(logits, films.without, films.projection, films.groups)
        loss = loss + how.heart * told_of_heart(logits, hearts, films.without, films.groups, films.answers)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    search.step(closure)  # type: ignore[no-untyped-call]
    new = nn.Linear(head.in_features, head.out_features)
    with torch.no_grad():
        new.weight.copy_(weight + move / scale)
        new.bias.copy_(bias)
    return new.to(head.weight.device)


@torch.no_grad()
def pooled(network: nn.Module, films: Tensor, device: torch.device, batch: int = 128) -> Tensor:
    """What reaches a network's ``head`` (n, f), float32, for films uint8 (n, size, size); computed in bfloat16."""
    network.eval()
    found: list[Tensor] = []
    head: nn.Module = network.head  # type: ignore[assignment]
    hook = head.register_forward_hook(lambda _module, given, _out: found.append(given[0].float().cpu()))
    try:
        for chunk in torch.split(films, batch):
            x = (chunk[:, None].float() / 255 - 0.5) * 4
            with torch.autocast(device.type, torch.bfloat16):
                network(x.to(device, memory_format=torch.channels_last))
    finally:
        hook.remove()
    return torch.cat(found)
