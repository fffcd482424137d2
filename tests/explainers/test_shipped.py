"""The contract on every network under models/, on a drawn film; on the phantom network, that a finding reddens its place."""

import numpy as np
import pytest
import torch

from app import explainers
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Image
from app.explainers.methods.lrp import LRP
from app.explainers.methods.rap import RAP
from app.explainers.relevance.engine import propagate
from app.grey import resample
from app.phantoms import chest
from tests.explainers.families import exact, series

CARDS = {card.name: card for card in Registry(Settings().models).cards() if card.kind == "network"}


def film(seed: int, *findings: str) -> Image:
    return Image(f"1.2.{seed}", 1, chest.draw(seed, findings, size=256, marker=False).pixels)


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_shipped_network_keeps_the_contract(card: Card) -> None:
    shipped = load(card, torch.device("cpu"))
    once = explainers.record(shipped, series(film(1, "Effusion")))
    assert torch.equal(once.logits, shipped.network(shipped.prepare(once.series)))
    for name in explainers.panel(card):
        for explanation in explainers.load(name).explain(shipped, once, card.findings[:2]):
            assert explanation.state in ("ok", "no positive evidence")
            assert np.isfinite(explanation.values).all()

    if getattr(shipped.network, "explained_by", ""):  # its path explains it, and no other method is defined
        (refused,) = explainers.load("lrp").explain(shipped, once, card.findings[:1])
        assert refused.state.startswith("not defined: ")
        return
    classifier = exact(shipped)
    targets = range(min(2, len(card.findings)))
    trace = explainers.record(classifier, once.series)
    for method in (LRP(), RAP(), RAP(mode="faithful")):
        relevance = propagate(trace, method._rules(), targets, keep_layers=True)
        for layer in relevance.layers:
            torch.testing.assert_close(layer.totals, relevance.layers[0].totals, rtol=1e-4, atol=0, msg=layer.name)
        assert relevance.conservation_error is not None
        assert float(relevance.conservation_error.max()) < 1e-4
        alone = method.relevance(trace, targets[-1:]).maps[0]
        torch.testing.assert_close(relevance.maps[-1], alone, rtol=1e-4, atol=1e-5 * float(alone.abs().max()))
    weighed = "attended_evidence" in explainers.names(card)  # its cells add up to the answer; CAM's mean is the answer
    maps = explainers.load("attended_evidence" if weighed else "cam").relevance(trace, targets).maps[:, 0]
    answer = maps.sum((1, 2)) if weighed else maps.mean((1, 2))
    head = list(classifier.network.parameters())[-1]
    torch.testing.assert_close(answer + head[: len(targets)], trace.logits[0, : len(targets)], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("finding", ["Effusion", "Mass", "Consolidation"])
def test_drawing_the_finding_turns_its_place_redder(finding: str) -> None:
    """Over several films, for every method that tells influence from none; the logits are negative before and often after."""
    if "chest-phantom" not in CARDS:
        pytest.skip("there is no models/chest-phantom")
    classifier = load(CARDS["chest-phantom"], torch.device("cpu"))
    gains: dict[str, list[float]] = {"cam": [], "gradcam": [], "lrp": [], "rap": []}
    for seed in range(40, 48):
        phantom = chest.draw(seed, [finding], size=256, marker=False)
        means: dict[str, list[float]] = {name: [] for name in gains}
        for image in (film(seed), film(seed, finding)):
            trace = explainers.record(classifier, series(image))
            for name in gains:
                (explanation,) = explainers.load(name).explain(classifier, trace, [finding])
                heat = resample(explanation.values[0], explanation.extent, image.stored.shape)
                means[name].append(float(heat[phantom.masks[finding]].mean()))
        for name, (before, after) in means.items():
            gains[name].append(after - before)
    for name, each in gains.items():
        assert np.mean(each) > 0, name
        assert np.mean(np.array(each) > 0) >= 0.75, (name, each)
