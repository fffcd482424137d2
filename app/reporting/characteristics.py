"""The review's first table with measured figures: where methods point, what they are defined for, and how fine they are.

Review in brief/, Table 1: localisation, flexibility and resolution of CAM, Grad-CAM, saliency and LRP as plus and minus signs.
Here each is a figure: the pointing game on drawn phantoms, the share of architectures for which a method gives a map, and how
many cells of a map lie along the network's input. RAP and the trained kinds of attention stand beside, and so do maps that know
nothing. Knows methods, networks and cases.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from app import explainers
from app.classifiers.classifier import Classifier
from app.classifiers.networks import ARCHITECTURES, build
from app.domain import Series
from app.evaluation.intervals import Mean
from app.reporting import measuring
from app.reporting.cases import Case
from app.reporting.compared.table import shown
from app.training import describing

FOUR = ("cam", "gradcam", "saliency", "lrp")
"""Those of the review."""
OTHERS = ("rap", "rap_contrastive", "layer_cam", "integrated_gradients", "occlusion")
PARAMETERS = {
    "compact-residual": {"widths": [8, 12], "strides": [1, 2], "blocks": 1},
    "compact-twin": {"widths": [8, 12], "strides": [1, 2], "blocks": 1},
    "compact-masked": {"widths": [8, 12], "strides": [1, 2], "blocks": 1, "cells": 4},
    "compact-gated": {"widths": [8, 8, 8, 12], "strides": [1, 2, 1, 2], "blocks": 1},
    "compact-squeezed": {"widths": [8, 12], "strides": [1, 2], "blocks": 1, "reduction": 2},
    "compact-guided": {"widths": [8, 12], "strides": [1, 2], "blocks": 1},
    "glimpses": {"widths": [8, 8, 8], "state": 16, "steps": 3},
}
"""Small ones of our own; all others are built as they are."""
LAYERS = {**describing.LAYERS, "resnet": "layer4"}
"""The layer that Grad-CAM reads; of the others “features”."""
FINDINGS = ("Mass", "Nodule")
OTHERWISE = ("attention-unet", "autoencoder", "film-guard", "la-gan", "stack", "stack-attending")
"""Architectures that answer no film's findings."""
SIDE = 64


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One method: the share of cases at which it points into the truth, of how many architectures it is defined for how many,
    and cells of its map along a side beside the pixels of the network's input."""

    method: str
    network: str
    localisation: Mean
    defined: int
    architectures: int
    cells: int
    pixels: int


def measured(networks: Sequence[Classifier], cases: Sequence[Case], say: Callable[[str], None]) -> Iterator[Characteristic]:
    """The first network's post-hoc methods and controls, then of every other network its own attention's maps."""
    kinds = architectures(networks[0])
    film = cases[0].series
    for network in networks:
        mine = [case for case in cases if case.finding in network.card.findings]
        own = tuple(shown(network, mine))
        methods = (*FOUR, *OTHERS) if network is networks[0] else own
        if not methods:
            continue
        say(f"{network.card.name}: {', '.join(methods)}")
        rows = measuring.summarise(measuring.localise(network, mine, methods, lambda _: None))
        pointing = {row.method: row.mean for row in rows if (row.finding, row.measure) == ("all", "pointing")}
        listed = (*methods, *measuring.CONTROLS) if network is networks[0] else methods
        trace = explainers.record(network, mine[0].series)
        for method in listed:
            if method in measuring.CONTROLS:
                yield Characteristic(method, "", pointing[method], len(kinds), len(kinds), 0, 0)
                continue
            (layer,) = measuring.explain(method, network, trace, [mine[0].finding])
            count = sum(defined(method, kind, film) for kind in kinds)
            cells = int(layer.values.shape[-1])
            yield Characteristic(
                method, network.card.name, pointing[method], count, len(kinds), cells, int(trace.input.shape[-1])
            )


def architectures(like: Classifier) -> list[Classifier]:
    """A network of random weights of every architecture that answers a film's findings, with the card of ``like`` otherwise."""
    found = []
    for name in ARCHITECTURES:
        if name in OTHERWISE:
            continue
        torch.manual_seed(0)
        parameters = dict(PARAMETERS.get(name, {}))
        layer = LAYERS.get(name, LAYERS.get(name.partition("-")[0], "features"))
        told = replace(
            like.card,
            architecture=name,
            parameters=parameters,
            findings=FINDINGS,
            temperature=(1.0,) * len(FINDINGS),
            operating_points=(),
            input_size=SIDE,
            explained_layer=layer,
        )
        found.append(Classifier(told, build(name, len(FINDINGS), parameters), torch.device("cpu")))
    return found


def defined(method: str, network: Classifier, series: Series) -> bool:
    """Whether a method gives a map of a network, and does not say why not."""
    name, _ = measuring.asked(method)
    if name not in explainers.names(network.card):
        return False
    (layer,) = measuring.explain(method, network, explainers.record(network, series), [FINDINGS[0]])
    return not layer.state.startswith("not defined")


def lines(found: Sequence[Characteristic]) -> Iterator[str]:
    """The table, as Markdown."""
    yield "| method | network | localisation: points into the truth | flexibility: defined for | resolution: cells on pixels |"
    yield "|---|---|---|---|---|"
    for one in found:
        title = explainers.describe(one.method).title if explainers.known(one.method) else one.method
        told = one.localisation
        pointing = f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]"
        if not one.network:
            yield f"| {title} | – | {pointing} | – | – |"
            continue
        kinds = f"{one.defined} of {one.architectures} architectures"
        yield f"| {title} | {one.network} | {pointing} | {kinds} | {one.cells} on {one.pixels} |"
