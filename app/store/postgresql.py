"""PostgreSQL as the house wants it. The one module that imports its driver; `app.store.engine` does so where there is one."""

from typing import Any

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown, StrDumperVarchar
from sqlalchemy import Engine, create_engine, event

CONNECT_SECONDS = 5


def engine(address: str, busy_seconds: float) -> Engine:
    """The engine of an address. A connection is tried before it is used: a server that was restarted has closed them all."""
    made = create_engine(
        address,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=35,  # a server answers 40 requests at once; PostgreSQL takes 97 connections unless told
        pool_timeout=busy_seconds,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "whylight"},
    )

    def prepare(connection: "Connection[Any]", _record: object) -> None:
        for dumper in (_Varchar, _Unknown):  # the last one is for text whose type the server finds out
            connection.adapters.register_dumper(str, dumper)
        connection.execute(f"set lock_timeout = {round(busy_seconds * 1000)}".encode())
        connection.commit()

    event.listen(made, "connect", prepare)
    return made


def storable(value: str) -> str:
    """Text that PostgreSQL takes: lone surrogates and NUL characters, which an address may hold, become the replacement
    character. What is stored has been through `app.store.tables.Clean`; this is for what is looked for."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


class _Unknown(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(storable(obj))


class _Varchar(StrDumperVarchar):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(storable(obj))
