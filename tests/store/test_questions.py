"""Questions and kept what-ifs: asked once, answered by one worker, gone with their study."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from app.domain import Area, Edit, Score
from app.errors import NotFound
from app.store import Kept, Question, Store, questions
from app.store.tables import now
from tests.store import exams
from tests.store.films import SHA, image, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study of one film."""
    return store_file(store, tmp_path, study(image(shape=(12, 10)))).study_id


def question(store: Store, study_id: str, fill: str = "blur", model_sha256: str = SHA) -> Question:
    with store.view() as tx:
        (stack,) = tx.stacks.of_study(study_id)
    return Question("what if", study_id, stack.id, stack.images[0], "net", model_sha256, {"edits": [fill]})


def test_the_same_question_is_put_once_and_another_is_another(store: Store, study_id: str) -> None:
    asked = question(store, study_id)
    with store.begin() as tx:
        first = tx.questions.ask(asked)
        assert tx.questions.ask(asked).id == first.id
        assert tx.questions.ask(question(store, study_id, "mean")).id != first.id
        assert tx.questions.ask(question(store, study_id, model_sha256="cd" * 32)).id != first.id


def test_a_question_is_taken_by_one_worker_and_again_when_that_one_is_lost(
    store: Store, study_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.begin() as tx:
        asked = tx.questions.ask(question(store, study_id))
    with store.begin() as tx:
        taken = tx.questions.take()
        assert taken is not None
        assert (taken.id, taken.state) == (asked.id, "taken")
        assert tx.questions.take() is None
        assert not tx.questions.due()
    monkeypatch.setattr(questions, "now", lambda: now() + timedelta(seconds=questions.PATIENCE + 1))
    with store.begin() as tx:
        assert tx.questions.due()
        again = tx.questions.take()
    assert again is not None
    assert again.id == asked.id


def test_an_answer_stays_a_failure_is_asked_anew(store: Store, study_id: str) -> None:
    with store.begin() as tx:
        good, bad = tx.questions.ask(question(store, study_id)), tx.questions.ask(question(store, study_id, "mean"))
        tx.questions.answer(good.id, {"scores": [1]}, b"octets")
        tx.questions.fail(bad.id, "InputError", "No %(what)s.", {"what": "pixel"})
    with store.begin() as tx:
        kept = tx.questions.ask(question(store, study_id))
        assert (kept.id, kept.state, kept.answer) == (good.id, "answered", {"scores": [1]})
        assert kept.values_sha256 is not None
        assert store.blobs.read(kept.values_sha256) == b"octets"
        failed = tx.questions.get(bad.id)
        assert (failed.error_code, failed.error_template % failed.error_values) == ("InputError", "No pixel.")
        assert tx.questions.ask(question(store, study_id, "mean")).state == "waiting"
        tx.questions.drop(good.id)
        assert tx.questions.get(good.id).state == "answered"
        tx.questions.answer("aaaaaaaaaaaa", {})  # nobody waits for it any more


def test_the_oldest_make_room_and_their_octets_go(store: Store, study_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "KEPT", 3)
    made = []
    for fill in "abcde":
        with store.begin() as tx:
            row = tx.questions.ask(question(store, study_id, fill))
            tx.questions.answer(row.id, {}, fill.encode())
            made.append(tx.questions.get(row.id))
    with store.view() as tx:
        assert [tx.questions.get(row.id).id for row in made[2:]] == [row.id for row in made[2:]]
        for row in made[:2]:
            with pytest.raises(NotFound, match="Ask again"):
                tx.questions.get(row.id)
    assert [store.blobs.has(row.values_sha256 or "") for row in made] == [False, False, True, True, True]


def test_a_kept_what_if_comes_back_bit_by_bit_and_goes_with_its_study(store: Store, study_id: str) -> None:
    mask = np.random.default_rng(0).random((1, 12, 10)) > 0.7
    edits = (Edit((Area("brush", ((1.0, 2.0),), radius=3.0),), "inpaint"), Edit((Area("hot", explanation="m"),), "blur", True))
    before, after = (Score("Mass", 0.5, 0.0),), (Score("Mass", 0.25, -1.1),)
    about = question(store, study_id)
    with store.begin() as tx:
        kept = tx.what_ifs.add(study_id, Kept(about.stack_id, "net", SHA, edits, mask, before, after, "words", "reader"))
        asked = tx.questions.ask(question(store, study_id))
        tx.questions.answer(asked.id, {}, b"values")
    with store.view() as tx:
        (found,) = tx.what_ifs.of_study(study_id)
        assert (found.edits, found.before, found.after, found.covered) == (edits, before, after, mask.mean())
        assert (found.stack, found.images, found.slices) == ((about.image_id,), (about.image_id,), (0,))
        np.testing.assert_array_equal(tx.what_ifs.mask(kept.id), mask)
        assert [(row.id, patient) for row, patient, _ in tx.what_ifs.export()] == [(kept.id, "ID-7")]
    assert store.sweep(-1) == 0
    with store.begin() as tx:
        assert tx.what_ifs.withdraw(kept.id).withdrawn_at is not None
        assert tx.what_ifs.of_study(study_id) == ()
    with store.begin() as tx:
        tx.studies.remove(study_id)
    assert not store.blobs.has(kept.mask_sha256)
    with store.view() as tx, pytest.raises(NotFound, match="no such what-if"):
        tx.what_ifs.get(kept.id)


def test_what_is_kept_of_a_stack_names_its_slices_and_holds_their_bits(store: Store, tmp_path: Path) -> None:
    study_id = exams.store_exam(store, tmp_path)
    with store.view() as tx:
        stack = tx.stacks.of_fingerprint(study_id, exams.stack())
    mask = np.random.default_rng(1).random((exams.SLICES, 12, 10)) > np.array([1.0, 0.9, 0.6])[:, None, None]
    edits = (Edit((Area("ellipse", ((1.0, 2.0), (7.0, 9.0)), slices=(1, 2)),), "mean"),)
    with store.begin() as tx:
        kept = tx.what_ifs.add(study_id, Kept(stack.id, "net", SHA, edits, mask, (), (), "", "reader"))
    with store.view() as tx:
        (found,) = tx.what_ifs.of_study(study_id)
        ((exported, _, _),) = tx.what_ifs.export()
        assert (found.edits, found.stack_id, found.stack, found.slices) == (edits, stack.id, stack.images, (1, 2))
        assert found.images == exported.images == stack.images[1:]
        assert found.image_id == stack.images[2], "most is covered of it"
        assert found.covered == mask.mean()
        np.testing.assert_array_equal(tx.what_ifs.mask(kept.id), mask[1:])


def test_a_stack_that_grew_keeps_what_was_kept_of_it(store: Store, tmp_path: Path) -> None:
    """Nothing else was said of it: it stays all the same, beside the stack that its series makes now."""
    study_id = exams.store_exam(store, tmp_path)
    with store.view() as tx:
        stack = tx.stacks.of_fingerprint(study_id, exams.stack())
    mask = np.ones((exams.SLICES, 12, 10), bool)
    with store.begin() as tx:
        kept = tx.what_ifs.add(study_id, Kept(stack.id, "net", SHA, (), mask, (), (), "", "reader"))
        asked = tx.questions.ask(Question("what if", study_id, stack.id, stack.images[0], "net", SHA, {}))
    later = exams.slice_of(exams.SAGITTAL, exams.SLICES)
    store_file(store, tmp_path, exams.knee(later), b"later", "later.dcm")
    with store.view() as tx:
        assert not tx.stacks.get(stack.id).current
        assert tx.what_ifs.get(kept.id).stack == stack.images
        assert tx.questions.get(asked.id).stack_id == stack.id


def test_questions_about_two_slices_of_a_stack_are_two(store: Store, tmp_path: Path) -> None:
    study_id = exams.store_exam(store, tmp_path)
    with store.view() as tx:
        sagittal, coronal = (tx.stacks.of_fingerprint(study_id, exams.stack(uid)) for uid in (exams.SAGITTAL, exams.CORONAL))
    with store.begin() as tx:
        first, second = (
            tx.questions.ask(Question("stages", study_id, sagittal.id, image, "net", SHA, {"method": "lrp"}))
            for image in sagittal.images[:2]
        )
        assert first.id != second.id
        assert (first.stack_id, first.image_id) == (sagittal.id, sagittal.images[0])
        with pytest.raises(NotFound, match="no such image"):
            tx.questions.ask(Question("stages", study_id, coronal.id, sagittal.images[0], "net", SHA, {}))


def test_of_another_study_nothing_is_asked_or_kept(store: Store, study_id: str) -> None:
    asked = question(store, study_id)
    other = Question("what if", "aaaaaaaaaaaa", asked.stack_id, asked.image_id, "net", SHA, {})
    with store.begin() as tx, pytest.raises(NotFound, match="no such image"):
        tx.questions.ask(other)
    with store.begin() as tx, pytest.raises(NotFound, match="no such stack"):
        tx.what_ifs.add("aaaaaaaaaaaa", Kept(asked.stack_id, "net", SHA, (), np.ones((1, 12, 10), bool), (), (), "", "reader"))
