"""Rows in and out of tables that the database itself describes, whatever columns other steps gave them."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

Row = dict[str, Any]
Rows = dict[str, list[Row]]

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def public_id() -> str:
    """A new public id, as the store makes them."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))


def table(bind: sa.Connection, name: str) -> sa.Table:
    """A table as the database has it. None in a column of JSON is no value, not JSON's null."""
    found = sa.Table(name, sa.MetaData(), autoload_with=bind, resolve_fks=False)
    for column in found.columns:
        if isinstance(column.type, sa.JSON):
            column.type = sa.JSON(none_as_null=True)
    return found


def read(bind: sa.Connection, names: Iterable[str]) -> Rows:
    """All rows of these tables."""
    return {name: [dict(row) for row in bind.execute(sa.select(table(bind, name))).mappings()] for name in names}


def write(bind: sa.Connection, name: str, rows: Sequence[Row]) -> None:
    """Insert rows, which all have the same columns."""
    if rows:
        bind.execute(sa.insert(table(bind, name)), rows)


def change(bind: sa.Connection, name: str, rows: Sequence[Row]) -> None:
    """Change rows of a table, each given with its ``id`` and the columns that change, the same ones in all."""
    if rows:
        kept = table(bind, name)
        changed = {column: sa.bindparam(f"new_{column}", type_=kept.c[column].type) for column in rows[0] if column != "id"}
        query = sa.update(kept).where(kept.c.id == sa.bindparam("new_id")).values(changed)
        bind.execute(query, [{f"new_{column}": value for column, value in row.items()} for row in rows])


def count_on(bind: sa.Connection, name: str, column: str) -> None:
    """Let a column that counts by itself go on after the rows that were inserted with their numbers."""
    if bind.dialect.name == "postgresql":
        highest = f'(SELECT max("{column}") FROM "{name}")'  # noqa: S608 — names of ours
        bind.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), {highest})"))
