"""The transaction: all or nothing, writers one after the other, readers on a snapshot; schema steps there and back."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, inspect
from sqlalchemy.exc import DBAPIError, OperationalError

from app.config import ROOT, Settings
from app.errors import NotFound, Unavailable
from app.store import FileOutcome, Store, migrate
from app.store import engine as module
from app.store.migrating import downgrade
from app.store.tables import Base
from tests.store.films import raw, store_file, study


def test_an_exception_rolls_everything_back(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"file")
    staged = store.stage(study(), "film.dcm", tmp_path / "file")
    with pytest.raises(NotFound), store.begin() as tx:
        tx.jobs.get(tx.studies.add(staged).study_id)
    with store.view() as tx:
        assert tx.studies.count() == 0


def test_a_view_changes_nothing_and_sees_one_moment(store: Store, tmp_path: Path) -> None:
    with store.view() as tx:
        assert tx.studies.count() == 0
        store_file(store, tmp_path, study())  # a writer is not kept waiting, and not seen
        assert tx.studies.count() == 0
    with store.view() as tx:
        assert tx.studies.count() == 1
        with pytest.raises(DBAPIError, match=r"read-?only"):
            tx.uploads.add([])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_is_set_up_to_lose_nothing(store: Store, settings: Settings) -> None:
    with raw(settings) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


def test_a_busy_database_is_said(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.001)
    hasty = Store.open(settings)
    with store.begin() as first:
        first.uploads.add([])
        with pytest.raises(Unavailable, match="busy"), hasty.begin() as second:
            second.uploads.add([])
    hasty.close()


def test_a_full_or_broken_disk_is_said(store: Store) -> None:
    for said, sentence in (
        ("database or disk is full", "disk is full"),
        ("disk I/O error", "cannot be reached"),
        ("unable to open database file", "cannot be reached"),
    ):
        with pytest.raises(Unavailable, match=sentence), store.begin():
            raise OperationalError("insert", {}, sqlite3.OperationalError(said))
    with pytest.raises(OperationalError), store.begin():
        raise OperationalError("insert", {}, sqlite3.OperationalError("no such column"))


def test_only_a_migrated_database_is_ready(bare: Settings, tmp_path: Path) -> None:
    store = Store.open(bare)
    assert not store.ready()
    migrate(bare)
    assert store.ready()
    store.close()
    file = tmp_path / "notes.txt"
    file.write_text("not a database, and long enough to be told from an empty one " * 40)
    broken = Store.open(Settings(var=tmp_path / "other", database_url=f"sqlite:///{file}"))
    assert not broken.ready()
    broken.close()


def test_up_down_and_up_again_ends_where_the_tables_are(bare: Settings) -> None:
    migrate(bare)
    downgrade(bare)
    with raw(bare) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    migrate(bare)
    migrate(bare)
    with raw(bare) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": _defaults})
        assert compare_metadata(context, Base.metadata) == []


def _defaults(context: MigrationContext, _column: object, kept: Any, *_: object) -> bool | None:
    """Leave to Alembic what it can compare: PostgreSQL has no equality of JSON."""
    return False if context.dialect.name == "postgresql" and isinstance(kept.type, JSON) else None


def test_several_migrate_at_once(bare: Settings) -> None:
    code = "from app.config import Settings; from app.store import migrate; migrate(Settings())"
    environment = {"WHYLIGHT_VAR": str(bare.var), "WHYLIGHT_DATABASE_URL": bare.database_url, "PATH": ""}
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]


def test_several_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Each opening makes it log ahead if it does not yet, which SQLite refuses to all but one without waiting."""
    for place in range(40):  # a round of eight failed once in about thirty
        start, settings = threading.Barrier(8), Settings(var=tmp_path / str(place))
        settings.var.mkdir()

        def first(settings: Settings = settings, start: threading.Barrier = start) -> str:
            engine = module.connect(settings)
            start.wait()
            with engine.connect() as connection:
                mode = connection.exec_driver_sql("pragma journal_mode").scalar_one()
            engine.dispose()
            return str(mode)

        with ThreadPoolExecutor(8) as pool:
            assert [each.result() for each in [pool.submit(first) for _ in range(8)]] == ["wal"] * 8


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="cannot be opened"):
        migrate(Settings(var=tmp_path / "var"))


def test_the_sweep_keeps_what_is_referred_to_and_what_is_young(store: Store, tmp_path: Path) -> None:
    store_file(store, tmp_path, study())
    loose = store.blobs.put(b"nobody's")
    assert store.sweep() == 0
    assert store.sweep(-1) == 1
    assert not store.blobs.has(loose)
    assert store.sweep(-1) == 0


def test_an_upload_report_keeps_every_file_in_order(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study()).study_id
    files = [
        FileOutcome("b.dcm", "accepted", study_id, warnings=("not calibrated",)),
        FileOutcome("a.txt", "rejected", None, "This file is %(kind)s.", {"kind": "text"}),
        FileOutcome("c.dcm", "already here", study_id),
    ]
    with store.begin() as tx:
        first = tx.uploads.add(files[:1])
        upload_id = tx.uploads.add(files)
        tx.uploads.add(files[1:2])
    with store.view() as tx:
        assert list(tx.uploads.get(upload_id).files) == files
        assert tx.uploads.get(upload_id).received_at.tzinfo is not None
        assert [report.id for report in tx.uploads.of_study(study_id)] == [upload_id, first]
    with store.begin() as tx:
        tx.studies.remove(study_id)
    with store.view() as tx:
        assert [file.study_id for file in tx.uploads.get(upload_id).files] == [None, None, None]
