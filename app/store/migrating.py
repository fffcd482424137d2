"""Bringing a database to the newest schema, by the steps in ``migrations/``."""

from functools import cache
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from app.config import ROOT, Settings
from app.errors import Unavailable
from app.store.engine import connect, opened, writers
from app.store.faults import AWAY

SCRIPTS = ROOT / "migrations"


def configuration() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def migrate(settings: Settings, revision: str = "head") -> None:
    """Create or upgrade the database of these settings; several at once queue up. Unavailable when it cannot be opened."""
    _run(settings, revision, down=False)


def downgrade(settings: Settings, revision: str = "base") -> None:
    """Take a database back to an older schema; what only the newer one can hold is lost."""
    _run(settings, revision, down=True)


def _run(settings: Settings, revision: str, *, down: bool) -> None:
    config = configuration()
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
        engine = writers(connect(settings))
    except OSError as error:
        raise _unusable(settings) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _unguarded)
    try:
        with opened(engine) as session:
            connection = config.attributes["connection"] = session.connection()
            config.attributes["blobs"] = settings.var / "blobs"
            (command.downgrade if down else command.upgrade)(config, revision)
            if engine.dialect.name == "postgresql":
                _by_code_point(connection)
            session.commit()
    except OperationalError as error:
        if engine.dialect.name == "sqlite":
            raise _unusable(settings) from error
        raise Unavailable(AWAY) from error
    finally:
        engine.dispose()


def _unusable(settings: Settings) -> Unavailable:
    return Unavailable("The database in “%(folder)s” cannot be opened or written.", {"folder": str(settings.var)})


def _by_code_point(connection: Connection) -> None:
    """Compare and sort every text by its code points, as SQLite does, whatever locale the database was made with: the worklist
    has one order everywhere."""
    others = connection.exec_driver_sql(
        "select table_name, column_name, format_type(atttypid, atttypmod) from information_schema.columns "
        "join pg_attribute on attrelid = format('%%I.%%I', table_schema, table_name)::regclass and attname = column_name "
        "where table_schema = current_schema() and data_type in ('text', 'character varying') "
        "and collation_name is distinct from 'C' and table_name <> 'alembic_version'"
    ).all()
    quoted = connection.dialect.identifier_preparer.quote
    for table, column, kind in others:
        connection.exec_driver_sql(f'alter table {quoted(table)} alter column {quoted(column)} type {kind} collate "C"')


def _unguarded(connection: Any, _record: object) -> None:
    """SQLite changes a table by making it anew and dropping the old one; foreign keys would take that for the loss of every
    row, and delete what belongs to them."""
    connection.execute("PRAGMA foreign_keys = OFF")


def at_head(connection: Connection) -> bool:
    """Whether a database has the newest schema."""
    return MigrationContext.configure(connection).get_current_revision() == _head()


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(configuration()).get_current_head()
