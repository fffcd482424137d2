"""Jobs with their leases and waits; a row per wish of a network and a study."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Id, one_of, public_id


class JobTable(Base):
    """A job and its lease: study × network × what is wanted, or a cohort that is to be read. One of a study without a ``model``
    finds out which networks read it; ``chosen``: its network was found so, not named by anybody. ``methods``: the names of
    those that are to explain, with commas between them; "" for those that the network opens with."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "state", "priority", "created_at"),
        one_of("kind", ("analyse", "explain", "cohort")),
        one_of("state", ("queued", "running", "done", "failed", "cancelled")),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=public_id)
    kind: Mapped[str] = mapped_column(String(16))
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    cohort_id: Mapped[str | None] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), index=True)
    stack_id: Mapped[str | None] = mapped_column(ForeignKey("stacks.id", ondelete="CASCADE"), index=True)
    model: Mapped[str | None]
    chosen: Mapped[bool] = mapped_column(default=False, server_default=false())
    finding: Mapped[str | None]
    methods: Mapped[str] = mapped_column(default="", server_default=text("''"))
    insist: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(16), default="queued")
    step: Mapped[int] = mapped_column(default=0)
    of: Mapped[int] = mapped_column(default=0)
    what: Mapped[str] = mapped_column(default="")
    what_values: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    error_template: Mapped[str] = mapped_column(default="")
    error_values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    priority: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    setbacks: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
