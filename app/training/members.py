"""The networks that a chest config fits: what they begin with, and what is written of them.

Knows networks and what they are asked; neither films nor cards.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from app.classifiers import likely
from app.classifiers.attending import Begins
from app.classifiers.attending.guided import CompactGuided
from app.classifiers.card import Card
from app.classifiers.compact import CompactResidual, joined, total_stride
from app.classifiers.masked import CompactMasked, MaskedHead
from app.classifiers.networks import build
from app.errors import InputError
from app.training.aligning import over_cells

PLAIN = "compact-residual"
OTHER_LAYERS = "The network that this config begins with has other layers: give both the same parameters."


def begun(run: Mapping[str, Any], asked: Sequence[str], seed: int, models: Path) -> nn.Module:
    """An unfitted network of the config's ``architecture`` with an output per question that is ``asked``: of random weights,
    or, where the config says ``begin``, of those of that network under ``models``, as far as it answers the same. A network
    that weighs by masks gets those that the config names under ``masks``, with its ``floor``."""
    torch.manual_seed(seed)
    network = build(run.get("architecture", PLAIN), len(asked), run["parameters"])
    if "begin" in run:
        file = models / run["begin"] / "weights.safetensors"
        if not file.is_file():
            raise InputError("The network “%(name)s” that this config begins with is not there.", {"name": run["begin"]})
        take(network, load_file(file))
    head = getattr(network, "head", None)
    if isinstance(head, MaskedHead) and "masks" in run:
        stride, size = total_stride(run["parameters"]["strides"]), int(run["stages"][-1]["size"])
        known = likely.load(Card.read(models / run["masks"]))
        head.masks.copy_(over_cells(known, asked, size, stride, float(run["floor"])))
    return network


def take(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """The weights of a plain network for one of the same widths: all but the head as they are; of the head the rows that both
    have. A `MaskedHead` takes half of each weight by way of the mask and half by way of the whole film, so that a mask of ones
    answers what the plain network did."""
    if isinstance(network, Begins):
        attending(network, weights)
        return
    others = {name: value for name, value in weights.items() if not name.startswith("head.")}
    own = {name: value.shape for name, value in network.state_dict().items() if not name.startswith("head.")}
    if own != {name: value.shape for name, value in others.items()}:
        raise InputError(OTHER_LAYERS)
    network.load_state_dict(others, strict=False)
    head: Any = network.head
    rows = min(len(weights["head.bias"]), head.out_features)
    with torch.no_grad():
        head.bias[:rows] = weights["head.bias"][:rows]
        if isinstance(head, MaskedHead):
            head.weight[:rows] = weights["head.weight"][:rows] / 2
            head.whole[:rows] = weights["head.weight"][:rows] / 2
        else:
            head.weight[:rows] = weights["head.weight"][:rows]


def attending(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """A plain network's weights for one with attention on the same trunk. A first look that another goes by is held as it is:
    what is cropped by it should not change while the second learns from crops."""
    own = network.state_dict()
    taken = network.from_plain(weights)  # type: ignore[operator]
    if any(name not in own or own[name].shape != value.shape for name, value in taken.items()):
        raise InputError(OTHER_LAYERS)
    network.load_state_dict(taken, strict=False)
    if isinstance(network, CompactGuided):
        network.hold()


def answering(members: Sequence[nn.Module], answers: int) -> nn.Module:
    """The network that is written: the members' mean logits, without the outputs of the helper questions. Networks with masks
    are not joined: there is one."""
    if isinstance(members[0], CompactMasked):
        if len(members) > 1:
            raise InputError("Networks with masks are not joined: give one seed.")
        members[0].head = members[0].head.first(answers)
        return members[0].eval()
    compact: list[CompactResidual] = []
    for member in members:
        head = last(member)
        cut = nn.Linear(head.in_features, answers)
        with torch.no_grad():
            cut.weight.copy_(head.weight[:answers])
            cut.bias.copy_(head.bias[:answers])
        setattr(member, _named(member), cut.to(head.weight.device))
        compact.append(member)  # type: ignore[arg-type]
    if len(compact) > 1 and not all(isinstance(member, CompactResidual) for member in compact):
        raise InputError("Only compact networks are joined: give one seed.")
    return (compact[0] if len(compact) == 1 else joined(compact)).eval()


def last(network: nn.Module) -> nn.Linear:
    """A network's last layer, by whichever name its architecture calls it."""
    found: nn.Linear = getattr(network, _named(network))
    return found


def _named(network: nn.Module) -> str:
    return "head" if hasattr(network, "head") else "classifier"
