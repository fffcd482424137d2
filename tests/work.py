"""Jobs that the worker's tests queue, look at and wait for."""

from pathlib import Path

from app.domain import Study
from app.store import JobRow, Store, StudyRow
from tests.store.films import image, store_file, study
from tests.waiting import until


def queued(store: Store, tmp_path: Path, of: Study | None = None, model: str | None = None, content: bytes = b"1") -> JobRow:
    """A stored film and the job to analyse it."""
    study_id = store_file(store, tmp_path, of or study(image(shape=(64, 64))), content).study_id
    with store.begin() as tx:
        return tx.jobs.analyse(study_id, model=model)


def look(store: Store, job: JobRow) -> tuple[JobRow, StudyRow]:
    """A job and its study as they are now."""
    with store.view() as tx:
        return tx.jobs.get(job.id), tx.studies.get(job.study_id)


def wait_until_ended(store: Store, job: JobRow, seconds: float = 120) -> JobRow:
    """The job once it has ended."""
    until(lambda: not look(store, job)[0].open, seconds, "the job did not end")
    return look(store, job)[0]
