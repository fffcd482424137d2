"""What lists are searched for: often a patient's name, so an address carries the id of a search and never its text.

A text is kept once, for as long as it is used. Whoever can read the list can read it; there are no accounts.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.store.tables import Base, Id, now, public_id
from app.store.upserts import insert

KEPT = timedelta(days=30)
"""How long after it was typed last a text is kept."""


class SearchTable(Base):
    """A text that a list was searched for."""

    __tablename__ = "searches"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    text: Mapped[str] = mapped_column(unique=True)
    used_at: Mapped[datetime] = mapped_column(index=True)


class Searches:
    """The searches of a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, text: str) -> str:
        """The id of a text, made where there is none; texts that nobody typed for long are let go."""
        moment = now()
        self._session.execute(delete(SearchTable).where(SearchTable.used_at < moment - KEPT))
        insert(self._session, SearchTable, {"id": public_id(), "text": text, "used_at": moment}, ("text",))
        row = self._session.scalars(select(SearchTable).where(SearchTable.text == text)).one()
        row.used_at = moment
        self._session.flush()
        return row.id

    def text(self, search_id: str) -> str | None:
        """The text of a search; None where it is not kept, or not any more."""
        return self._session.scalar(select(SearchTable.text).where(SearchTable.id == search_id))
