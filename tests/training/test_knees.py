"""Training the network of a drawn knee's parts: what it learns from, and a run from the command to the card."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app import __main__ as cli
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.segmentation.stacks import codes_of
from app.training.anatomy import knees

CONFIG = Path(knees.__file__).parents[1] / "knee-anatomy.toml"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def test_a_run_ends_in_a_folder_that_says_what_it_knows(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = knees.drawn
    monkeypatch.setattr(knees, "SIDE", 32)  # knees of a moment
    short = tmp_path / "short.toml"
    text = CONFIG.read_text(encoding="utf-8")
    short.write_text(
        text.replace("steps = 380", "steps = 2").replace("steps = 200", "steps = 1").replace("steps = 100", "steps = 1")
    )
    out = tmp_path / "knee-anatomy"
    assert cli.main(["train", "anatomy", "--config", str(short), "--out", str(out), "--runs", str(runs), "--films", "1"]) == 0
    assert "axial cruciate ligaments: Dice" in capsys.readouterr().out
    card = Card.read(out)
    assert card.kind == "segmentation"
    assert card.phantom
    assert card.findings == ("background", "bones", "menisci", "cruciate ligaments")
    assert len(card.figures) == 9
    known = drawn(range(8_300_000, 8_300_001), runs)
    assert set(np.unique(known.codes)) == {0, 1, 2, 3}
    assert set(known.planes.tolist()) == {0, 1, 2}
    network = load(card, torch.device("cpu")).network
    planes = torch.from_numpy(known.pixels[:2])[:, None].float() / 255 * 4 - 2
    assert codes_of(network, planes).shape == (2, 32, 32)  # type: ignore[arg-type]


def test_slices_and_codes_move_together() -> None:
    random = torch.Generator().manual_seed(0)
    codes = torch.zeros((6, 64, 64), dtype=torch.long)
    codes[:, 20:44, 12:30] = 1
    films, truth = knees.changed(codes[:, None].float(), codes, random)
    inside, outside = films[:, 0][truth == 1].mean(), films[:, 0][truth == 0].mean()
    assert inside > outside + 0.3
    assert knees.dice(np.array([True, False]), np.array([True, True])) == pytest.approx(2 / 3)
    assert knees.dice(np.zeros(2, bool), np.zeros(2, bool)) == 1
