"""What can be asked of any map besides: its mean and spread over noise and members, and a randomised twin."""

import pytest
import torch

from app import explainers
from app.classifiers.compact import CompactTwin
from app.errors import InputError, NotFound
from app.explainers import twins
from app.explainers.variants import VARIANTS
from tests.explainers.families import FINDINGS, exact, family, film, series

TARGETS = range(len(FINDINGS))
NAMES = [name for method in explainers.panel() for name in explainers.variants(method)]


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_says_what_it_is_and_loads(name: str) -> None:
    told = explainers.describe(name)
    assert told.name == name
    assert told.panel == 0
    assert told.of
    title = told.titled(lambda text, **values: text % values)
    assert title.startswith(f"{told.of}, ")
    assert "%(" not in title
    explainer = explainers.load(name)
    assert explainer.name == name
    assert (explainer.scale == "signed") == told.signed
    assert ("random" in name) == ("(seed 0)" in told.caution)


def test_what_is_no_variant_is_not_found() -> None:
    for name in ("lrp.guess", "lrp.", "guess.sd", ".sd"):
        assert not explainers.known(name)
        with pytest.raises(NotFound):
            explainers.describe(name)
    assert explainers.variants("lrp", family("compact").card) == tuple(
        f"lrp.{name}" for name, one in VARIANTS.items() if one.over != "members"
    )


@pytest.mark.parametrize("variant", [name for name, one in VARIANTS.items() if one.over != "members"])
@pytest.mark.parametrize("method", ["cam", "lrp", "saliency"])
def test_several_findings_and_films_at_once_are_each_alone(method: str, variant: str) -> None:
    reader, films = exact(family("compact")), (film(1), film(2))
    explainer = explainers.load(f"{method}.{variant}")
    together = explainer.relevance(explainers.record(reader, series(*films)), TARGETS).maps
    for index, one in enumerate(films):
        trace = explainers.record(reader, series(one))
        for target in TARGETS:
            alone = explainer.relevance(trace, [target]).maps[0, 0]
            torch.testing.assert_close(together[target, index], alone, rtol=1e-7, atol=1e-9 * float(alone.abs().max()))


def test_mean_and_spread_are_those_of_the_maps_of_noisy_films() -> None:
    reader = exact(family("basic"))
    trace = explainers.record(reader, series(film(3)))
    spread = explainers.load("saliency.sd")
    each = torch.stack([explainers.load("saliency").relevance(one, TARGETS).maps for one in spread.traces(trace)])  # type: ignore[attr-defined]
    assert len(each) == 8
    assert not torch.equal(each[0], each[1])
    torch.testing.assert_close(explainers.load("saliency.mean").relevance(trace, TARGETS).maps, each.mean(0))
    torch.testing.assert_close(spread.relevance(trace, TARGETS).maps, each.std(0))
    (layer,) = spread.explain(reader, trace, FINDINGS[:1])
    assert (layer.method, layer.scale, layer.state) == ("saliency.sd", "positive", "ok")
    assert layer.values.min() >= 0
    assert layer.producer.parameters == {"raw": False, "draws": 8, "deviation": 0.02, "noise_seed": 0}


def test_parameters_are_the_methods_and_its_own() -> None:
    changed = explainers.load("lrp.sd").with_parameters({"draws": 3, "composite": "Epsilon"})
    assert changed.parameters | {"draws": 3, "composite": "Epsilon"} == changed.parameters
    with pytest.raises(InputError, match=r"no parameter “weight”.*composite.*draws"):
        explainers.load("lrp.sd").with_parameters({"weight": 1})
    with pytest.raises(InputError, match="at least two draws"):
        explainers.load("lrp.sd").with_parameters({"draws": 1})
    with pytest.raises(InputError, match="from 1 to 100"):
        explainers.load("lrp.random-5").with_parameters({"random_share": 0})


def test_members_alone_answer_with_the_networks_mean() -> None:
    reader = exact(family("compact twin"))
    trace = explainers.record(reader, series(film(1), film(2)))
    alone = twins.members(reader)
    assert len(alone) == 2
    assert isinstance(reader.network, CompactTwin)
    logits = torch.stack([one.network(trace.input.detach()) for one in alone])
    torch.testing.assert_close(logits.mean(0), trace.logits, rtol=1e-9, atol=1e-12)
    cam = torch.stack([explainers.load("layer_cam").relevance(trace.again(trace.input, one), TARGETS).maps for one in alone])
    torch.testing.assert_close(explainers.load("layer_cam.members-mean").relevance(trace, TARGETS).maps, cam.mean(0))
    torch.testing.assert_close(explainers.load("layer_cam.members-sd").relevance(trace, TARGETS).maps, cam.std(0))


def test_a_network_of_one_has_no_members() -> None:
    reader = family("compact")
    (layer,) = explainers.load("cam.members-sd").explain(reader, explainers.record(reader, series(film(1))), FINDINGS[:1])
    assert layer.state == "not defined: needs a network of several members that answer together"


def test_a_twin_is_random_from_the_answer_down_and_leaves_the_network_alone() -> None:
    reader = family("compact")
    before = {name: value.clone() for name, value in reader.network.state_dict().items()}
    few, all_ = twins.randomised(reader, 0.05), twins.randomised(reader, 1.0)
    changed = {
        share: {name for name, value in twin.network.state_dict().items() if not torch.equal(value, before[name])}
        for share, twin in ((5, few), (100, all_))
    }
    assert changed[5] == {"head.weight", "head.bias"}
    assert changed[100] >= {name for name, value in before.items() if value.ndim > 1}
    assert all(torch.equal(reader.network.state_dict()[name], value) for name, value in before.items())


def test_a_seed_draws_the_same_twin_step_by_step_whatever_chance_there_was() -> None:
    reader = family("basic")
    torch.manual_seed(7)
    at_once = twins.randomised(reader, 0.5, seed=3).network.state_dict()
    torch.manual_seed(8)
    for _, twin in twins.steps(reader, (0.25, 0.5), seed=3):
        stepwise = {name: value.clone() for name, value in twin.network.state_dict().items()}
    assert all(torch.equal(at_once[name], value) for name, value in stepwise.items())
    other = twins.randomised(reader, 0.5, seed=4).network.state_dict()
    assert any(not torch.equal(at_once[name], value) for name, value in other.items())


def test_the_map_of_a_random_head_is_another_map_and_says_so() -> None:
    reader = family("compact")
    trace = explainers.record(reader, series(film(1)))
    (plain,), (twin,) = (explainers.load(name).explain(reader, trace, FINDINGS[:1]) for name in ("cam", "cam.random-5"))
    assert twin.values.shape == plain.values.shape
    assert abs(twin.values - plain.values).max() > 0
    assert twin.producer.parameters == {"random_share": 5, "random_seed": 0}
    assert (twin.model, twin.model_sha256) == (plain.model, plain.model_sha256)
