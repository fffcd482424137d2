"""The benchmark of the methods runs on a shipped network, peers included, and says how they compare."""

import pytest
import torch

from app.bench import explainers
from app.bench.figures import Figure


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    torch.set_num_threads(1)
    return {figure.name: figure for figure in explainers.measure(1, "chest-phantom")}


def test_every_part_is_measured(figures: dict[str, Figure]) -> None:
    assert sum(name.startswith("ours: ") for name in figures) == 8
    assert all(figure.value > 0 for figure in figures.values() if figure.unit != "bytes")


def test_ratios_are_of_the_times_beside_them(figures: dict[str, Figure]) -> None:
    mine = figures["ours: CAM + Grad-CAM + saliency + LRP, all findings"].value
    assert figures["peers one call at a time ÷ ours"].value == pytest.approx(figures["peers, one call at a time"].value / mine)
    rap = figures["ours: RAP alone, forward included"].value / figures["ours: lrp alone, forward included"].value
    assert figures["RAP alone ÷ LRP alone"].value == pytest.approx(rap)
    assert figures["peers batched ÷ ours"].text().endswith("×")


def test_the_peers_let_go_of_the_network() -> None:
    bench = explainers.Bench.open("chest-phantom")
    before = bench.classifier.network(bench.film)
    explainers.Peers(bench).batched()
    assert torch.equal(bench.classifier.network(bench.film), before)
    assert not any(module._forward_hooks or module._backward_hooks for module in bench.classifier.network.modules())
