"""Networks with trainable attention, one module per kind: gates, weighed channels, a crop that is looked at again, glimpses.

All stand on the trunk of `app.classifiers.compact`, so that each has a plain twin that differs in its attention alone.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class Begins(Protocol):
    """A network that can begin with the weights of its plain twin."""

    def from_plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The plain twin's weights by the names that they have here; the head is left out where it reads something else."""
        ...


def columns(head: torch.nn.Linear, weights: Mapping[str, Tensor], first: int = 0) -> None:
    """The plain head's rows that both have, for the columns of ``head`` from ``first`` on; its other columns begin at zero."""
    weight, bias = weights["head.weight"], weights["head.bias"]
    rows = min(len(bias), head.out_features)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[:rows, first : first + weight.shape[1]] = weight[:rows]
        head.bias[:rows] = bias[:rows]


def attends(network: torch.nn.Module) -> bool:
    """Whether a network is one of these."""
    return isinstance(network, Begins)


def described(network: torch.nn.Module, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A card's parameters of a network: a crop's threshold as it was chosen, the others as they were given."""
    chosen = getattr(network, "threshold", None)
    return dict(parameters) if chosen is None else {**parameters, "threshold": float(chosen)}
