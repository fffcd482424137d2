"""A store over a migrated SQLite database of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.store import Store, migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The var folder of a migrated, empty database; migrating takes longer than most tests, so it is done once."""
    var = tmp_path_factory.mktemp("migrated") / "var"
    migrate(Settings(var=var))
    return var


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose var folder is the test's own."""
    return Settings(var=tmp_path / "var")


@pytest.fixture
def store(settings: Settings, migrated: Path) -> Iterator[Store]:
    """An empty store."""
    shutil.copytree(migrated, settings.var)
    opened = Store.open(settings)
    yield opened
    opened.close()
