"""A worker's jobs about exams of stacks: real networks, untrained, over a real store."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import explainers
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import KNEE_FINDINGS
from app.evaluation.agreement import Heat, compared
from app.store import AnswerRow, CorrectionRow, JobRow, Store, WorklistQuery
from app.worker import Worker, compare
from app.worker.task import EXAMINING
from tests.exams import write_exam_network
from tests.networks import write_network
from tests.store.exams import CORONAL, SAGITTAL, SLICES, STUDY, knee, slice_of, stack, store_exam
from tests.store.films import image, raw, store_file, study

PANEL = explainers.panel()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of exams and one of films."""
    folder = tmp_path_factory.mktemp("exam-models")
    write_exam_network(folder, phantom=False)
    write_network(folder, "chest-untrained", seed=1)
    return folder


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """The test's own settings, on the CPU."""
    return Settings(var=tmp_path / "var", models=models, device="cpu", threads=1)


@pytest.fixture
def worker(settings: Settings, store: Store) -> Iterator[Worker]:
    """A worker that is stopped at the end."""
    made = Worker(settings, store)
    yield made
    made.stop()


def ask(store: Store, study_id: str, model: str | None = None) -> JobRow:
    """A job to analyse a study."""
    with store.begin() as tx:
        return tx.jobs.analyse(study_id, model=model)


def done(store: Store, worker: Worker, job: JobRow) -> JobRow:
    """The job after the worker had it."""
    assert worker.run_job(job.id)
    with store.view() as tx:
        return tx.jobs.get(job.id)


def current(store: Store, study_id: str) -> AnswerRow:
    """The one answer about the exam as it is now, the newest one."""
    with store.view() as tx:
        rows = [row for row in tx.answers.of_study(study_id) if row.current]
    return max(rows, key=lambda row: row.created_at)


def test_an_exam_is_read_and_explained_plane_by_plane(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    ended = done(store, worker, ask(store, study_id))
    assert (ended.state, ended.step, ended.of) == ("done", 1 + 2 * len(PANEL), 1 + 2 * len(PANEL))
    assert (ended.what, set(ended.what_values)) == (EXAMINING, {"plane", "method"})
    with store.view() as tx:
        (said,) = tx.answers.of_study(study_id)
        maps = tx.layers.of_study(study_id)
        assert tx.studies.get(study_id).state == "done"
    assert said.answer.stacks == (stack(SAGITTAL), stack(CORONAL))
    assert [part.plane for part in said.answer.parts] == ["sagittal", "coronal"]
    assert said.answer.missing == ("axial",)
    assert (ended.model, ended.chosen) == ("knee-test", True)
    top = said.answer.top().finding
    assert {(row.stack_id, row.method, row.finding, row.slices) for row in maps} == {
        (stack_id, method, top, SLICES) for stack_id in said.stacks for method in PANEL
    }


def test_how_far_methods_agree_is_kept_per_stack_and_caught_up_with(
    settings: Settings, store: Store, worker: Worker, tmp_path: Path
) -> None:
    """Over the cells of all slices together: the coarsest map's, of which finer ones have whole numbers here."""
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    with store.view() as tx:
        kept = tx.agreements.of_study(study_id)
        (said,) = tx.answers.of_study(study_id)
        maps = [
            {row.method: Heat(tx.layers.values(row.id), row.extent) for row in tx.layers.of_stack(stack) if row.state == "ok"}
            for stack in said.stacks
        ]
        first = tx.studies.get(study_id).images[0]
        (listed,) = tx.worklist.page(WorklistQuery()).rows
    assert [(row.key.stack_id, row.key.finding) for row in kept] == [(one, said.answer.top().finding) for one in said.stacks]
    for row, values in zip(kept, maps, strict=True):
        order = [name for name in ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive") if values[name].values.max() > 0]
        expected = compared({name: values[name] for name in order}, (first.rows, first.columns)).rank
        assert row.methods == tuple(order)
        assert row.rank == pytest.approx(expected, abs=1e-6)
    strongest = max(row.disagreement for row in kept if row.disagreement is not None)
    assert listed.disagreements[0] == strongest
    with raw(settings) as connection:  # as an exam that was analysed before stacks were compared
        connection.exec_driver_sql("delete from agreements")
        connection.exec_driver_sql("update studies set disagreement = null")
    assert compare(store, Registry(settings.models))
    assert not compare(store, Registry(settings.models))
    with store.view() as tx:
        assert [row.rank for row in tx.agreements.of_study(study_id)] == [row.rank for row in kept]
        assert tx.worklist.page(WorklistQuery(disagreement=strongest)).total == 1


def test_what_is_there_is_not_made_again(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    with store.view() as tx:
        before = (tx.answers.of_study(study_id), tx.layers.of_study(study_id))
    again = done(store, worker, ask(store, study_id))
    assert (again.state, again.of) == ("done", 0)
    with store.view() as tx:
        after = (tx.answers.of_study(study_id), tx.layers.of_study(study_id))
    assert before[0] == after[0]
    assert [(row.id, row.created_at) for row in before[1]] == [(row.id, row.created_at) for row in after[1]]


def test_a_job_that_was_cut_off_goes_on_with_the_methods_that_are_missing(
    settings: Settings, store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = store_exam(store, tmp_path)
    job = ask(store, study_id)
    kept = store.begin
    left = 3 + 2 + len(PANEL) + 2  # claim, network and first word, the answer, the first plane, and one map of the second

    def stopping(study: str | None = None) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            worker.stop()
        return kept(study)

    with monkeypatch.context() as patch:
        patch.setattr(store, "begin", stopping)
        worker.run_job(job.id)
    with store.view() as tx:
        first = {row.id: row.created_at for row in tx.layers.of_study(study_id)}
        assert tx.jobs.get(job.id).state == "queued"
    assert len(PANEL) < len(first) < 2 * len(PANEL)
    other = Worker(settings, store)
    ended = done(store, other, job)
    other.stop()
    missing = 2 * len(PANEL) - len(first)
    assert (ended.state, ended.of) == ("done", 1 + 2 * missing)
    with store.view() as tx:
        rows = tx.layers.of_study(study_id)
    assert len(rows) == 2 * len(PANEL)
    whole = {row.method for row in rows} - {row.method for row in rows if row.id not in first}
    assert whole
    assert all(first[row.id] == row.created_at for row in rows if row.method in whole)


def test_another_finding_is_explained(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    with store.begin() as tx:
        top = tx.answers.of_study(study_id)[0].answer.top().finding
        other = next(finding for finding in KNEE_FINDINGS if finding != top)
        job = tx.jobs.explain(study_id, "knee-test", other)
    assert done(store, worker, job).state == "done"
    with store.view() as tx:
        assert {row.method for row in tx.layers.of_study(study_id, finding=other)} == set(PANEL)
        again = tx.layers.of_study(study_id, finding=other)
    with store.begin() as tx:
        job = tx.jobs.explain(study_id, "knee-test", other)
    assert done(store, worker, job).of == 0
    with store.view() as tx:
        assert [row.id for row in tx.layers.of_study(study_id, finding=other)] == [row.id for row in again]


def correct(store: Store, study_id: str, correction: CorrectionRow) -> None:
    """What a reader says of the coronal stack."""
    with store.begin() as tx:
        tx.stacks.correct(tx.stacks.of_fingerprint(study_id, stack(CORONAL)).id, correction)


def test_a_corrected_exam_is_read_anew(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    correct(store, study_id, CorrectionRow(plane="axial"))
    done(store, worker, ask(store, study_id))
    said = current(store, study_id)
    assert [one.plane for one in said.answer.parts] == ["sagittal", "axial"]
    assert said.answer.missing == ("coronal",)
    correct(store, study_id, CorrectionRow(used=False))
    done(store, worker, ask(store, study_id))
    assert [one.plane for one in current(store, study_id).answer.parts] == ["sagittal"]


def test_a_slice_that_comes_later_is_read(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    before = current(store, study_id)
    store_file(store, tmp_path, knee(slice_of(SAGITTAL, SLICES)), b"later", "later.dcm")
    ended = done(store, worker, ask(store, study_id))
    assert (ended.state, ended.of) == ("done", 1 + 2 * len(PANEL))
    said = current(store, study_id)
    assert len(said.answer.parts[0].slice_scores[0]) == SLICES + 1
    with store.view() as tx:
        assert {row.slices for row in tx.layers.of_stack(said.stacks[0])} == {SLICES + 1}
        old = tx.answers.get(before.id)
        assert (old.answer, old.current) == (before.answer, False), "what was said of fewer slices stays with them"
        assert {row.slices for row in tx.layers.of_stack(before.stacks[0])} == {SLICES}


def test_a_late_echo_is_read_and_what_was_said_stays_with_the_other(store: Store, worker: Worker, tmp_path: Path) -> None:
    """Seen: the job about a series that got an earlier echo ended “done, 0 of 0”; the old answer stood at the new slices."""

    def keep(time: float) -> str:
        for number in range(SLICES):
            one = slice_of(SAGITTAL, number)
            one = replace(one, sop_instance_uid=f"{SAGITTAL}.{time:g}.{number}", echo_time=time)
            added = store_file(store, tmp_path, knee(one), one.sop_instance_uid.encode())
        return added.study_id

    study_id = keep(80.0)
    done(store, worker, ask(store, study_id))
    late = current(store, study_id)
    keep(15.0)
    ended = done(store, worker, ask(store, study_id))
    assert (ended.state, ended.of) == ("done", 1 + len(PANEL))
    early = current(store, study_id)
    assert early.stacks != late.stacks
    with store.view() as tx:
        assert tx.answers.get(late.id) == late, "and it is as current as before"
        times = [{tx.studies.image(image).echo_time for image in tx.stacks.get(row.stacks[0]).images} for row in (early, late)]
    assert times == [{15.0}, {80.0}]


def test_films_and_stacks_of_one_study_are_both_read_each_by_its_own_job(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    film = study(image("1.9.9.1", shape=(64, 64)), uid=STUDY, series_uid="1.9.9")
    assert store_file(store, tmp_path, film, b"film").study_id == study_id
    first = done(store, worker, ask(store, study_id))
    assert (first.state, first.model, first.step, first.of) == ("done", "chest-untrained", 1 + len(PANEL), 1 + len(PANEL))
    with store.view() as tx:
        assert tx.studies.get(study_id).state == "waiting"
        second = tx.jobs.of_study(study_id, "knee-test")
    assert second is not None
    assert (done(store, worker, second).state, second.model) == ("done", "knee-test")
    with store.view() as tx:
        assert {row.answer.model for row in tx.answers.of_study(study_id)} == {"chest-untrained", "knee-test"}
        before = tx.answers.of_study(study_id)
    for model in ("chest-untrained", "knee-test"):
        assert done(store, worker, ask(store, study_id, model)).of == 0
    with store.view() as tx:
        assert tx.answers.of_study(study_id) == before


def test_one_networks_failure_marks_no_study_that_another_has_read(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study(image(shape=(64, 64)))).study_id
    assert done(store, worker, ask(store, study_id)).state == "done"
    assert done(store, worker, ask(store, study_id, "knee-test")).state == "failed"
    with store.view() as tx:
        assert tx.studies.get(study_id).state == "done"
        shown = tx.jobs.of_study(study_id, "chest-untrained")
        assert shown is not None
        assert shown.state == "done"


def test_a_network_of_exams_that_is_named_for_a_film_says_so(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study(image(shape=(64, 64)))).study_id
    failed = done(store, worker, ask(store, study_id, "knee-test"))
    assert (failed.state, failed.error_template) == (
        "failed",
        "The network “%(name)s” does not read this study. It reads: %(kinds)s.",
    )
    assert done(store, worker, ask(store, study_id)).state == "done"
