"""A store that the tests of one module share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.store import Store


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Store]:
    """A store that is filled once and only read by the tests."""
    var = tmp_path_factory.mktemp("shared") / "var"
    shutil.copytree(migrated, var)
    opened = Store.open(Settings(var=var))
    yield opened
    opened.close()
