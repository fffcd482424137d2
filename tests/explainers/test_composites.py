"""LRP's composites: the bias takes its share in ε and γ, what it kept is told, and the maps are zennit's."""

import copy

import pytest
import torch
from torch import nn

from app import explainers
from app.classifiers.loading import load
from app.explainers.base import ABSORBED
from app.explainers.methods.lrp import LRP
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.lrp import COMPOSITES
from app.explainers.trace import Trace
from tests.explainers.families import FAMILIES, FINDINGS, classifier, exact, family, film, randomise, series
from tests.explainers.test_shipped import CARDS
from tests.explainers.test_shipped import film as chest_film

TARGETS = range(len(FINDINGS))
BIASED = ("EpsilonGammaBox", "Epsilon")


def sequential() -> nn.Module:
    """Convolutions and linear layers with biases, and with batch normalisation behind one of them."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(6, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 12), nn.ReLU(), nn.Linear(12, len(FINDINGS)),
    )  # fmt: skip


def smooth() -> nn.Module:
    """Values below zero on the way, whose neurons hold relevance too."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, 2, 1), nn.SiLU(), nn.Conv2d(6, 8, 3, 2, 1), nn.SiLU(), nn.Flatten(),
        nn.Linear(512, 12), nn.SiLU(), nn.Linear(12, len(FINDINGS)),
    )  # fmt: skip


NETWORKS = {"sequential": sequential, "smooth": smooth, "compact": FAMILIES["compact"]}
PAIRS = [
    (network, composite)
    for network in NETWORKS
    for composite in COMPOSITES
    if (network, composite) != ("compact", "EpsilonPlusFlat")
]
"""All but the one that has a neuron which is active by its bias alone: zennit's z⁺ ends its relevance there."""


def traced(network: nn.Module) -> Trace:
    return explainers.record(exact(classifier(randomise(network, 7), "0")), series(film(5)))


@pytest.mark.parametrize(("network", "composite"), PAIRS)
def test_the_maps_are_zennits(network: str, composite: str) -> None:
    from tests.explainers import zennit_peer

    trace = traced(NETWORKS[network]())
    ours = LRP(composite=composite).relevance(trace, TARGETS).maps
    theirs = zennit_peer.maps(copy.deepcopy(trace.classifier.network), trace.input.detach(), composite, TARGETS)
    for own, other in zip(ours, theirs, strict=True):
        assert float((own - other).abs().max() / other.abs().max()) < 1e-4


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("card", ["chest-phantom", "chest-compact"])
def test_the_maps_of_shipped_networks_are_zennits(card: str, composite: str) -> None:
    from tests.explainers import zennit_peer

    if card not in CARDS:
        pytest.skip(f"there is no models/{card}")
    reader = exact(load(CARDS[card], torch.device("cpu")))
    trace = explainers.record(reader, series(chest_film(1, "Effusion")))
    ours = LRP(composite=composite).relevance(trace, [0, 1]).maps
    theirs = zennit_peer.maps(copy.deepcopy(reader.network), trace.input.detach(), composite, range(2))
    for own, other in zip(ours, theirs, strict=True):
        assert float((own - other).abs().max() / other.abs().max()) < 1e-4


@pytest.mark.parametrize("composite", BIASED)
@pytest.mark.parametrize("name", FAMILIES)
def test_what_arrives_and_what_biases_kept_are_the_seed_at_every_layer(name: str, composite: str) -> None:
    """A tiny ε, which has a share of its own, so that the sum shows what the rule does."""
    trace = explainers.record(exact(family(name)), series(film(0), film(50)))
    found = propagate(trace, LRP(composite=composite, epsilon=1e-12)._rules(), TARGETS, keep_layers=True)
    seed = found.layers[0].totals
    kept = [layer.absorbed for layer in found.layers]
    assert kept[0] is None or not kept[0].any()
    for layer in found.layers:
        whole = layer.totals if layer.absorbed is None else layer.totals + layer.absorbed
        torch.testing.assert_close(whole, seed, rtol=1e-4, atol=1e-6 * float(layer.values.abs().max()), msg=layer.name)
    assert found.absorbed is not None
    assert found.conservation_error is not None
    assert float(found.conservation_error.max()) < 1e-3


def test_the_default_hands_on_everything() -> None:
    for name in FAMILIES:
        trace = explainers.record(exact(family(name)), series(film(0)))
        found = propagate(trace, LRP()._rules(), TARGETS, keep_layers=True)
        assert found.absorbed is None
        assert all(layer.absorbed is None for layer in found.layers)


@pytest.mark.parametrize("composite", BIASED)
@pytest.mark.parametrize("name", ["compact", "basic", "bottleneck", "plain"])
def test_a_map_is_of_the_size_of_what_it_explains(composite: str, name: str) -> None:
    """Without the bias in the denominators Σ|R| was up to 10¹² times the seed."""
    trace = explainers.record(exact(family(name)), series(film(0)))
    found = LRP(composite=composite).relevance(trace, TARGETS)
    assert found.total is not None
    sizes = found.maps.abs().sum((2, 3)) / found.total.abs()
    assert float(sizes.max()) < 300


def test_what_was_absorbed_is_said_of_every_layer() -> None:
    reader = exact(family("compact"))
    trace = explainers.record(reader, series(film(1)))
    for layer in explainers.load("lrp").explain(reader, trace, FINDINGS, composite="Epsilon"):
        assert layer.total is not None
        assert layer.conservation_error is not None
        (note,) = layer.notes
        words, share = note.split(": ")
        assert words == ABSORBED
        arrived = float(layer.values.sum(dtype="float64")) / layer.total
        assert float(share.removesuffix(" %")) == pytest.approx(100 * (1 - arrived), abs=1)
        assert layer.conservation_error < 1e-3
    (plain,) = explainers.load("lrp").explain(reader, trace, FINDINGS[:1])
    assert plain.notes == ()
