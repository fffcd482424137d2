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
    from app.store.store import connect  # noqa: PLC0415 — the store asks this module whether it is up to date

    config = configuration()
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
        engine = connect(settings).execution_options(writes=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _unguarded)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.downgrade if down else command.upgrade)(config, revision)
        engine.dispose()
    except (OperationalError, OSError) as error:
        raise Unavailable("The database in “%(folder)s” cannot be opened or written.", {"folder": str(settings.var)}) from error


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
