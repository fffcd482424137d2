"""What the definitions promise, on every family of networks: sums, closed forms and the ties between methods."""

import pytest
import torch

from app import explainers
from app.classifiers.classifier import Classifier
from app.explainers.methods.lrp import LRP
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.plan import plan
from app.explainers.trace import Trace
from tests.explainers.families import FAMILIES, FINDINGS, POOLED, STACKS, exact, family, film, series

TARGETS = range(len(FINDINGS))
SEEDS = (0, 1, 2)


def traced(name: str, seed: int = 0) -> tuple[Classifier, Trace]:
    classifier = exact(family(name, seed))
    return classifier, explainers.record(classifier, series(film(seed), film(seed + 50)))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_trace_is_the_networks_own_answer(name: str) -> None:
    classifier, trace = traced(name)
    with torch.no_grad():
        assert torch.equal(trace.logits, classifier.network(classifier.prepare(trace.series)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [name for name in POOLED if name not in STACKS])
def test_cam_adds_up_to_the_logit(name: str, seed: int) -> None:
    classifier, trace = traced(name, seed)
    maps = explainers.load("cam").relevance(trace, TARGETS).maps
    bias = list(classifier.network.parameters())[-1]
    torch.testing.assert_close(maps.mean((2, 3)) + bias[:, None], trace.logits.T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in POOLED if name != "dense" and name not in STACKS])
def test_grad_cam_is_cam_divided_by_its_size(name: str) -> None:
    _, trace = traced(name)
    cam = explainers.load("cam").relevance(trace, TARGETS).maps
    gradcam = explainers.load("gradcam").relevance(trace, TARGETS).maps
    torch.testing.assert_close(gradcam * cam.shape[2] * cam.shape[3], cam, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_lrp_keeps_the_logit_without_its_bias_at_every_layer(name: str, seed: int) -> None:
    _, trace = traced(name, seed)
    relevance = propagate(trace, LRP()._rules(), TARGETS, keep_layers=True)
    head = plan(trace.tape).head("LRP").call
    x, bias = trace.tape.values[head.inputs[0]], head.argument(2, "bias")
    expected = (trace.logits - bias).T
    assert relevance.total is not None
    torch.testing.assert_close(relevance.total, expected.expand(-1, trace.slices), rtol=1e-9, atol=1e-12)
    assert len(relevance.layers) > 8
    for layer in relevance.layers:
        torch.testing.assert_close(layer.totals, expected.sum(1), rtol=1e-4, atol=0, msg=layer.name)
    last = relevance.layers[0].values
    assert last.shape == (len(FINDINGS), x.shape[0], x.shape[1], 1)
    torch.testing.assert_close(last[..., 0], head.argument(1, "weight")[:, None] * x[None].detach())
