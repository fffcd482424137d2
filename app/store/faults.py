"""What the database's own failures mean for people: busy, away, full. Faults of ours stay what they are.

SQLite says what is wrong in words, PostgreSQL by its error codes (its manual, appendix A).
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Unavailable

BUSY = "The database is busy. Try again in a moment."
AWAY = "The database cannot be reached just now. Try again in a moment."
FULL = "The disk is full: nothing was stored. Make room and try again."

WAITING = {
    BUSY: "Waiting: the database was busy.",
    AWAY: "Waiting: the database was away.",
    FULL: "Waiting: the disk was full.",
}
"""What a job waits for that is tried again, by the sentence of what kept it from its work."""
ANYTHING = "Waiting: something that the work needs was away."

CODES = {
    "08": AWAY,  # the connection broke
    "25P03": AWAY,  # this transaction was idle for so long that the server ended it
    "25006": AWAY,  # a server that stands by takes no writes
    "40": BUSY,  # serialisation failures and deadlocks
    "53100": FULL,
    "53": BUSY,  # no memory, no connection left
    "55P03": BUSY,  # a lock was not to be had in time
    "57014": BUSY,  # cancelled for the time it took
    "57": AWAY,  # the server stops, has crashed, or does not take anybody yet
    "58": AWAY,  # its disk, or the system below it
    "XX": AWAY,  # it found itself broken
}
"""Which sentence a code of PostgreSQL, or else its class, stands for. Any other code is a fault of ours."""
WORDS = (
    ("is full", FULL),
    ("locked", BUSY),
    ("unable to open", AWAY),
    ("disk I/O", AWAY),
    ("readonly", AWAY),
)
"""What SQLite says."""


def meaning(error: DBAPIError) -> str | None:
    """The sentence for a failure of the database, None for a fault of ours."""
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return CODES.get(code, CODES.get(code[:2]))
    if error.connection_invalidated or _unconnected(error):
        return AWAY
    said = str(error.orig)
    return next((sentence for words, sentence in WORDS if words in said), None)


def _unconnected(error: DBAPIError) -> bool:
    """Whether psycopg failed without a code: no server answered, or the connection ended without a word."""
    return type(error.orig).__module__.startswith("psycopg") and type(error.orig).__name__ == "OperationalError"


def waiting_for(error: BaseException) -> str | None:
    """What work waits for that came to nothing through no fault of its own; None where trying again would not help."""
    if isinstance(error, Unavailable):
        return WAITING.get(error.template, ANYTHING)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return WAITING[FULL]
    return None


@contextmanager
def clear(*, writing: bool = True) -> Iterator[None]:
    """Turn the database's own failures into Unavailable, with a sentence for people.

    A write where nothing may be written is a fault of ours, not a database that takes none.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable(BUSY) from error
    except PendingRollbackError as error:
        if "reconnect" not in str(error):
            raise
        raise Unavailable(AWAY) from error  # the connection broke, and whoever had it went on
    except DBAPIError as error:
        sentence = meaning(error)
        if sentence is None or (not writing and _refused(error)):
            raise
        if sentence == FULL:
            raise Unavailable(FULL) from error
        if sentence == BUSY:
            raise Unavailable(BUSY) from error
        raise Unavailable(AWAY) from error


def _refused(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "25006" or "readonly" in str(error.orig)
