"""The store's front door: opening it, and the one transaction that reads and writes go through.

Nobody else commits: the edge of a request or of a job's step does, by leaving ``with store.begin()``.
"""

import logging
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, exists, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.config import Settings
from app.domain import Study
from app.errors import AppError, Unavailable, where
from app.stacks import STACKED, together
from app.store.agreements import Agreements
from app.store.annotations import Annotations
from app.store.answers import Answers
from app.store.batches import Batches
from app.store.blobs import Blobs
from app.store.cohorts import Cohorts
from app.store.company import Company
from app.store.engine import BUSY_SECONDS, connect, opened, readers, writers
from app.store.exports import Exports
from app.store.faults import clear
from app.store.flags import Flags
from app.store.inspections import Inspections
from app.store.jobs import Jobs
from app.store.layers import Layers
from app.store.layouts import Layouts
from app.store.migrating import at_head
from app.store.opinions import Opinions
from app.store.orphans import Orphans, counted
from app.store.parties import Parties
from app.store.points import Points
from app.store.questions import Questions, QuestionTable
from app.store.queues import Queues
from app.store.readings import Readings
from app.store.regroupings import Regroupings
from app.store.removals import Removals
from app.store.reviews import Reviews
from app.store.searches import Searches
from app.store.stacks import Stacks, arranged
from app.store.staging import Staged, Staging, stage
from app.store.studies import Studies
from app.store.tables import CohortTable, FileTable, ImageTable, LayerTable, WhatIfTable
from app.store.turns import Turns
from app.store.uploads import Uploads
from app.store.what_ifs import WhatIfs
from app.store.worklist import Worklist

log = logging.getLogger(__name__)

REFERRING = (
    CohortTable.table,
    FileTable.sha256,
    ImageTable.pixels,
    LayerTable.values,
    QuestionTable.values,
    WhatIfTable.mask,
)
"""The columns that name blobs."""
AT_ONCE = 64
"""Most blobs that are looked at, and removed, while other writers wait."""


class Transaction:
    """One open transaction, one attribute per noun."""

    def __init__(self, session: Session, blobs: Blobs) -> None:
        self.doomed: set[str] = set()
        """Blobs that a row let go of; those nothing refers to any more are removed after the commit."""
        self.studies = Studies(session, blobs, self.doomed)
        self.uploads = Uploads(session)
        self.worklist = Worklist(session)
        self.inspections = Inspections(session)
        self.stacks = Stacks(session)
        self.regroupings = Regroupings(session)
        self.removals = Removals(session)
        self.answers = Answers(session, self.doomed)
        self.layers = Layers(session, blobs, self.doomed)
        self.agreements = Agreements(session)
        self.parties = Parties(session)
        self.flags = Flags(session)
        self.exports = Exports(session)
        self.jobs = Jobs(session)
        self.cohorts = Cohorts(session, blobs, self.doomed)
        self.reviews = Reviews(session)
        self.annotations = Annotations(session)
        self.layouts = Layouts(session)
        self.points = Points(session)
        self.opinions = Opinions(session)
        self.searches = Searches(session)
        self.queues = Queues(session)
        self.batches = Batches(session)
        self.readings = Readings(session)
        self.questions = Questions(session, blobs, self.doomed)
        self.what_ifs = WhatIfs(session, blobs)


class Store:
    """The database and the blobs; safe to share between threads (each opens its own transactions)."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self.blobs = blobs
        self._readers = readers(engine)
        self._writers = writers(engine)
        self._turns = Turns() if engine.dialect.name == "sqlite" else None
        self._company = Company(blobs.folder)

    @classmethod
    def open(cls, settings: Settings) -> "Store":
        """The store of these settings. The database must have been migrated (`app.store.migrate`)."""
        settings.var.mkdir(parents=True, exist_ok=True)
        return cls(connect(settings), Blobs(settings.var / "blobs"))

    def close(self) -> None:
        """Give back every connection."""
        self._readers.dispose()
        self._company.leave()

    @contextmanager
    def begin(self, study: str | None = None) -> Iterator[Transaction]:
        """A transaction that writes: committed at its end, rolled back when an exception leaves it.

        Writers come one after the other, from this line on, so keep them short: no decoding, no network, no inference inside.
        One that names the id of the only study it writes about waits for those about that study alone, where the database can
        do that; ValueError when it writes about another. Unavailable when the database is away, full, or busy for longer than
        its timeout: then nothing was kept, unless the connection broke just as it was committed.
        """
        with self._turn(), clear(), opened(self._writers, study=study) as session:
            tx = Transaction(session, self.blobs)
            yield tx
            session.commit()
        try:
            self._collect(tx.doomed)
        except Unavailable as error:  # what was committed is; the next sweep removes what is left
            log.warning("blobs that nothing refers to any more could not be removed: %s", where(error))

    def _turn(self) -> AbstractContextManager[None]:
        """One's turn among the writers of this process, where the database lets in one at a time."""
        return self._turns.turn(BUSY_SECONDS) if self._turns else nullcontext()

    @contextmanager
    def view(self) -> Iterator[Transaction]:
        """A transaction that reads one snapshot and never waits for a writer; it cannot write."""
        with clear(writing=False), opened(self._readers) as session:
            yield Transaction(session, self.blobs)

    def stage(self, study: Study, name: str, path: Path) -> Staged:
        """Put one file and its decoded images into the blobs, outside of any transaction; ``tx.studies.add`` makes it count.

        ``study`` holds exactly what the file ``path`` holds (`app.ingest.Accepted`); ``name`` is what its sender called it. The
        result is small: the arrays can be let go. Unavailable when the disk is full. Several: `staging`.
        """
        with self.blobs.batch() as batch:
            staged = stage(batch, study, name, path)
            batch.settle()
        return staged

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """Files that are put into the blobs together, and are theirs until the block ends; what no row refers to then goes."""
        staged: set[str] = set()
        try:
            with self.blobs.batch() as batch:
                staging = Staging(batch)
                try:
                    yield staging
                finally:
                    staged = staging.blobs()
        finally:
            with suppress(AppError):  # stored is stored; what cannot be tidied up now, the sweep finds
                self._collect(self._loose(staged))

    def arrange(self, study_id: str) -> None:
        """Bring a study's stacks in line with the images that its series have by now. NotFound where a series went meanwhile.

        What takes long is computed outside of the transaction that writes; images that come meanwhile are taken in as well.
        Series that are one but for their UIDs (`app.stacks.together`) become one first. Where a reader parted or joined stacks
        of a study, all of it is arranged at once.
        """
        with self.view() as tx:
            groups = together(tx.studies.get(study_id).series, STACKED) if tx.stacks.unsorted(study_id) else []
        if groups:
            with self.begin(study_id) as tx:
                for group in groups:
                    tx.studies.join([one.id for one in group])
        while True:
            with self.view() as tx:
                due = tx.stacks.unsorted(study_id)
                if not due:
                    return
                words = tx.regroupings.in_force(study_id)
                series = tx.studies.get(study_id).series if words else (tx.studies.series(due[0]),)
            found = arranged(series, words)
            with self.begin(study_id) as tx:
                if tx.regroupings.in_force(study_id) == words:
                    tx.stacks.settle(series, study_id, found)

    def ready(self) -> bool:
        """Whether the database answers and has been migrated to the newest schema."""
        try:
            with self._readers.connect() as connection:
                return at_head(connection)
        except SQLAlchemyError:
            return False

    def sweep(self, seconds: float = 3600) -> int:
        """Remove blobs that nothing refers to and nobody put for so long, and temporary files as old; returns how many blobs.

        Those referred to are left out beforehand, on a snapshot, so that writers are kept waiting for the few others only.
        """
        before = time.time() - seconds
        self.blobs.drop_temporary(seconds)
        return self._collect(self.loose(seconds), before)

    def loose(self, seconds: float) -> set[str]:
        """The sha256 of every blob that nothing refers to and nobody put for so long."""
        old = set(self.blobs.old(seconds))
        with clear(writing=False), opened(self._readers) as session:
            for column in REFERRING:
                old.difference_update(session.scalars(select(column)))
        return old

    def orphans(self) -> Orphans:
        """What is here and belongs to nothing. Only of a store that nobody writes to is it all left over."""
        loose = self.loose(0)
        with clear(writing=False), opened(self._readers) as session:
            named = {sha256 for column in REFERRING for sha256 in session.scalars(select(column)) if sha256}
            return counted(session, self.blobs, loose, named)

    def undisturbed(self) -> float:
        """For how many seconds nobody but this process can have put a blob: since it opened the store, had nobody else done so
        then; else an hour, which no upload's batch takes."""
        return self._company.seconds(3600)

    def _loose(self, sha256s: set[str]) -> set[str]:
        """Those of these blobs that no row refers to just now; no writer waits for the answer."""
        loose = set(sha256s)
        with clear(writing=False), opened(self._readers) as session:
            for some in _parts(sha256s):
                for column in REFERRING:
                    loose.difference_update(session.scalars(select(column).where(column.in_(some))))
        return loose

    def _collect(self, doomed: set[str], before: float = math.inf) -> int:
        """Remove those of these blobs that no row refers to, nobody claims and nobody put since ``before``. Nobody else writes,
        so that nobody begins to refer to them meanwhile; for a few at a time."""
        removed = 0
        for some in _parts(doomed):
            with self._turn(), clear(), opened(self._writers) as session:
                for sha256 in some:
                    if not session.scalar(_referred(sha256)) and self.blobs.put_before(sha256, before):
                        removed += self.blobs.claims.unless_claimed(sha256, partial(self._removed, session))
        return removed

    def _removed(self, session: Session, sha256: str) -> bool:
        """Remove a blob that no row refers to, unless one does meanwhile: this process may have been frozen for so long that
        the database ended its transaction, and others wrote. It sees that when it looks once more, before the blob is gone."""
        aside = self.blobs.set_aside(sha256)
        kept = True
        try:
            kept = bool(session.scalar(_referred(sha256)))
        finally:
            if kept:
                self.blobs.put_back(sha256, aside)
        if not kept:
            self.blobs.discard(sha256, aside)
        return not kept


def _parts(sha256s: Iterable[str]) -> Iterator[list[str]]:
    names = sorted(sha256s)
    return (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE))


def _referred(sha256: str) -> Any:
    return select(or_(*(exists().where(column == sha256) for column in REFERRING)))
