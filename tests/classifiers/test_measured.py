"""What a card says of measurements, and its curves: read back as written, refused when anything is wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.classifiers.card import Card
from app.classifiers.curves import LARGEST, Curves, Reliability, Roc
from app.classifiers.measured import Calibration, Figure, LookedAt, Operating, Outside, Range
from app.domain import Bin
from app.errors import ModelError
from tests.classifiers.conftest import write_model

FIGURE = 'source = "a"\nfinding = "Mass"\nmetric = "AUROC"\nvalue = 0.8\nlow = 0.7\nhigh = 1\npositives = 5\nnegatives = 9\n'
OPERATING = """[[operating]]
source = "validation"
finding = "Mass"
probability = 0.12
sensitivity = 0.7
sensitivity_low = 0.6
sensitivity_high = 0.8
specificity = 0.71
specificity_low = 0.69
specificity_high = 0.73
positives = 40
negatives = 400

"""
ROWS = f"""
[[figures]]
{FIGURE}
[[figures]]
{FIGURE}beside = 0.75

[[outside]]
left_out = "a"
tested_on = "b"
finding = "Mass"
inside = 0.9
inside_low = 0.8
inside_high = 0.95
outside = 0.6
outside_low = 0.5
outside_high = 0.7
positives = 12
negatives = 88

[[calibration]]
source = "a"
slope = 0.9
low = 0.8
high = 1.1
intercept = -0.1
ece = 0.02
films = 100

{OPERATING}[[ranges]]
method = "lrp"
finding = "Mass"
high = 0.31
evened = 0.04
source = "validation"
quantile = 0.9
cases = 240

[[looked_at]]
finding = "Mass"
right = false
film = "00000001_000.png"
probability = 0.81
seen = "The marker, by all methods."
"""
CURVES: dict[str, Any] = {
    "roc": [{"source": "a", "finding": "Mass", "points": [[0, 0], [0.2, 0.7], [1, 1]], "beside": [[0, 0], [1, 1]]}],
    "reliability": [
        {
            "source": "a",
            "bins": [{"predicted": 0.1, "observed": 0.2, "low": 0.1, "high": 0.3, "count": 50}],
            "histogram": [50, 0],
        }
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network whose card says everything."""
    folder = write_model(tmp_path)
    path = folder / "card.toml"
    plain = 'stride = 16\noperating_rule = "Where both cross."\nbeside_name = "Published"\nlooked_at_summary = "At markers."\n'
    path.write_text(plain + path.read_text(encoding="utf-8") + ROWS, encoding="utf-8")
    return folder


def write_curves(folder: Path, **changes: Any) -> Card:
    """Curves beside the card, with the entries changed as named."""
    card = Card.read(folder)
    (folder / "curves.json").write_text(json.dumps({"sha256": card.sha256, **CURVES, **changes}), encoding="utf-8")
    return card


def test_a_card_tells_what_was_measured(folder: Path) -> None:
    card = Card.read(folder)
    assert card.beside_name == "Published"
    assert card.looked_at_summary == "At markers."
    assert card.figures[0] == Figure("a", "Mass", "AUROC", 0.8, 0.7, 1.0, 5, 9, None)
    assert isinstance(card.figures[0].high, float)
    assert card.figures[1].beside == 0.75
    assert card.outside == (Outside("a", "b", "Mass", 0.9, 0.8, 0.95, 0.6, 0.5, 0.7, 12, 88),)
    assert card.calibration == (Calibration("a", 0.9, 0.8, 1.1, -0.1, 0.02, 100),)
    assert card.operating == (Operating("validation", "Mass", 0.12, 0.7, 0.6, 0.8, 0.71, 0.69, 0.73, 40, 400),)
    assert card.stride == 16
    assert card.range_of("lrp", "Mass") == Range("lrp", "Mass", 0.31, "validation", 0.9, 240, 0.04, "")
    assert card.range_of("lrp", "Mass", "axial") is None
    assert card.range_of("cam", "Mass") is None
    assert card.operating_rule == "Where both cross."
    assert card.operating_points == (0.5, 0.5, 0.5)  # which would move probabilities, and is something else
    assert card.looked_at == (LookedAt("Mass", False, "00000001_000.png", 0.81, "The marker, by all methods."),)


def test_a_finding_is_called_from_its_point_on_and_from_one_half_without(folder: Path) -> None:
    card = Card.read(folder)
    assert (card.point("Mass"), card.pointed("Mass")) == (0.12, True)
    others = [finding for finding in card.findings if finding != "Mass"]
    assert others
    assert {(card.point(finding), card.pointed(finding)) for finding in others} == {(0.5, False)}


def test_a_probability_that_is_moved_to_one_half_is_called_from_there(folder: Path) -> None:
    card = Card.read(folder)
    other = next(finding for finding in card.findings if finding != "Mass")
    moved = replace(card, operating_points=tuple(0.03 if finding == other else 0.5 for finding in card.findings))
    assert (moved.point(other), moved.pointed(other)) == (0.5, True)


def test_a_card_without_them_says_nothing(tmp_path: Path) -> None:
    card = Card.read(write_model(tmp_path))
    assert (card.beside_name, card.outside, card.calibration, card.looked_at, card.looked_at_summary) == ("", (), (), (), "")
    assert Curves.read(card) is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value = 0.8", 'value = "0.8"', "figure: value"),
        ("value = 0.8", "value = nan", "figure: value"),
        ("value = 0.8", "value = true", "figure: value"),
        ("positives = 5", "positives = 5.0", "figure: positives"),
        ("positives = 5", "positives = -5", "figure: positives"),
        ("beside = 0.75", "besides = 0.75", "figure: besides"),
        ("outside_low = 0.5\n", "", "outside: outside_low"),
        ("ece = 0.02", "ece = inf", "calibration: ece"),
        ("right = false", "right = 0", "lookedat: right"),
        ("sensitivity = 0.7", "sensitivity = nan", "operating: sensitivity"),
        ("probability = 0.12", "probability = 1.0", "operating: Mass"),
        ('source = "validation"\nfinding = "Mass"\nprob', 'source = "validation"\nfinding = "Mars"\nprob', "operating: Mars"),
        ("[[ranges]]", OPERATING.replace("0.12", "0.13") + "[[ranges]]", "operating: Mass"),
        ("high = 0.31", "high = 0", "ranges: lrp, Mass"),
        ("evened = 0.04", "evened = -1.0", "ranges: lrp, Mass"),
        ('source = "validation"\nquantile', 'source = "test"\nquantile', "ranges: lrp, Mass"),
        ("cases = 240", "cases = 2.5", "range: cases"),
        ("stride = 16", "stride = -2", "stride"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(folder: Path, old: str, new: str, told: str) -> None:
    path = folder / "card.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelError, match=told):
        Card.read(folder)


def test_rows_are_tables(folder: Path) -> None:
    path = folder / "card.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text("calibration = [1]\n" + text.replace("[[calibration]]", "[[other]]"), encoding="utf-8")
    with pytest.raises(ModelError, match="not a table"):
        Card.read(folder)


def test_curves_are_read_as_written(folder: Path) -> None:
    points = ((0.0, 0.0), (0.2, 0.7), (1.0, 1.0))
    assert Curves.read(write_curves(folder)) == Curves(
        (Roc("a", "Mass", points, ((0.0, 0.0), (1.0, 1.0))),),
        (Reliability("a", (Bin(0.1, 0.2, 0.1, 0.3, 50),), (50, 0)),),
    )


def roc(**changes: Any) -> list[dict[str, Any]]:
    return [{**CURVES["roc"][0], **changes}]


def diagram(**changes: Any) -> list[dict[str, Any]]:
    return [{**CURVES["reliability"][0], **changes}]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sha256": "0" * 64}, "other weights"),
        ({"roc": roc(points=[[0, 0], [0.5, 0.9], [0.4, 0.95], [1, 1]])}, "rise"),
        ({"roc": roc(points=[[0, 0], [0.5, 1]])}, "rise"),
        ({"roc": roc(points=[])}, "rise"),
        ({"roc": roc(points=[[0, 0], [0.5, 1.2], [1, 1]])}, "1.2"),
        ({"roc": roc(points=[[0, 0], [0.5, "x"], [1, 1]])}, "'x'"),
        ({"roc": roc(points=[[0, 0, 0], [1, 1]])}, "ValueError"),
        ({"roc": roc(beside=[[0, 0], [0.5, 0.5]])}, "rise"),
        ({"roc": roc(finding=3)}, "roc"),
        ({"roc": roc(colour="red")}, "colour"),
        ({"roc": 3}, "TypeError"),
        ({"reliability": diagram(histogram=[1, -1])}, "histogram"),
        ({"reliability": diagram(histogram=[])}, "histogram"),
        ({"reliability": diagram(bins=[{**CURVES["reliability"][0]["bins"][0], "low": -0.5}])}, "-0.5"),
        ({"reliability": diagram(bins=[{"predicted": 0.1}])}, "bin: observed"),
        ({"reliability": diagram(more=1)}, "nothing else"),
    ],
)
def test_wrong_curves_are_refused(folder: Path, changes: dict[str, Any], told: str) -> None:
    card = write_curves(folder, **changes)
    with pytest.raises(ModelError, match=told):
        Curves.read(card)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 100_000, b"[]", b"{}", b" " * (LARGEST + 1), b'{"roc": NaN}'])
def test_what_is_no_file_of_curves_is_refused(folder: Path, data: bytes) -> None:
    (folder / "curves.json").write_bytes(data)
    with pytest.raises(ModelError, match="cannot be read"):
        Curves.read(Card.read(folder))
