"""What the definitions promise for a network of a stack: the maximum has its winner, and nothing is lost on the way."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app import explainers
from app.classifiers.attending.stacked import AttendingStack
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.exam import slice_scores
from app.classifiers.loading import load_exam
from app.classifiers.stack import StackNetwork
from app.domain import KNEE_FINDINGS, joined
from app.explainers.base import LayerRelevance
from app.explainers.methods.lrp import LRP
from app.explainers.methods.rap import RAP
from app.explainers.relevance.engine import propagate
from app.explainers.stages import stages
from tests.exams import stack, write_exam_network
from tests.explainers.families import exact

TARGETS = range(len(KNEE_FINDINGS))


def member(folder: Path, architecture: str) -> Classifier:
    card = Card.read(write_exam_network(folder, architecture=architecture))
    return exact(load_exam(card, torch.device("cpu")).member("sagittal", KNEE_FINDINGS[0]))


@pytest.fixture
def part(tmp_path: Path) -> Classifier:
    return member(tmp_path, "stack")


@pytest.fixture(params=["stack", "stack-attending"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Classifier:
    """With the maximum over slices alone, and with their weighed mean beside it."""
    return member(tmp_path, request.param)


def test_cam_gives_each_slice_its_score_and_adds_up_to_the_logit(either: Classifier) -> None:
    part = either
    trace = explainers.record(part, stack(1))
    network = part.network
    assert isinstance(network, StackNetwork)
    maps = explainers.load("cam").relevance(trace, TARGETS).maps
    _, scores = slice_scores(network, network.pooled(trace.input.detach()))
    torch.testing.assert_close(maps.mean((2, 3)), scores.detach(), rtol=1e-4, atol=1e-5)
    total = maps.mean((2, 3)).sum(1) + network.head.bias
    torch.testing.assert_close(total, trace.logits[0], rtol=1e-5, atol=1e-5)


def test_grad_cam_is_cam_divided_by_its_size_on_every_slice(part: Classifier) -> None:
    trace = explainers.record(part, stack(2))
    cam = explainers.load("cam").relevance(trace, TARGETS).maps
    found = explainers.load("gradcam").relevance(trace, TARGETS).maps
    assert found.shape == cam.shape
    # A slice that wins no channel has no gradient; where it wins some, only those count.
    torch.testing.assert_close(found * cam.shape[2] * cam.shape[3], cam, rtol=1e-4, atol=1e-5)


def test_lrp_keeps_the_logit_over_the_whole_stack_at_every_layer(either: Classifier) -> None:
    part = either
    trace = explainers.record(part, stack(3))
    relevance = propagate(trace, LRP()._rules(), TARGETS, keep_layers=True)
    expected = trace.logits[0] - part.network.head.bias  # type: ignore[union-attr, operator]
    for layer in relevance.layers:
        torch.testing.assert_close(layer.totals, expected, rtol=1e-4, atol=1e-6, msg=layer.name)
    torch.testing.assert_close(relevance.maps.sum((1, 2, 3)), expected, rtol=1e-4, atol=1e-6)


def test_lrp_holds_weights_and_gates_constant(tmp_path: Path) -> None:
    """So every slice gets what it adds to the logit, through the maximum and by its weight, and nothing for having made the
    weights of others."""
    part = member(tmp_path, "stack-attending")
    trace = explainers.record(part, stack(3))
    network = part.network
    assert isinstance(network, AttendingStack)
    _, scores = slice_scores(network, network.pooled(trace.input.detach()))
    found = propagate(trace, LRP()._rules(), TARGETS).maps.sum((2, 3))
    torch.testing.assert_close(found, scores.detach(), rtol=1e-4, atol=1e-6)


def test_rap_keeps_its_seed_through_weighed_slices(tmp_path: Path) -> None:
    part = member(tmp_path, "stack-attending")
    relevance = propagate(explainers.record(part, stack(3)), RAP()._rules(), TARGETS, keep_layers=True)
    for layer in relevance.layers:
        torch.testing.assert_close(layer.totals, relevance.layers[0].totals, rtol=1e-4, atol=1e-6, msg=layer.name)


def test_the_gates_of_a_stack_are_a_map_on_every_slice(tmp_path: Path) -> None:
    part = member(tmp_path, "stack-attending")
    series = stack(6, slices=4)
    trace = explainers.record(part, series)
    assert "gate_fine" in explainers.names(part.card)
    layers = explainers.load("gate_fine").explain(part, trace, [KNEE_FINDINGS[1]])
    alpha = trace.layer("encoder.features.gates.0").detach()[:, 0]
    assert [(layer.kind, layer.scale, layer.state) for layer in layers] == [("attention", "unit", "ok")] * 4
    for layer, image, own in zip(layers, series.images, alpha, strict=True):
        assert layer.stack == image.stack
        np.testing.assert_allclose(layer.values[0], own.numpy(), rtol=1e-5)
    plain = member(tmp_path / "plain", "stack")
    assert "gate_fine" not in explainers.names(plain.card)


@pytest.mark.parametrize("name", ["cam", "gradcam", "layer_cam", "saliency", "lrp", "rap"])
def test_every_method_gives_a_map_per_slice_and_no_slice_without_a_winner_counts(part: Classifier, name: str) -> None:
    series = stack(4, slices=7)
    trace = explainers.record(part, series)
    found = explainers.load(name).explain(part, trace, KNEE_FINDINGS)
    assert len(found) == 7 * len(KNEE_FINDINGS)
    pooled = part.network.pooled(trace.input.detach())  # type: ignore[operator]
    idle = set(range(7)) - set(pooled.max(0).indices.tolist())
    for one in found:
        index = next(i for i, image in enumerate(series.images) if image.stack == one.stack)
        if index in idle and name != "occlusion":
            assert abs(one.values).max() < 1e-6


@pytest.mark.parametrize("method", [LRP(), RAP()])
def test_the_stages_of_a_slice_hold_what_the_slice_has_of_the_stack(either: Classifier, method: LRP | RAP) -> None:
    """The stack's own walk, cut at the slice: what the slice contributes where the slices part arrives at its pixels, and all
    slices together are the stack's seed."""
    part = either
    series = stack(5, slices=6)
    trace = explainers.record(part, series)
    finding = KNEE_FINDINGS[1]
    layer = joined("1", method.explain(part, trace, [finding]))
    seeds = []
    for place, values in enumerate(layer.values):
        found = stages(method, trace, finding, place)
        total = float(values.sum(dtype=np.float64))
        first, last = found[0], found[-1]
        assert (last.name, last.values.shape) == ("film", values.shape)
        np.testing.assert_allclose(last.values, values, atol=1e-6 * float(np.abs(layer.values).max()))
        assert np.maximum(last.values, 0).sum(dtype=np.float64) == pytest.approx(layer.mass()[place], rel=1e-5, abs=1e-9)
        for stage in found:
            assert float(stage.values.sum(dtype=np.float64)) == pytest.approx(total, rel=1e-4, abs=1e-7), stage.name
            assert stage.total == pytest.approx(total, rel=1e-4, abs=1e-7), stage.name
        assert (first.spatial, first.values.shape[1]) == (False, part.network.encoder.width), "the slice's channels"  # type: ignore[union-attr]
        seeds.append(first.total)
    assert sum(seeds) == pytest.approx(layer.total, rel=1e-4)
    assert max(map(abs, seeds)) > 0


def test_a_slice_alone_is_a_film_to_its_stages(part: Classifier) -> None:
    """A stack of one has nothing to part: its strip begins at the decision."""
    trace = explainers.record(part, stack(6, slices=1))
    found = stages(LRP(), trace, KNEE_FINDINGS[0])
    assert found[0].name == "head"
    assert found[-1].values.sum(dtype=np.float64) == pytest.approx(found[0].total, rel=1e-4)


def test_what_is_about_all_slices_is_of_none() -> None:
    whole = LayerRelevance("head", torch.ones(1, 1, 3, 1), torch.ones(1), spatial=False)
    assert whole.of_slice(0) is None
    each = LayerRelevance("stem", torch.arange(8.0).view(1, 2, 2, 2), torch.tensor([28.0]), shares=torch.tensor([[6.0, 22.0]]))
    one = each.of_slice(1)
    assert one is not None
    assert (one.values.tolist(), one.totals.tolist()) == ([[[[4.0, 5.0], [6.0, 7.0]]]], [22.0])
