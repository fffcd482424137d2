"""`models calibrate`: probabilities fitted anew on validation patients, every source alike, and measured on test patients."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from app import __main__ as cli
from app.adoption import calibrating, points, ranges
from app.classifiers.card import Card
from app.classifiers.curves import Curves
from app.classifiers.loading import load
from app.domain import FINDINGS
from app.evaluation.calibration import logistic
from tests.adoption.test_points import film

COUNTS = {"nih": 60, "nih_small": 400}
"""Films of each part; in the small source the answers are four times too sure, in the large one they are true."""


@pytest.fixture
def said(folder: Path, tmp_path: Path) -> Path:
    """Manifests of films that need not be there, and what the untrained network is said to have answered of them."""
    random, answers = np.random.default_rng(5), []
    for source, count in COUNTS.items():
        (tmp_path / "chest" / source).mkdir(parents=True)
        with (tmp_path / "chest" / source / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            told = csv.writer(file)
            told.writerow(["image", "patient", *FINDINGS])
            for number in range(2 * count):
                odds = random.normal(-1, 1.5, 14)
                labels = (random.random(14) < 1 / (1 + np.exp(-odds))).astype(int)
                told.writerow([f"{source}{number}.png", f"{number}{(1, 2)[number % 2]}", *labels])
                answers.append(odds * (4 if source == "nih" else 1))
    path = folder / "chest-untrained" / "card.toml"
    rows = "".join(f'\n[[data]]\nname = "{source}"\nimages = 1\npatients = 1\nterms = ""\n' for source in COUNTS)
    seen = '\n[[looked_at]]\nfinding = "Mass"\nright = true\nfilm = "a.png"\nprobability = 0.5\nseen = "The mass."\n'
    path.write_text(path.read_text(encoding="utf-8") + rows + seen, encoding="utf-8")
    kept = tmp_path / "answers.npz"
    card = Card.read(path.parent)
    columns = [FINDINGS.index(finding) if finding in FINDINGS else 0 for finding in card.findings]
    np.savez(kept, said=1 / (1 + np.exp(-np.array(answers)[:, columns])), sha256=card.sha256)
    return kept


def test_every_source_counts_the_same_and_the_network_says_what_was_fitted(
    folder: Path, said: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load(Card.read(folder / "chest-untrained"), torch.device("cpu"))
    heard = points.heard(before, tmp_path, lambda _: None, said)
    series = ranges.real(film(tmp_path / "one.png", 1))
    (answer,) = before.predict(series)
    old = [score.logit for score in answer.scores]
    assert cli.main(["models", "calibrate", "chest-untrained", "--data", str(tmp_path), "--answers", str(said)]) == 0
    assert "nih: calibration slope" in capsys.readouterr().out
    after = load(Card.read(folder / "chest-untrained"), torch.device("cpu"))
    assert after.card.sha256 != before.card.sha256
    (answer,) = after.predict(series)
    shift = np.array([score.logit for score in answer.scores]) - old
    fitted = (calibrating.logit(heard.said) * np.asarray(before.card.temperature) + shift) / np.asarray(after.card.temperature)
    validation = heard.parts == "validation"
    weights = np.where(heard.sources[validation] == "nih", 1 / COUNTS["nih"], 1 / COUNTS["nih_small"])
    for place in range(len(after.card.findings)):
        truth = heard.labels[validation, place] == 1
        slope = logistic(fitted[validation, place], truth, weights * sum(COUNTS.values()) / 2)[1]
        assert slope == pytest.approx(1, abs=0.15), "a weak prior holds near 1"
    slopes = {row.source: row.slope for row in after.card.calibration}
    assert slopes["nih"] < 0.8, "neither source has its own way: the small one weighs as much"
    assert slopes["nih_small"] > 1.1
    assert [row.film for row in after.card.looked_at] == ["a.png"], "what else the card says stays"
    assert {row.source for row in after.card.figures} == set(COUNTS)
    curves = Curves.read(after.card)
    assert curves is not None
    assert {one.source for one in curves.reliability} == set(COUNTS)
    assert {row.source for row in after.card.operating} == {"validation", *COUNTS, "nih + nih_small"}


def test_a_dry_run_writes_nothing_and_films_are_ranked_as_before(folder: Path, said: Path, tmp_path: Path) -> None:
    files = {path: path.read_bytes() for path in (folder / "chest-untrained").iterdir()}
    command = ["models", "calibrate", "chest-untrained", "--data", str(tmp_path), "--answers", str(said)]
    assert cli.main([*command, "--dry"]) == 0
    assert {path: path.read_bytes() for path in (folder / "chest-untrained").iterdir()} == files


def test_a_network_from_elsewhere_is_told_that_nothing_can_be_fitted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "chest-untrained" / "card.toml"
    path.write_text(f"operating_points = {[0.3] * 14}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert cli.main(["models", "calibrate", "chest-untrained", "--data", str(tmp_path)]) == 2
    assert "could be fitted anew" in capsys.readouterr().err
