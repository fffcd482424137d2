"""The worklist: searched, filtered, sorted and paged by the database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain import Patient
from app.store import STUDY_STATES, WORKLIST_SORTS, Store, WorklistQuery
from tests.store.films import answer, image, layer, review, store_file, study

Names = Callable[..., list[str]]


@pytest.fixture(scope="module")
def names(shared: Store, tmp_path_factory: pytest.TempPathFactory) -> Names:
    """Four studies; the function lists the patients' names for a query."""
    for number, (name, patient_id, date, modality, description, phantom) in enumerate(
        [
            ("Åberg^Siv", "P_1", "20260103", "DX", "Chest PA", False),
            ("kim^Minji", "P-2", "20260101", "CR", "Chest AP 100%", False),
            ("PHANTOM^CHEST 1", "PH1", "", "DX", "Phantom", True),
            ("Doe^John", "PX1", "20260102", "MR", "Knee", False),
        ]
    ):
        one = study(
            image(f"1.{number}"), uid=f"1.{number}", modality=modality, description=description, date=date, phantom=phantom,
            patient=Patient(name, patient_id), accession=f"ACC{number}",
        )  # fmt: skip
        added = store_file(shared, tmp_path_factory.getbasetemp(), one, content=bytes([number]))
        if number < 2:
            with shared.begin() as tx:
                tx.answers.save(added.study_id, answer(f"1.{number}", scores={"Mass": 0.3 + number / 10}))
        if number == 1:
            with shared.begin() as tx:
                tx.reviews.add(tx.layers.save(added.study_id, layer(f"1.{number}")).id, review())
                tx.jobs.analyse(added.study_id)
                job = tx.jobs.claim("me", 60)
                assert job is not None
                tx.jobs.finish(job.id, "me")

    def found(**query: Any) -> list[str]:
        with shared.view() as tx:
            return [row.patient.name.partition("^")[0] for row in tx.worklist.page(WorklistQuery(**query)).rows]

    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ÅBERG", ["Åberg"]),
        ("minji kim", ["kim"]),
        ("kim^minji", ["kim"]),
        ("acc3", ["Doe"]),
        ("knee doe", ["Doe"]),
        ("knee kim", []),
        ("P_1", ["Åberg"]),
        ("100%", ["kim"]),
        ("%", ["kim"]),
        ("_", ["Åberg"]),
        ("'; drop table studies; --", []),
        ("\\", []),
    ],
)
def test_search_finds_words_and_takes_wildcards_as_they_are(names: Names, text: str, expected: list[str]) -> None:
    assert names(text=text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"modality": "DX"}, ["PHANTOM", "Åberg"]),
        ({"modality": "XX"}, []),
        ({"phantom": True}, ["PHANTOM"]),
        ({"phantom": False}, ["Doe", "kim", "Åberg"]),
        ({"flagged": True}, ["kim"]),
        ({"flagged": False}, ["Doe", "PHANTOM", "Åberg"]),
        ({"state": "done"}, ["kim"]),
        ({"state": "waiting"}, ["Doe", "PHANTOM", "Åberg"]),
        ({"state": "waiting", "modality": "DX", "phantom": False}, ["Åberg"]),
    ],
)
def test_filters_narrow_the_list(names: Names, query: dict[str, Any], expected: list[str]) -> None:
    assert names(**query) == expected


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("received", ["Åberg", "kim", "PHANTOM", "Doe"]),
        ("study date", ["PHANTOM", "kim", "Doe", "Åberg"]),
        ("patient", ["Doe", "kim", "PHANTOM", "Åberg"]),
        ("state", ["Åberg", "PHANTOM", "Doe", "kim"]),
        ("probability", ["PHANTOM", "Doe", "Åberg", "kim"]),
        ("flags", ["Åberg", "PHANTOM", "Doe", "kim"]),
    ],
)
def test_every_order_goes_both_ways(names: Names, sort: str, ascending: list[str]) -> None:
    assert sort in WORKLIST_SORTS
    assert names(sort=sort, descending=False) == ascending
    assert names(sort=sort, descending=True) == ascending[::-1]


def test_pages_cover_the_list_and_a_page_beyond_is_the_last(names: Names, shared: Store) -> None:
    assert names(size=3, number=1) + names(size=3, number=2) == names()
    with shared.view() as tx:
        page = tx.worklist.page(WorklistQuery(size=3, number=99))
        assert (page.number, page.pages, page.total, page.size, len(page.rows)) == (2, 2, 4, 3, 1)
        empty = tx.worklist.page(WorklistQuery(text="nobody", number=0))
        assert (empty.number, empty.pages, empty.total) == (1, 1, 0)
        assert tx.worklist.modalities() == ("CR", "DX", "MR")


def test_films_without_modality_offer_none_and_studies_have_titles(store: Store, tmp_path: Path) -> None:
    film = study(image("1.1"), uid="1.1", modality="", description="film.png", patient=Patient())
    added = store_file(store, tmp_path, film, content=b"1")
    other = store_file(store, tmp_path, study(image("1.2"), uid="1.2", patient=Patient("Doe^John")), content=b"2")
    with store.view() as tx:
        assert tx.worklist.modalities() == ("DX",)
        titles = tx.worklist.titles([added.study_id, other.study_id, "aaaaaaaaaaaa"])
    assert titles[added.study_id] == ("", "film.png")
    assert titles[other.study_id][0] == "Doe^John"
    assert len(titles) == 2


def test_a_row_tells_what_the_list_shows(store: Store, tmp_path: Path) -> None:
    for number in range(3):
        frame = image(f"1.{number}", seed=number)
        added = store_file(store, tmp_path, study(frame, date="20260101", accession="A"), content=bytes([number]))
    store_file(store, tmp_path, study(image("1.9"), series_uid="1.2.3.9", modality="CR"), content=b"9")
    with store.begin() as tx:
        tx.answers.save(added.study_id, answer("1.0", scores={"Mass": 0.2, "Nodule": 0.9, "Edema": 0.5, "Hernia": 0.1}))
        tx.answers.save(added.study_id, answer("1.1", scores={"Mass": 0.7, "Nodule": 0.3, "Edema": 0.4, "Hernia": 0.1}))
        tx.answers.save(added.study_id, answer("1.1", scores={"Hernia": 0.99}, model="other"), headline=False)
        row = tx.worklist.page(WorklistQuery()).rows[0]
        images = tx.studies.get(added.study_id).images
    assert (row.modality, row.images, row.flags, row.state, row.accession) == ("CR/DX", 4, 0, "waiting", "A")
    assert [(score.finding, score.probability) for score in row.top] == [("Nodule", 0.9), ("Mass", 0.7), ("Edema", 0.5)]
    assert row.thumbnail == images[1].id
    assert row.state in STUDY_STATES
    assert row.received_at.utcoffset() is not None
