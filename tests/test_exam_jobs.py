"""A worker's jobs about exams of stacks: real networks, untrained, over a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import explainers
from app.config import Settings
from app.exam import FINDINGS, StackKey
from app.stacks import Correction
from app.store import JobRow, Store
from app.worker import EXAMINING, Worker
from tests.exams import write_exam_network
from tests.networks import write_network
from tests.store.exams import CORONAL, SAGITTAL, SLICES, STUDY, knee, slice_of, store_exam
from tests.store.films import image, store_file, study

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


def test_an_exam_is_read_and_explained_plane_by_plane(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    ended = done(store, worker, ask(store, study_id))
    assert (ended.state, ended.step, ended.of) == ("done", 1 + 2 * len(PANEL), 1 + 2 * len(PANEL))
    assert (ended.what, set(ended.what_values)) == (EXAMINING, {"plane", "method"})
    with store.view() as tx:
        (said,) = tx.exams.predictions(study_id)
        maps = tx.exams.explanations(study_id)
        assert tx.studies.get(study_id).state == "done"
    assert [one.stack for one in said.prediction.planes] == [StackKey(SAGITTAL), StackKey(CORONAL)]
    assert said.prediction.missing == ("axial",)
    top = said.prediction.top().finding
    assert {(row.plane, row.method, row.finding, row.slices) for row in maps} == {
        (plane, method, top, SLICES) for plane in ("sagittal", "coronal") for method in PANEL
    }


def test_what_is_there_is_not_made_again(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    with store.view() as tx:
        before = (tx.exams.predictions(study_id), tx.exams.explanations(study_id))
    again = done(store, worker, ask(store, study_id))
    assert (again.state, again.of) == ("done", 0)
    with store.view() as tx:
        after = (tx.exams.predictions(study_id), tx.exams.explanations(study_id))
    assert before[0] == after[0]
    assert [(row.id, row.created_at) for row in before[1]] == [(row.id, row.created_at) for row in after[1]]


def test_a_job_that_was_cut_off_goes_on_with_the_methods_that_are_missing(
    settings: Settings, store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = store_exam(store, tmp_path)
    job = ask(store, study_id)
    kept = store.begin
    left = 2 + 2 + len(PANEL) + 2  # claim and first word, the prediction, the first plane, and one map of the second

    def stopping() -> object:
        nonlocal left
        left -= 1
        if left == 0:
            worker.stop()
        return kept()

    with monkeypatch.context() as patch:
        patch.setattr(store, "begin", stopping)
        worker.run_job(job.id)
    with store.view() as tx:
        first = {row.id: row.created_at for row in tx.exams.explanations(study_id)}
        assert tx.jobs.get(job.id).state == "queued"
    assert len(PANEL) < len(first) < 2 * len(PANEL)
    other = Worker(settings, store)
    ended = done(store, other, job)
    other.stop()
    missing = 2 * len(PANEL) - len(first)
    assert (ended.state, ended.of) == ("done", 1 + 2 * missing)
    with store.view() as tx:
        rows = tx.exams.explanations(study_id)
    assert len(rows) == 2 * len(PANEL)
    whole = {row.method for row in rows} - {row.method for row in rows if row.id not in first}
    assert whole
    assert all(first[row.id] == row.created_at for row in rows if row.method in whole)


def test_another_finding_is_explained(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    with store.begin() as tx:
        top = tx.exams.predictions(study_id)[0].prediction.top().finding
        other = next(finding for finding in FINDINGS if finding != top)
        job = tx.jobs.explain_exam(study_id, "knee-test", other)
    assert done(store, worker, job).state == "done"
    with store.view() as tx:
        assert {row.method for row in tx.exams.explanations(study_id, finding=other)} == set(PANEL)
        again = tx.exams.explanations(study_id, finding=other)
    with store.begin() as tx:
        job = tx.jobs.explain_exam(study_id, "knee-test", other)
    assert done(store, worker, job).of == 0
    with store.view() as tx:
        assert [row.id for row in tx.exams.explanations(study_id, finding=other)] == [row.id for row in again]


def test_a_corrected_exam_is_read_anew(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    with store.begin() as tx:
        tx.exams.correct(study_id, Correction(StackKey(CORONAL), plane="axial"))
    done(store, worker, ask(store, study_id))
    with store.view() as tx:
        (said,) = tx.exams.predictions(study_id)
        planes = {row.plane for row in tx.exams.explanations(study_id)}
    assert [one.plane for one in said.prediction.planes] == ["sagittal", "axial"]
    assert said.prediction.missing == ("coronal",)
    assert planes == {"sagittal", "axial"}
    with store.begin() as tx:
        tx.exams.correct(study_id, Correction(StackKey(CORONAL), used=False))
    done(store, worker, ask(store, study_id))
    with store.view() as tx:
        (said,) = tx.exams.predictions(study_id)
    assert [one.plane for one in said.prediction.planes] == ["sagittal"]


def test_a_slice_that_comes_later_is_read(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    done(store, worker, ask(store, study_id))
    store_file(store, tmp_path, knee(slice_of(SAGITTAL, SLICES)), b"later", "later.dcm")
    assert done(store, worker, ask(store, study_id)).state == "done"
    with store.view() as tx:
        (said,) = tx.exams.predictions(study_id)
        rows = tx.exams.explanations(study_id, finding=said.prediction.top().finding)
    assert len(said.prediction.planes[0].slice_scores[0]) == SLICES + 1
    assert {row.slices for row in rows if row.plane == "sagittal"} == {SLICES + 1}


def test_films_and_stacks_of_one_study_are_both_read(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_exam(store, tmp_path)
    film = study(image("1.9.9.1", shape=(64, 64)), uid=STUDY, series_uid="1.9.9")
    assert store_file(store, tmp_path, film, b"film").study_id == study_id
    ended = done(store, worker, ask(store, study_id))
    of = 1 + len(PANEL) + 1 + 2 * len(PANEL)
    assert (ended.state, ended.step, ended.of) == ("done", of, of)
    with store.view() as tx:
        assert [row.prediction.model for row in tx.predictions.of_study(study_id)] == ["chest-untrained"]
        assert [row.prediction.model for row in tx.exams.predictions(study_id)] == ["knee-test"]
        before = tx.exams.predictions(study_id)
    assert done(store, worker, ask(store, study_id, "chest-untrained")).of == 0
    with store.view() as tx:
        assert tx.exams.predictions(study_id) == before
    assert done(store, worker, ask(store, study_id, "knee-test")).of == 0


def test_a_network_of_exams_that_is_named_for_a_film_says_so(store: Store, worker: Worker, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study(image(shape=(64, 64)))).study_id
    failed = done(store, worker, ask(store, study_id, "knee-test"))
    assert (failed.state, failed.error_template) == ("failed", "The network “%(name)s” reads no stack of this study.")
    assert done(store, worker, ask(store, study_id)).state == "done"
