"""A table of labels as rows: which image, whose it is, its groups, and per finding 1, 0 or unknown. Every bad table has its
sentence. Knows CSV files; of films nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from app.cohorts import rows
from app.cohorts.boxes import Box, in_cell
from app.cohorts.columns import SAME, Columns, check, plain_name
from app.domain import NO_FINDING
from app.errors import InputError

NUMBERS = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "": math.nan, "nan": math.nan, "na": math.nan, "n/a": math.nan}
UNCERTAIN = ("-1", "-1.0")
MOST_GROUPS = 12
"""Values that a column of groups may have; more numbers than that become classes."""
NOT_KNOWN = "?"
"""The group of a row whose cell is empty."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, the cell that names its image, its patient, and its label per finding of the table: 1, 0,
    or NaN where it is not known. ``groups`` are the cells of the group columns, in their order, ``boxes`` where
    findings are said to lie."""

    line: int
    image: str
    patient: str
    labels: tuple[float, ...]
    groups: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table. ``findings`` are those that have labels; ``uncertain`` labels were −1."""

    name: str
    columns: Columns
    findings: tuple[str, ...]
    rows: tuple[Row, ...]
    uncertain: int = 0


def header(path: Path) -> tuple[str, ...]:
    """The names of a table's columns. InputError for one that is empty or no table."""
    return tuple(rows.header(path))


def read(path: Path, columns: Columns, findings: Sequence[str]) -> Table:
    """The rows; ``findings`` are those that the networks know. InputError with a sentence for a column there is not, a label
    that is none, an image that is named twice, groups that are none, and a table without rows."""
    names = header(path)
    check(columns, names, findings)
    told = tuple(finding for finding in findings if finding in columns.labels) or tuple(findings)
    found: list[Row] = []
    lines: dict[str, int] = {}
    uncertain = 0
    for line, cells in rows.rows(path, [columns.image]):
        image = cells[columns.image]
        if not image:
            raise InputError(
                "Line %(line)s of “%(file)s” names no image: its cell in “%(column)s” is empty.",
                {"line": line, "file": path.name, "column": columns.image},
            )
        if image in lines:
            raise InputError(
                "“%(name)s” stands in “%(file)s” twice: in line %(first)s and in line %(line)s. Keep one of them.",
                {"name": image, "file": path.name, "first": lines[image], "line": line},
            )
        lines[image] = line
        if columns.labels:
            cells_of = [(finding, cells[columns.labels[finding]]) for finding in told]
            uncertain += sum(cell in UNCERTAIN for _, cell in cells_of)
            labels = tuple(label(cell, finding, line, path.name, columns) for finding, cell in cells_of)
        else:
            labels = listed(cells[columns.listed], told, line, path.name, columns)
        patient = (cells[columns.patient] if columns.patient else "") or image
        groups = tuple(cells[column] or NOT_KNOWN for column in columns.groups)
        boxes = in_cell(cells[columns.boxes], findings, line, path.name) if columns.boxes else ()
        found.append(Row(line, image, patient, labels, groups, boxes))
    if not found:
        raise InputError("“%(file)s” has no rows below the names of its columns.", {"file": path.name})
    return Table(path.name, columns, told, _grouped(found, columns, path.name), uncertain)


def label(cell: str, finding: str, line: int, file: str, columns: Columns) -> float:
    """A cell as 1, 0 or NaN; InputError for any other."""
    if cell in UNCERTAIN:
        return {"unknown": math.nan, "positive": 1.0, "negative": 0.0}[columns.uncertain]
    value = NUMBERS.get(cell.casefold())
    if value is None:
        raise InputError(
            "Line %(line)s of “%(file)s”: “%(cell)s” in the column “%(column)s” (%(finding)s) is no label. Labels are 1, 0, "
            "-1 for uncertain, or nothing where it is not known.",
            {"line": line, "file": file, "cell": cell[:40], "column": columns.labels[finding], "finding": finding},
        )
    return value


def listed(cell: str, findings: Sequence[str], line: int, file: str, columns: Columns) -> tuple[float, ...]:
    """A cell that lists what is there, "Effusion|Mass" or "No Finding": every finding is 1 or 0; all unknown where it is empty.

    What no network knows counts for nothing, unless nothing in it is known."""
    if not cell:
        return (math.nan,) * len(findings)
    named = {plain_name(part) for part in cell.split("|")}
    there = {known for known in findings if plain_name(known) in named} | {SAME[name] for name in named if name in SAME}
    if not there and not any(part.replace(" ", "").isalpha() for part in cell.replace("_", "").split("|")):
        raise InputError(
            "Line %(line)s of “%(file)s”: “%(cell)s” in the column “%(column)s” lists no findings.",
            {"line": line, "file": file, "cell": cell[:40], "column": columns.listed},
        )
    return tuple(float(finding in there or (finding == NO_FINDING and named == {"nofinding"})) for finding in findings)


def _grouped(found: Sequence[Row], columns: Columns, file: str) -> tuple[Row, ...]:
    """The rows with their numbers put into classes; InputError for a column that makes no groups: a date or a name."""
    rows_ = list(found)
    for place, column in enumerate(columns.groups):
        values = [row.groups[place] for row in rows_]
        if len(set(values)) <= MOST_GROUPS:
            continue
        classes = in_classes(values)
        if classes is None:
            raise InputError(
                "The column “%(column)s” of “%(file)s” has %(count)s different values, so it makes no groups; %(most)s are the "
                "most, unless all of them are numbers.",
                {"column": column, "file": file, "count": len(set(values)), "most": MOST_GROUPS},
            )
        for at, (row, value) in enumerate(zip(rows_, classes, strict=True)):
            rows_[at] = replace(row, groups=(*row.groups[:place], value, *row.groups[place + 1 :]))
    return tuple(rows_)


def in_order(value: str) -> tuple[bool, float, str]:
    """What groups are put in order by: numbers and the classes of `in_classes` by where they begin, then words."""
    if value.startswith("< "):
        return False, -math.inf, value
    try:
        return False, float(value.split(maxsplit=1)[0]), value
    except (ValueError, IndexError):
        return True, 0.0, value


def in_classes(values: Sequence[str], parts: int = 3) -> list[str] | None:
    """Numbers, such as ages, as that many classes with about as many rows each, named by their ends; None where one is none."""
    try:
        numbers = [math.nan if value == NOT_KNOWN else float(value) for value in values]
    except ValueError:
        return None
    known = sorted(number for number in numbers if not math.isnan(number))
    cuts = sorted({known[len(known) * part // parts] for part in range(1, parts)} - {known[0]}) if known else []
    ends = [-math.inf, *cuts, math.inf]
    names = [
        f"{low:g} +" if high == math.inf and low > -math.inf else f"< {high:g}" if low == -math.inf else f"{low:g} – < {high:g}"
        for low, high in pairwise(ends)
    ]
    return [NOT_KNOWN if math.isnan(number) else names[sum(number >= cut for cut in cuts)] for number in numbers]
