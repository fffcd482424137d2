"""Batches: a selection of studies that one network is to read, and how far that is.

A batch does no work and holds no queue: each of its studies names the job that reads it, one of those that there are anyway.
What had been read before names none, and neither does what the network does not read, which has the reason instead.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args

from sqlalchemy import ForeignKey, Select, and_, case, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.errors import NotFound
from app.store.jobs import OPEN, Jobs
from app.store.records import Values
from app.store.tables import Base, Id, JobTable, StudyTable, belongs, now, public_id

KEPT = timedelta(days=30)
"""How long a batch is kept after it was asked for. What was read stays."""

BatchState = Literal["failed", "unread", "cancelled", "running", "queued", "done", "there"]
BATCH_STATES: tuple[BatchState, ...] = get_args(BatchState)
"""What becomes of a study of a batch: its job's state, "there" where it had been read before, "unread" where the network does
not read it. What needs a person comes first."""
AHEAD: tuple[BatchState, ...] = ("running", "queued")


class BatchTable(Base):
    """A batch. ``origin`` is the address of the list that the studies were chosen in, "" where they were named."""

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    model: Mapped[str]
    origin: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


class BatchStudyTable(Base):
    """A study of a batch. ``own``: its job was asked for by the batch alone, so that the batch may stop it."""

    __tablename__ = "batch_studies"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[str] = belongs("studies")
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    own: Mapped[bool]
    error_template: Mapped[str]
    error_values: Mapped[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: which network reads how many studies, and how many are in each state."""

    id: str
    model: str
    origin: str
    created_at: datetime
    counts: Mapping[BatchState, int] = field(hash=False)

    @property
    def total(self) -> int:
        """How many studies it has that are still here."""
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """How many of them wait for nothing any more."""
        return self.total - sum(self.counts[state] for state in AHEAD)

    @property
    def open(self) -> bool:
        """Whether some still wait."""
        return self.settled < self.total


@dataclass(frozen=True, slots=True)
class BatchStudy:
    """A study of a batch: its state, and the sentence of a failure."""

    study_id: str
    state: BatchState
    job_id: str
    error_template: str = ""
    error_values: Values = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A study for a batch: the job that reads it, "" for none, whether that is the batch's own, and why there is none."""

    study_id: str
    job_id: str = ""
    own: bool = False
    error_template: str = ""
    error_values: Values = field(default_factory=dict, hash=False)


class Batches:
    """The batches of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, model: str, origin: str = "") -> str:
        """The id of a new batch without studies; old ones are let go."""
        moment = now()
        self._session.execute(delete(BatchTable).where(BatchTable.created_at < moment - KEPT))
        row = BatchTable(model=model, origin=origin, created_at=moment)
        self._session.add(row)
        self._session.flush()
        return row.id

    def put(self, batch_id: str, first: int, wanted: Sequence[Wanted]) -> None:
        """Put studies into a batch, the first of them at the place ``first``. NotFound."""
        self._row(batch_id)
        for number, one in enumerate(wanted, first):
            values = {"job_id": one.job_id or None, "own": one.own, "error_values": dict(one.error_values)}
            named = {"study_id": one.study_id, "error_template": one.error_template}
            self._session.add(BatchStudyTable(batch_id=batch_id, number=number, **named, **values))
        self._session.flush()

    def get(self, batch_id: str) -> Batch:
        """One batch; NotFound."""
        return self._told([self._row(batch_id)])[0]

    def newest(self, most: int = 50) -> tuple[Batch, ...]:
        """The batches asked for last."""
        newest = select(BatchTable).order_by(BatchTable.created_at.desc(), BatchTable.id).limit(most)
        return self._told(self._session.scalars(newest).all())

    def studies(self, batch_id: str, *, start: int = 0, size: int | None = None) -> tuple[BatchStudy, ...]:
        """The studies of a batch, what needs a person first, then as they were chosen."""
        order = case({state: place for place, state in enumerate(BATCH_STATES)}, value=_state())
        chosen = _members([batch_id], BatchStudyTable, JobTable, _state()).order_by(order, BatchStudyTable.number)
        found = self._session.execute(chosen.offset(start).limit(size)).all()
        return tuple(_study(*row) for row in found)

    def stop(self, batch_id: str, most: int) -> bool:
        """Take back what of a batch still waits or runs, at most so many studies, the last first; what others asked for too
        goes on. Returns whether there may be more. NotFound."""
        self._row(batch_id)
        mine = _members([batch_id], BatchStudyTable.job_id).where(BatchStudyTable.own, JobTable.state.in_(OPEN))
        found = self._session.scalars(mine.order_by(BatchStudyTable.number.desc()).limit(most)).all()
        jobs = Jobs(self._session)
        for job_id in found:
            jobs.cancel(str(job_id))
        return len(found) == most

    def _row(self, batch_id: str) -> BatchTable:
        row = self._session.get(BatchTable, batch_id)
        if row is None:
            raise NotFound("There is no such batch, or it is no longer kept.")
        return row

    def _told(self, rows: Sequence[BatchTable]) -> tuple[Batch, ...]:
        state = _state()
        counted = _members([row.id for row in rows], BatchStudyTable.batch_id, state, func.count())
        counts: dict[str, dict[BatchState, int]] = {row.id: dict.fromkeys(BATCH_STATES, 0) for row in rows}
        for batch_id, name, count in self._session.execute(counted.group_by(BatchStudyTable.batch_id, state)):
            counts[batch_id][name] = count
        return tuple(Batch(row.id, row.model, row.origin, row.created_at, counts[row.id]) for row in rows)


def _state() -> Any:
    """The state of a study of a batch, in SQL."""
    none = case((BatchStudyTable.error_template != "", "unread"), else_="there")
    return case((BatchStudyTable.job_id.is_(None), none), else_=JobTable.state)


def _members(batches: Collection[str], *columns: Any) -> Select[Any]:
    here = and_(StudyTable.id == BatchStudyTable.study_id, StudyTable.removal.is_(None))
    return (
        select(*columns)
        .select_from(BatchStudyTable)
        .join(StudyTable, here)
        .outerjoin(JobTable, JobTable.id == BatchStudyTable.job_id)
        .where(BatchStudyTable.batch_id.in_(batches))
    )


def _study(row: BatchStudyTable, job: JobTable | None, state: str) -> BatchStudy:
    said = row if job is None else job
    return BatchStudy(row.study_id, cast(BatchState, state), row.job_id or "", said.error_template, said.error_values)
