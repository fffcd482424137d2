"""The worker: from a stored study to stored results, whoever dies on the way. Real networks, untrained."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from app import explainers, pipeline
from app.config import ROOT, Settings
from app.domain import Explanation, Inspection, Patient, Prediction, Study
from app.errors import Unavailable
from app.store import AgreementRow, JobRow, Store, StudyRow
from app.store.store import connect
from app.worker import EXPLAINING, Worker
from tests.store.films import image, store_file, study

FIVE = ("cam", "gradcam", "saliency", "lrp", "rap")


@pytest.fixture
def worker(settings: Settings, store: Store) -> Iterator[Worker]:
    """A worker that is stopped at the end."""
    made = Worker(settings, store)
    yield made
    made.stop()


def queued(store: Store, tmp_path: Path, of: Study | None = None, model: str | None = None, content: bytes = b"1") -> JobRow:
    """A stored film and the job to analyse it."""
    study_id = store_file(store, tmp_path, of or study(image(shape=(64, 64))), content).study_id
    with store.begin() as tx:
        return tx.jobs.analyse(study_id, model=model)


def look(store: Store, job: JobRow) -> tuple[JobRow, StudyRow]:
    with store.view() as tx:
        return tx.jobs.get(job.id), tx.studies.get(job.study_id)


def wait_until_ended(store: Store, job: JobRow, seconds: float = 30) -> JobRow:
    deadline = time.monotonic() + seconds
    while (found := look(store, job)[0]).open:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_a_study_is_analysed_and_its_top_finding_explained_by_every_method(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    job = queued(store, tmp_path)
    assert worker.run_job(job.id)
    done, row = look(store, job)
    assert (done.state, done.step, done.of, row.state) == ("done", 6, 6, "done")
    with store.view() as tx:
        (prediction,) = tx.predictions.of_study(row.id)
        maps = tx.explanations.of_study(row.id)
        values = tx.explanations.values(maps[0].id)
    assert prediction.prediction.model == "chest-untrained"
    assert {one.method for one in maps} == set(FIVE)
    assert {one.finding for one in maps} == {prediction.prediction.top().finding}
    assert np.isfinite(values).all()
    assert not worker.run_job(job.id)
    assert not worker.work_once()


def test_how_far_methods_agree_is_kept_with_the_maps_and_caught_up_with(
    store: Store, worker: Worker, settings: Settings, tmp_path: Path
) -> None:
    job = queued(store, tmp_path)
    worker.run_job(job.id)
    with store.view() as tx:
        (kept,) = tx.agreements.of_study(job.study_id)
        maps = {row.method: tx.explanations.values(row.id) for row in tx.explanations.of_study(job.study_id)}
    # a square film: every map covers it whole, and the finer ones are whole numbers of the coarsest one's cells
    side = min(len(values) for values in maps.values())
    cells = {
        name: np.maximum(values, 0).reshape(side, len(values) // side, side, -1).mean((1, 3)).ravel()
        for name, values in maps.items()
    }
    order = [name for name in ("cam", "saliency", "lrp") if cells[name].max() > 0]
    table = spearmanr(np.stack([cells[name] for name in order], 1)).statistic
    expected = np.mean([table[0, 1], table[0, 2], table[1, 2]])
    assert kept.methods == tuple(order), "Grad-CAM is CAM here, and RAP has a caution"
    assert kept.rank == pytest.approx(expected, abs=1e-4)
    assert kept.disagreement == pytest.approx(1 - expected, abs=1e-4)
    with connect(settings).begin() as connection:  # as a study that was analysed before there were agreements
        connection.exec_driver_sql("delete from agreements")
    worker.start()
    deadline = time.monotonic() + 60
    again: tuple[AgreementRow, ...] = ()
    while not again:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        with store.view() as tx:
            again = tx.agreements.of_study(job.study_id)
    assert again[0].rank == kept.rank


def test_a_study_nobody_reads_is_kept_and_says_so(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path, study(modality="MR", body_part="KNEE"))
    assert worker.work_once()
    done, row = look(store, job)
    assert (done.state, row.state) == ("done", "no network")


def test_a_wrong_request_fails_with_its_sentence(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path, study(modality="MR", body_part="KNEE"), model="phantom-by-name")
    assert worker.work_once()
    failed, row = look(store, job)
    assert (failed.state, row.state) == ("failed", "failed")
    assert "does not read this study" in failed.error_template % failed.error_values


def test_weights_that_were_changed_are_not_run(store: Store, settings: Settings, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "chest-untrained"
    folder.mkdir(parents=True)
    for name in ("card.toml", "weights.safetensors"):
        (folder / name).write_bytes((models / "chest-untrained" / name).read_bytes())
    with (folder / "weights.safetensors").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        weights.write(b"\xff")
    job = queued(store, tmp_path)
    Worker(settings.model_copy(update={"models": tmp_path / "models"}), store).work_once()
    failed, _ = look(store, job)
    assert "They were not loaded" in failed.error_template % failed.error_values


def test_a_failure_nobody_foresaw_ends_the_job_and_tells_the_log_where_but_not_whom(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Canary^Patient broke it")

    monkeypatch.setattr(pipeline, "analyse", broken)
    job = queued(store, tmp_path, study(image(shape=(64, 64)), patient=Patient("Canary^Patient", "CANARY")))
    with caplog.at_level(logging.DEBUG):
        assert worker.work_once()
    failed, _ = look(store, job)
    assert failed.error_template % failed.error_values == (
        f"Something went wrong in the analysis (RuntimeError). The log has more under job {job.id}."
    )
    assert "RuntimeError at" in caplog.text
    assert job.id in caplog.text
    assert "anary" not in caplog.text


def test_another_finding_is_explained_on_demand_and_only_what_is_missing(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    worker.work_once()
    _, row = look(store, job)
    image_id = row.images[0].id

    def explain() -> JobRow:
        with store.begin() as tx:
            asked = tx.jobs.explain(row.id, image_id, "chest-untrained", "Hernia")
        assert worker.work_once()
        return look(store, asked)[0]

    first = explain()
    assert (first.state, first.step, first.of) == ("done", 6, 6)
    again = explain()
    assert (again.state, again.of) == ("done", 0)
    with store.view() as tx:
        maps = tx.explanations.of_image(image_id, finding="Hernia")
        assert {one.method for one in maps} == set(FIVE)
    assert look(store, job)[1].state == "done"


def test_what_is_finished_is_not_done_again(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    worker.work_once()
    with store.view() as tx:
        before = tx.explanations.of_study(job.study_id)
    second = queued(store, tmp_path, study(image("1.2.3.2", 4, (64, 64))), content=b"2")
    assert second.study_id == job.study_id
    worker.work_once()
    done, row = look(store, second)
    assert (done.state, done.of, len(row.images)) == ("done", 6, 2)
    with store.view() as tx:
        after = tx.explanations.of_study(job.study_id)
    assert {one.created_at for one in before} <= {one.created_at for one in after}
    assert len(after) == 10


def test_the_thread_wakes_works_and_stops(store: Store, worker: Worker, tmp_path: Path) -> None:
    assert not worker.alive()
    worker.start()
    job = queued(store, tmp_path)
    worker.wake()
    assert wait_until_ended(store, job).state == "done"
    assert worker.alive()
    started = time.monotonic()
    worker.stop()
    assert not worker.alive()
    assert time.monotonic() - started < 5


def test_a_store_that_is_away_for_a_while_does_not_end_the_worker(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    view = store.view
    calls: list[int] = []

    def away() -> object:
        here = threading.get_ident()
        if here not in calls:
            calls.append(here)
            raise Unavailable("The database cannot be reached just now. Try again in a moment.")
        return view()

    job = queued(store, tmp_path)
    monkeypatch.setattr(store, "view", away)
    worker.start()
    monkeypatch.setattr("app.worker.POLL_SECONDS", 0.05)
    deadline = time.monotonic() + 30
    while True:
        with view() as tx:
            if not tx.jobs.get(job.id).open:
                break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "cannot reach its jobs" in caplog.text
    assert "questions cannot be reached" in caplog.text


def test_stopping_in_the_middle_gives_the_job_back_with_what_it_has(
    store: Store, worker: Worker, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.analyse

    def stops_after_two(*arguments: object, **named: object) -> Iterator[Inspection | Prediction | Explanation]:
        for number, result in enumerate(real(*arguments, **named)):  # type: ignore[arg-type]
            if number == 2:
                worker.stop(0)
            yield result

    monkeypatch.setattr(pipeline, "analyse", stops_after_two)
    job = queued(store, tmp_path)
    assert worker.work_once()
    left, row = look(store, job)
    assert (left.state, left.attempts, row.state) == ("queued", 0, "waiting")
    with store.view() as tx:
        assert len(tx.explanations.of_study(row.id)) == 1
    monkeypatch.setattr(pipeline, "analyse", real)
    assert Worker(settings, store).run_job(job.id)
    assert look(store, job)[0].state == "done"


def test_a_cancelled_job_stops_at_its_next_step(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queued(store, tmp_path)
    real = explainers.load

    def cancelled(name: str) -> object:
        with store.begin() as tx:
            tx.jobs.cancel(job.id)
        return real(name)

    monkeypatch.setattr(explainers, "load", cancelled)
    assert worker.work_once()
    found, row = look(store, job)
    assert found.state == "cancelled"
    with store.view() as tx:
        assert tx.explanations.of_study(row.id) == ()


def test_a_lease_is_renewed_while_the_work_takes_longer(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = explainers.load

    def slow(name: str) -> object:
        time.sleep(0.4)
        return real(name)

    monkeypatch.setattr(explainers, "load", slow)
    patient = Worker(settings.model_copy(update={"lease_seconds": 1}), store)
    job = queued(store, tmp_path)
    assert patient.work_once()
    found, _ = look(store, job)
    assert (found.state, found.attempts) == ("done", 1)


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    store: Store, worker: Worker, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = explainers.load
    other = Worker(settings, store)
    taken: list[str] = []

    def frozen_meanwhile(name: str) -> object:
        if not taken:
            taken.append(name)
            with store.begin() as tx:  # as if this process had slept for longer than its lease
                tx.jobs.renew(job.id, worker._owner, -1)
            assert other.work_once()
        return real(name)

    monkeypatch.setattr(explainers, "load", frozen_meanwhile)
    job = queued(store, tmp_path)
    assert worker.work_once()
    found, row = look(store, job)
    assert (found.state, found.attempts) == ("done", 2)
    with store.view() as tx:
        assert len(tx.explanations.of_study(row.id)) == 5
        assert len(tx.predictions.of_study(row.id)) == 1


SLOW_WORKER = """
import time
from app import explainers
from app.config import Settings
from app.store import Store
from app.worker import Worker
real = explainers.load
def slow(name):
    if name == "lrp":
        print("half-way", flush=True)
        time.sleep(60)
    return real(name)
explainers.load = slow
settings = Settings()
Worker(settings, Store.open(settings)).work_once()
"""


def test_a_worker_killed_half_way_is_replaced_by_another(store: Store, settings: Settings, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    environment = os.environ | {
        "WHYLIGHT_VAR": str(settings.var), "WHYLIGHT_MODELS": str(settings.models), "WHYLIGHT_DEVICE": "cpu",
        "WHYLIGHT_THREADS": "1", "WHYLIGHT_LEASE_SECONDS": "2",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_WORKER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "half-way\n"
        first.send_signal(signal.SIGKILL)
    found, row = look(store, job)
    assert (found.state, found.what, row.state) == ("running", EXPLAINING, "analysing")
    with store.view() as tx:
        assert len(tx.explanations.of_study(row.id)) == 3
    second = Worker(settings, store)
    assert not second.run_job(job.id)  # the lease of the first has not run out yet
    second.start()
    done = wait_until_ended(store, job)
    second.stop()
    assert (done.state, done.attempts) == ("done", 2)
    with store.view() as tx:
        assert len(tx.explanations.of_study(row.id)) == 5


def test_a_device_that_is_away_is_told_to_the_log_at_once_and_to_people_with_the_job(
    store: Store, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = queued(store, tmp_path)
    lost = Worker(settings.model_copy(update={"device": "abacus"}), store)
    lost.start()
    failed = wait_until_ended(store, job)
    lost.stop()
    assert failed.error_template % failed.error_values == "“abacus” is not a device; use auto, cpu, cuda or cuda:N."
    assert "the networks cannot be loaded: ModelError at" in caplog.text


def test_a_lease_that_is_lost_in_a_long_step_is_noticed_before_the_next_write(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = explainers.load

    def cancelled_meanwhile(name: str) -> object:
        with store.begin() as tx:
            tx.jobs.cancel(job.id)
        time.sleep(0.6)
        return real(name)

    monkeypatch.setattr(explainers, "load", cancelled_meanwhile)
    job = queued(store, tmp_path)
    with caplog.at_level(logging.INFO):
        assert Worker(settings.model_copy(update={"lease_seconds": 1}), store).work_once()
    assert look(store, job)[0].state == "cancelled"
    assert f"job {job.id} (analyse) left unfinished" in caplog.text


def test_a_job_another_worker_took_first_is_no_error(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    queued(store, tmp_path, study(image("9.1", shape=(64, 64)), uid="9"), content=b"9")
    with store.begin() as tx:
        assert tx.jobs.claim("another", 60, job.id) is not None
    assert not worker.run_job(job.id)
    assert look(store, job)[0].attempts == 1
