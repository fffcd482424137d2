"""`models points`: from which probability on a network calls a finding, chosen on some patients and told of others."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app import __main__ as cli
from app.adoption import cli as models
from app.adoption import points, ranges
from app.classifiers.card import Card
from app.classifiers.curves import Curves
from app.classifiers.loading import load
from app.config import Settings
from app.domain import FINDINGS
from app.errors import InputError
from app.evaluation.operating import RULE, curve, operating_point
from app.training import cards
from app.training.measuring import Answers, Points
from tests.exams import write_exam_network


def film(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    greys = np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8)
    Picture.fromarray(greys).save(path)
    return path


def table(folder: Path, parts: bool, count: int = 120) -> Path:
    """Films of as many patients, with labels that have nothing to do with them."""
    folder.mkdir(exist_ok=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        told = csv.writer(file)
        told.writerow(["image", "patient", *(["part"] if parts else []), "Nodule", "Unknown to the network"])
        for number in range(count):
            film(folder / "films" / f"{number}.png", number)
            part = ("train", "validation", "test")[number % 3]
            told.writerow([f"{number}.png", f"p{number}", *([part] if parts else []), int(number % 5 < 2), 1])
    return folder / "labels.csv"


def command(name: str, *more: Any) -> int:
    return cli.main(["models", "points", name, *map(str, more)])


def test_points_of_a_table_are_chosen_on_one_half_of_the_patients_and_told_of_the_other(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = table(tmp_path / "data", parts=False)
    before = (folder / "phantom-untrained" / "card.toml").read_text(encoding="utf-8")
    assert command("phantom-untrained", "--table", labels, "--images", labels.parent / "films") == 0
    card = Card.read(folder / "phantom-untrained")
    classifier = load(card, torch.device("cpu"))
    patients = [f"p{number}" for number in range(120)]
    chosen = np.array([points.half(patient) for patient in patients])
    assert 40 < chosen.sum() < 80
    films = [ranges.real(labels.parent / "films" / f"{number}.png") for number in range(120)]
    said = np.array([answer.score("Nodule").probability for one in films for answer in classifier.predict(one)])  # type: ignore[union-attr]
    truth = np.arange(120) % 5 < 2
    told = {row.source: row for row in card.operating}
    assert set(told) == {"validation", "labels.csv"}
    assert {row.finding for row in card.operating} == {"Nodule"}
    assert card.point("Nodule") == pytest.approx(operating_point(said[chosen], truth[chosen]), rel=1e-3)
    for row, mine in ((told["validation"], chosen), (told["labels.csv"], ~chosen)):
        called = said >= card.point("Nodule")
        assert row.sensitivity == pytest.approx(called[mine & truth].mean(), abs=1e-4)
        assert row.specificity == pytest.approx(1 - called[mine & ~truth].mean(), abs=1e-4)
        assert (row.positives, row.negatives) == ((mine & truth).sum(), (mine & ~truth).sum())
    assert card.operating_rule == RULE
    assert "says from which probability on it calls each of 1 findings" in capsys.readouterr().out
    text = (folder / "phantom-untrained" / "card.toml").read_text(encoding="utf-8")
    assert set(before.splitlines()) <= set(text.splitlines()), "nothing else changes"


def test_a_tables_parts_are_kept_apart(folder: Path, tmp_path: Path) -> None:
    labels = table(tmp_path / "data", parts=True, count=240)
    assert command("phantom-untrained", "--table", labels, "--images", labels.parent / "films", "--dry") == 0
    assert not Card.read(folder / "phantom-untrained").operating, "a dry run writes nothing"
    classifier = load(Card.read(folder / "phantom-untrained"), torch.device("cpu"))
    answered = points.of_table(classifier, labels, labels.parent / "films", lambda _: None)
    assert len(answered.chosen_on.patients) == 80
    assert {int(str(patient)[1:]) % 3 for patient in answered.chosen_on.patients} == {1}
    (test,) = answered.tested_on
    assert {int(str(patient)[1:]) % 3 for patient in test.patients} == {2}, "what the network may have learnt from is left out"


def test_one_patient_in_two_parts_is_refused_and_a_part_may_be_missing(folder: Path, tmp_path: Path) -> None:
    for name in "ab":
        film(tmp_path / f"{name}.png", ord(name))
    classifier = load(Card.read(folder / "phantom-untrained"), torch.device("cpu"))
    labels = tmp_path / "labels.csv"
    labels.write_text("image,patient,part,Nodule\na.png,p,validation,1\nb.png,q,test,0\n", encoding="utf-8")
    answered = points.of_table(classifier, labels, None, lambda _: None)
    assert (len(answered.chosen_on.patients), len(answered.tested_on[0].patients)) == (1, 1), "nobody needs a part to train on"
    labels.write_text("image,patient,part,Nodule\na.png,p,validation,1\nb.png,p,test,0\n", encoding="utf-8")
    with pytest.raises(InputError, match="more than one part"):
        points.of_table(classifier, labels, None, lambda _: None)


def test_a_table_without_a_finding_of_the_network_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,Something else\na.png,1\n", encoding="utf-8")
    classifier = load(Card.read(folder / "phantom-untrained"), torch.device("cpu"))
    with pytest.raises(InputError, match="no column named like a finding"):
        points.of_table(classifier, tmp_path / "labels.csv", None, lambda _: None)


def test_validation_patients_choose_and_test_patients_are_told_of(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = ["image", "patient", *FINDINGS]
    for source in ("nih", "nih_small"):
        (tmp_path / "chest" / source).mkdir(parents=True)
        with (tmp_path / "chest" / source / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            told = csv.writer(file)
            told.writerow(header)
            for number in range(60):
                film(tmp_path / "chest" / source / "images" / f"{source}{number}.png", number)
                digit = (1, 2, 5)[number % 3]  # test, validation, train
                told.writerow([f"{source}{number}.png", f"{number}{digit}", *([int(number % 2)] * 14)])
    path = folder / "chest-untrained" / "card.toml"
    rows = "".join(f'\n[[data]]\nname = "{source}"\nimages = 1\npatients = 1\nterms = ""\n' for source in ("nih", "nih_small"))
    path.write_text(path.read_text(encoding="utf-8") + rows, encoding="utf-8")
    kept = tmp_path / "answers.npz"
    assert command("chest-untrained", "--data", tmp_path, "--answers", kept, "--dry") == 0
    first = capsys.readouterr().out
    assert "nih + nih_small" in first
    for image in (tmp_path / "chest").rglob("*.png"):
        image.unlink()
    assert command("chest-untrained", "--data", tmp_path, "--answers", kept) == 0, "what was said is kept"
    card = Card.read(folder / "chest-untrained")
    counts = {row.source: row.positives + row.negatives for row in card.operating}
    assert counts == {"validation": 40, "nih": 20, "nih_small": 20, "nih + nih_small": 40}
    curves = Curves.read(card)
    assert curves is not None
    for row in card.operating:
        (curve,) = [one for one in curves.of(row.finding) if one.source == row.source]
        assert curve.at(row.probability) == pytest.approx((row.sensitivity, row.specificity), abs=0.11)


def test_a_network_that_was_fitted_to_none_of_ours_asks_for_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("chest-untrained") == 2
    assert "--table labels.csv" in capsys.readouterr().err


def test_networks_of_phantoms_and_exams_choose_on_drawn_ones(folder: Path, tmp_path: Path) -> None:
    classifier = load(Card.read(folder / "phantom-untrained"), torch.device("cpu"))
    answered = points.of_phantoms(classifier, lambda _: None, 6)
    (other,) = answered.tested_on
    assert answered.chosen_on.logits.shape == other.logits.shape == (6, 3)
    assert not np.array_equal(answered.chosen_on.logits, other.logits), "other seeds"
    assert ((other.logits > 0) & (other.logits < 1)).all()
    exam = write_exam_network(tmp_path)
    with pytest.raises(InputError, match="drawn exams"):
        command_of_exam(exam)


def command_of_exam(folder: Path) -> None:
    given = models.parser().parse_args(["points", folder.name, "--table", "x.csv"])
    models.points(given, Settings(models=folder.parent))


def test_points_of_other_findings_stay(folder: Path) -> None:
    card = Card.read(folder / "phantom-untrained")

    def rows(finding: str, point: float) -> Points:
        truth, said = np.arange(100) < 50, np.linspace(0.9, 0.1, 100)
        shares = {"sensitivity": 0.5, "sensitivity_low": 0.4, "sensitivity_high": 0.6}
        shares |= {"specificity": 0.5, "specificity_low": 0.4, "specificity_high": 0.6}
        row = {"source": "validation", "finding": finding, "probability": point, **shares, "positives": 50, "negatives": 50}
        return Points([row], [cards.calls("validation", finding, curve(said, truth), 50, 50)])

    points.write(card, rows("Nodule", 0.2))
    points.write(card, rows("Effusion", 0.3))
    points.write(card, rows("Nodule", 0.4))
    after = Card.read(card.folder)
    assert {row.finding: row.probability for row in after.operating} == {"Nodule": 0.4, "Effusion": 0.3}
    curves = Curves.read(after)
    assert curves is not None
    assert sorted(one.finding for one in curves.calls) == ["Effusion", "Nodule"]


def test_a_card_where_nothing_can_be_chosen_is_left_as_it_is(folder: Path) -> None:
    card = Card.read(folder / "phantom-untrained")
    few = Answers("validation", np.full((20, 3), 0.5), np.zeros((20, 3), np.float32), np.arange(20))
    with pytest.raises(InputError, match="too few films"):
        points.chosen(card, points.Answered(few, np.ones((20, 3)), ()))
