"""Studies that are to be removed: nobody finds them any more, and until their time is up it can be undone.

Only marks; what removes them for good is `Studies.remove`, in a transaction of each study's own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.store.tables import StudyTable
from app.store.tables.base import public_id


@dataclass(frozen=True, slots=True)
class Removal:
    """Studies that one wish will remove at a time, those of them that are still there."""

    id: str
    studies: tuple[str, ...]
    at: datetime


def wanted(session: Session, study_id: str) -> None:
    """Whoever sends a study's files wants it: what was to remove it does not, or what is acknowledged would be gone."""
    back = update(StudyTable).where(StudyTable.id == study_id, StudyTable.removal.is_not(None))
    session.execute(back.values(removal=None, removal_at=None))


class Removals:
    """The wishes to remove of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, studies: Collection[str], at: datetime) -> Removal:
        """Have studies removed at a time; they are found no more from now on. NotFound where one is not there."""
        wished = sorted(set(studies))
        removal = public_id()
        chosen = update(StudyTable).where(StudyTable.id.in_(wished), StudyTable.removal.is_(None))
        marked = self._session.execute(chosen.values(removal=removal, removal_at=at).returning(StudyTable.id)).all()
        if not wished or len(marked) != len(wished):
            raise NotFound("There is no such study, or it was removed.")
        return Removal(removal, tuple(wished), at)

    def get(self, removal_id: str) -> Removal:
        """What a wish will still remove. NotFound once it is done, or undone."""
        found = self._session.execute(
            select(StudyTable.id, StudyTable.removal_at).where(StudyTable.removal == removal_id).order_by(StudyTable.id)
        ).all()
        if not found:
            raise NotFound("There is nothing left to undo: these studies are gone, or they are back already.")
        return Removal(removal_id, tuple(row[0] for row in found), cast(datetime, found[0][1]))

    def undo(self, removal_id: str) -> Removal:
        """Take a wish back; its studies are as they were. NotFound when it is too late."""
        found = self.get(removal_id)
        self._session.execute(update(StudyTable).where(StudyTable.removal == removal_id).values(removal=None, removal_at=None))
        return found

    def due(self, moment: datetime) -> tuple[str, ...]:
        """Every study whose time is up."""
        return tuple(self._session.scalars(select(StudyTable.id).where(StudyTable.removal_at <= moment)))

    def stale(self, before: datetime) -> tuple[str, ...]:
        """Every study to which nothing came since, and that is not to be removed already."""
        old = select(StudyTable.id).where(StudyTable.changed_at < before, StudyTable.removal.is_(None))
        return tuple(self._session.scalars(old.order_by(StudyTable.changed_at)))

    def pending(self) -> int:
        """How many studies wait for their time."""
        return self._session.scalar(select(func.count()).where(StudyTable.removal.is_not(None))) or 0
