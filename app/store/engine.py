"""The engine under the store: how SQLite and PostgreSQL are set up so that reading and writing mean the same on both.

A reader sees one moment and writes nothing. A writer is alone in the house, or alone with one study: from its first statement
on it sees everything that was committed before, and what it has read stays true until it commits
(docs/decisions/0013-one-writer-and-its-study.md).
"""

import sqlite3
import time
import zlib
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.config import Settings
from app.errors import InputError
from app.store.faults import AWAY, meaning
from app.store.tables import CorrectionTable, PartTable, StudyTable

BUSY_SECONDS = 20.0
"""How long a writer waits for the one before it."""
IDLE_SECONDS = 60
"""How long a writer may do nothing before PostgreSQL ends it: one that was frozen keeps nobody waiting for ever."""
OPENING_SECONDS = 3.0
"""How long a transaction tries to begin while the database is away: as long as a restart takes."""
PAUSE_SECONDS = 0.1

HOUSE, STUDY = 1463898481, 1463898482
"""The first keys of the advisory locks, "Wha1" and "Wha2"; the second key is 0, or stands for the study."""
ALONE = text("select set_config('idle_in_transaction_session_timeout', :idle, true), pg_advisory_xact_lock(:house, 0)")
WITH_A_STUDY = text(
    "select set_config('idle_in_transaction_session_timeout', :idle, true), pg_advisory_xact_lock_shared(:house, 0), "
    "pg_advisory_xact_lock(:study, :key)"
)


def connect(settings: Settings) -> Engine:
    """The engine of these settings. InputError for an address that is neither SQLite's nor PostgreSQL's.

    SQLite: WAL, foreign keys, full synchronisation, and writers that queue from the start (BEGIN IMMEDIATE), because a reader
    that becomes a writer half-way cannot wait for its turn. PostgreSQL: see
    `app.store.postgresql`.
    """
    address = settings.database()
    try:
        kind = make_url(address).get_backend_name()
        if kind == "sqlite":
            return _sqlite(address)
        if kind == "postgresql":
            from app.store import postgresql  # noqa: PLC0415 — its driver is for those who have it

            return postgresql.engine(address, BUSY_SECONDS)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise InputError("WHYLIGHT_DATABASE_URL is no address of a database, such as postgresql://user@host/name.") from error
    raise InputError("WHYLIGHT_DATABASE_URL is the address of neither a PostgreSQL nor an SQLite database.")


def readers(engine: Engine) -> Engine:
    """The engine for transactions that see one moment and write nothing."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(reads=True)
    return engine.execution_options(reads=True, isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writers(engine: Engine) -> Engine:
    """The engine for transactions that write. On PostgreSQL every statement sees what is committed by then, which after the
    writer's lock is all that those before it did."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(writes=True)
    return engine.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=False)


def opened(engine: Engine, *, study: str | None = None) -> Session:
    """A session whose transaction has begun; of `writers`, once nobody else writes, or with ``study`` nobody about that study.

    Nothing has happened yet, so while the database is away it is tried again, for `OPENING_SECONDS`.
    """
    reads = engine.get_execution_options().get("reads", False)
    deadline = time.monotonic() + OPENING_SECONDS
    while True:
        session = Session(engine, autoflush=not reads, expire_on_commit=False)
        try:
            connection = session.connection()
            if not reads:
                queue(connection, study)
        except (DBAPIError, PoolTimeout) as error:
            session.close()
            again = isinstance(error, DBAPIError) and engine.dialect.name == "postgresql" and meaning(error) == AWAY
            if not again or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
        except BaseException:
            session.close()
            raise
        else:
            if study is not None:
                event.listen(session, "before_flush", _about(study))
            return session


def queue(connection: Connection, study: str | None = None) -> None:
    """Wait on PostgreSQL until nobody else writes, or nobody about this study; the place is kept until the transaction ends.

    There is one order of waiting (the house, then one study), so that no two wait for one another.
    """
    if connection.dialect.name != "postgresql":
        return
    idle = f"{IDLE_SECONDS}s"
    if study is None:
        connection.execute(ALONE, {"idle": idle, "house": HOUSE})
    else:
        key = zlib.crc32(study.encode()) - 2**31
        connection.execute(WITH_A_STUDY, {"idle": idle, "house": HOUSE, "study": STUDY, "key": key})


def _about(study: str) -> Any:
    """A check that a transaction about one study writes about no other, which others may be writing about."""

    def check(session: Session, _context: object, _instances: object) -> None:
        for row in (*session.new, *session.dirty, *session.deleted):
            if isinstance(row, PartTable | CorrectionTable):  # of an answer and of a stack, which are looked at themselves
                continue
            mine = row.id if isinstance(row, StudyTable) else getattr(row, "study_id", None)
            if mine != study:
                raise ValueError(f"a transaction about one study would write into {type(row).__name__} of another")

    return check


def _sqlite(address: str) -> Engine:
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, pool_size=20, max_overflow=40)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin by itself, and later than it should
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    _log_ahead(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _log_ahead(connection: Any) -> None:
    """Write into a log ahead of the database. The first to open a new database changes it to that, and SQLite asks nobody to
    wait meanwhile: of several that hold a lock and want a higher one it refuses all but one at once, whatever their patience
    (sqlite.org/c3ref/busy_handler.html). So they try again."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if options.get('reads') else 'OFF'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
