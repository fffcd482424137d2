"""The store's front door: opening it, and the one transaction that reads and writes go through.

Nobody else commits: the edge of a request or of a job's step does, by leaving ``with store.begin()``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exists, or_, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.config import Settings
from app.domain import Study
from app.errors import Unavailable
from app.store.agreements import Agreements
from app.store.blobs import Blobs
from app.store.exam_reviews import ExamReviews
from app.store.exam_tables import StackExplanationTable
from app.store.exams import Exams
from app.store.flags import Flags
from app.store.inspections import Inspections
from app.store.jobs import Jobs
from app.store.layouts import Layouts
from app.store.measures import Measures
from app.store.migrating import at_head
from app.store.questions import Questions, QuestionTable
from app.store.results import Explanations, Predictions
from app.store.reviews import Reviews
from app.store.studies import Staged, Studies, stage
from app.store.tables import ExplanationTable, FileTable, ImageTable
from app.store.uploads import Uploads
from app.store.what_ifs import WhatIfs, WhatIfTable
from app.store.worklist import Worklist

REFERRING = (
    FileTable.sha256,
    ImageTable.pixels,
    ExplanationTable.values,
    StackExplanationTable.values,
    QuestionTable.values,
    WhatIfTable.mask,
)
"""The columns that name blobs."""
BUSY_SECONDS = 20
"""How long a writer waits for the one before it."""


class Transaction:
    """One open transaction, one attribute per noun."""

    def __init__(self, session: Session, blobs: Blobs) -> None:
        self.doomed: set[str] = set()
        """Blobs that a row let go of; those nothing refers to any more are removed after the commit."""
        self.studies = Studies(session, blobs, self.doomed)
        self.uploads = Uploads(session)
        self.worklist = Worklist(session)
        self.inspections = Inspections(session)
        self.predictions = Predictions(session)
        self.explanations = Explanations(session, blobs, self.doomed)
        self.agreements = Agreements(session)
        self.exams = Exams(session, blobs, self.doomed)
        self.exam_reviews = ExamReviews(session)
        self.flags = Flags(session)
        self.jobs = Jobs(session)
        self.reviews = Reviews(session)
        self.measures = Measures(session)
        self.layouts = Layouts(session)
        self.questions = Questions(session, blobs, self.doomed)
        self.what_ifs = WhatIfs(session, blobs)


class Store:
    """The database and the blobs; safe to share between threads (each opens its own transactions)."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self.blobs = blobs
        self._readers = engine
        self._writers = engine.execution_options(writes=True)

    @classmethod
    def open(cls, settings: Settings) -> "Store":
        """The store of these settings. The database must have been migrated (`app.store.migrate`)."""
        settings.var.mkdir(parents=True, exist_ok=True)
        return cls(connect(settings), Blobs(settings.var / "blobs"))

    def close(self) -> None:
        """Give back every connection."""
        self._readers.dispose()

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that writes: committed at its end, rolled back when an exception leaves it.

        Writers come one after the other, so keep them short: no decoding, no network, no inference inside.
        Unavailable when the database is away, full, or busy for longer than its timeout.
        """
        with _clear(), Session(self._writers, expire_on_commit=False) as session, session.begin():
            tx = Transaction(session, self.blobs)
            yield tx
        self._collect(tx.doomed)

    @contextmanager
    def view(self) -> Iterator[Transaction]:
        """A transaction that reads one snapshot and never waits for a writer; whatever it changed is rolled back."""
        with _clear(), Session(self._readers, autoflush=False) as session:
            yield Transaction(session, self.blobs)

    def stage(self, study: Study, name: str, path: Path) -> Staged:
        """Put one file and its decoded images into the blobs, outside of any transaction; ``tx.studies.add`` makes it count.

        ``study`` holds exactly what the file ``path`` holds (`app.ingest.Accepted`); ``name`` is what its sender called it. The
        result is small: the arrays can be let go. Unavailable when the disk is full.
        """
        return stage(self.blobs, study, name, path)

    def ready(self) -> bool:
        """Whether the database answers and has been migrated to the newest schema."""
        try:
            with self._readers.connect() as connection:
                return at_head(connection)
        except SQLAlchemyError:
            return False

    def sweep(self, seconds: float = 3600) -> int:
        """Remove blobs that nothing refers to and nobody put for so long; returns how many.

        Those referred to are left out beforehand, on a snapshot, so that writers are kept waiting for the few others only.
        """
        old = set(self.blobs.old(seconds))
        with _clear(), Session(self._readers) as session:
            for column in REFERRING:
                old.difference_update(session.scalars(select(column)))
        return self._collect(old)

    def _collect(self, doomed: set[str]) -> int:
        """Remove those of these blobs that no row refers to. The writers' lock is held, so that nobody begins to meanwhile."""
        removed = 0
        if doomed:
            with _clear(), Session(self._writers) as session, session.begin():
                for sha256 in doomed:
                    if not session.scalar(_referred(sha256)):
                        self.blobs.remove(sha256)
                        removed += 1
        return removed


def _referred(sha256: str) -> Any:
    return select(or_(*(exists().where(column == sha256) for column in REFERRING)))


def connect(settings: Settings) -> Engine:
    """The engine of these settings. On SQLite: WAL, foreign keys, full synchronisation, and writers that queue from the start
    (BEGIN IMMEDIATE), because a reader that becomes a writer half-way cannot wait for its turn."""
    url = settings.database()
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=20, max_overflow=40)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin by itself, and later than it should
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", f"busy_timeout = {BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _clear() -> Iterator[None]:
    """Turn the database's own failures into a sentence for people; faults of ours stay what they are."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("The database is busy. Try again in a moment.") from error
    except DBAPIError as error:
        said = str(error.orig)
        if "is full" in said:
            raise Unavailable("The disk is full: nothing was stored. Make room and try again.") from error
        if "locked" in said:
            raise Unavailable("The database is busy. Try again in a moment.") from error
        if error.connection_invalidated or "unable to open" in said or "disk I/O" in said or "readonly" in said:
            raise Unavailable("The database cannot be reached just now. Try again in a moment.") from error
        raise
