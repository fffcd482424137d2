"""No map is flipped, whatever the sign of the logit: adding the finding to a film turns its place redder."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from app import explainers
from app.classifiers.classifier import Classifier
from app.domain import Image, Layer
from app.grey import resample
from tests.explainers.families import FINDINGS, classifier, film, series

PLACE = (slice(8, 16), slice(18, 26))


def with_finding(image: Image) -> Image:
    """The film with a bright square."""
    stored = image.stored.copy()
    stored[PLACE] = 4095
    return replace(image, stored=stored)


def reader(bias: float, against: float) -> Classifier:
    """One channel answers to brightness, one to darkness. The first speaks for the finding, the second against it.

    ``bias`` moves the logit and nothing else; ``against`` makes the logit negative even without its bias."""
    first, second, head = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1, groups=2), nn.Linear(2, len(FINDINGS))
    with torch.no_grad():
        first.weight.copy_(torch.ones(2, 1, 3, 3) / 9 * torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        nn.init.constant_(second.weight, 1 / 9)
        head.weight.copy_(torch.tensor([[1.0, against]] * len(FINDINGS)))
    for layer, value in ((first, -0.25), (second, 0.0), (head, bias)):
        assert layer.bias is not None
        nn.init.constant_(layer.bias, value)
    network = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return classifier(network.eval(), explained_layer="3")


def place(explanation: Layer, image: Image) -> float:
    return float(resample(explanation.values[0], explanation.extent, image.stored.shape)[PLACE].mean())


@pytest.mark.parametrize("bias", [0.0, -30.0, 30.0])
@pytest.mark.parametrize(
    ("method", "against"),
    # Where darkness speaks eight times as loudly against, RAP is rightly reddest in the dark: influence, not direction.
    [
        (method, against)
        for method in ("cam", "gradcam", "lrp", "rap")
        for against in (0.0, -0.2, -8.0)
        if (method, against) != ("rap", -8.0)
    ],
)
def test_adding_the_finding_turns_its_place_redder(method: str, against: float, bias: float) -> None:
    network = reader(bias, against)
    before, after = film(8), with_finding(film(8))
    maps = []
    for image in (before, after):
        trace = explainers.record(network, series(image))
        if bias < 0 or (against == -8.0 and bias == 0):
            assert float(trace.logits[0, 0]) < 0
        (explanation,) = explainers.load(method).explain(network, trace, ["Mass"])
        maps.append(place(explanation, image))
    assert maps[1] > maps[0]
    assert maps[1] > 0


def test_lrp_speaks_for_and_against_at_the_same_time() -> None:
    network = reader(-30.0, -8.0)
    image = with_finding(film(8))
    trace = explainers.record(network, series(image))
    (explanation,) = explainers.load("lrp").explain(network, trace, ["Mass"])
    assert explanation.total is not None
    assert explanation.total < 0
    heat = resample(explanation.values[0], explanation.extent, image.stored.shape)
    dark = image.stored < 1700
    assert heat[PLACE].mean() > 0 > heat[dark].mean()


def test_a_bias_changes_no_map() -> None:
    image = with_finding(film(8))
    for method in ("cam", "gradcam", "saliency", "lrp", "rap"):
        maps = []
        for bias in (-30.0, 0.0, 30.0):
            network = reader(bias, -0.2)
            maps.append(explainers.load(method).explain(network, explainers.record(network, series(image)), ["Mass"])[0].values)
        assert np.array_equal(maps[0], maps[1])
        assert np.array_equal(maps[1], maps[2])
