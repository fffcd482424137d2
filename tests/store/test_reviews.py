"""Reviews: the latest one not withdrawn is in force; nothing that was said is lost."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.domain import VERDICTS, Localisation, Patient, Region, Shape
from app.errors import NotFound
from app.store import FLAG_SORTS, FlagQuery, Store, WorklistQuery, migrate
from app.store.migrating import downgrade
from tests.store.exams import CORONAL, exam_answer, stack_layer, stack_review, store_exam
from tests.store.films import answer, image, layer_id, raw, review, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study."""
    return store_file(store, tmp_path, study()).study_id


def in_force(store: Store, study_id: str) -> list[str]:
    with store.view() as tx:
        return [row.review.verdict for row in tx.reviews.of_study(study_id)]


def test_a_review_comes_back_as_it_was(store: Store, study_id: str) -> None:
    shapes = (Shape("ellipse", ((1.5, 2.0), (7.0, 8.0))), Shape("polygon", ((1.0, 1.0), (4.0, 1.0), (2.0, 5.25))))
    figures = {"cam": Localisation(1.0, 0.5, inf, 0.25), "lrp": Localisation(None, None, None, None)}
    given = review(region=Region(shapes), comment="under the clip", localisations=figures)
    judged = layer_id(store, study_id)
    with store.begin() as tx:
        added = tx.reviews.add(judged, given)
    with store.view() as tx:
        found = tx.reviews.get(added.id)
        assert tx.reviews.of_study(study_id) == (found,)
    assert found.review == given
    assert (found.study_id, found.withdrawn_at) == (study_id, None)


def test_a_later_verdict_replaces_and_undo_brings_the_earlier_back(store: Store, study_id: str) -> None:
    judged = layer_id(store, study_id)
    with store.begin() as tx:
        first = tx.reviews.add(judged, review(verdict="right"))
        second = tx.reviews.add(judged, review(verdict="wrong"))
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
        assert tx.reviews.get(second.id).review == second.review, "nothing that was said is lost"


def test_a_token_finds_what_was_sent_and_a_layer_the_verdict_in_force(store: Store, study_id: str) -> None:
    judged = layer_id(store, study_id)
    with store.begin() as tx:
        first = tx.reviews.add(judged, review(verdict="right"), sent_as="one")
        tx.reviews.add(judged, review(verdict="wrong"))
        assert tx.reviews.sent("one") == first
        assert tx.reviews.sent("two") is None
        now = tx.reviews.in_force(judged, "reader")
        assert now is not None
        assert now.review.verdict == "wrong"
        tx.reviews.withdraw(now.id)
        assert tx.reviews.in_force(judged, "reader") == first
        assert tx.reviews.in_force(judged, "second") is None
        tx.reviews.withdraw(first.id)
        assert tx.reviews.in_force(judged, "reader") is None
        assert tx.reviews.sent("one") is not None


def test_rectangles_of_before_are_regions_of_one_shape_and_back(bare: Settings, tmp_path: Path) -> None:
    migrate(bare)
    store = Store.open(bare)
    study_id = store_file(store, tmp_path, study()).study_id
    triangle = Shape("polygon", ((2.0, 1.0), (9.0, 3.5), (4.0, 7.0)))
    region = Region((triangle, Shape("ellipse", ((1.0, 2.0), (3.0, 5.0)))))
    judged, other = layer_id(store, study_id), layer_id(store, study_id, method="lrp")
    with store.begin() as tx:
        tx.reviews.add(judged, review(region=region))
        tx.reviews.add(other, review())
    downgrade(bare, "0001")
    with raw(bare) as connection:
        rows = connection.exec_driver_sql("select cast(region as text) from reviews order by number").scalars().all()
        assert rows == ["[1.0, 1.0, 9.0, 7.0]", None]
    migrate(bare)
    with store.view() as tx:
        old, none = (row.review for row in tx.reviews.of_study(study_id))
    store.close()
    assert (old.regions, old.localisations) == ({0: Region.rectangle(1.0, 1.0, 9.0, 7.0)}, {})
    assert none.regions == {}


def test_other_methods_findings_versions_and_readers_stand_side_by_side(store: Store, study_id: str) -> None:
    layers = [layer_id(store, study_id, **of) for of in ({}, {"method": "lrp"}, {"finding": "Mass"}, {"model": "other"})]
    with store.begin() as tx:
        for one in layers:
            tx.reviews.add(one, review())
        tx.reviews.add(layers[0], review(reader="second"))
        assert len(tx.reviews.of_study(study_id)) == 5
        assert tx.worklist.page(WorklistQuery()).rows[0].flags == 5
        tx.reviews.withdraw(tx.reviews.of_study(study_id)[0].id)
        assert tx.worklist.page(WorklistQuery()).rows[0].flags == 4
        assert tx.parties.readers() == ("second", "reader")


def test_a_review_of_nothing_is_refused(store: Store, study_id: str) -> None:
    judged = layer_id(store, study_id)
    with store.begin() as tx:
        with pytest.raises(NotFound):
            tx.reviews.add("aaaaaaaaaaaa", review())
        with pytest.raises(NotFound):
            tx.reviews.add(judged, stack_review(shown=1, regions={}))
        with pytest.raises(NotFound):
            tx.reviews.add(judged, stack_review(shown=0, regions={3: Region.rectangle(0, 0, 1, 1)}))


def test_a_verdict_on_a_stack_comes_back_with_its_regions_and_figures(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    given = stack_review(regions={0: Region.rectangle(0, 0, 2, 2), 1: Region.rectangle(1, 1, 3, 3)})
    with store.begin() as tx:
        judged = tx.layers.save(study_id, stack_layer())
        row = tx.reviews.add(judged.id, given, sent_as="t" * 20)
        stack = tx.stacks.get(judged.stack_id)
    assert row.review == given
    assert (row.review.regions, row.review.localisations) == (given.regions, given.localisations)
    assert (row.layer_id, row.stack_id, row.image_id) == (judged.id, stack.id, stack.images[1])
    assert (row.model, row.method, row.finding, row.kind, row.doubtful) == ("knee", "cam", "ACL tear", "relevance", False)
    with store.view() as tx:
        assert tx.reviews.sent("t" * 20) == row
        assert tx.reviews.of_study(study_id) == (row,)
        with pytest.raises(NotFound):
            tx.reviews.get("aaaaaaaaaaaa")


Found = Callable[..., list[str]]


@pytest.fixture(scope="module")
def flags(shared: Store, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Three verdicts about two studies; the function lists the verdicts for a query."""
    for number, name in enumerate(("Doe^Ann", "Kim^Bo")):
        one = study(
            image(f"1.{number}"),
            uid=f"1.{number}",
            patient=Patient(name, f"P{number}"),
            date=f"2026010{2 - number}",
            accession=f"A{number}",
        )
        store_file(shared, tmp_path_factory.getbasetemp(), one, content=bytes([number]))
    with shared.view() as tx:
        ids = {row.accession: row.id for row in tx.worklist.page(WorklistQuery()).rows}
    of = {number: ids[f"A{number}"] for number in range(2)}
    artefact = layer_id(shared, of[0], "1.0", model="b")
    right = layer_id(shared, of[1], "1.1", method="lrp", finding="Mass")
    wrong = layer_id(shared, of[0], "1.0", method="rap", finding="Edema")
    other = layer_id(shared, of[0], "1.0", method="saliency")
    with shared.begin() as tx:
        tx.reviews.add(artefact, review(verdict="artefact", reader="second"))
        tx.reviews.add(right, review(verdict="right"))
        tx.reviews.add(wrong, review(verdict="wrong", comment="Über dem 100% Clip"))
        gone = tx.reviews.add(other, review(verdict="uninformative", reader="third"))
        tx.reviews.withdraw(gone.id)

    def found(**query: Any) -> list[str]:
        with shared.view() as tx:
            page: list[str] = [row.row.review.verdict for row in tx.flags.page(FlagQuery(**query)).rows]
            assert query.keys() & {"number", "size"} or page == [
                row.row.review.verdict for row in tx.flags.export(FlagQuery(**query))
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


def test_a_flag_carries_what_the_network_said_and_where_it_comes_from(store: Store, study_id: str) -> None:
    nodule, effusion = layer_id(store, study_id, finding="Nodule"), layer_id(store, study_id, finding="Effusion")
    with store.begin() as tx:
        tx.reviews.add(nodule, review())
        tx.reviews.add(effusion, review())
        tx.answers.save(study_id, answer())
        second, first = tx.flags.page(FlagQuery()).rows
    assert (first.probability, first.row.layer_id) == (0.9, nodule)
    assert (second.probability, second.row.layer_id) == (None, effusion)
    assert (first.rows, first.columns, first.modality, first.patient.id) == (12, 10, "DX", "ID-7")
    source = first.provenance
    assert (source.study_uid, source.series_uid, source.sop_instance_uid, source.frame, source.file) == (
        "1.2.3", "1.2.3.0", "1.2.3.1", 0, "film.dcm",
    )  # fmt: skip


def test_flags_list_verdicts_on_films_and_stacks_together(store: Store, tmp_path: Path) -> None:
    film_study = store_file(store, tmp_path, study()).study_id
    study_id = store_exam(store, tmp_path)
    on_film = layer_id(store, film_study, finding="Nodule")
    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer())
        maps, lrp = tx.layers.save(study_id, stack_layer()), tx.layers.save(study_id, stack_layer(method="lrp"))
        tx.layers.save(study_id, stack_layer(CORONAL))
        film = tx.reviews.add(on_film, review(comment="a Scar"))
        stack = tx.reviews.add(maps.id, stack_review(verdict="right", comment="torn"))
        gone = tx.reviews.add(lrp.id, stack_review(verdict="partly"))

    def listed(**query: Any) -> list[str]:
        with store.view() as tx:
            page = [row.row.id for row in tx.flags.page(FlagQuery(**query)).rows]
            assert page == [row.row.id for row in tx.flags.export(FlagQuery(**query))]
            return page

    assert listed() == [gone.id, stack.id, film.id]
    assert listed(descending=False) == [film.id, stack.id, gone.id]
    assert listed(sort="verdict") == [film.id, gone.id, stack.id]
    assert listed(model="knee") == [gone.id, stack.id]
    assert listed(text="doe TORN") == [stack.id]
    assert listed(text="scar") == [film.id]
    with store.view() as tx:
        middle = tx.flags.page(FlagQuery(size=1, number=2))
        rows = {row.row.id: row for row in tx.flags.page(FlagQuery()).rows}
        choices = tx.flags.choices()
    assert ([row.row.id for row in middle.rows], middle.total) == ([stack.id], 3)
    one = rows[stack.id]
    assert (one.row.layer_id, one.plane, one.slices, one.current) == (maps.id, "sagittal", 3, True)
    assert one.probability == pytest.approx(0.880797)
    assert rows[film.id].probability is None
    assert one.row.review == stack.review
    assert one.regions == {stack.image_id: stack.review.regions[1]}
    assert choices.models == ("knee", "net")
    assert choices.findings == ("ACL tear", "Nodule")
    with store.begin() as tx:
        tx.reviews.withdraw(stack.id)
    assert listed() == [gone.id, film.id]
