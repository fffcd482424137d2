"""The review's first table with measured figures: where methods point, what they are defined for, and how fine they are.

Review in brief/, Table 1: localisation, flexibility and resolution of CAM, Grad-CAM, saliency and LRP as plus and minus signs.
Here each is a figure: the pointing game on drawn phantoms, the share of architectures for which a method gives a map, and how
many cells of a map lie along the network's input. RAP, masks of where findings occur, counterfactuals and the trained kinds of
attention stand beside, and so do maps that know nothing. Knows methods, networks and cases.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import torch
from numpy.typing import NDArray

from app import explainers
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.classifiers.networks import ARCHITECTURES, build
from app.counterfactuals import there
from app.counterfactuals.edit import Edit
from app.domain import Layer, Series
from app.evaluation import localisation
from app.evaluation.intervals import Mean, mean
from app.grey import grey
from app.reading.counterfactuals import counterfactual
from app.reading.lying import Lie
from app.reporting import measuring
from app.reporting.cases import Case
from app.reporting.compared.table import shown
from app.training import describing

FOUR = ("cam", "gradcam", "saliency", "lrp")
"""Those of the review."""
OTHERS = ("rap", "rap_contrastive", "layer_cam", "integrated_gradients", "occlusion")
PRIOR = "prior_cam"
"""Needs masks of where findings occur, which there are for films of people."""
MASK, CHANGED = "where the finding occurs, mask alone", "counterfactual, what changes"
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
    """One method: the share of called cases at which it points into the truth, of how many architectures it is defined for how
    many (0: it asks no network), and cells of its map along a side beside the pixels of the network's input."""

    method: str
    network: str
    localisation: Mean
    defined: int
    architectures: int
    cells: int
    pixels: int


def measured(
    loaded: Loaded, networks: Sequence[Classifier], cases: Sequence[Case], say: Callable[[str], None]
) -> Iterator[Characteristic]:
    """The first network's post-hoc methods and controls, masks and counterfactuals, then of every other network its own
    attention's maps."""
    kinds = architectures(networks[0])
    film = cases[0].series
    masked = loaded.registry.masks(networks[0].card) is not None
    cases = [lying(loaded, networks[0], case) for case in cases] if masked else cases
    for network in networks:
        mine = [case for case in cases if case.finding in network.card.findings and seen(network, case)]
        own = tuple(shown(network, mine))
        posthoc = (*FOUR, *OTHERS, PRIOR) if masked else (*FOUR, *OTHERS)
        methods = posthoc if network is networks[0] else own
        if not methods or not mine:
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
        if network is networks[0]:
            yield from besides(loaded, network, mine, len(kinds))


def seen(network: Classifier, case: Case) -> bool:
    """Whether a network calls what a case has: a map of what was not seen points nowhere."""
    return measuring.called(explainers.record(network, case.series), case.finding)


def lying(loaded: Loaded, network: Classifier, case: Case) -> Case:
    """A case whose film says how its chest lies, which masks are laid over it by."""
    lie = Lie.of(loaded, network.card, case.series.images[0])
    return case if lie is None else replace(case, series=lie.told(case.series))


def besides(loaded: Loaded, network: Classifier, cases: Sequence[Case], kinds: int) -> Iterator[Characteristic]:
    """What is no method of `app.explainers`: where the finding occurs at all, which asks no network, and what changes on a film
    for another answer; each of the findings that it is there for."""
    size = network.card.input_size
    if loaded.registry.masks(network.card) is not None:
        told = [(layer, case) for case in cases for layer in occurring(loaded, network, case)]
        hits = [(measuring.pointing(layer, case.truth), case.owner) for layer, case in told]
        if told:
            yield Characteristic(MASK, "", _over(hits), 0, kinds, int(told[0][0].values.shape[-1]), size)
    ways = there.ways(loaded.registry, network.card)
    found = [(changed(loaded, network, case), case) for case in cases if case.finding in ways]
    if found:
        hits = [(localisation.pointing(heat, case.truth), case.owner) for heat, case in found]
        yield Characteristic(CHANGED, network.card.name, _over(hits), 1, kinds, size // 2, size)


def occurring(loaded: Loaded, network: Classifier, case: Case) -> list[Layer]:
    """Where a case's finding occurs, laid over its film; [] where nobody drew boxes of it."""
    lie = Lie.of(loaded, network.card, case.series.images[0])
    layers = () if lie is None else lie.likely_places([case.finding])
    return [layer for layer in layers if layer.kind == "probability"]


def changed(loaded: Loaded, network: Classifier, case: Case) -> NDArray[np.float32]:
    """By how much every pixel of a case's film has to change for another answer, (rows, columns)."""
    edit = counterfactual(loaded, network.card, case.series, case.finding).edit
    assert isinstance(edit, Edit)  # noqa: S101 - a case is one film
    return np.asarray(np.abs(edit.difference(grey(case.series.images[0]))), np.float32)


def _over(hits: Sequence[tuple[float, str]]) -> Mean:
    return mean(np.array([hit for hit, _ in hits], np.float64), np.array([owner for _, owner in hits], np.str_))


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
    heads = ("localisation: points into the truth (called cases)", "flexibility: defined for", "resolution: cells on pixels")
    yield f"| method | network | {' | '.join(heads)} |"
    yield "|---|---|---|---|---|"
    for one in found:
        title = explainers.describe(one.method).title if explainers.known(one.method) else one.method
        told = one.localisation
        pointing = f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]" if isfinite(told.value) else "–"
        pointing += f" ({told.count})"
        if not one.network and one.cells:
            yield f"| {title} | – | {pointing} | asks no network | {one.cells} on {one.pixels} |"
            continue
        if not one.network:
            yield f"| {title} | – | {pointing} | – | – |"
            continue
        kinds = f"{one.defined} of {one.architectures} architectures"
        kinds = "the network that it was made for" if one.method == CHANGED else kinds
        yield f"| {title} | {one.network} | {pointing} | {kinds} | {one.cells} on {one.pixels} |"
