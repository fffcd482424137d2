"""Films of anybody: one CSV table and the files it names, PNG, JPEG or DICOM.

Columns: ``image``, and if they are there ``patient``, ``part``, ``source``, ``age``, ``sex``, ``view``. Every other column is a
finding with 1, 0, or nothing where it is not known.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from app.cohorts import rows
from app.errors import InputError
from app.training.collection import PARTS, Collection, checked, there
from app.training.films import UNKNOWN, Film, age_of, part_of

OWN = ("image", "patient", "part", "source", "age", "sex", "view")
"""Columns that are no finding."""
ANSWERS = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "": UNKNOWN}
TERMS = "see the data's own terms"


def tables(data: Path) -> list[Path]:
    """The CSV files that may be the table: the file itself, or those in the folder with a column ``image``."""
    if data.is_file():
        return [data]
    return [path for path in sorted(data.glob("*.csv")) if "image" in rows.header(path)]


def header(data: Path) -> list[str]:
    """The columns of the table."""
    return rows.header(only(data))


def findings(data: Path) -> tuple[str, ...]:
    """The columns of the table that are findings."""
    return tuple(name for name in header(data) if name and name not in OWN)


def read(data: Path, chosen: Sequence[str] = ()) -> Collection:
    """All films of the table, ``data`` or the one in the folder ``data``; ``chosen`` findings only, when any are named.

    InputError with a sentence for a missing table, a cell that means nothing, a film listed twice, a path that leads out.
    """
    table = only(data)
    names = rows.header(table)
    asked = tuple(chosen or findings(table))
    if not asked:
        raise InputError("“%(file)s” has no column for a finding, only what is about the film.", {"file": table.name})
    present, notes, lost = there(listed(table, asked), table.name)
    if "patient" not in names:
        notes = (f"{table.name} has no column “patient”: every film counts as a patient of its own", *notes)
    terms = {film.source: TERMS for film in present}
    found = f"a table of films ({table.name})"
    return checked(Collection("table", found, asked, tuple(present), terms, notes, (*limits(names), *lost)))


def listed(table: Path, asked: Sequence[str], images: Path | None = None) -> list[Film]:
    """The films that a table lists, with their labels for the findings ``asked``, whether their files are there or not; they
    lie below ``images``, else beside the table. InputError as `read`."""
    folder = images or table.parent
    films, seen = [], set()
    for line, row in rows.rows(table, ("image", *asked)):
        path = place(folder, row["image"], line, table)
        if path in seen:
            raise InputError(
                "“%(name)s” is in “%(file)s” twice, the second time in line %(line)s.",
                {"name": row["image"], "file": table.name, "line": line},
            )
        seen.add(path)
        patient, source = row.get("patient") or row["image"], row.get("source") or table.stem
        films.append(
            Film(
                path,
                source,
                patient,
                part(row.get("part", ""), patient, line, table),
                tuple(answer(row[finding], finding, line, table) for finding in asked),
                age=age_of(row.get("age", "")),
                sex=row.get("sex", ""),
                view=row.get("view", ""),
            )
        )
    return films


def only(data: Path) -> Path:
    """The table; InputError when there is none, or more than one."""
    found = tables(data)
    if not found:
        raise InputError("There is no CSV file with a column “image” in the folder.")
    if len(found) > 1:
        raise InputError(
            "Several CSV files have a column “image”: %(names)s. Name one of them with --data.",
            {"names": ", ".join(path.name for path in found)},
        )
    return found[0]


def place(folder: Path, told: str, line: int, table: Path) -> Path:
    """Where a film lies: relative to the table, or in images/ beside it."""
    inside = PurePosixPath(told.replace("\\", "/"))
    if not told or inside.is_absolute() or ".." in inside.parts:
        raise InputError(
            "Line %(line)s of “%(file)s”: “image” must name a file in the table's folder, without a leading slash or “..”.",
            {"line": line, "file": table.name},
        )
    beside = folder / inside
    within = folder / "images" / inside
    return within if not beside.is_file() and within.is_file() else beside


def part(told: str, patient: str, line: int, table: Path) -> str:
    """The part a row names, or by the hash of the patient where it names none."""
    if told and told not in PARTS:
        raise InputError(
            "Line %(line)s of “%(file)s”: part “%(part)s” is neither train, validation nor test.",
            {"line": line, "file": table.name, "part": told},
        )
    return told or part_of("table", patient)


def answer(told: str, finding: str, line: int, table: Path) -> float:
    """A cell: 1, 0 or NaN."""
    if told not in ANSWERS:
        raise InputError(
            "Line %(line)s of “%(file)s”: “%(told)s” in the column “%(finding)s” is neither 1, 0 nor empty. If it is no "
            'finding, take the column out, or name the findings in the configuration: findings = ["…"].',
            {"line": line, "file": table.name, "told": told, "finding": finding},
        )
    return ANSWERS[told]


def limits(names: Sequence[str]) -> tuple[str, ...]:
    """What the card has to say about any such table, and about this one's columns."""
    told = ["How the labels were made is not known here; the network cannot be better than they are."]
    if "patient" not in names:
        told.append("The table names no patients: films of one patient may be in two parts, and the figures too good.")
    if "source" not in names:
        told.append("The table names no sources, so nothing is known about films from elsewhere.")
    return tuple(told)
