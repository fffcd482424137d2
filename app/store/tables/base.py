"""What all tables stand on: names of constraints, column types that any database takes, public ids, the time."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, Float, ForeignKey, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def public_id() -> str:
    """A new public id: twelve random characters, 60 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def now() -> datetime:
    """The time, UTC, with its zone."""
    return datetime.now(UTC)


class Utc(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps no zone, so it goes in without one and gets it back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without a zone; bring the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Clean(TypeDecorator[str]):
    """Text that any database takes: lone surrogates (from file names) and NUL characters become the replacement character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 — SQLAlchemy's signature
        """Replace what cannot be stored."""
        if value is None:
            return None
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can name it too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {datetime: Utc, str: Clean, float: Float(53), dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


Id = String(12)
Sha = String(64)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """That a column holds one of these words."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def belongs(target: str, *, index: bool = True) -> Mapped[str]:
    """A column that refers to the row of another table, and goes with it."""
    return mapped_column(Id, ForeignKey(f"{target}.id", ondelete="CASCADE"), index=index)
