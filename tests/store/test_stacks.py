"""Stacks are what their images make them: what was said of one never ends up on other slices."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from app.domain import Image
from app.errors import NotFound
from app.store import CorrectionRow, StackRow, Store
from tests.store.exams import (
    CORONAL,
    SAGITTAL,
    SLICES,
    exam_answer,
    knee,
    part,
    slice_of,
    stack,
    stack_layer,
    stack_review,
    store_exam,
)
from tests.store.films import answer, film, image, store_file, study


def echo(number: int, time: float) -> Image:
    """One slice of an echo."""
    one = slice_of(SAGITTAL, number)
    return replace(one, sop_instance_uid=f"{SAGITTAL}.{time:g}.{number}", echo_time=time)


def keep(store: Store, tmp_path: Path, *images: Image) -> str:
    """Store slices of one series, a file each."""
    study_id = ""
    for one in images:
        study_id = store_file(store, tmp_path, knee(one), one.sop_instance_uid.encode(), one.sop_instance_uid).study_id
    return study_id


def stacks(store: Store, study_id: str, *, earlier: bool = False) -> tuple[StackRow, ...]:
    with store.view() as tx:
        return tx.stacks.of_study(study_id, earlier=earlier)


def times(store: Store, row: StackRow) -> list[float | None]:
    """The echo times of a stack's slices."""
    with store.view() as tx:
        return [tx.studies.image(one).echo_time for one in row.images]


def test_a_film_is_a_stack_of_one(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study(image(frame=0), image(frame=1, seed=1))).study_id
    first, second = stacks(store, study_id)
    assert (first.fingerprint, second.fingerprint) == (film(), film(frame=1))
    assert [len(row.images) for row in (first, second)] == [1, 1]
    with store.view() as tx:
        assert tx.stacks.of_image(second.images[0]) == second == tx.stacks.get(second.id)
        assert tx.stacks.find(study_id, second.id) == second == tx.stacks.find(study_id, f"{second.series_id}-1")
        assert tx.stacks.of_fingerprint(study_id, film()) == first
        for name in ("aaaaaaaaaaaa", f"{second.series_id}-2", f"{second.series_id}-x", "", "-", f"{second.series_id}-²"):
            with pytest.raises(NotFound):
                tx.stacks.find(study_id, name)


def test_what_was_said_of_an_echo_stays_with_it_when_an_earlier_one_comes(store: Store, tmp_path: Path) -> None:
    """Seen: a series held echo 80; it was analysed and judged; echo 15 came later, and the answer, the maps and the verdict
    about echo 80 stood at echo 15."""
    study_id = keep(store, tmp_path, *(echo(number, 80.0) for number in range(SLICES)))
    (late,) = stacks(store, study_id)
    told = replace(exam_answer(), parts=(replace(part(), stack=late.fingerprint),))
    with store.begin() as tx:
        tx.answers.save(study_id, told)
        judged = tx.layers.save(study_id, stack_layer(stack=late.fingerprint))
        verdict = tx.reviews.add(judged.id, stack_review())
        tx.stacks.correct(late.id, CorrectionRow(plane="coronal"))
    keep(store, tmp_path, *(echo(number, 15.0) for number in range(SLICES)))
    early, still = stacks(store, study_id)
    assert (early.number, still.number, still.id) == (0, 1, late.id)
    assert (times(store, early), times(store, still)) == ([15.0] * SLICES, [80.0] * SLICES)
    with store.view() as tx:
        assert not tx.answers.of_stack(early.id)
        assert not tx.layers.of_stack(early.id)
        assert tx.answers.of_stack(late.id)[0].current
        (review,) = tx.reviews.of_study(study_id)
        assert (review.id, review.stack_id) == (verdict.id, late.id)
        assert tx.studies.image(review.image_id).echo_time == 80.0
    assert (early.plane, still.plane) == ("sagittal", "coronal")


def test_a_stack_that_grew_is_another_one_beside_the_old(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    old, coronal = stacks(store, study_id)
    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer())
        tx.layers.save(study_id, stack_layer())
        tx.stacks.correct(old.id, CorrectionRow(weighting="PD", used=True))
    keep(store, tmp_path, slice_of(SAGITTAL, SLICES))
    new, same = stacks(store, study_id)
    assert (len(new.images), same.id) == (SLICES + 1, coronal.id)
    assert new.correction == CorrectionRow(weighting="PD", used=True), "what was said of all its slices holds"
    everything = stacks(store, study_id, earlier=True)
    assert [(row.id, row.current) for row in everything] == [(new.id, True), (old.id, False), (coronal.id, True)]
    assert everything[1].superseded_at is not None
    assert everything[1].images == old.images
    with store.view() as tx:
        (said,) = tx.answers.of_study(study_id)
        assert not said.current
        assert tx.layers.of_stack(new.id) == ()
        assert len(tx.layers.of_stack(old.id)) == 1
        assert tx.stacks.of_image(old.images[0]).id == new.id


def test_a_stack_of_which_nobody_said_anything_leaves_no_trace(store: Store, tmp_path: Path) -> None:
    study_id = keep(store, tmp_path, *(slice_of(SAGITTAL, number) for number in range(SLICES)))
    (row,) = stacks(store, study_id, earlier=True)
    assert (row.fingerprint, row.number, row.plane, row.between) == (stack(), 0, "sagittal", 4.0)


def test_images_that_come_while_stacks_are_made_are_taken_in(store: Store, tmp_path: Path) -> None:
    study_id = keep(store, tmp_path, slice_of(SAGITTAL, 0))
    with store.view() as tx:
        (series,) = tx.studies.get(study_id).series
    path = tmp_path / "late"
    path.write_bytes(b"late")
    with store.begin() as tx:
        tx.studies.add(store.stage(knee(slice_of(SAGITTAL, 1)), "late", path))
        assert not tx.stacks.settle((series,), study_id, ()), "a picture of before changes nothing"
    with store.view() as tx:
        assert tx.stacks.unsorted(study_id) == (series.id,)
    store.arrange(study_id)
    (row,) = stacks(store, study_id)
    assert len(row.images) == 2


def test_corrections_replace_one_another_and_nothing_takes_them_back(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    (row, *_) = stacks(store, study_id)
    with store.begin() as tx:
        assert tx.stacks.correct(row.id, CorrectionRow(plane="axial", weighting="T1", used=False))
        assert not tx.stacks.correct(row.id, CorrectionRow(plane="axial", weighting="T1", used=False))
        there = tx.stacks.get(row.id)
        assert (there.plane, there.weighting, there.used) == ("axial", "T1", False)
        assert tx.stacks.correct(row.id, CorrectionRow())
        assert tx.stacks.get(row.id) == row
        with pytest.raises(NotFound):
            tx.stacks.correct("aaaaaaaaaaaa", CorrectionRow(used=True))


def test_one_image_is_read_by_one_statement(store: Store, tmp_path: Path) -> None:
    """Seen: one request for one slice's pixels built the rows of the whole study."""
    study_id = store_exam(store, tmp_path)
    with store.view() as tx:
        image_id = tx.studies.get(study_id).images[-1].id
    said: list[str] = []
    engine = store._readers
    event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    def asked() -> list[str]:
        return [one for one in said if one.startswith("SELECT")]

    with store.view() as tx:
        assert tx.studies.image(image_id).id == image_id
    assert len(asked()) == 1
    said.clear()
    with store.view() as tx:
        tx.jobs.of_study(study_id)
    assert len(asked()) == 1


def test_both_answers_are_told_apart_by_their_stacks(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx, pytest.raises(NotFound):
        tx.answers.save(study_id, answer("1.9.1.0"))
    with store.view() as tx:
        assert {row.fingerprint for row in tx.stacks.of_study(study_id)} == {stack(), stack(CORONAL)}
