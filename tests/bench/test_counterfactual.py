"""The benchmark of counterfactuals runs where a generator offers something, and prints nothing where there is none."""

from pathlib import Path

import pytest

from app.bench import counterfactual
from app.bench.cli import main
from tests.changing import OWN, changing


def test_a_generator_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(changing(tmp_path)))
    monkeypatch.setattr(counterfactual, "SIZE", 96)
    assert main(["counterfactual", "--repeat", "1"]) == 0
    name = f"counterfactual by generator, {OWN}, Cardiomegaly, 96 px"
    told = capsys.readouterr().out
    assert name in told
    assert f"{name}, processor time" in told


def test_where_there_is_none_there_is_no_figure(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(models))
    assert list(counterfactual.measure(1)) == []
