"""What guards said: kept exactly, one per image and network, and the worst of a study shown in the worklist."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain import Inspection
from app.errors import NotFound
from app.store import Store, WorklistQuery
from tests.store.films import SHA, image, store_file, study

REFUSED = Inspection("1.2.3.1", 0, "net", "guard", SHA, "refused", ("It is blank.",), 0.01, 3.5)


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    return store_file(store, tmp_path, study(image(frame=0), image(frame=1, seed=1))).study_id


def caution(store: Store) -> str:
    with store.view() as tx:
        return tx.worklist.page(WorklistQuery()).rows[0].caution


def test_an_inspection_comes_back_as_it_was(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        saved = tx.inspections.save(study_id, REFUSED)
    with store.view() as tx:
        assert tx.inspections.of_study(study_id) == (saved,)
        assert tx.inspections.of_image(saved.image_id) == (saved,)
    assert saved.inspection == REFUSED


def test_what_it_remarks_and_the_field_come_back_too(store: Store, study_id: str) -> None:
    said = replace(REFUSED, verdict="ok", reasons=(), remarks=("It is framed.", "It is mirrored."), field=(4, 6, 10, 12))
    with store.begin() as tx:
        assert tx.inspections.save(study_id, said).inspection == said
    with store.view() as tx:
        (row,) = tx.inspections.of_study(study_id)
    assert row.inspection == said
    with store.begin() as tx:
        assert tx.inspections.save(study_id, REFUSED).inspection.field is None


def test_the_newest_of_a_network_replaces_the_one_before(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        first = tx.inspections.save(study_id, REFUSED)
        again = tx.inspections.save(study_id, replace(REFUSED, insisted=True))
        tx.inspections.save(study_id, replace(REFUSED, model="other"))
    assert first.id == again.id
    with store.view() as tx:
        assert [(row.inspection.model, row.inspection.insisted) for row in tx.inspections.of_study(study_id)] == [
            ("net", True),
            ("other", False),
        ]


def test_the_worklist_shows_the_worst(store: Store, study_id: str) -> None:
    assert caution(store) == ""
    for given, shown in (
        (replace(REFUSED, frame=1, verdict="ok", reasons=()), "ok"),
        (REFUSED, "refused"),
        (replace(REFUSED, insisted=True), "insisted"),
        (replace(REFUSED, verdict="ok", reasons=()), "ok"),
    ):
        with store.begin() as tx:
            tx.inspections.save(study_id, given)
        assert caution(store) == shown


def test_an_image_of_another_study_is_refused(store: Store, study_id: str) -> None:
    with store.begin() as tx, pytest.raises(NotFound):
        tx.inspections.save("nothing", REFUSED)
    with store.begin() as tx, pytest.raises(NotFound):
        tx.inspections.save(study_id, replace(REFUSED, sop_instance_uid="9.9"))
