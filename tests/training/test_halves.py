"""Referees: networks of another architecture that learn from one half of the training patients."""

from pathlib import Path

import pytest
import torch

from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.errors import InputError
from app.training import cli, halves
from app.training.films import read
from tests.training.test_training import data

__all__ = ["data"]

CONFIG = (
    'name = "referee"\nkind = "referee"\nhalf = "even"\nseeds = [1]\npixels = 32\narchitecture = "densenet-121"\n'
    'parameters = { blocks = [1, 1, 1], growth = 4, stem = 8 }\nsources = ["nih", "nih_small"]\n'
    "[[stages]]\nsize = 32\nepochs = 1\nbatch = 16\nrate = 0.01\n"
)


def test_a_half_goes_by_the_number_without_its_last_digit() -> None:
    names = ("00000019", "00000020", "person7", "person17_virus")
    assert [halves.half_of(name) for name in names] == ["odd", "even", "even", "odd"]
    assert halves.half_of("Ada") == halves.half_of("Ada")


def test_a_referee_learns_from_its_half_and_reads_no_study(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "referee.toml"
    config.write_text(CONFIG, encoding="utf-8")
    out = tmp_path / "models" / "referee"
    told = ["--config", str(config), "--data", str(data), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    assert cli.main(["chest", *told, "--out", str(out)]) == 0
    registry = Registry(out.parent)
    assert registry.cards() == ()
    (card,) = registry.beside()
    assert (card.kind, card.half, card.architecture, card.stride) == ("referee", "even", "densenet-121", 16)
    films = [film for film in read(data) if film.part == "train" and film.source in ("nih", "nih_small")]
    mine = [film for film in films if halves.half_of(film.patient) == "even"]
    assert 0 < len(mine) < len(films)
    assert sum(row.images for row in card.data) == len(mine)
    assert load(card, torch.device("cpu")).network(torch.zeros(1, 1, 32, 32)).shape == (1, len(card.findings))
    config.write_text(CONFIG.replace("even", "third"), encoding="utf-8")
    with pytest.raises(InputError, match="no half"):
        cli.main(["chest", *told, "--out", str(tmp_path / "models" / "third"), "--fresh"])
