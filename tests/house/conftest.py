"""The files of the house, as the tests of its order see them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {
    ".git", ".venv", "node_modules", "var", "vendor", "built", "report", "htmlcov", "__pycache__",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis",
}  # fmt: skip
"""Folders that are installed, cached or written while running."""


def files(*suffixes: str, under: str = ".") -> Iterator[Path]:
    """Every file of the project with one of these suffixes (any file when none is named), installed ones left out."""
    for path in sorted((ROOT / under).rglob("*")):
        if (
            path.is_file()
            and not path.name.startswith(".coverage")
            and not NOT_OURS.intersection(path.relative_to(ROOT).parts)
            and (not suffixes or path.suffix in suffixes)
        ):
            yield path


def name(path: Path) -> str:
    """A path as people write it: relative to the project."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def modules() -> tuple[Path, ...]:
    """Every Python module of the product."""
    return tuple(files(".py", under="app"))
