"""From answers to the rows of a card, on answers drawn so that what comes out is known; written, and read back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from app.classifiers.card import Card
from app.classifiers.curves import Curves
from app.classifiers.networks import build
from app.training import cards
from app.training.measuring import Answers, Measured, left_out, measure, operating
from tests.networks import PARAMETERS, write_network

FINDINGS = ("Effusion", "Mass", "Hernia")
TEMPERATURE = (1.0, 2.0, 1.0)
BESIDE = "hospital, films with published answers"


def answers(seed: int = 0, films: int = 600, blind: bool = False) -> Answers:
    """Answers that are calibrated after division by the temperature; nobody has a hernia, every fifth truth of a mass is
    unknown, and a published network, better than this one, answered the first half of the films."""
    rng = np.random.default_rng(0)
    wanted = rng.normal(-0.5, 1.5, (films, 3))
    labels = (rng.random((films, 3)) < 1 / (1 + np.exp(-wanted))).astype(np.float32)
    labels[:, 2] = 0
    labels[::5, 1] = np.nan
    published = 1 / (1 + np.exp(-(wanted + 3 * np.nan_to_num(labels))))
    published[films // 2 :] = np.nan
    logits = np.random.default_rng(seed).normal(size=(films, 3)) if blind else wanted * TEMPERATURE
    return Answers("hospital", logits.astype(np.float32), labels, np.arange(films) // 2, published)


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(answers(), TEMPERATURE, FINDINGS, rounds=200)


def area(scores: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    """The AUROC by the rank test of scipy."""
    pairs = truth.sum() * (~truth).sum()
    return float(mannwhitneyu(scores[truth], scores[~truth]).statistic / pairs)


def test_figures_are_those_of_the_films_whose_truth_is_known(measured: Measured) -> None:
    told = answers()
    rows = {(row["source"], row["finding"]): row for row in measured.figures}
    assert list(rows) == [("hospital", "Effusion"), ("hospital", "Mass"), (BESIDE, "Effusion"), (BESIDE, "Mass")]
    known = ~np.isnan(told.labels[:, 1])
    mass = rows["hospital", "Mass"]
    assert mass["value"] == pytest.approx(area(told.logits[known, 1], told.labels[known, 1] == 1), abs=1e-4)
    assert mass["positives"] + mass["negatives"] == 480
    assert "beside" not in mass


def test_the_published_network_stands_beside_on_the_same_films(measured: Measured) -> None:
    told = answers()
    assert told.published is not None
    row = next(row for row in measured.figures if row["source"] == BESIDE and row["finding"] == "Effusion")
    truth = told.labels[:300, 0] == 1
    assert row["positives"] + row["negatives"] == 300
    assert row["value"] == pytest.approx(area(told.logits[:300, 0], truth), abs=1e-4)
    assert row["beside"] == pytest.approx(area(told.published[:300, 0], truth), abs=1e-4)
    assert row["beside"] > row["value"]


def test_calibration_is_of_all_findings_after_the_temperature(measured: Measured) -> None:
    (row,) = measured.calibration
    # nobody has a hernia, whatever is said of it: the calibrated answers of the other two are not all there is
    assert (row["source"], row["films"]) == ("hospital", 600)
    two = Answers("two", answers().logits[:, :2], answers().labels[:, :2], answers().patients)
    true = measure(two, TEMPERATURE[:2], FINDINGS[:2], rounds=200)
    (right,) = true.calibration
    assert right["low"] < 1 < right["high"]
    assert right["slope"] == pytest.approx(1, abs=0.15)
    assert right["ece"] < 0.06 < row["ece"]
    assert [row["source"] for row in true.figures] == ["two", "two"]
    assert sum(true.reliability[0]["histogram"]) == sum(b["count"] for b in true.reliability[0]["bins"]) == 600 + 480
    (hot,) = measure(two, (2.0, 4.0), FINDINGS[:2], rounds=50).calibration
    assert hot["slope"] == pytest.approx(2 * right["slope"], abs=1e-3)


def test_what_cannot_be_measured_has_no_row() -> None:
    told = answers()
    nothing = Answers("none", told.logits, np.full_like(told.labels, np.nan), told.patients)
    assert measure(nothing, TEMPERATURE, FINDINGS) == Measured()
    faultless = Answers("easy", told.labels[:, :1] * 9 - 4, told.labels[:, :1], told.patients)
    measured = measure(faultless, (1.0,), FINDINGS[:1], rounds=20)
    assert measured.figures[0]["value"] == 1
    assert measured.calibration == []
    assert len(measured.reliability) == 1


def test_leaving_a_source_out_is_told_beside_training_with_it() -> None:
    rows = left_out("hospital", answers(), answers(3, blind=True), FINDINGS, rounds=100)
    assert [row["finding"] for row in rows] == ["Effusion", "Mass"]
    for row in rows:
        assert row["outside_high"] < row["inside_low"]
        assert row["outside_low"] < 0.5 < row["outside_high"]
    with pytest.raises(ValueError, match="same films"):
        left_out("hospital", answers(), answers(films=500), FINDINGS)


def test_what_was_measured_is_read_back_from_the_folder(measured: Measured, tmp_path: Path) -> None:
    network = build("compact-residual", 3, PARAMETERS)
    entries = {
        "name": "told", "title": "Told", "summary": "", "architecture": "compact-residual", "findings": list(FINDINGS),
        "modalities": ["CR"], "body_parts": ["CHEST"], "input_size": 64, "explained_layer": "features",
        "beside_name": "Published", "looked_at_summary": "Lungs.", "parameters": PARAMETERS,
    }  # fmt: skip
    rows = left_out("hospital", answers(), answers(3, blind=True), FINDINGS, rounds=50)
    looked = [
        cards.looked_at("Mass", right, f"0000000{right:d}_000.png", 0.71234, "The hilum, by LRP.") for right in (True, False)
    ]
    tables = {"figures": measured.figures, "calibration": measured.calibration, "outside": rows, "looked_at": looked}
    cards.write(tmp_path / "told", network, entries, tables)
    cards.curves(tmp_path / "told", measured.roc, measured.reliability)
    card = Card.read(tmp_path / "told")
    curves = Curves.read(card)
    assert curves is not None
    written = (measured.figures, measured.calibration, rows, looked)
    for table, records in zip(written, (card.figures, card.calibration, card.outside, card.looked_at), strict=True):
        assert len(table) == len(records) > 0
        for row, record in zip(table, records, strict=True):
            assert {name: getattr(record, name) for name in row} == row
    assert card.looked_at[0].probability == 0.7123
    assert [(roc.source, roc.finding, bool(roc.beside)) for roc in curves.roc] == [
        (row["source"], row["finding"], row["source"] == BESIDE) for row in measured.figures
    ]
    for roc, figure in zip(curves.roc, card.figures, strict=True):
        x, y = np.array(roc.points).T
        assert np.trapezoid(y, x) == pytest.approx(figure.value, abs=0.01)
    assert [b.count for b in curves.reliability[0].bins] == [b["count"] for b in measured.reliability[0]["bins"]]
    torch.manual_seed(1)
    cards.write(tmp_path / "told", build("compact-residual", 3, PARAMETERS), entries, tables)
    assert Curves.read(Card.read(tmp_path / "told")) is None, "curves of other weights are gone"


def test_measurements_without_curves_need_none(tmp_path: Path) -> None:
    folder = write_network(tmp_path, "plain")
    cards.curves(folder, [], [])
    assert Curves.read(Card.read(folder)) == Curves((), ())


def test_operating_points_are_chosen_on_one_part_and_told_on_all() -> None:
    chosen_on = replace(answers(), source="validation")
    few = replace(answers(1), source="small", labels=np.where(np.arange(600)[:, None] < 4, answers().labels, np.nan))
    blind = replace(answers(3, blind=True), source="elsewhere")
    points = operating(chosen_on, np.ones((600, 3)), [blind, few], TEMPERATURE, FINDINGS)
    rows = points.rows
    told = {(row["source"], row["finding"]): row for row in rows}
    assert list(told) == [(source, finding) for finding in FINDINGS[:2] for source in ("validation", "elsewhere")]
    for place, finding in enumerate(FINDINGS[:2]):
        at, elsewhere = told["validation", finding], told["elsewhere", finding]
        assert 0.8 <= at["specificity"] < 0.86, "sensitivity is less: the floor holds, and no more"
        assert at["probability"] == elsewhere["probability"]
        known = ~np.isnan(chosen_on.labels[:, place])
        calibrated = 1 / (1 + np.exp(-chosen_on.logits[known, place] / TEMPERATURE[place]))
        truth = chosen_on.labels[known, place] == 1
        assert at["sensitivity"] == pytest.approx((calibrated[truth] >= at["probability"]).mean(), abs=1e-4)
        assert elsewhere["sensitivity"] == pytest.approx(1 - elsewhere["specificity"], abs=0.1)  # it sees nothing there
        assert (at["positives"], at["negatives"]) == (int(truth.sum()), int((~truth).sum()))
