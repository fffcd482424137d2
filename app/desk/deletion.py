"""Deleting studies with everything about them: at once, after a while in which it can be undone, or when they are old.

A study goes in one transaction, so that a process that is killed leaves it whole or gone; what is due then goes at the next
start. Its blobs, with the pictures kept beside them, go after the commit, or with the next sweep.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from app.errors import NotFound
from app.store import Removal, Store

UNDO = timedelta(seconds=10)
"""For how long it can be undone."""


def delete(store: Store, study_id: str) -> None:
    """Remove a study: images, files, answers, layers, verdicts, rulers, what-ifs, and the blobs that nothing else refers to. A
    job that is at work on it notices at its next step. NotFound."""
    with store.begin(study_id) as tx:
        tx.studies.remove(study_id)


def ask(store: Store, studies: Collection[str]) -> Removal:
    """Have studies removed in a moment: nobody finds them any more, and `undo` brings them back. NotFound where one is not
    there; then none is removed."""
    with store.begin() as tx:
        return tx.removals.ask(studies, datetime.now(UTC) + UNDO)


def undo(store: Store, removal_id: str) -> Removal:
    """Bring studies back as they were. NotFound when they are gone."""
    with store.begin() as tx:
        return tx.removals.undo(removal_id)


def finish(store: Store, moment: datetime | None = None) -> int:
    """Remove every study whose time is up; returns how many."""
    moment = moment or datetime.now(UTC)
    with store.view() as tx:
        due = tx.removals.due(moment)
    gone = 0
    for study_id in due:
        with suppress(NotFound), store.begin(study_id) as tx:
            if study_id in tx.removals.due(moment):  # it may have been undone meanwhile
                tx.studies.remove(study_id)
                gone += 1
    return gone


def expire(store: Store, days: int, moment: datetime | None = None) -> int:
    """Remove every study to which no file came for so many days; returns how many."""
    before = (moment or datetime.now(UTC)) - timedelta(days=days)
    with store.view() as tx:
        old = tx.removals.stale(before)
    for study_id in old:
        with suppress(NotFound):
            delete(store, study_id)
    return len(old)
