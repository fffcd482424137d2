"""Jobs: work that outlives a request, behind a lease that only one worker holds."""

from datetime import datetime

from app.errors import Conflict
from app.store.records import JobRow, Values


class LeaseLost(Conflict):
    """A worker writes for a job that is no longer its own: it was cancelled, or it went to another worker."""


class Jobs:
    """The jobs of a transaction."""

    def analyse(self, study_id: str, *, model: str | None = None, priority: int = 0) -> JobRow:
        """Ask for a study's predictions and its top finding's maps; an identical job that waits is returned instead."""
        raise NotImplementedError

    def explain(self, study_id: str, image_id: str, model: str, finding: str, *, priority: int = 10) -> JobRow:
        """Ask for every method's map for one finding of one image; an identical open job is returned instead."""
        raise NotImplementedError

    def get(self, job_id: str) -> JobRow:
        """One job; NotFound."""
        raise NotImplementedError

    def of_study(self, study_id: str) -> JobRow | None:
        """The job a study's page shows: the running one, else the next that waits, else the one that ended last."""
        raise NotImplementedError

    def waiting(self) -> int:
        """How many jobs wait."""
        raise NotImplementedError

    def cancel(self, job_id: str) -> JobRow:
        """Stop a job that waits or runs; its worker notices at its next step. One that has ended stays as it is. NotFound."""
        raise NotImplementedError

    def claim(self, owner: str, seconds: float, job_id: str | None = None) -> JobRow | None:
        """Take the most urgent waiting job (or this one) and its lease; None when there is none to take."""
        raise NotImplementedError

    def renew(self, job_id: str, owner: str, seconds: float) -> bool:
        """Lengthen a lease; False when it is no longer the owner's."""
        raise NotImplementedError

    def hold(self, job_id: str, owner: str) -> JobRow:
        """Check within this transaction that a job is still the owner's; LeaseLost when it is not. Before every write of a result."""
        raise NotImplementedError

    def progress(self, job_id: str, owner: str, step: int, of: int, what: str) -> None:
        """Say how far a job is; LeaseLost."""
        raise NotImplementedError

    def finish(self, job_id: str, owner: str, *, network: bool = True) -> JobRow:
        """A job is done; ``network`` False: no network reads the study. LeaseLost."""
        raise NotImplementedError

    def fail(self, job_id: str, owner: str, template: str, values: Values | None = None) -> JobRow:
        """A job failed, for this reason; it is not tried again. LeaseLost."""
        raise NotImplementedError

    def release(self, job_id: str, owner: str) -> None:
        """Give a job back untouched, because its worker stops; this attempt does not count. One that is lost is no error."""
        raise NotImplementedError

    def sweep(self, now: datetime | None = None) -> int:
        """Send jobs whose lease ran out to the next worker, those tried three times to "failed"; returns how many."""
        raise NotImplementedError
