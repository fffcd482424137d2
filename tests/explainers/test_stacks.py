"""What the definitions promise for a network of a stack: the maximum has its winner, and nothing is lost on the way."""

from pathlib import Path

import pytest
import torch

from app import explainers
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.exam import slice_scores
from app.classifiers.loading import load_exam
from app.classifiers.stack import StackNetwork
from app.domain import KNEE_FINDINGS
from app.explainers.methods.lrp import LRP
from app.explainers.relevance.engine import propagate
from tests.exams import stack, write_exam_network
from tests.explainers.families import exact

TARGETS = range(len(KNEE_FINDINGS))


@pytest.fixture
def part(tmp_path: Path) -> Classifier:
    return exact(load_exam(Card.read(write_exam_network(tmp_path)), torch.device("cpu")).member("sagittal", KNEE_FINDINGS[0]))


def test_cam_keeps_the_winning_slices_of_each_channel_and_adds_up_to_the_logit(part: Classifier) -> None:
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


def test_lrp_keeps_the_logit_over_the_whole_stack_at_every_layer(part: Classifier) -> None:
    trace = explainers.record(part, stack(3))
    relevance = propagate(trace, LRP()._rules(), TARGETS, keep_layers=True)
    expected = trace.logits[0] - part.network.head.bias  # type: ignore[union-attr, operator]
    for layer in relevance.layers:
        torch.testing.assert_close(layer.totals, expected, rtol=1e-4, atol=1e-6, msg=layer.name)
    torch.testing.assert_close(relevance.maps.sum((1, 2, 3)), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["cam", "gradcam", "saliency", "lrp", "rap"])
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
