"""Answers about films and exams: one per network version and the stacks that it read, kept as they are."""

from pathlib import Path

import pytest

from app.errors import NotFound
from app.store import LayerRow, Store, WorklistQuery
from tests.store.exams import CORONAL, SLICES, exam_answer, part, score, stack, stack_layer, stack_review, store_exam
from tests.store.films import answer, image, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study of two frames."""
    return store_file(store, tmp_path, study(image(frame=0), image(frame=1, seed=1))).study_id


def test_an_answer_comes_back_as_it_was(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        saved = tx.answers.save(study_id, answer(frame=1))
    with store.view() as tx:
        second = tx.stacks.of_image(tx.studies.get(study_id).images[1].id)
        assert tx.answers.of_stack(second.id) == (saved,) == (tx.answers.get(saved.id),)
    assert saved.answer == answer(frame=1)
    assert (saved.study_id, saved.stacks, saved.current) == (study_id, (second.id,), True)


def test_the_same_network_version_has_one_answer_and_the_newest_is_first(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        first = tx.answers.save(study_id, answer())
        again = tx.answers.save(study_id, answer(scores={"Mass": 0.25}))
        newer = tx.answers.save(study_id, answer(model_sha256="cd" * 32))
        other = tx.answers.save(study_id, answer(frame=1))
    assert first.id == again.id
    with store.view() as tx:
        assert [row.id for row in tx.answers.of_study(study_id)] == [newer.id, first.id, other.id]
        assert tx.answers.get(first.id).answer.scores[0].probability == 0.25


def test_the_worklist_shows_the_network_that_was_chosen(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        tx.answers.save(study_id, answer(model="by-name", scores={"Mass": 0.9}), headline=False)
        assert [score.finding for score in tx.worklist.page(WorklistQuery()).rows[0].top] == ["Mass"]
        tx.answers.save(study_id, answer(model="chosen", model_sha256="cd" * 32, scores={"Edema": 0.1}))
        tx.answers.save(study_id, answer(model="by-name", scores={"Mass": 0.95}), headline=False)
        assert [score.finding for score in tx.worklist.page(WorklistQuery()).rows[0].top] == ["Edema"]


def test_an_answer_about_an_exam_comes_back_whole_and_is_replaced(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    said = exam_answer()
    with store.begin() as tx:
        first = tx.answers.save(study_id, said)
        assert first.answer == said
        tx.answers.save(study_id, exam_answer(model_sha256="ef" * 32))
    with store.begin() as tx:
        again = tx.answers.save(study_id, exam_answer(scores=(score("ACL tear", 0.0),)))
        fewer = tx.answers.save(study_id, exam_answer(parts=said.parts[:1]))
    assert again.id == first.id != fewer.id
    assert again.created_at > first.created_at
    with store.view() as tx:
        rows = tx.answers.of_study(study_id)
        assert [row.id for row in rows][:1] == [fewer.id]
        assert rows[0].answer.parts == said.parts[:1]
        assert {row.answer.model_sha256 for row in rows} == {said.model_sha256, "ef" * 32}
        sagittal, coronal = (row.id for row in tx.stacks.of_study(study_id))
        assert first.stacks == (sagittal, coronal)
        assert {row.id for row in tx.answers.of_stack(coronal)} == {row.id for row in rows} - {fewer.id}
        assert tx.answers.of_study("aaaaaaaaaaaa") == ()


def test_maps_of_a_stack_that_is_read_as_another_plane_go_and_what_was_said_of_them_stays(store: Store, tmp_path: Path) -> None:
    """Another part of the network reads it then. Seen: the maps of before stood under the new answer, and those of other
    findings were never made anew."""
    study_id = store_exam(store, tmp_path)

    def kept(*rows: LayerRow) -> bool:
        return all(tx.layers.get(row.id).values_sha256 == row.values_sha256 is not None for row in rows)

    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer())
        made = [
            tx.layers.save(study_id, stack_layer(CORONAL, finding=name, seed=seed))
            for seed, name in ((7, "ACL tear"), (8, "abnormality"))
        ]
        others = [
            tx.layers.save(study_id, stack_layer()),
            tx.layers.save(study_id, stack_layer(CORONAL, model_sha256="ef" * 32)),
        ]
        judged = tx.reviews.add(made[0].id, stack_review())
    assert not judged.gone
    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer(versions={"whylight": "1"}))
        assert kept(*made), "another version of the software that reads the same planes changes nothing"
    turned = (part(), part(CORONAL, "axial"))
    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer(parts=turned))
    with store.view() as tx:
        coronal = tx.stacks.of_fingerprint(study_id, stack(CORONAL)).id
        assert kept(*others)
        assert tx.layers.get(made[0].id).values_sha256 is None
        assert tx.layers.missing((coronal,), made[0].model_sha256, "ACL tear", ("cam",)) == ("cam",)
        with pytest.raises(NotFound):
            tx.layers.get(made[1].id)
        assert tx.reviews.get(judged.id).gone
    assert made[1].values_sha256 is not None
    assert not store.blobs.path(made[1].values_sha256).exists()
    with store.begin() as tx:
        anew = tx.layers.save(study_id, stack_layer(CORONAL, seed=5))
        tx.answers.save(study_id, exam_answer(parts=turned))
    with store.view() as tx:
        assert anew.id != made[0].id
        assert kept(anew), "the same answer once more changes nothing"
        assert tx.reviews.of_study(study_id) == (tx.reviews.get(judged.id),)


def test_the_worklist_shows_what_the_headline_network_said_of_an_exam(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.answers.save(study_id, exam_answer())
        tx.answers.save(study_id, exam_answer(model="other", scores=(score("x", 9.0),)), headline=False)
    with store.view() as tx:
        (row,) = tx.worklist.page(WorklistQuery()).rows
    assert [found.finding for found in row.top] == ["ACL tear", "abnormality", "meniscal tear"]
    assert row.top[0].probability == pytest.approx(0.880797)
    assert row.disagreements == (None, None, None)
    assert (row.images, row.planes) == (2 * SLICES, 2)


def test_answers_about_another_study_are_refused(store: Store, study_id: str, tmp_path: Path) -> None:
    other = store_file(store, tmp_path, study(image("9.9"), uid="9", series_uid="9.0"), content=b"other").study_id
    with store.begin() as tx:
        for target, uid in ((other, "1.2.3.1"), (study_id, "7.7"), ("aaaaaaaaaaaa", "1.2.3.1")):
            with pytest.raises(NotFound):
                tx.answers.save(target, answer(uid))
    exam = store_exam(store, tmp_path)
    with store.begin() as tx, pytest.raises(NotFound):
        tx.answers.save(exam, exam_answer(parts=(part(), part("1.7", "coronal"))))
    assert stack(CORONAL) != stack()
