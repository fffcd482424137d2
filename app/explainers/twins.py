"""Twins of a network: the same but for random weights in its upper layers, and each of its members alone.

A map that stays when the weights are random was not drawn from what the network has learned (Adebayo et al.: Sanity Checks for
Saliency Maps, NeurIPS 2018). Knows classifiers; no method.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from app.classifiers.classifier import Classifier
from app.classifiers.compact import CompactTwin
from app.errors import NotExplainable


def layers(network: nn.Module) -> list[nn.Module]:
    """Every layer whose weights can be drawn anew, from the answer down."""
    return [one for one in network.modules() if callable(getattr(one, "reset_parameters", None))][::-1]


def randomised(classifier: Classifier, share: float, seed: int = 0) -> Classifier:
    """A classifier whose upper layers are random: ``share`` of all of them, at least one. The one that is handed in stays as it
    is."""
    ((_, twin),) = steps(classifier, (share,), seed)
    return twin


def steps(classifier: Classifier, shares: Sequence[float], seed: int = 0) -> Iterator[tuple[int, Classifier]]:
    """Twins with more and more random layers, from the answer down: how many per cent of the layers are, and the twin.

    ``shares`` rise. The twins share one network, so each is to be used before the next. The same seed draws the same weights,
    layer by layer, whatever the shares and the device."""
    network = copy.deepcopy(classifier.network)
    drawn = layers(network)
    generator = torch.Generator().manual_seed(seed)
    done = 0
    for count in sorted({max(1, round(len(drawn) * share)) for share in shares}):
        for layer in drawn[done:count]:
            _draw(layer, generator)
        done = count
        yield round(100 * count / len(drawn)), replace(classifier, network=network)


@torch.no_grad()
def _draw(layer: nn.Module, generator: torch.Generator) -> None:
    """Weights as PyTorch begins with them (He 2015, with a = √5); other layers begin with ones and zeros, by no chance."""
    if not isinstance(layer, nn.Linear | _ConvNd):
        layer.reset_parameters()  # type: ignore[operator]
        return
    fan = layer.weight[0].numel()
    for values in (layer.weight, layer.bias):
        if values is not None:
            bound = 1 / math.sqrt(fan)
            drawn = torch.rand(values.shape, generator=generator, dtype=torch.float32) * 2 * bound - bound
            values.copy_(drawn)


def members(classifier: Classifier) -> tuple[Classifier, ...]:
    """Each member of a network that several answer together in, alone; NotExplainable for another network."""
    network = classifier.network
    if not isinstance(network, CompactTwin):
        raise NotExplainable("needs a network of several members that answer together")
    return tuple(replace(classifier, network=member) for member in network.alone())
