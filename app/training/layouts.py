"""Which layout a folder of films has, and the one way to read any of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from app.domain import FINDINGS
from app.errors import InputError
from app.training import films, nih_layout, table_layout
from app.training.collection import Collection, Layout, checked, there

LAYOUTS: tuple[Layout, ...] = get_args(Layout)


def detect(data: Path) -> Layout:
    """The layout of a folder (or of a table); InputError when it has none, or could have two."""
    if data.is_file():
        return "table"
    if not data.is_dir():
        raise InputError("There is no folder or table “%(name)s”; name one with --data.", {"name": data.name})
    found: list[Layout] = []
    if any((data / "chest").glob("*/manifest.csv")):
        found.append("ours")
    if nih_layout.entries(data) is not None:
        found.append("nih")
    if table_layout.tables(data):
        found.append("table")
    if not found:
        raise InputError(
            "“%(name)s” has none of the layouts that can be read: Data_Entry_2017*.csv with images/ (NIH), a CSV file with a "
            "column “image” and the films it names, or chest/<source>/manifest.csv.",
            {"name": data.name},
        )
    if len(found) > 1:
        raise InputError(
            "“%(name)s” can be read in more than one way: %(found)s. Say which with --layout.",
            {"name": data.name, "found": ", ".join(found)},
        )
    return found[0]


def read(data: Path, layout: Layout, sources: Sequence[str] = films.SOURCES, findings: Sequence[str] = ()) -> Collection:
    """The films of a folder in that layout; ``sources`` of our manifests, ``findings`` of a table (all when none is named)."""
    if layout == "nih":
        return nih_layout.read(data)
    if layout == "table":
        return table_layout.read(data, findings)
    present, notes, limits = there(films.read(data, tuple(sources)), "the manifests")
    terms = {source: films.TERMS[source] for source in sources}
    shows = {source: films.SHOWS[source] for source in sources}
    return checked(Collection("ours", "our manifests", FINDINGS, tuple(present), terms, notes, limits, shows))
