"""The worker when something comes between: stopped, cancelled, killed, its lease lost. Real networks, untrained."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import explainers, reading
from app.config import ROOT, Settings
from app.domain import Answer, Inspection, Layer
from app.store import Store
from app.store.jobs import Jobs
from app.worker import Worker
from app.worker.task import EXPLAINING
from tests.store.films import image, study
from tests.waiting import until
from tests.work import look, queued, wait_until_ended


def test_stopping_in_the_middle_gives_the_job_back_with_what_it_has(
    store: Store, worker: Worker, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reading.read

    def stops_after_two(*arguments: object, **named: object) -> Iterator[Inspection | Answer | Layer]:
        for number, result in enumerate(real(*arguments, **named)):  # type: ignore[arg-type]
            if number == 2:
                worker.stop(0)
            yield result

    monkeypatch.setattr(reading, "read", stops_after_two)
    job = queued(store, tmp_path)
    assert worker.work_once()
    left, row = look(store, job)
    assert (left.state, left.attempts, row.state) == ("queued", 0, "waiting")
    with store.view() as tx:
        assert len(tx.layers.of_study(row.id)) == 1
    monkeypatch.setattr(reading, "read", real)
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
        assert tx.layers.of_study(row.id) == ()


def test_a_lease_is_renewed_while_the_work_takes_longer(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, renew = explainers.load, Jobs.renew
    renewed: list[bool] = []

    def counted(jobs: Jobs, job_id: str, owner: str, seconds: float) -> bool:
        renewed.append(renew(jobs, job_id, owner, seconds))
        return renewed[-1]

    def slow(name: str) -> object:
        until(lambda: len(renewed) > 4)  # four times in a lease: the work takes longer than that
        return real(name)

    monkeypatch.setattr(Jobs, "renew", counted)
    monkeypatch.setattr(explainers, "load", slow)
    patient = Worker(settings.model_copy(update={"lease_seconds": 1}), store)
    job = queued(store, tmp_path)
    assert patient.work_once()
    found, _ = look(store, job)
    assert (found.state, found.attempts) == ("done", 1)
    assert all(renewed[:-1])  # the last may come when the job has ended


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
        assert len(tx.layers.of_study(row.id)) == 5
        assert len(tx.answers.of_study(row.id)) == 1


SLOW_WORKER = """
import threading
from app import explainers
from app.config import Settings
from app.store import Store
from app.worker import Worker
real = explainers.load
def slow(name):
    if name == "lrp":
        print("half-way", flush=True)
        threading.Event().wait()  # until it is killed
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
        assert len(tx.layers.of_study(row.id)) == 3
    second = Worker(settings, store)
    assert not second.run_job(job.id)  # the lease of the first has not run out yet
    second.start()
    done = wait_until_ended(store, job)
    second.stop()
    assert (done.state, done.attempts) == ("done", 2)
    with store.view() as tx:
        assert len(tx.layers.of_study(row.id)) == 5


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
        until(lambda: all(thread.name != "lease" for thread in threading.enumerate()))  # it renews no more: it knows
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
