"""Tables for other programs: CSV whose every cell is what it says, in whatever spreadsheet it is opened.

The one place that writes CSV for people to take along; tests/house sees to that.
"""

import csv
import json
import re
from collections.abc import Iterable
from typing import TextIO

FORMULA = re.compile('(^|[;\t\r\n])(?=[\\s"\ufeff\u200b]*[=+\\-@|%＝＋－＠])')
"""Where a spreadsheet might take what follows for a formula: at the start of a cell, and after what it may take for the end of
one, since a spreadsheet of another country parts cells at semicolons."""
CONTROLS = ("\t", "\r", "\n")


def harmless(value: object) -> object:
    """Text with an apostrophe before what a spreadsheet would run as a formula; figures and all else as they are."""
    if not isinstance(value, str):
        return value
    marked = FORMULA.sub(r"\1'", value)
    if marked == value:
        return f"'{value}" if value.lstrip(" ").startswith(CONTROLS) else value
    return marked


def cell(value: object) -> object:
    """A value as a cell: nothing for what is not there, shapes and parameters as JSON."""
    if value is None:
        return ""
    return harmless(json.dumps(value, separators=(",", ":")) if isinstance(value, list | dict) else value)


def write(file: TextIO, heading: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table, in RFC 4180's form. Its heading too may hold what somebody typed: the columns of their own table."""
    lines = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
    lines.writerow([cell(name) for name in heading])
    lines.writerows([cell(value) for value in row] for row in rows)
