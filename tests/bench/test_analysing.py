"""The benchmark of the command runs on a few films, beside the plain loop and another checkout (here: this one)."""

import json
from pathlib import Path

import pytest

from app.bench import analysing
from app.bench.cli import main
from app.config import ROOT
from app.errors import AppError


@pytest.mark.usefixtures("environment")
def test_the_command_stands_beside_the_plain_loop_and_another_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(analysing, "DRAWN", 2)
    monkeypatch.setattr(analysing, "MODEL", "chest-untrained")
    few = ["--repeat", "1", "--films", "3", "--size", "64", "--beside", str(ROOT)]
    assert main(["analyse", *few, "--json", str(tmp_path / "told.json")]) == 0
    assert "films/s" in capsys.readouterr().out
    figures = {one["name"]: one["median"] for one in json.loads((tmp_path / "told.json").read_text())["figures"]}
    plain = figures["plain decode + forward, film by film (3 films of 64 px, chest-untrained)"]
    mine = figures["analyse, predictions only (3 films of 64 px, chest-untrained)"]
    assert figures["predictions only ÷ plain loop"] == pytest.approx(mine / plain)
    opens = figures["analyse, what the network opens with (3 films of 64 px, chest-untrained)"]
    other = figures["analyse of the other checkout, what the network opens with (3 films of 64 px, chest-untrained)"]
    assert figures["what the network opens with ÷ the other checkout's"] == pytest.approx(opens / other)
    assert figures["analyse, what the network opens with: written"] > 0


@pytest.mark.usefixtures("environment")
def test_a_network_that_is_not_there_is_said() -> None:
    with pytest.raises(AppError, match="A part of the measurement failed"):
        list(analysing.measure(1, 1, 64, None, "nobody"))
