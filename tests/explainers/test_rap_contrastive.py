"""RAP with a contrastive start: RAP's rules from another seed, which adds up to nothing and so do its maps."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from app import explainers
from app.errors import InputError, NotExplainable
from app.evaluation import agreement
from app.explainers.methods.rap import RAP
from app.explainers.methods.rap_contrastive import RAPContrastive
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.plan import plan
from app.explainers.trace import Trace
from tests.explainers.families import FAMILIES, FINDINGS, classifier, exact, family, film, randomise, series
from tests.explainers.rap_by_hand import ByHand

TARGETS = range(len(FINDINGS))


def start(trace: Trace) -> Tensor:
    """``c⁺/Σc⁺`` minus its mean over the findings, one finding and neuron after the other: (findings, slices, neurons)."""
    call = plan(trace.tape).head("RAP").call
    x, weight = trace.tape.values[call.inputs[0]].detach(), call.argument(1, "weight").detach()
    shares = torch.zeros(len(weight), *x.shape, dtype=x.dtype)
    for t, row in enumerate(weight):
        for s, values in enumerate(x):
            positive = [max(float(v * w), 0.0) for v, w in zip(values, row, strict=True)]
            shares[t, s] = torch.tensor(positive, dtype=x.dtype) / (sum(positive) or 1.0)
    return torch.stack([one - sum(shares) / len(shares) for one in shares])


@pytest.mark.parametrize("name", FAMILIES)
def test_it_begins_at_the_share_of_what_speaks_for_it_minus_the_mean_findings(name: str) -> None:
    trace = explainers.record(exact(family(name)), series(film(0), film(50)))
    first = RAPContrastive().layers(trace, TARGETS)[0]
    expected = start(trace)
    torch.testing.assert_close(first.values[..., 0], expected, rtol=1e-9, atol=1e-12)
    (alone,) = RAPContrastive().layers(trace, [2])[0].values
    torch.testing.assert_close(alone[..., 0], expected[2], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("mode", ["stable", "faithful"])
def test_every_layer_keeps_the_sum_of_its_start(mode: str, name: str, seed: int) -> None:
    """About 0, so it is the sum that is held to, within rounding of what is on its way."""
    trace = explainers.record(exact(family(name, seed)), series(film(seed), film(seed + 50)))
    found = propagate(trace, RAPContrastive(mode=mode)._rules(), TARGETS, keep_layers=True)
    wanted = start(trace).sum((1, 2))
    for layer in found.layers:
        size = max(1.0, float(layer.values.abs().sum((1, 2, 3)).max()))
        torch.testing.assert_close(layer.totals, wanted, rtol=0, atol=1e-9 * size, msg=layer.name)
    assert found.conservation_error is not None
    assert float(found.conservation_error.max()) < 1e-4


@pytest.mark.parametrize("name", ["plain", "basic", "bottleneck", "dense"])
def test_the_rules_are_raps_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops of the second implementation, begun elsewhere."""
    from tests.explainers import rap_by_hand

    reader = exact(family(name, 1))
    trace = explainers.record(reader, series(film(4)))
    begun = start(trace)[1, 0].numpy()
    monkeypatch.setattr(rap_by_hand, "seed", lambda _x, _weight: begun)
    slow = torch.from_numpy(ByHand(reader.network, 1).map(trace.input))
    fast = RAPContrastive().relevance(trace, [1]).maps[0, 0]
    assert float((fast - slow).abs().max() / slow.abs().max()) < 1e-9


def test_findings_differ_where_the_papers_start_draws_one_map() -> None:
    trace = explainers.record(exact(family("basic", 3)), series(film(3)))
    alike = {
        name: agreement.between(explainers.load(name).relevance(trace, TARGETS).maps[:, 0].float().numpy())
        for name in ("rap", "rap_contrastive")
    }
    assert alike["rap_contrastive"] < 0.3 < alike["rap"]


def test_the_layer_says_what_it_began_with_and_lost() -> None:
    reader = family("compact")
    trace = explainers.record(reader, series(film(1)))
    for layer in explainers.load("rap_contrastive").explain(reader, trace, FINDINGS):
        assert layer.state == "ok"
        assert layer.total == pytest.approx(0, abs=1e-6)
        assert layer.conservation_error is not None
        assert layer.conservation_error < 1e-4
        assert float(layer.values.sum(dtype=np.float64)) == pytest.approx(0, abs=1e-4)
        assert layer.producer.parameters == {"mode": "stable"}


def test_a_network_of_one_finding_has_nothing_to_compare_with() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))
    trace = explainers.record(classifier(randomise(network, 0), "1"), series(film(1)))
    with pytest.raises(NotExplainable, match=r"this network has one alone. Still available: RAP"):
        RAPContrastive().relevance(trace, [0])
    assert RAP().relevance(trace, [0]).maps.any()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(InputError, match="no mode “wild”"):
        RAPContrastive(mode="wild")
