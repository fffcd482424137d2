"""Jobs: work that outlives a request, behind a lease that only one worker holds.

Who holds the lease may write the job's results; a worker that lost it (killed, frozen, cut off) writes nothing any more, so a
job that is delivered twice has one result.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, Unavailable
from app.store.records import JobRow, StudyState, Values
from app.store.tables import AnswerTable, CohortTable, JobTable, StackTable, StudyTable, now

ATTEMPTS = 3
"""How often a job is started before it counts as failed."""

SETBACKS = 120
"""How often in a row a job may come to nothing through no fault of its own, which takes about two hours."""
LONGEST_WAIT = 60.0
"""Seconds that a job waits at most before it is tried again."""

OPEN = ("queued", "running")


class LeaseLost(Conflict):
    """A worker writes for a job that is no longer its own: it was cancelled, or it went to another worker."""


class Jobs:
    """The jobs of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def analyse(self, study_id: str, *, model: str | None = None, priority: int = 0, insist: bool = False) -> JobRow:
        """Ask for a study's predictions and its top finding's maps, with ``insist`` even of what a guard refuses; NotFound.

        An identical job that waits is returned instead, as urgent as the more urgent wish; and so is a running one that began
        after the study last grew.
        """
        study = self._session.get(StudyTable, study_id)
        if study is None:
            raise NotFound("There is no such study, or it was removed.")
        key = {"kind": "analyse", "study_id": study_id, "stack_id": None, "model": model, "finding": None, "insist": insist}
        for job in self._same(key):
            if job.state == "queued" or (job.started_at and job.started_at >= study.changed_at):
                job.priority = max(job.priority, priority)
                self._session.flush()
                return _row(job)
        row = self._add(key, priority)
        self._settle(study_id, "waiting")
        return row

    def behind(self, study_id: str) -> bool:
        """Whether a study grew and no analysis was asked for since, because the upload that made it grow broke off."""
        return bool(self._session.scalar(select(exists().where(StudyTable.id == study_id, _behind()))))

    def left(self, before: datetime) -> tuple[str, ...]:
        """Every study that is behind (`behind`) since ``before``."""
        return tuple(self._session.scalars(select(StudyTable.id).where(StudyTable.changed_at < before, _behind())))

    def explain(
        self,
        study_id: str,
        model: str,
        finding: str,
        *,
        stack_id: str | None = None,
        methods: Sequence[str] = (),
        priority: int = 10,
    ) -> JobRow:
        """Ask for the maps of one finding by one network, of one stack or of all that it reads: by some methods, or by those
        that the network opens with where none is named. An identical open job is returned instead. NotFound."""
        if stack_id is None and self._session.get(StudyTable, study_id) is None:
            raise NotFound("There is no such study, or it was removed.")
        stack = None if stack_id is None else self._session.get(StackTable, stack_id)
        if stack_id is not None and (stack is None or stack.study_id != study_id):
            raise NotFound("There is no such image, or it was removed.")
        key = {"kind": "explain", "study_id": study_id, "stack_id": stack_id, "model": model, "finding": finding}
        key["methods"] = ",".join(methods)
        for job in self._same(key):
            return _row(job)
        return self._add(key, priority)

    def measure(self, cohort_id: str, *, priority: int = 5) -> JobRow:
        """Ask for a cohort's figures; what asked before is cancelled. NotFound."""
        if self._session.get(CohortTable, cohort_id) is None:
            raise NotFound("There is no such cohort, or it was removed.")
        self.cancel_cohort(cohort_id)
        return self._add({"kind": "cohort", "cohort_id": cohort_id}, priority)

    def cancel_cohort(self, cohort_id: str) -> None:
        """Stop a cohort's jobs."""
        for job in self._same({"kind": "cohort", "cohort_id": cohort_id}):
            self._end(job, "cancelled", "done")

    def of_cohort(self, cohort_id: str) -> JobRow | None:
        """The last job that was asked for a cohort."""
        mine = select(JobTable).where(JobTable.cohort_id == cohort_id)
        row = self._session.scalar(mine.order_by(JobTable.created_at.desc(), JobTable.id).limit(1))
        return None if row is None else _row(row)

    def _same(self, key: Mapping[str, str | bool | None]) -> list[JobTable]:
        query = select(JobTable).filter_by(**key).where(JobTable.state.in_(OPEN))
        return list(self._session.scalars(query))

    def _add(self, key: Mapping[str, str | bool | None], priority: int) -> JobRow:
        row = JobTable(**key, priority=priority, created_at=now())
        self._session.add(row)
        self._session.flush()
        return _row(row)

    def get(self, job_id: str) -> JobRow:
        """One job; NotFound."""
        return _row(self._get(job_id))

    def _get(self, job_id: str) -> JobTable:
        row = self._session.get(JobTable, job_id, populate_existing=True)
        if row is None:
            raise NotFound("There is no such job, or it was removed.")
        return row

    def assign(self, job_id: str, owner: str, models: Sequence[str]) -> JobRow:
        """Say which networks a job without one turned out to be for: it goes on for the first of them, and each of the others
        gets a job of its own. LeaseLost."""
        job = self._held(job_id, owner)
        job.model, job.chosen = models[0], True
        self._session.flush()
        for model in models[1:]:
            key = {"kind": "analyse", "study_id": job.study_id, "stack_id": None, "model": model, "insist": job.insist}
            if not self._same(key):
                self._add({**key, "chosen": True}, job.priority)
        return _row(job)

    def of_study(self, study_id: str, model: str = "") -> JobRow | None:
        """The job a study's page shows: the running one, else the next that waits, else the one that ended last; where
        ``model`` names a network, of those for it or for any."""
        rank = case({"running": 0, "queued": 1}, value=JobTable.state, else_=2)
        waits = case((JobTable.state == "queued", -JobTable.priority), else_=0)
        query = select(JobTable).where(JobTable.study_id == study_id)
        if model:
            query = query.where(or_(JobTable.model == model, JobTable.model.is_(None)))
        row = self._session.scalar(
            query.order_by(rank, JobTable.finished_at.desc(), waits, JobTable.created_at, JobTable.id).limit(1)
        )
        return None if row is None else _row(row)

    def waiting(self) -> int:
        """How many jobs wait."""
        return self._session.scalar(select(func.count()).where(JobTable.state == "queued")) or 0

    def more_urgent(self, than: int) -> bool:
        """Whether a job waits, and may be tried by now, that goes before those of a priority."""
        return bool(self._session.scalar(select(exists().where(*_ripe(), JobTable.priority > than))))

    def due(self) -> bool:
        """Whether there is a job to take: one that waits and may be tried by now, or one whose lease ran out."""
        late = and_(JobTable.state == "running", JobTable.lease_until < now())
        return bool(self._session.scalar(select(exists().where(or_(and_(*_ripe()), late)))))

    def cancel(self, job_id: str) -> JobRow:
        """Stop a job that waits or runs; its worker notices at its next step. One that has ended stays as it is. NotFound."""
        job = self._get(job_id)
        if job.state in OPEN:
            done = self._session.scalar(select(exists().where(AnswerTable.study_id == job.study_id)))
            self._end(job, "cancelled", "done" if done else "failed")
        return _row(job)

    def claim(self, owner: str, seconds: float, job_id: str | None = None, *, above: int | None = None) -> JobRow | None:
        """Take the most urgent waiting job (or this one, or one ``above`` a priority) and its lease; None when there is none to
        take.

        Jobs whose lease ran out count as waiting.
        """
        self.sweep()
        query = select(JobTable.id).where(*_ripe())
        if job_id is not None:
            query = query.where(JobTable.id == job_id)
        if above is not None:
            query = query.where(JobTable.priority > above)
        order = (JobTable.priority.desc(), JobTable.created_at, JobTable.id)
        while (found := self._session.scalar(query.order_by(*order).limit(1))) is not None:
            taken = self._session.execute(
                update(JobTable)
                .where(JobTable.id == found, JobTable.state == "queued")  # compare, and set in the same statement
                .values(
                    state="running",
                    lease_owner=owner,
                    lease_until=now() + timedelta(seconds=seconds),
                    attempts=JobTable.attempts + 1,
                    not_before=None,
                    started_at=now(),
                )
                .execution_options(synchronize_session=False)
            )
            if cast(Any, taken).rowcount == 1:
                job = self._get(found)
                if job.kind == "analyse":
                    self._settle(job.study_id, "analysing")
                return _row(job)
        return None

    def regain(self, owner: str, seconds: float, known: Sequence[str] = ()) -> JobRow | None:
        """The job that is the owner's already, its lease lengthened: it was claimed, and the answer was lost on its way.
        ``known`` are those that the owner has in hand."""
        mine = (JobTable.state == "running", JobTable.lease_owner == owner, JobTable.id.not_in(known))
        job = self._session.scalar(select(JobTable).where(*mine).limit(1))
        if job is None:
            return None
        job.lease_until = now() + timedelta(seconds=seconds)
        self._session.flush()
        return _row(job)

    def renew(self, job_id: str, owner: str, seconds: float) -> bool:
        """Lengthen a lease; False when it is no longer the owner's."""
        renewed = self._session.execute(
            update(JobTable)
            .where(JobTable.id == job_id, JobTable.lease_owner == owner, JobTable.state == "running")
            .values(lease_until=now() + timedelta(seconds=seconds))
            .execution_options(synchronize_session=False)
        )
        return bool(cast(Any, renewed).rowcount == 1)

    def hold(self, job_id: str, owner: str) -> JobRow:
        """Check within this transaction that a job is still the owner's, before anything is written for it; LeaseLost."""
        return _row(self._held(job_id, owner))

    def _held(self, job_id: str, owner: str) -> JobTable:
        row = self._session.get(JobTable, job_id, populate_existing=True, with_for_update=True)
        if row is None or row.state != "running" or row.lease_owner != owner:
            raise LeaseLost("The job was cancelled, or another worker has it now.")
        return row

    def progress(
        self, job_id: str, owner: str, step: int, of: int, what: str, *, values: Mapping[str, str] | None = None
    ) -> None:
        """Say how far a job is; ``values`` are put into what is being done, each translated. LeaseLost."""
        job = self._held(job_id, owner)
        job.step, job.of, job.what, job.what_values = step, of, what, dict(values or {})
        if step:
            job.setbacks = 0
        self._session.flush()

    def finish(self, job_id: str, owner: str, *, network: bool = True) -> JobRow:
        """A job is done; ``network`` False: no network reads the study. LeaseLost."""
        job = self._held(job_id, owner)
        self._end(job, "done", "done" if network else "no network")
        return _row(job)

    def fail(self, job_id: str, owner: str, template: str, values: Values | None = None) -> JobRow:
        """A job failed, for this reason; it is not tried again. LeaseLost."""
        job = self._held(job_id, owner)
        job.error_template, job.error_values = template, dict(values or {})
        self._end(job, "failed", "failed")
        return _row(job)

    def release(self, job_id: str, owner: str) -> None:
        """Give a job back untouched, because its worker stops; this attempt does not count, whoever has the job now."""
        row = self._session.get(JobTable, job_id, populate_existing=True, with_for_update=True)
        if row is None or row.state not in OPEN:
            return
        row.attempts = max(0, row.attempts - 1)
        if row.state == "running" and row.lease_owner == owner:
            self._requeue(row)

    def postpone(self, job_id: str, owner: str, what: str) -> None:
        """Give a job back because something it needs was away: ``what`` says what it waits for. One that is lost is no error.

        It is tried again after a second, after two, four, and so on; this attempt does not count. One that comes to nothing so
        for hours fails.
        """
        try:
            job = self._held(job_id, owner)
        except LeaseLost:
            return
        job.attempts -= 1
        job.setbacks += 1
        if job.setbacks > SETBACKS:
            error = Unavailable(
                "The work was tried %(times)s times, and every time something it needs was away.", {"times": SETBACKS}
            )
            job.error_template, job.error_values = error.template, error.values
            self._end(job, "failed", "failed")
            return
        job.not_before = now() + timedelta(seconds=min(2.0 ** (job.setbacks - 1), LONGEST_WAIT))
        self._requeue(job)
        job.what = what
        self._session.flush()

    def sweep(self, at: datetime | None = None) -> int:
        """Send jobs whose lease ran out to the next worker, those tried three times to "failed"; returns how many."""
        late = select(JobTable).where(JobTable.state == "running", JobTable.lease_until < (at or now()))
        rows = self._session.scalars(late.with_for_update().execution_options(populate_existing=True)).all()
        for job in rows:
            if job.attempts < ATTEMPTS:
                self._requeue(job)
            else:
                error = Unavailable(
                    "The work was started %(attempts)s times and never came to its end.", {"attempts": job.attempts}
                )
                job.error_template, job.error_values = error.template, error.values
                self._end(job, "failed", "failed")
        return len(rows)

    def _requeue(self, job: JobTable) -> None:
        job.state, job.lease_owner, job.lease_until = "queued", None, None
        job.step, job.what, job.what_values = 0, "", {}
        self._session.flush()
        if job.kind == "analyse":
            self._settle(job.study_id, "waiting")

    def _end(self, job: JobTable, state: str, study: StudyState) -> None:
        job.state, job.finished_at = state, now()
        job.lease_owner, job.lease_until = None, None
        self._session.flush()
        if job.kind == "analyse":
            self._settle(job.study_id, "done" if study == "failed" and self._read_by_another(job) else study)

    def _read_by_another(self, job: JobTable) -> bool:
        """Whether the last job of some other network for the same study came to its end: one network's failure says nothing of
        what another has read."""
        mine = (JobTable.study_id == job.study_id, JobTable.kind == "analyse", JobTable.model.is_not(None))
        ended = select(JobTable.model, JobTable.state).where(*mine, JobTable.model != job.model, JobTable.state.not_in(OPEN))
        last = dict(self._session.execute(ended.order_by(JobTable.finished_at)).all())
        return "done" in last.values()

    def _settle(self, study_id: str | None, state: StudyState) -> None:
        """Set the state the worklist shows; a job that is still open goes before one that ended."""
        mine = (JobTable.study_id == study_id, JobTable.kind == "analyse", JobTable.state.in_(OPEN))
        still = set(self._session.scalars(select(JobTable.state).where(*mine)))
        if still:
            state = "analysing" if "running" in still else "waiting"
        self._session.get_one(StudyTable, study_id).state = state
        self._session.flush()


def _ripe() -> tuple[ColumnElement[bool], ...]:
    """Whether a job waits, and may be tried by now."""
    return JobTable.state == "queued", or_(JobTable.not_before.is_(None), JobTable.not_before <= now())


def _behind() -> ColumnElement[bool]:
    """No analysis of the study waits, or was asked for or begun after the study last grew."""
    since = or_(JobTable.created_at >= StudyTable.changed_at, JobTable.started_at >= StudyTable.changed_at)
    asked = (JobTable.study_id == StudyTable.id, JobTable.kind == "analyse", or_(JobTable.state == "queued", since))
    return ~exists().where(*asked).correlate(StudyTable)


def _row(row: JobTable) -> JobRow:
    return JobRow(
        id=row.id,
        kind=cast(Any, row.kind),
        study_id=row.study_id or "",
        stack_id=row.stack_id,
        model=row.model,
        finding=row.finding,
        state=cast(Any, row.state),
        step=row.step,
        of=row.of,
        what=row.what,
        what_values=row.what_values,
        error_template=row.error_template,
        error_values=row.error_values,
        attempts=row.attempts,
        priority=row.priority,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        insist=row.insist,
        chosen=row.chosen,
        not_before=row.not_before,
        setbacks=row.setbacks,
        methods=tuple(filter(None, row.methods.split(","))),
        cohort_id=row.cohort_id or "",
    )
