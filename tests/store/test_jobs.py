"""Jobs: one worker at a time, whoever dies; a job delivered twice has one result."""

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from app.errors import NotFound
from app.store import JobRow, LeaseLost, Store, WorklistQuery, jobs
from app.store.tables import now
from tests.store.films import answer, image, store_file, study


@pytest.fixture
def study_id(store: Store, tmp_path: Path) -> str:
    """A stored study."""
    return store_file(store, tmp_path, study()).study_id


def state_of(store: Store, study_id: str) -> str:
    with store.view() as tx:
        return tx.studies.get(study_id).state


def analyse(store: Store, study_id: str) -> JobRow:
    with store.begin() as tx:
        return tx.jobs.analyse(study_id)


def claim(store: Store, owner: str = "me", seconds: float = 60, job_id: str | None = None) -> JobRow | None:
    with store.begin() as tx:
        return tx.jobs.claim(owner, seconds, job_id)


def test_a_job_goes_from_waiting_to_done_and_the_study_with_it(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    assert (job.state, job.open, state_of(store, study_id)) == ("queued", True, "waiting")
    taken = claim(store)
    assert taken is not None
    assert (taken.id, taken.state, taken.attempts, state_of(store, study_id)) == (job.id, "running", 1, "analysing")
    with store.begin() as tx:
        tx.jobs.progress(job.id, "me", 1, 6, "CAM")
    with store.begin() as tx:
        shown = tx.jobs.of_study(study_id)
        assert shown is not None
        assert (shown.step, shown.of, shown.what) == (1, 6, "CAM")
        done = tx.jobs.finish(job.id, "me")
    assert (done.state, done.open, state_of(store, study_id)) == ("done", False, "done")
    assert done.finished_at is not None
    assert claim(store) is None


def test_a_study_nobody_reads_says_so(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    claim(store)
    with store.begin() as tx:
        tx.jobs.finish(job.id, "me", network=False)
    assert state_of(store, study_id) == "no network"


def test_a_failed_job_keeps_its_sentence(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    claim(store)
    with store.begin() as tx:
        failed = tx.jobs.fail(job.id, "me", "The device %(name)s is away.", {"name": "cuda:1"})
    assert failed.error_template % failed.error_values == "The device cuda:1 is away."
    assert state_of(store, study_id) == "failed"


def test_identical_open_jobs_are_one(store: Store, study_id: str, tmp_path: Path) -> None:
    first = analyse(store, study_id)
    assert analyse(store, study_id).id == first.id
    claim(store)
    assert analyse(store, study_id).id == first.id  # it runs, and sees all there is
    store_file(store, tmp_path, study(image("1.2.3.2")), content=b"2")
    second = analyse(store, study_id)
    assert second.id != first.id  # the study grew after the running one began
    with store.begin() as tx:
        tx.jobs.finish(first.id, "me")
        assert tx.studies.get(study_id).state == "waiting"
        stack_id = tx.stacks.of_study(study_id)[0].id
        explain = tx.jobs.explain(study_id, "net", "Mass", stack_id=stack_id)
        assert tx.jobs.explain(study_id, "net", "Mass", stack_id=stack_id).id == explain.id
        assert tx.jobs.explain(study_id, "net", "Edema", stack_id=stack_id).id != explain.id
        named = tx.jobs.explain(study_id, "net", "Mass", stack_id=stack_id, methods=("lrp.sd", "rise"))
        assert (explain.methods, named.methods) == ((), ("lrp.sd", "rise"))
        assert named.id != explain.id
        assert tx.jobs.explain(study_id, "net", "Mass", stack_id=stack_id, methods=("lrp.sd", "rise")).id == named.id
        assert tx.jobs.analyse(study_id, model="other").id != second.id
        assert tx.jobs.waiting() == 5
        with pytest.raises(NotFound):
            tx.jobs.explain(study_id, "net", "Mass", stack_id="aaaaaaaaaaaa")


def test_the_urgent_come_first_then_the_oldest(store: Store, study_id: str, tmp_path: Path) -> None:
    other = store_file(store, tmp_path, study(image("9.9"), uid="9"), content=b"9").study_id
    first, second = analyse(store, study_id), analyse(store, other)
    with store.begin() as tx:
        urgent = tx.jobs.explain(other, "net", "Mass", stack_id=tx.stacks.of_study(other)[0].id)
        shown = tx.jobs.of_study(other)
        assert shown is not None
        assert shown.id == urgent.id
    order = [job.id for _ in range(3) if (job := claim(store))]
    assert order == [urgent.id, first.id, second.id]


def test_a_lease_that_ran_out_goes_to_another_and_the_first_writes_nothing(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    assert claim(store, "first", seconds=-1) is not None
    taken = claim(store, "second")
    assert taken is not None
    assert (taken.id, taken.attempts) == (job.id, 2)
    with store.begin() as tx:
        assert not tx.jobs.renew(job.id, "first", 60)
        assert tx.jobs.renew(job.id, "second", 60)
        tx.jobs.hold(job.id, "second")
    for write, arguments in {"finish": (), "progress": (1, 2, "CAM"), "fail": ("no",), "hold": ()}.items():
        with store.begin() as tx, pytest.raises(LeaseLost):
            getattr(tx.jobs, write)(job.id, "first", *arguments)
    with store.begin() as tx:
        tx.jobs.release(job.id, "first")
        assert tx.jobs.finish(job.id, "second").state == "done"


def test_three_attempts_are_enough(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    for _ in range(3):
        assert claim(store, seconds=-1) is not None
    assert claim(store) is None
    with store.view() as tx:
        failed = tx.jobs.get(job.id)
    assert failed.state == "failed"
    assert failed.error_template % failed.error_values == "The work was started 3 times and never came to its end."
    assert state_of(store, study_id) == "failed"


def test_a_job_is_due_while_somebody_should_take_it(store: Store, study_id: str) -> None:
    def due() -> bool:
        with store.view() as tx:
            return tx.jobs.due()

    assert not due()
    job = analyse(store, study_id)
    assert due()
    claim(store, seconds=60)
    assert not due()
    with store.begin() as tx:
        tx.jobs.renew(job.id, "me", -1)
    assert due()


def test_a_renewed_lease_is_not_swept(store: Store, study_id: str) -> None:
    analyse(store, study_id)
    claim(store, seconds=10)
    with store.begin() as tx:
        assert tx.jobs.sweep(now() + timedelta(seconds=9)) == 0
        assert tx.jobs.sweep(now() + timedelta(seconds=11)) == 1
        assert tx.jobs.waiting() == 1


def test_a_released_job_was_not_tried(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    for _ in range(5):
        assert claim(store) is not None
        with store.begin() as tx:
            tx.jobs.release(job.id, "me")
            assert tx.jobs.get(job.id).attempts == 0
    assert state_of(store, study_id) == "waiting"


def test_a_cancelled_job_stops_and_stays_cancelled(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    claim(store)
    with store.begin() as tx:
        assert tx.jobs.cancel(job.id).state == "cancelled"
        assert not tx.jobs.renew(job.id, "me", 60)
    assert state_of(store, study_id) == "failed"
    with store.begin() as tx:
        assert tx.jobs.cancel(job.id).state == "cancelled"
        tx.answers.save(study_id, answer())
        again = tx.jobs.analyse(study_id)
        tx.jobs.cancel(again.id)
        assert tx.studies.get(study_id).state == "done"  # it has results, of an earlier time


def test_one_job_by_its_id(store: Store, study_id: str, tmp_path: Path) -> None:
    analyse(store, study_id)
    other = store_file(store, tmp_path, study(image("9.9"), uid="9"), content=b"9").study_id
    wanted = analyse(store, other)
    taken = claim(store, job_id=wanted.id)
    assert taken is not None
    assert taken.id == wanted.id
    assert claim(store, job_id=wanted.id) is None
    with store.view() as tx:
        assert tx.jobs.of_study("aaaaaaaaaaaa") is None


def test_removing_a_study_takes_its_job_from_the_worker(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    claim(store)
    with store.begin() as tx:
        tx.studies.remove(study_id)
        tx.jobs.release(job.id, "me")
    with store.begin() as tx, pytest.raises(LeaseLost):
        tx.jobs.finish(job.id, "me")


def test_a_job_that_something_kept_from_its_end_waits_longer_every_time(
    store: Store, study_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = analyse(store, study_id)
    later = timedelta()
    monkeypatch.setattr(jobs, "now", lambda: now() + later)
    waits = []
    for _ in range(9):
        assert claim(store) is not None
        with store.begin() as tx:
            tx.jobs.postpone(job.id, "me", "Waiting: the database was busy.")
            shown = tx.jobs.get(job.id)
        assert (shown.state, shown.what, shown.attempts) == ("queued", "Waiting: the database was busy.", 0)
        assert shown.not_before is not None
        waits.append(round((shown.not_before - now() - later).total_seconds()))
        assert claim(store) is None
        with store.view() as tx:
            assert not tx.jobs.due()
        later += timedelta(seconds=waits[-1] + 1)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert state_of(store, study_id) == "waiting"
    assert claim(store) is not None
    with store.begin() as tx:
        tx.jobs.progress(job.id, "me", 1, 6, "CAM")  # it got somewhere
        assert (tx.jobs.get(job.id).setbacks, tx.jobs.get(job.id).not_before) == (0, None)


def test_a_job_that_comes_to_nothing_for_hours_fails(store: Store, study_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "SETBACKS", 2)
    monkeypatch.setattr(jobs, "LONGEST_WAIT", 0.0)
    job = analyse(store, study_id)
    for _ in range(3):
        assert claim(store) is not None
        with store.begin() as tx:
            tx.jobs.postpone(job.id, "me", "Waiting: the disk was full.")
    with store.view() as tx:
        failed = tx.jobs.get(job.id)
    assert failed.state == "failed"
    assert failed.error_template % failed.error_values == (
        "The work was tried 2 times, and every time something it needs was away."
    )
    with store.begin() as tx:
        tx.jobs.postpone(job.id, "me", "Waiting: the disk was full.")  # no longer its own: no error
        assert tx.jobs.get(job.id).state == "failed"


def test_a_claim_whose_answer_was_lost_is_found_again(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    with store.begin() as tx:
        assert tx.jobs.regain("me", 60) is None
    assert claim(store, seconds=-1) is not None
    with store.begin() as tx:
        mine = tx.jobs.regain("me", 60)
        assert tx.jobs.regain("another", 60) is None
    assert mine is not None
    assert (mine.id, mine.attempts) == (job.id, 1)
    assert claim(store, "another") is None, "the lease was lengthened"


def test_an_attempt_that_lost_its_lease_does_not_count(store: Store, study_id: str) -> None:
    job = analyse(store, study_id)
    for number in range(4):
        assert claim(store, f"worker {number}", seconds=-1) is not None
        if number:
            with store.begin() as tx:
                tx.jobs.release(job.id, f"worker {number - 1}")
    with store.view() as tx:
        assert (tx.jobs.get(job.id).state, tx.jobs.get(job.id).attempts) == ("running", 1)


def test_many_workers_take_every_job_once(store: Store, tmp_path: Path) -> None:
    asked = set()
    for number in range(24):
        added = store_file(store, tmp_path, study(image(f"5.{number}"), uid=f"5.{number}"), content=bytes([number]))
        asked.add(analyse(store, added.study_id).id)
    taken: list[str] = []

    def work(owner: str) -> None:
        while job := claim(store, owner):
            taken.append(job.id)
            with store.begin() as tx:
                tx.jobs.finish(job.id, owner)

    threads = [Thread(target=work, args=(f"worker {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(asked)
    with store.view() as tx:
        assert {row.state for row in tx.worklist.page(WorklistQuery(size=50)).rows} == {"done"}
