"""The files of the house, as the tests of its order see them."""

import ast
import os
from collections.abc import Iterator
from functools import cache
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
    for path in _walked(ROOT / under):
        if not suffixes or path.suffix in suffixes:
            yield path


@cache
def _walked(top: Path) -> tuple[Path, ...]:
    """Every file below a folder. Folders that are not ours are not entered: they hold sixty files for each one of ours."""
    found = []
    for folder, inner, names in os.walk(top):
        inner[:] = [name for name in inner if name not in NOT_OURS]
        found += [Path(folder, name) for name in names if name not in NOT_OURS and not name.startswith(".coverage")]
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def parsed(path: Path) -> ast.Module:
    """A module's syntax tree; it is only looked at, so one will do for every test."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """A path as people write it: relative to the project."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def modules() -> tuple[Path, ...]:
    """Every Python module of the product."""
    return tuple(files(".py", under="app"))
