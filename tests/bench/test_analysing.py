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
    figures = {one.name: one for one in analysing.measure(1, 3, 64, ROOT, "chest-untrained")}
    plain = figures["plain decode + forward, film by film (3 films of 64 px, chest-untrained)"].value
    mine = figures["analyse, predictions only (3 films of 64 px, chest-untrained)"].value
    assert figures["predictions only ÷ plain loop"].value == pytest.approx(mine / plain)
    opens = figures["analyse, what the network opens with (3 films of 64 px, chest-untrained)"].value
    other = figures["analyse of the other checkout, what the network opens with (3 films of 64 px, chest-untrained)"].value
    assert figures["what the network opens with ÷ the other checkout's"].value == pytest.approx(opens / other)
    assert figures["analyse, what the network opens with: written"].value > 0
    monkeypatch.setattr(analysing, "MODEL", "chest-untrained")
    assert main(["analyse", "--repeat", "1", "--films", "2", "--size", "64", "--json", str(tmp_path / "told.json")]) == 0
    assert "films/s" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "told.json").read_text())["figures"]) >= 4


@pytest.mark.usefixtures("environment")
def test_a_network_that_is_not_there_is_said() -> None:
    with pytest.raises(AppError, match="A part of the measurement failed"):
        list(analysing.measure(1, 1, 64, None, "nobody"))
