"""Layer-CAM: which value of the recorded pass it reads, and what it makes of it."""

import pytest
import torch

from app import explainers
from app.adoption import trial
from app.classifiers.networks import build
from app.errors import InputError, NotExplainable
from app.explainers.methods.layer_cam import LayerCAM, stage
from app.explainers.tape import Tape
from tests.explainers.families import EXPLAINED, FAMILIES, FINDINGS, classifier, exact, family, film, randomise, series

TARGETS = range(len(FINDINGS))


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "compact twin"])
def test_everything_goes_through_the_stage_and_it_is_the_last_of_the_next_resolution(name: str) -> None:
    """Closing the value at the stage closes the way to the explained layer; nothing later of that resolution does."""
    reader = exact(family(name))
    trace = explainers.record(reader, series(film(1)))
    tape, last = trace.tape, trace.tape.places[EXPLAINED.get(name, "features")]
    (found,) = stage(tape, last, 1)
    value, explained = tape.values[found], tape.values[last]
    assert value.shape[-1] > explained.shape[-1]
    between = [one for one in tape.values[1:last] if one.ndim == 4 and explained.shape[-1] < one.shape[-1] < value.shape[-1]]
    assert not between, "no resolution lies between"
    (through,) = torch.autograd.grad(explained.sum(), value, retain_graph=True)
    assert through.any()
    assert _depends_on_the_film_without(tape, found, last) is False


def _depends_on_the_film_without(tape: Tape, closed: int, last: int) -> bool:
    reached = {0}
    for call in tape.calls:
        if call.output != closed and reached.intersection(call.inputs):
            reached.add(call.output)
    return last in reached


def test_the_formula_by_hand() -> None:
    reader = exact(family("basic"))
    trace = explainers.record(reader, series(film(2), film(3)))
    (found,) = stage(trace.tape, trace.tape.places["features"], 1)
    value = trace.tape.values[found]
    maps = explainers.load("layer_cam").relevance(trace, TARGETS).maps
    for target in TARGETS:
        (gradient,) = torch.autograd.grad(trace.tape.values[trace.tape.output][:, target].sum(), value, retain_graph=True)
        by_hand = (gradient.clamp(min=0) * value.detach()).sum(1)
        torch.testing.assert_close(maps[target], by_hand, rtol=1e-12, atol=1e-14)


def test_networks_side_by_side_give_a_value_each() -> None:
    reader = exact(family("compact twin"))
    trace = explainers.record(reader, series(film(1)))
    places = stage(trace.tape, trace.tape.places["features"], 1)
    assert len(places) == 2
    maps = explainers.load("layer_cam").relevance(trace, TARGETS).maps
    assert maps.shape[-2:] == trace.tape.values[places[0]].shape[-2:]


@pytest.mark.parametrize("architecture", ["densenet-121", "resnet-18", "resnet-50"])
def test_adopted_networks_have_a_map_twice_as_fine(architecture: str) -> None:
    layer = {"densenet-121": "relu"}.get(architecture, "layer4")
    reader = classifier(randomise(build(architecture, len(FINDINGS), {}), 0), layer, size=64)
    trace = explainers.record(reader, trial.film())
    (found,) = explainers.load("layer_cam").explain(reader, trace, FINDINGS[:1])
    assert found.values.shape == (1, 4, 4)
    assert trace.layer(layer).shape[-1] == 2
    (coarse,) = explainers.load("gradcam").explain(reader, trace, FINDINGS[:1])
    fine_cell, coarse_cell = ((one.extent.right - one.extent.left) / one.values.shape[-1] for one in (found, coarse))
    assert fine_cell == pytest.approx(coarse_cell / 2), "its cells lie where their own strides say"


def test_a_stage_that_is_not_there_is_not_defined_and_stage_0_is_the_layer_itself() -> None:
    reader = family("compact")
    trace = explainers.record(reader, series(film(1)))
    assert LayerCAM(stage=0).relevance(trace, [0]).maps.shape[-1] == 4
    assert LayerCAM(stage=2).relevance(trace, [0]).maps.shape[-1] == 16
    with pytest.raises(NotExplainable, match="finer than the last"):
        LayerCAM(stage=9).relevance(trace, [0])
    with pytest.raises(InputError, match="at least 0"):
        LayerCAM(stage=-1)
