"""The worker while the store is away: a PostgreSQL stopped and started again under it. Real networks, untrained."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import explainers, reading
from app.config import Settings
from app.domain import Answer, Inspection, Layer
from app.errors import InputError, Unavailable
from app.store import JobRow, Store, Transaction
from app.torture.cluster import Cluster
from app.worker import Worker
from tests.conftest import Emptied
from tests.waiting import until
from tests.work import look, queued, wait_until_ended

Results = Iterator[Inspection | Answer | Layer]


@pytest.fixture
def elsewhere(settings: Settings, emptied: Emptied) -> Settings:
    """Settings on PostgreSQL."""
    return settings.model_copy(update={"database_url": emptied("of_the_worker"), "lease_seconds": 3})


@pytest.fixture
def apart(elsewhere: Settings) -> Iterator[Store]:
    """A store on PostgreSQL."""
    opened = Store.open(elsewhere)
    yield opened
    opened.close()


def maps_of(store: Store, job: JobRow) -> int:
    with store.view() as tx:
        return len(tx.layers.of_study(job.study_id))


def test_a_job_goes_on_after_every_restart(
    apart: Store, elsewhere: Settings, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, how = explainers.load, ["fast", "immediate"]

    def restarted(name: str) -> object:
        if how:
            cluster.stop(how.pop())
            cluster.start()
        return real(name)

    job = queued(apart, tmp_path)
    monkeypatch.setattr(explainers, "load", restarted)
    assert Worker(elsewhere, apart).work_once()
    found, row = look(apart, job)
    assert (found.state, found.attempts, found.setbacks, row.state) == ("done", 1, 0, "done")
    assert maps_of(apart, job) == 5


def test_a_job_outlives_a_store_that_is_away_for_longer_than_its_lease(
    apart: Store, elsewhere: Settings, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, reached = explainers.load, list[str]()

    def seen(name: str) -> object:
        reached.append(name)
        if len(reached) == 1:
            until(lambda: stopped)
        return real(name)

    stopped: list[bool] = []
    monkeypatch.setattr(explainers, "load", seen)
    job = queued(apart, tmp_path)
    worker = Worker(elsewhere, apart)
    worker.start()
    try:
        until(lambda: reached)
        cluster.stop()
        stopped.append(True)
        over = time.monotonic() + 2 * elsewhere.lease_seconds + 1
        until(lambda: time.monotonic() > over)
        assert worker.alive()
        cluster.start()
        found = wait_until_ended(apart, job, 60)
    finally:
        cluster.start()
        worker.stop()
    assert (found.state, found.attempts) == ("done", 1)
    assert maps_of(apart, job) == 5


def failing_once(error: Exception) -> Callable[..., Results]:
    """The analysis, whose first run ends with an error after its first result."""
    real, runs = reading.read, list[int]()

    def read(*arguments: object, **named: object) -> Results:
        runs.append(1)
        results = real(*arguments, **named)  # type: ignore[arg-type]
        if len(runs) == 1:
            yield next(results)
            raise error
        yield from results

    return read


@pytest.mark.parametrize(
    "passing",
    [
        (Unavailable("The database is busy. Try again in a moment."), "Waiting: the database was busy."),
        (Unavailable("The decoder could not be started."), "Waiting: something that the work needs was away."),
        (OSError(errno.ENOSPC, "No space left on device"), "Waiting: the disk was full."),
    ],
)
def test_what_passes_is_waited_for_and_told(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: tuple[Exception, str]
) -> None:
    error, what = passing
    job = queued(store, tmp_path)
    monkeypatch.setattr(reading, "read", failing_once(error))
    assert worker.work_once()
    found, row = look(store, job)
    assert (found.state, found.what, found.attempts, found.setbacks, row.state) == ("queued", what, 0, 1, "waiting")
    assert not worker.work_once(), "it is not tried again at once"
    worker.start()
    assert wait_until_ended(store, job).state == "done"


@pytest.mark.parametrize("error", [InputError("This cannot be used."), RuntimeError("a bug"), OSError(errno.EACCES, "no")])
def test_what_does_not_pass_is_not_tried_again(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    job = queued(store, tmp_path)
    monkeypatch.setattr(reading, "read", failing_once(error))
    assert worker.work_once()
    assert look(store, job)[0].state == "failed"
    assert not worker.work_once()


def test_a_claim_that_was_kept_though_its_answer_was_lost_is_done(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queued(store, tmp_path)
    begin = store.begin

    @contextmanager
    def lost(*named: str) -> Iterator[Transaction]:
        with begin(*named) as tx:
            yield tx
        monkeypatch.undo()
        raise Unavailable("The database cannot be reached just now. Try again in a moment.")

    monkeypatch.setattr(store, "begin", lost)
    with pytest.raises(Unavailable):
        worker.work_once()
    assert look(store, job)[0].state == "running"
    assert worker.work_once()
    found, _ = look(store, job)
    assert (found.state, found.attempts) == ("done", 1)
