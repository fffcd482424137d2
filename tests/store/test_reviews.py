"""Reviews: the latest one not withdrawn is in force; nothing that was said is lost."""

import sqlite3
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.domain import VERDICTS, Measures, Patient, Region, Shape
from app.errors import NotFound
from app.store import FLAG_SORTS, FlagQuery, Store, WorklistQuery, migrate
from app.store.migrating import downgrade
from tests.store.films import explanation, image, prediction, review, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study."""
    return store_file(store, tmp_path, study()).study_id


def in_force(store: Store, study_id: str) -> list[str]:
    with store.view() as tx:
        return [row.review.verdict for row in tx.reviews.of_study(study_id)]


def test_a_review_comes_back_as_it_was(store: Store, study_id: str) -> None:
    shapes = (Shape("ellipse", ((1.5, 2.0), (7.0, 8.0))), Shape("polygon", ((1.0, 1.0), (4.0, 1.0), (2.0, 5.25))))
    measures = {"cam": Measures(1.0, 0.5, inf, 0.25), "lrp": Measures(None, None, None, None)}
    given = review(region=Region(shapes), comment="under the clip", measures=measures)
    with store.begin() as tx:
        added = tx.reviews.add(given)
    with store.view() as tx:
        found = tx.reviews.get(added.id)
        assert tx.reviews.of_study(study_id) == (found,)
    assert found.review == given
    assert (found.study_id, found.withdrawn_at) == (study_id, None)


def test_a_later_verdict_replaces_and_undo_brings_the_earlier_back(store: Store, study_id: str, settings: Settings) -> None:
    with store.begin() as tx:
        first = tx.reviews.add(review(verdict="right"))
        second = tx.reviews.add(review(verdict="wrong"))
    assert in_force(store, study_id) == ["wrong"]
    with store.begin() as tx:
        assert tx.reviews.withdraw(second.id).withdrawn_at is not None
    assert in_force(store, study_id) == ["right"]
    with store.begin() as tx:
        tx.reviews.withdraw(first.id)
    assert in_force(store, study_id) == []
    with store.begin() as tx:
        once = tx.reviews.get(first.id).withdrawn_at
        assert tx.reviews.withdraw(first.id).withdrawn_at == once
    with sqlite3.connect(settings.var / "whylight.sqlite3") as raw:
        assert raw.execute("select count(*) from reviews").fetchone() == (2,)
    raw.close()


def test_a_token_finds_what_was_sent_and_a_map_the_verdict_in_force(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        first = tx.reviews.add(review(verdict="right"), sent_as="one")
        tx.reviews.add(review(verdict="wrong"))
        assert tx.reviews.sent("one") == first
        assert tx.reviews.sent("two") is None
        now = tx.reviews.in_force(first.image_id, first.review)
        assert now is not None
        assert now.review.verdict == "wrong"
        tx.reviews.withdraw(now.id)
        assert tx.reviews.in_force(first.image_id, first.review) == first
        tx.reviews.withdraw(first.id)
        assert tx.reviews.in_force(first.image_id, first.review) is None
        assert tx.reviews.sent("one") is not None


def test_rectangles_of_before_are_regions_of_one_shape_and_back(settings: Settings, tmp_path: Path) -> None:
    migrate(settings)
    store = Store.open(settings)
    study_id = store_file(store, tmp_path, study()).study_id
    triangle = Shape("polygon", ((2.0, 1.0), (9.0, 3.5), (4.0, 7.0)))
    with store.begin() as tx:
        tx.reviews.add(review(region=Region((triangle, Shape("ellipse", ((1.0, 2.0), (3.0, 5.0)))))))
        tx.reviews.add(review(method="lrp"))
    downgrade(settings, "0001")
    with sqlite3.connect(settings.var / "whylight.sqlite3") as raw:
        assert raw.execute("select region from reviews order by number").fetchall() == [("[1.0, 1.0, 9.0, 7.0]",), (None,)]
    raw.close()
    migrate(settings)
    with store.view() as tx:
        old, none = (row.review for row in tx.reviews.of_study(study_id))
    store.close()
    assert (old.region, old.measures) == (Region.rectangle(1.0, 1.0, 9.0, 7.0), {})
    assert none.region is None


def test_other_methods_findings_versions_and_readers_stand_side_by_side(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        for fields in ({}, {"method": "lrp"}, {"finding": "Mass"}, {"model": "other"}, {"reader": "second"}):
            tx.reviews.add(review(**fields))
        assert len(tx.reviews.of_study(study_id)) == 5
        assert tx.worklist.page(WorklistQuery()).rows[0].flags == 5
        tx.reviews.withdraw(tx.reviews.of_study(study_id)[0].id)
        assert tx.worklist.page(WorklistQuery()).rows[0].flags == 4


def test_a_review_of_nothing_is_refused(store: Store, study_id: str) -> None:
    with store.begin() as tx, pytest.raises(NotFound):
        tx.reviews.add(review("7.7"))


Found = Callable[..., list[str]]


@pytest.fixture(scope="module")
def flags(shared: Store, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Three verdicts about two studies; the function lists the verdicts for a query."""
    for number, name in enumerate(("Doe^Ann", "Kim^Bo")):
        one = study(image(f"1.{number}"), uid=f"1.{number}", patient=Patient(name, f"P{number}"), date=f"2026010{2 - number}")
        store_file(shared, tmp_path_factory.getbasetemp(), one, content=bytes([number]))
    with shared.begin() as tx:
        tx.reviews.add(review("1.0", verdict="artefact", reader="second", model="b"))
        tx.reviews.add(review("1.1", verdict="right", method="lrp", finding="Mass"))
        tx.reviews.add(review("1.0", verdict="wrong", method="rap", finding="Edema", comment="Über dem 100% Clip"))
        gone = tx.reviews.add(review("1.0", verdict="uninformative", method="saliency", reader="third"))
        tx.reviews.withdraw(gone.id)

    def found(**query: Any) -> list[str]:
        with shared.view() as tx:
            page: list[str] = [row.review.verdict for row in tx.flags.page(FlagQuery(**query)).rows]
            assert query.keys() & {"number", "size"} or page == [
                row.review.verdict for row in tx.flags.export(FlagQuery(**query))
            ]
            return page

    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["wrong", "right", "artefact"]),
        ({"verdict": "right"}, ["right"]),
        ({"method": "rap"}, ["wrong"]),
        ({"finding": "Mass"}, ["right"]),
        ({"model": "b"}, ["artefact"]),
        ({"reader": "second"}, ["artefact"]),
        ({"reader": "third"}, []),
        ({"text": "kim"}, ["right"]),
        ({"text": "clip doe"}, ["wrong"]),
        ({"text": "100%"}, ["wrong"]),
        ({"text": "%"}, ["wrong"]),
        ({"text": "doe", "verdict": "artefact"}, ["artefact"]),
        ({"size": 2, "number": 2}, ["artefact"]),
        ({"size": 2, "number": 9}, ["artefact"]),
    ],
)
def test_flags_are_filtered_and_paged(flags: Found, query: dict[str, Any], expected: list[str]) -> None:
    assert flags(**query) == expected


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("created", ["artefact", "right", "wrong"]),
        ("patient", ["artefact", "wrong", "right"]),
        ("study date", ["right", "artefact", "wrong"]),
        ("verdict", ["right", "wrong", "artefact"]),
        ("method", ["artefact", "right", "wrong"]),
        ("finding", ["wrong", "right", "artefact"]),
    ],
)
def test_flags_are_sorted_both_ways(flags: Found, sort: str, ascending: list[str]) -> None:
    assert sort in FLAG_SORTS
    assert flags(sort=sort, descending=False) == ascending
    assert flags(sort=sort, descending=True) == ascending[::-1]


def test_the_filters_offer_what_occurs(flags: Found, shared: Store) -> None:
    with shared.view() as tx:
        choices = tx.flags.choices()
    assert choices.verdicts == ("artefact", "right", "wrong")
    assert (choices.methods, choices.findings) == (("cam", "lrp", "rap"), ("Edema", "Mass", "Nodule"))
    assert (choices.models, choices.readers) == (("b", "net"), ("reader", "second"))
    assert set(choices.verdicts) <= set(VERDICTS)


def test_a_flag_carries_what_the_network_said_and_the_map_it_is_about(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.reviews.add(review(finding="Nodule"))
        tx.reviews.add(review(finding="Effusion"))
        tx.predictions.save(study_id, prediction())
        tx.explanations.save(study_id, explanation(parameters={"old": True}))
        newest = tx.explanations.save(study_id, explanation(parameters={"new": True}))
        effusion, nodule = tx.flags.page(FlagQuery()).rows
    assert (nodule.probability, nodule.explanation_id) == (0.9, newest.id)
    assert (effusion.probability, effusion.explanation_id) == (None, None)
    assert (nodule.rows, nodule.columns, nodule.modality, nodule.patient.id) == (12, 10, "DX", "ID-7")
