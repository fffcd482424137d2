"""Lists that are read through: which studies, in which order, as they stood when somebody began.

The order is frozen, so that no study is skipped because the list changed under the reader. What was deleted since is passed
over. The same list that is begun again is the same queue.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.tables import Base, Id, Sha, StudyTable, now, public_id
from app.store.upserts import insert

KEPT = timedelta(days=30)
"""How long after it was begun last a queue is kept."""
MOST = 500
"""How many queues are kept; those begun last."""
AT_ONCE = 200


class QueueTable(Base):
    """A queue. ``key`` stands for what it holds, ``origin`` is the address of its list, ``entries`` a list of [study, query,
    row]."""

    __tablename__ = "queues"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    key: Mapped[str] = mapped_column(Sha, unique=True)
    origin: Mapped[str]
    entries: Mapped[list[Any]]
    used_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """One case of a queue: the study's id, what of it is shown, as an address says it ("" for how a case opens), and the name
    of its row in the list."""

    study: str
    query: str
    row: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue whole."""

    id: str
    origin: str
    entries: tuple[Entry, ...]


class Queues:
    """The queues of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, origin: str, entries: Sequence[Entry]) -> str:
        """The id of the queue of these entries of the list at ``origin``; old ones are let go."""
        moment = now()
        plain = [list(astuple(entry)) for entry in entries]
        key = hashlib.sha256(json.dumps([origin, plain]).encode()).hexdigest()
        values = {"id": public_id(), "key": key, "origin": origin, "entries": plain, "used_at": moment}
        if insert(self._session, QueueTable, values, ("key",)):
            self._session.execute(delete(QueueTable).where(QueueTable.used_at < moment - KEPT))
            newest = select(QueueTable.id).order_by(QueueTable.used_at.desc(), QueueTable.id).limit(MOST)
            self._session.execute(delete(QueueTable).where(QueueTable.id.not_in(newest)))
        row = self._session.scalars(select(QueueTable).where(QueueTable.key == key)).one()
        row.used_at = moment
        self._session.flush()
        return row.id

    def get(self, queue_id: str) -> Queue | None:
        """One queue; None where it is not kept, or not any more."""
        row = self._session.get(QueueTable, queue_id)
        return None if row is None else Queue(row.id, row.origin, tuple(Entry(*entry) for entry in row.entries))

    def there(self, places: Iterable[tuple[int, Entry]]) -> tuple[int, Entry] | None:
        """The first of these entries whose study is still here, with its place."""
        rest = list(places)
        for start in range(0, len(rest), AT_ONCE):
            some = rest[start : start + AT_ONCE]
            asked = select(StudyTable.id).where(StudyTable.id.in_([entry.study for _, entry in some]))
            known = set(self._session.scalars(asked))
            found = next((one for one in some if one[1].study in known), None)
            if found is not None:
                return found
        return None
