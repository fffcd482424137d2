"""RAP: agrees with the slow second implementation, keeps its sum, and means influence whatever the logit's sign."""

import pytest
import torch

from app import explainers
from app.errors import InputError, NotExplainable
from app.explainers.methods.lrp import LRP
from app.explainers.methods.rap import RAP
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.plan import plan
from tests.explainers.families import FAMILIES, FINDINGS, Plain, classifier, exact, family, film, randomise, series
from tests.explainers.rap_by_hand import ByHand

TARGETS = range(len(FINDINGS))


@pytest.mark.parametrize("name", ["plain", "basic", "bottleneck", "dense"])
def test_agrees_with_the_loops(name: str) -> None:
    """In float32, as it ships. The shift is shared among active neurons: one of a thousand that rounding wakes moves the others
    by a thousandth of it."""
    reader = family(name, 1)
    trace = explainers.record(reader, series(film(4)))
    slow = torch.from_numpy(ByHand(reader.network, 2).map(trace.input))
    assert difference(RAP().relevance(trace, [2]).maps[0, 0], slow) < 1e-3


@pytest.mark.parametrize("mode", ["stable", "faithful"])
@pytest.mark.parametrize("name", ["plain", "basic", "bottleneck", "dense"])
def test_is_the_same_formula_as_the_loops(name: str, mode: str) -> None:
    """In float64, where no rounding hides a difference; the faithful mode divides by sums that nearly cancel."""
    reader = exact(family(name, 1))
    trace = explainers.record(reader, series(film(4)))
    slow = torch.from_numpy(ByHand(reader.network, 0, mode == "faithful").map(trace.input))
    assert difference(RAP(mode=mode).relevance(trace, [0]).maps[0, 0], slow) < 1e-10


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", [RAP(), RAP(mode="faithful"), RAP(by_logit=True)])
def test_every_layer_keeps_the_sum(method: RAP, name: str, seed: int) -> None:
    trace = explainers.record(exact(family(name, seed)), series(film(seed), film(seed + 50)))
    relevance = propagate(trace, method._rules(), TARGETS, keep_layers=True)
    expected = (
        trace.logits.T.sum(1)
        if method.by_logit
        else torch.full((len(FINDINGS),), float(trace.logits.shape[0]), dtype=torch.float64)
    )
    for layer in relevance.layers:
        torch.testing.assert_close(layer.totals, expected, rtol=1e-4, atol=0, msg=layer.name)
    assert relevance.conservation_error is not None
    assert float(relevance.conservation_error.max()) < 1e-4


def test_the_seed_is_each_neurons_share_of_all_influence_for_negative_logits_too() -> None:
    trace = explainers.record(exact(family("basic", 3)), series(film(3)))
    assert bool((trace.logits < 0).any())
    first = RAP().layers(trace, TARGETS)[0].values[:, 0, :, 0]
    head = plan(trace.tape).head("RAP").call
    influence = (trace.tape.values[head.inputs[0]].detach() * head.argument(1, "weight")).abs()
    torch.testing.assert_close(first, influence / influence.sum(1, keepdim=True))


def test_the_authors_scale_is_positively_homogeneous() -> None:
    """For a positive logit y the map is y times ours; for a negative one it is another map, not ours turned over."""
    trace = explainers.record(exact(family("basic", 3)), series(film(3)))
    ours = RAP().relevance(trace, TARGETS).maps
    theirs = RAP(by_logit=True).relevance(trace, TARGETS).maps
    for target, logit in enumerate(trace.logits[0].tolist()):
        scaled = ours[target] * logit
        same = difference(theirs[target], scaled)
        assert same < 1e-10 if logit > 0 else same > 0.1


@pytest.mark.parametrize("activation", [torch.nn.SiLU, torch.nn.GELU])
def test_not_defined_where_values_may_be_negative(activation: type[torch.nn.Module]) -> None:
    trace = explainers.record(classifier(randomise(Plain(activation), 0)), series(film(0)))
    kind = activation.__name__.lower()
    with pytest.raises(NotExplainable, match=rf"RAP needs inputs .*features.3.*{kind}.*available: LRP"):
        RAP().relevance(trace, [0])
    for composite, within in (("EpsilonPlusFlat", 1e-4), ("EpsilonGammaBox", 0.1)):
        relevance = LRP(composite=composite).relevance(trace, [0])
        assert relevance.maps.any()
        assert relevance.conservation_error is not None
        assert float(relevance.conservation_error) < within


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InputError, match="no mode “wild”"):
        RAP(mode="wild")
