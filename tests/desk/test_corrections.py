"""Stacks that readers split and joined: new ones beside the old, whose answers stay with them, and all of it taken back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app import reading
from app.classifiers.registry import Registry
from app.desk import corrections
from app.desk.corrections import Wish
from app.errors import InputError, NotFound
from app.stacks import regrouping
from app.store import CorrectionRow, RegroupingRow, StackRow, Store
from tests.exams import write_exam_network
from tests.store.exams import SAGITTAL, SLICES, exam_answer, knee, slice_of, stack_layer, stack_review, store_exam
from tests.store.films import store_file, study
from tests.store.test_joining import send
from tests.store.test_stacks import keep, stacks


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """One network, which reads knees."""
    write_exam_network(tmp_path / "networks", phantom=False)
    return Registry(tmp_path / "networks")


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam of two planes of three slices, whose sagittal stack was answered, explained and judged."""
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer())
        tx.reviews.add(tx.layers.save(study_id, stack_layer()).id, stack_review())
    return study_id


def split(store: Store, registry: Registry, row: StackRow, at: int, reader: str = "Kim") -> RegroupingRow:
    wish = Wish("split", (row.id,), row.images[at])
    return corrections.regroup(store, registry, row.study_id, wish, reader)[0]


def join(store: Store, registry: Registry, rows: Sequence[StackRow]) -> RegroupingRow:
    return corrections.regroup(store, registry, rows[0].study_id, Wish("join", tuple(row.id for row in rows)), "Kim")[0]


def test_a_split_makes_two_stacks_beside_the_old_and_taking_it_back_the_old_one(
    store: Store, registry: Registry, exam: str
) -> None:
    old, coronal = stacks(store, exam)
    word = split(store, registry, old, 1)
    first, second, other = stacks(store, exam)
    assert ((*first.images, *second.images), other.id) == (old.images, coronal.id)
    assert [row.number for row in (first, second)] == [0, 1]
    assert [odd.template for odd in first.oddities] == [regrouping.SPLIT.template]
    with store.view() as tx:
        assert [row.id for row in tx.stacks.of_study(exam, earlier=True) if not row.current] == [old.id]
        (review,) = tx.reviews.of_study(exam)
        (answer,) = tx.answers.of_study(exam)
        assert (review.stack_id, answer.current, tx.layers.of_stack(first.id)) == (old.id, False, ())
        assert tx.stacks.of_image(old.images[2]).id == second.id
    back, again = corrections.take_back(store, registry, exam, word.id, "Lee")
    assert (back.reader, back.withdrawn_by, again) == ("Kim", "Lee", True)
    assert [row.id for row in stacks(store, exam, earlier=True)] == [old.id, coronal.id], "nobody said anything of the parts"
    with store.view() as tx:
        assert tx.answers.of_study(exam)[0].current
        assert tx.regroupings.of_study(exam) == ()
        assert tx.regroupings.of_study(exam, withdrawn=True) == (back,)
    assert corrections.take_back(store, registry, exam, word.id, "Park") == (back, False)


def test_what_was_corrected_of_a_stack_holds_for_its_parts(store: Store, registry: Registry, exam: str) -> None:
    (old, _) = stacks(store, exam)
    with store.begin() as tx:
        tx.stacks.correct(old.id, CorrectionRow(weighting="PD"))
    split(store, registry, old, 1)
    assert [row.weighting for row in stacks(store, exam)] == ["PD", "PD", ""]


def test_slices_that_come_later_go_to_their_part(store: Store, registry: Registry, exam: str, tmp_path: Path) -> None:
    (old, _) = stacks(store, exam)
    split(store, registry, old, 1)
    keep(store, tmp_path, slice_of(SAGITTAL, SLICES))  # farthest to the left, where the stack begins
    first, second, _ = stacks(store, exam)
    assert [len(row.images) for row in (first, second)] == [2, 2]
    assert first.images[1:] + second.images == old.images


def test_series_are_joined_and_networks_read_them_as_one(store: Store, registry: Registry, exam: str, tmp_path: Path) -> None:
    for number in range(SLICES, SLICES + 2):
        one = knee(replace(slice_of(SAGITTAL, number), sop_instance_uid=f"1.8.{number}"), series_uid="1.8")
        store_file(store, tmp_path, one, b"%d" % number, f"{number}.dcm")
    rows = stacks(store, exam)
    assert [len(row.images) for row in rows] == [SLICES, SLICES, 2]
    word = join(store, registry, (rows[0], rows[2]))
    whole, coronal = stacks(store, exam)
    assert (whole.images, whole.series_id) == (rows[2].images + rows[0].images, rows[0].series_id)
    assert coronal.id == rows[1].id
    with store.view() as tx:
        told = tx.studies.get(exam)
        (found,) = reading.readings(told, registry, None, reading.Words(regroupings=tx.regroupings.in_force(exam)))
        (job,) = [row for row in [tx.jobs.of_study(exam)] if row]
    assert {one.fingerprint for one in found.stacks} == {whole.fingerprint, coronal.fingerprint}
    assert (job.kind, job.state) == ("analyse", "queued")
    corrections.take_back(store, registry, exam, word.id, "Kim")
    assert [row.fingerprint for row in stacks(store, exam)] == [row.fingerprint for row in rows]


def test_what_was_put_together_is_taken_apart_and_joined_by_hand(store: Store, registry: Registry, tmp_path: Path) -> None:
    study_id = send(store, tmp_path, range(1, 5))
    (whole,) = stacks(store, study_id)
    corrections.regroup(store, registry, study_id, Wish("single", (whole.id,)), "Kim")
    alone = stacks(store, study_id)
    assert [row.images for row in alone] == [(image,) for image in whole.images]
    join(store, registry, alone)
    assert [row.images for row in stacks(store, study_id)] == [whole.images]


def test_what_cannot_be_split_or_joined_says_why(store: Store, registry: Registry, exam: str, tmp_path: Path) -> None:
    sagittal, coronal = stacks(store, exam)
    film = store_file(store, tmp_path, study()).study_id

    def why(*names: str, kind: str = "join", image: str = "", of: str = exam) -> str:
        with pytest.raises(InputError) as refused:
            corrections.regroup(store, registry, of, Wish(kind, names, image), "Kim")  # type: ignore[arg-type]
        return refused.value.template

    assert why(sagittal.id, sagittal.id) == corrections.TWO_STACKS
    assert why(sagittal.id, coronal.id) == regrouping.TURNED
    assert why(sagittal.id, kind="split", image=sagittal.images[0]) == corrections.FIRST_SLICE
    assert why(sagittal.id, kind="split", image=coronal.images[1]) == corrections.NO_SUCH_SLICE
    assert why(sagittal.id, coronal.id, kind="split", image=coronal.images[1]) == corrections.ONE_STACK
    assert why(sagittal.id, kind="single") == corrections.NOT_PUT_TOGETHER
    assert why(stacks(store, film)[0].id, of=film) == corrections.NO_STACK
    split(store, registry, sagittal, 1)
    assert why(sagittal.id, kind="split", image=sagittal.images[2]) == corrections.NOT_NOW
    with pytest.raises(NotFound):
        corrections.take_back(store, registry, film, "aaaaaaaaaaaa", "Kim")
    with pytest.raises(NotFound):
        corrections.regroup(store, registry, film, Wish("split", (sagittal.id,), sagittal.images[1]), "Kim")
    with store.view() as tx:
        assert len(tx.regroupings.of_study(exam)) == 1, "what is refused leaves no word"
