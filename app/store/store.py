"""The store's front door: opening it, and the one transaction that reads and writes go through.

Nobody else commits: the edge of a request or of a job's step does, by leaving ``with store.begin()``.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from app.config import Settings
from app.domain import Study
from app.store.blobs import Blobs
from app.store.jobs import Jobs
from app.store.results import Explanations, Predictions
from app.store.reviews import Reviews
from app.store.studies import Staged, Studies
from app.store.uploads import Uploads
from app.store.worklist import Worklist


class Transaction:
    """One open transaction, one attribute per noun."""

    studies: Studies
    uploads: Uploads
    worklist: Worklist
    predictions: Predictions
    explanations: Explanations
    jobs: Jobs
    reviews: Reviews


class Store:
    """The database and the blobs; safe to share between threads (each opens its own transactions)."""

    blobs: Blobs

    @classmethod
    def open(cls, settings: Settings) -> "Store":
        """The store of these settings. The database must have been migrated (`app.store.migrate`)."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back every connection."""
        raise NotImplementedError

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction that writes: committed at its end, rolled back when an exception leaves it.

        Writers come one after the other, so keep them short: no decoding, no network, no inference inside.
        Unavailable when the database is away, full, or busy for longer than its timeout.
        """
        raise NotImplementedError

    def view(self) -> AbstractContextManager[Transaction]:
        """A transaction that reads one snapshot and never waits for a writer; whatever it changed would be rolled back."""
        raise NotImplementedError

    def stage(self, study: Study, name: str, path: Path) -> Staged:
        """Put one file and its decoded images into the blobs, outside of any transaction; ``tx.studies.add`` makes it count.

        ``study`` holds exactly what the file ``path`` holds (`app.ingest.Accepted`); ``name`` is what its sender called it. The
        result is small: the arrays can be let go.
        """
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether the database answers and has been migrated to the newest schema."""
        raise NotImplementedError

    def sweep(self, seconds: float = 3600) -> int:
        """Remove blobs that nothing refers to and nobody put for so long; returns how many."""
        raise NotImplementedError
