"""Tables as people hand them in: rows of a CSV file with their line numbers, and a sentence for each way it can be wrong."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.errors import InputError

Row = tuple[int, dict[str, str]]
"""The line in the file, counted from 1, and the cells by column."""


def header(path: Path) -> list[str]:
    """The names of the columns, without the blanks around them; InputError when the file cannot be read or has none."""
    names = next((cells for _, cells in cells_of(path)), [])
    if not any(names):
        raise InputError("“%(file)s” is empty: it has no line with the names of its columns.", {"file": path.name})
    return names


def rows(path: Path, needed: Sequence[str]) -> Iterator[Row]:
    """The rows below the header, empty lines left out. InputError when a column is missing or two have one name."""
    names = header(path)
    for name in needed:
        if name not in names:
            raise InputError("“%(file)s” has no column “%(column)s”.", {"file": path.name, "column": name})
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError("“%(file)s” has two columns named “%(column)s”.", {"file": path.name, "column": twice[0]})
    lines = cells_of(path)
    next(lines)
    for line, cells in lines:
        if len(cells) < len(names) and any(cells[len(names) :] or names[len(cells) :]):
            raise InputError(
                "Line %(line)s of “%(file)s” has %(found)s cells, and the header %(wanted)s.",
                {"line": line, "file": path.name, "found": len(cells), "wanted": len(names)},
            )
        yield line, dict(zip(names, cells, strict=False))


def cells_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and stripped cells of every line that has any; commas or, as some spreadsheets write, semicolons."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            lines = csv.reader(file, delimiter=";" if ";" in first and "," not in first else ",")
            for cells in lines:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield lines.line_num, stripped
    except OSError as error:
        raise InputError(
            "“%(file)s” cannot be read: %(error)s.", {"file": path.name, "error": str(error.strerror).lower()}
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("“%(file)s” is not UTF-8 text. Save it as “CSV UTF-8”.", {"file": path.name}) from error
    except csv.Error as error:
        raise InputError("“%(file)s” is no CSV file: %(error)s.", {"file": path.name, "error": str(error)}) from error


def names(path: Path) -> list[str]:
    """The lines of a list of file names, such as NIH's train_val_list.txt."""
    return [cells[0] for _, cells in cells_of(path)]
