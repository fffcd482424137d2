"""Probability and call are two things: what the card's point and the reader's say of an answer, in words and figures."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.classifiers.card import Card
from app.classifiers.curves import Calls, Curves
from app.classifiers.measured import Operating
from app.domain import OperatingPoint
from app.evaluation.intervals import wilson
from app.web import calling, estimates
from tests.classifiers.conftest import write_model

CURVE = Calls("nih", "Mass", ((0.0, 1.0, 0.0), (0.1, 0.8, 0.6), (0.3, 0.4, 0.9), (1.0, 0.0, 1.0)), 50, 200)


def english(text: str, **values: object) -> str:
    return text % values if values else text


@pytest.fixture
def card(tmp_path: Path) -> Card:
    rows = (
        Operating("validation", "Mass", 0.1, 0.9, 0.8, 0.95, 0.8, 0.78, 0.82, 40, 400),
        Operating("nih", "Mass", 0.1, 0.7, 0.6, 0.8, 0.75, 0.7, 0.8, 50, 200),
    )
    return replace(Card.read(write_model(tmp_path)), operating=rows)


def test_a_card_says_from_where_on_and_a_reader_may_say_otherwise(card: Card) -> None:
    point = card.operating_point("Mass", card.sha256)
    assert (point.at, point.by, point.calls(0.1), point.calls(0.099)) == (0.1, "card", True, False)
    moved = card.operating_point("Mass", card.sha256, 0.3)
    assert (moved.at, moved.card, moved.by, moved.calls(0.1)) == (0.3, 0.1, "reader", False)


def test_a_card_says_nothing_of_other_findings_and_other_versions(card: Card) -> None:
    other = next(finding for finding in card.findings if finding != "Mass")
    for point in (card.operating_point(other, card.sha256), card.operating_point("Mass", "0" * 64)):
        assert (point, point.at, point.by) == (OperatingPoint(None, None), 0.5, "")
        assert calling.sentence(point, english) == "No operating point on the card: called from 0.5 on."


def test_the_sentence_says_who_moved_it_and_where_the_card_has_it(card: Card) -> None:
    assert [estimates.point(point) for point in (0.0034567, 0.9999, 0.5)] == ["0.346 %", "99.99 %", "50 %"]
    assert calling.sentence(OperatingPoint(0.082), english) == "Called from 8.2 % on, by the card."
    said = calling.sentence(OperatingPoint(0.082, 0.035), english)
    assert said == "Called from 3.5 % on: moved by the reader (card: 8.2 %)."
    assert "no operating point on the card" in calling.sentence(OperatingPoint(None, 0.035), english)


def test_what_a_point_does_is_told_of_other_patients_first(card: Card) -> None:
    told = calling.does(card, Curves((), ()), "Mass", OperatingPoint(0.1))
    assert [(row.source, row.sensitivity[0]) for row in told] == [("nih", 0.7), ("validation", 0.9)]
    assert "On other patients (nih): sensitivity 70 % (60–80), specificity 75 % (70–80)" in calling.worth(told[0], english)
    assert calling.worth(told[1], english).startswith("Where it was chosen:")
    drawn = calling.worth(replace(told[0], source="phantoms"), english)
    assert drawn.startswith("On other phantoms: sensitivity 70 %"), "nobody is a patient there"


def test_what_a_moved_point_does_is_read_off_the_curve(card: Card) -> None:
    (row,) = calling.does(card, Curves((), (), (CURVE,)), "Mass", OperatingPoint(0.1, 0.2))
    assert [row.sensitivity[0], row.specificity[0]] == pytest.approx([0.6, 0.75])
    assert row.sensitivity[1:] == wilson(30, 50)
    assert CURVE.at(0.1) == (0.8, 0.6)
    assert CURVE.at(1.0) == (0.0, 1.0)
    assert calling.does(card, Curves((), ()), "Mass", OperatingPoint(0.1, 0.2)) == (), "without a curve nobody knows"


def test_a_moved_point_of_a_network_without_curves_says_that_nobody_knows(card: Card) -> None:
    """Its card tells what its own point does; nothing tells what another one does."""
    empty = Curves((), ())
    still = calling.shown(card, card.sha256, OperatingPoint(0.2, None), "Mass", empty, english)
    moved = calling.shown(card, card.sha256, OperatingPoint(0.2, 0.4), "Mass", empty, english)
    assert not any("is not known" in sentence for sentence in still.worth)
    assert [sentence[:42] for sentence in moved.worth] == ["What calling from there does is not known:"]
