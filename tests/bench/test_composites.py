"""The table of LRP's composites: every composite beside zennit's, on phantoms, and a network that is left as it was."""

import pytest
import torch

from app.bench import composites
from app.bench.cli import main
from app.bench.explainers import Bench
from app.errors import InputError
from app.explainers.relevance.lrp import COMPOSITES


@pytest.mark.usefixtures("environment")
def test_every_composite_stands_beside_zennits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composites, "MODEL", "phantom-untrained")
    assert main(["composites", "--films", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "phantoms, 3 films"
    rows = [line.split("  ")[1].strip() for line in printed[2:]]
    assert rows == [*COMPOSITES, *(f"{name}, zennit" for name in COMPOSITES)]
    assert all(name in printed[1] for name in composites.MEASURES)
    absorbed = dict(zip(rows, printed[2:], strict=True))
    assert absorbed["EpsilonPlusFlat"].count("–") == 1, "the default's biases keep nothing"


def test_zennit_lets_go_of_the_network() -> None:
    bench = Bench.open("chest-phantom", "cpu")
    network = bench.classifier.network
    before, names = network(bench.film), list(network.state_dict())
    from app import explainers

    trace = explainers.record(bench.classifier, bench.series)
    for composite in COMPOSITES:
        maps = composites.Zennit(network).relevance(composite, trace, [0, 2]).maps
        assert maps.shape == (2, 1, 128, 128)
        assert maps.isfinite().all()
    assert torch.equal(network(bench.film), before)
    assert list(network.state_dict()) == names
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())


def test_a_network_that_reads_no_phantoms_is_refused() -> None:
    with pytest.raises(InputError, match="reads no phantoms"):
        list(composites.compared("chest-compact", 1))
