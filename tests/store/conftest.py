"""Stores on SQLite and on PostgreSQL: every test of this folder that asks for one runs on both."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.store import Store
from tests.conftest import create


@pytest.fixture(params=["sqlite", "postgresql"], scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def bare(settings: Settings, database: str, request: pytest.FixtureRequest) -> Settings:
    """Settings whose database has not been migrated."""
    if database == "sqlite":
        return settings
    address = create(request.getfixturevalue("cluster"), "bare")
    return settings.model_copy(update={"database_url": address})


@pytest.fixture
def settings(tmp_path: Path, models: Path, database: str, request: pytest.FixtureRequest) -> Settings:
    """Settings whose var folder is the test's own, and the database empty."""
    address = "" if database == "sqlite" else request.getfixturevalue("emptied")("of_one_test")
    return Settings(var=tmp_path / "var", database_url=address, models=models, device="cpu", threads=1)


@pytest.fixture
def store(settings: Settings, database: str, migrated: Path) -> Iterator[Store]:
    """An empty store in the test's own var folder."""
    if database == "sqlite":
        shutil.copytree(migrated, settings.var)
    opened = Store.open(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, migrated: Path, database: str, request: pytest.FixtureRequest
) -> Iterator[Store]:
    """A store that is filled once and only read by the tests of a module."""
    var = tmp_path_factory.mktemp("shared") / "var"
    address = "" if database == "sqlite" else request.getfixturevalue("emptied")("of_one_module")
    if database == "sqlite":
        shutil.copytree(migrated, var)
    opened = Store.open(Settings(var=var, database_url=address))
    yield opened
    opened.close()
