"""Exams: predictions and maps of stacks come back as they went in, and corrections replace one another."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from app.errors import NotFound
from app.exam import StackKey
from app.stacks import Correction
from app.store import Store, WorklistQuery
from tests.store.exams import (
    CORONAL,
    SAGITTAL,
    SHA,
    SLICES,
    exam_prediction,
    score,
    stack_explanation,
    store_exam,
)
from tests.store.films import prediction, store_file, study


def test_a_prediction_comes_back_whole_and_is_replaced(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    said = exam_prediction()
    with store.begin() as tx:
        first = tx.exams.save_prediction(study_id, said)
        assert first.prediction == said
        tx.exams.save_prediction(study_id, exam_prediction(model_sha256="ef" * 32))
    with store.begin() as tx:
        again = tx.exams.save_prediction(study_id, exam_prediction(planes=said.planes[:1]))
        assert again.id == first.id
        assert again.created_at > first.created_at
    with store.view() as tx:
        newest, older = tx.exams.predictions(study_id)
        assert newest.id == first.id
        assert newest.prediction.planes == said.planes[:1]
        assert older.prediction.model_sha256 == "ef" * 32
        assert tx.exams.predictions("aaaaaaaaaaaa") == ()


def test_a_prediction_of_another_study_is_refused(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with pytest.raises(NotFound), store.begin() as tx:
        tx.exams.save_prediction(study_id, exam_prediction(study_uid="1.8"))
    with pytest.raises(NotFound), store.begin() as tx:
        tx.exams.save_prediction("aaaaaaaaaaaa", exam_prediction())


def test_the_worklist_shows_what_the_headline_network_said(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.exams.save_prediction(study_id, exam_prediction())
        tx.exams.save_prediction(study_id, exam_prediction(model="other", scores=(score("x", 9.0),)), headline=False)
    with store.view() as tx:
        (row,) = tx.worklist.page(WorklistQuery()).rows
    assert [found.finding for found in row.top] == ["ACL tear", "abnormality", "meniscal tear"]
    assert row.top[0].probability == pytest.approx(0.880797)
    assert row.disagreements == (None, None, None)
    assert (row.images, row.planes) == (2 * SLICES, 2)


def test_maps_of_a_stack_come_back_and_replace_one_another(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    maps = stack_explanation()
    with store.begin() as tx:
        row = tx.exams.save_explanation(study_id, maps)
    assert (row.slices, row.height, row.width) == (SLICES, 4, 5)
    assert row.mass == pytest.approx(maps.mass())
    assert row.minimum == pytest.approx(maps.values.min())
    assert row.maximum == pytest.approx(maps.values.max())
    with store.view() as tx:
        values = tx.exams.values(row.id)
        loaded = tx.exams.load(row.id)
    assert np.array_equal(values, maps.values)
    assert not values.flags.writeable
    for name in ("stack", "plane", "method", "finding", "extent", "parameters", "versions", "total", "notes", "study_uid"):
        assert getattr(loaded, name) == getattr(maps, name)
    with store.begin() as tx:
        again = tx.exams.save_explanation(study_id, stack_explanation(seed=1))
    assert again.id == row.id
    assert not store.blobs.has(row.values_sha256)
    assert store.blobs.has(again.values_sha256)


def test_only_whole_finite_maps_of_a_known_stack_are_kept(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    for values in (np.zeros((4, 5), np.float32), np.zeros((3, 4, 5)), np.full((3, 4, 5), np.nan, np.float32)):
        with pytest.raises(ValueError, match="finite float32"), store.begin() as tx:
            tx.exams.save_explanation(study_id, stack_explanation(values=values))
    with pytest.raises(NotFound), store.begin() as tx:
        tx.exams.save_explanation(study_id, stack_explanation(stack=StackKey("1.7")))
    with pytest.raises(NotFound), store.view() as tx:
        tx.exams.values("aaaaaaaaaaaa")


def test_explanations_are_the_newest_of_each_and_in_order(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.exams.save_explanation(study_id, stack_explanation(CORONAL, "coronal"))
        tx.exams.save_explanation(study_id, stack_explanation(method="lrp"))
        tx.exams.save_explanation(study_id, stack_explanation())
        newer = tx.exams.save_explanation(study_id, stack_explanation(parameters={"epsilon": 1.0}))
        tx.exams.save_explanation(study_id, stack_explanation(finding="abnormality", model_sha256="ef" * 32))
    with store.view() as tx:
        rows = tx.exams.explanations(study_id, model_sha256=SHA)
        assert [(row.plane, row.method) for row in rows] == [("sagittal", "cam"), ("sagittal", "lrp"), ("coronal", "cam")]
        assert rows[0].id == newer.id
        assert len(tx.exams.explanations(study_id)) == 4
        assert [row.finding for row in tx.exams.explanations(study_id, finding="abnormality")] == ["abnormality"]


def test_a_method_is_missing_until_every_stack_has_its_maps_of_all_slices(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    stacks = {StackKey(SAGITTAL): SLICES, StackKey(CORONAL): SLICES}
    with store.begin() as tx:
        tx.exams.save_explanation(study_id, stack_explanation())
        tx.exams.save_explanation(study_id, stack_explanation(CORONAL, "coronal"))
        tx.exams.save_explanation(study_id, stack_explanation(method="lrp"))

        def missing(stacks: Mapping[StackKey, int] = stacks, versions: Mapping[str, str] | None = None) -> tuple[str, ...]:
            return tx.exams.missing(study_id, SHA, "ACL tear", ("cam", "lrp"), stacks=stacks, versions=versions)

        assert missing() == ("lrp",)
        assert missing(stacks={StackKey(SAGITTAL): SLICES}) == ()
        assert missing(stacks={StackKey(SAGITTAL): SLICES + 1}) == ("cam", "lrp")
        assert missing(versions={"torch": "2"}) == ("lrp",)
        assert missing(versions={"torch": "3"}) == ("cam", "lrp")


def test_a_readers_correction_replaces_the_one_before(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    key = StackKey(SAGITTAL)
    with store.begin() as tx:
        assert tx.exams.correct(study_id, Correction(key, plane="axial"))
        assert not tx.exams.correct(study_id, Correction(key, plane="axial"))
        assert tx.exams.correct(study_id, Correction(key, weighting="PD", used=False))
        assert tx.exams.correct(study_id, Correction(StackKey(CORONAL), used=True))
    with store.begin() as tx:
        found = tx.exams.corrections(study_id)
        assert found == (Correction(key, None, "PD", False), Correction(StackKey(CORONAL), None, None, True))
        assert tx.exams.correct(study_id, Correction(key))
        assert not tx.exams.correct(study_id, Correction(key))
        assert tx.exams.corrections(study_id) == found[1:]
        with pytest.raises(NotFound):
            tx.exams.correct(study_id, Correction(StackKey("1.7")))


def test_a_removed_study_takes_its_exam_along(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.exams.save_prediction(study_id, exam_prediction())
        row = tx.exams.save_explanation(study_id, stack_explanation())
        tx.exams.correct(study_id, Correction(StackKey(SAGITTAL), used=False))
    assert store.sweep(-1) == 0
    with store.begin() as tx:
        tx.studies.remove(study_id)
    assert not store.blobs.has(row.values_sha256)
    with store.view() as tx:
        assert tx.exams.predictions(study_id) == ()
        assert tx.exams.explanations(study_id) == ()
        assert tx.exams.corrections(study_id) == ()


def test_a_cancelled_job_of_an_exam_that_has_an_answer_leaves_it_done(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        tx.exams.save_prediction(study_id, exam_prediction())
        tx.jobs.cancel(tx.jobs.analyse(study_id).id)
    with store.view() as tx:
        assert tx.studies.get(study_id).state == "done"


def test_another_finding_of_an_exam_is_asked_for_once(store: Store, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    with store.begin() as tx:
        job = tx.jobs.explain_exam(study_id, "knee", "meniscal tear")
        assert (job.kind, job.image_id, job.finding) == ("explain", None, "meniscal tear")
        assert tx.jobs.explain_exam(study_id, "knee", "meniscal tear").id == job.id
        with pytest.raises(NotFound):
            tx.jobs.explain_exam("aaaaaaaaaaaa", "knee", "meniscal tear")


def test_a_study_of_films_has_no_exam(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study()).study_id
    with store.begin() as tx:
        tx.predictions.save(study_id, prediction())
        assert tx.exams.predictions(study_id) == ()
