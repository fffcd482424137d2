"""The stages of a network, as a filmstrip shows them: where all the relevance of a finding is, from the decision to the film.

Most layers hold a part only, while the rest is on its way through a shortcut, or through a network beside. A stage is a layer
that holds everything, or the layers of the same place in networks side by side, which hold everything together. Of a network
that reads a stack at once, the stages of one slice are those of the stack's own walk, cut at that slice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.domain import frozen
from app.explainers.base import Explainer, LayerRelevance, target
from app.explainers.geometry import Field
from app.explainers.trace import Trace

TOLERANCE = 1e-3
"""By how much, relative, the parts of networks side by side may miss the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """All the relevance of one finding at one stage: ``values`` float32 (h, w), summed over channels, or (1, neurons) where
    ``spatial`` is False. Their cells lie where ``field`` says; None: over the whole of the network's input. ``total`` is the
    sum that conservation keeps, as the engine counts it. The last stage is the film, or the slice."""

    name: str
    values: NDArray[np.float32]
    total: float
    spatial: bool
    field: Field | None = None


def stages(method: Explainer, trace: Trace, finding: str, place: int = 0) -> tuple[Stage, ...]:
    """The stages of a finding for one image of a trace, by its place from 0. Each picture comes once, though several layers
    hand it on unchanged; a single number is no picture.

    Of a stack that is read at once, the first stage is where the slices part: what the slice contributes there, each channel
    being the slice's where it is largest, is what every later stage of it holds. NotFound for a finding the network does not
    have; InputError for a method without layers; NotExplainable where the method is not defined for the network.
    """
    with torch.inference_mode(False), torch.enable_grad():
        layers: Sequence[LayerRelevance] = method.layers(trace, [target(trace.classifier, finding)])
    if trace.slices > 1:
        layers = [own for layer in layers if (own := layer.of_slice(place)) is not None]
    found: list[Stage] = []
    film = layers[-1]
    for layer in _whole(layers):
        values = layer.values[0, 0].detach().float().cpu().numpy()
        values = values if layer.spatial else values.T
        same = bool(found) and found[-1].spatial == layer.spatial and _alike(found[-1].values, values)
        if same and layer is film:
            found.pop()
        if values.size > 1 and (not same or layer is film):
            found.append(Stage(layer.name, frozen(values), float(layer.totals[0]), layer.spatial, layer.field))
    return tuple(found)


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two pictures are the same but for rounding, such as channels summed in another order."""
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=1e-6 * float(np.abs(one).max())))


def _whole(layers: Sequence[LayerRelevance]) -> Iterator[LayerRelevance]:
    """The layers that hold everything, and those that do together, in the order in which relevance first comes by."""
    beside: dict[str, list[LayerRelevance]] = {}
    for layer in layers:
        for key in () if layer.whole else _places(layer.name):
            beside.setdefault(key, []).append(layer)
    for layer in layers:
        if layer.whole:
            yield layer
            continue
        for key in _places(layer.name):
            parts = beside[key]
            if parts[0] is layer and (joined := _joined(key, parts)) is not None:
                yield joined
                break


def _places(name: str) -> Iterator[str]:
    """A layer's path with one of its numbers left open: what networks side by side have in common."""
    parts = name.split(".")
    for place, part in enumerate(parts):
        if part.isdigit():
            yield ".".join((*parts[:place], "*", *parts[place + 1 :]))


def _joined(name: str, parts: Sequence[LayerRelevance]) -> LayerRelevance | None:
    """Layers of the same place as one; None unless they hold everything together."""
    if len(parts) < 2 or any(part.values.shape != parts[0].values.shape for part in parts):
        return None
    values = torch.stack([part.values for part in parts]).sum(0)
    total = float(parts[-1].totals[0])
    if abs(float(values[0, 0].sum(dtype=torch.float64)) - total) > TOLERANCE * abs(total):
        return None
    return LayerRelevance(name, values, parts[-1].totals, whole=True, spatial=parts[0].spatial, field=parts[0].field)
