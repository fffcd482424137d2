"""Which jobs wrote the old rows, and when those had taken their images."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime

from migrations.carrying.rows import Row


class Working:
    """When the job that wrote a row had taken its images: a worker read a study once, when it began."""

    def __init__(self, jobs: Iterable[Row]) -> None:
        self._jobs: dict[str, list[Row]] = {}
        for job in sorted((job for job in jobs if job["started_at"]), key=lambda job: job["started_at"]):
            self._jobs.setdefault(job["study_id"], []).append(job)

    def since(self, row: Row) -> datetime | None:
        """When the earliest job began that may have written a row; None where none is known."""
        for job in self._jobs.get(row["study_id"], ()):
            ended = job["finished_at"] or job["lease_until"] or job["started_at"]
            if job["model"] in {None, row["model"]} and job["started_at"] <= row["created_at"] <= ended:
                return job["started_at"]  # type: ignore[no-any-return]  # a column of times
        return None

    def begun(self, study_id: str, moment: datetime) -> list[datetime]:
        """When the jobs of a study began that had begun by some time."""
        times = [job["started_at"] for job in self._jobs.get(study_id, ())]
        return times[: bisect_right(times, moment)]
