"""The benchmark of the networks runs on those there are, and its ratios are of the times beside them."""

import pytest

from app.bench import networks
from app.bench.cli import main


@pytest.mark.usefixtures("environment")
def test_each_network_stands_beside_the_densenet(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {figure.name: figure for figure in networks.measure(1)}
    beside = next(figure for name, figure in figures.items() if name.startswith("forward of densenet-121 224 px"))
    for name in ("chest-untrained", "phantom-untrained", "phantom-by-name"):
        mine = figures[f"forward of {name} 64 px"]
        assert figures[f"{name} 64 px ÷ densenet-121 224 px"].value == pytest.approx(mine.value / beside.value)
        assert 0 < mine.value < beside.value
    assert main(["networks", "--repeat", "1"]) == 0
    assert "chest-untrained 64 px ÷ densenet-121" in capsys.readouterr().out
