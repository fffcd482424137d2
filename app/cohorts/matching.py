"""Which image or exam a row of a table is about: by its file's name, its folder, its UIDs or its accession number.

Knows names only; neither files nor pixels.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from app.cohorts import report
from app.cohorts.table import Row, Table
from app.errors import InputError

LISTED = 3
"""How many names a sentence lists."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a row can be about: a film, or an exam. ``key`` is whatever the caller knows it by; ``files`` are the names it came
    under, with the folders and archives that they lay in."""

    key: str
    files: tuple[str, ...]
    sop_uids: tuple[str, ...] = ()
    study_uid: str = ""
    accession: str = ""
    exam: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows with their units, in the table's order; the rows that have none; how many units no row is about."""

    pairs: tuple[tuple[Row, Unit], ...]
    without_image: tuple[Row, ...]
    without_row: tuple[Unit, ...]

    def summary(self, table: Table) -> report.Table:
        """What became of the table, for its report."""
        return report.Table(
            name=table.name,
            rows=len(table.rows),
            without_image=tuple(row.image for row in self.without_image),
            images_without_row=len(self.without_row),
            uncertain=table.uncertain,
            uncertain_as=table.columns.uncertain,
            findings=table.findings,
            groups=table.columns.groups,
            patients=len({row.patient for row, _ in self.pairs}),
        )


def match(rows: Sequence[Row], units: Sequence[Unit], file: str) -> Matched:
    """Put rows to units. InputError where a row could be about several, two are about one, or none is about any."""
    by: dict[str, dict[str, Unit]] = defaultdict(dict)
    for unit in units:
        for name in dict.fromkeys(names(unit)):
            by[name][unit.key] = unit
    pairs: list[tuple[Row, Unit]] = []
    missing: list[Row] = []
    taken: dict[str, Row] = {}
    for row in rows:
        found = _unit(row, by, file)
        if found is None:
            missing.append(row)
            continue
        if found.key in taken:
            raise InputError(
                "“%(first)s” (line %(line)s) and “%(second)s” (line %(other)s) of “%(file)s” are about the same image. Keep "
                "one of the rows.",
                {"first": taken[found.key].image, "line": taken[found.key].line, "second": row.image, "other": row.line,
                 "file": file},
            )  # fmt: skip
        taken[found.key] = row
        pairs.append((row, found))
    if not pairs:
        raise InputError(
            "No row of “%(file)s” is about any of the %(count)s images that were read. It names %(rows)s; there are %(images)s."
            " Does the column with the images name files, folders or UIDs?",
            {"file": file, "count": len(units), "rows": _some(row.image for row in rows),
             "images": _some(unit.files[0] for unit in units if unit.files)},
        )  # fmt: skip
    return Matched(tuple(pairs), tuple(missing), tuple(unit for unit in units if unit.key not in taken))


def _unit(row: Row, by: dict[str, dict[str, Unit]], file: str) -> Unit | None:
    """The unit of a row: what is called just so, else what ends so, its folders or its ending left out step by step."""
    for name in called(row):
        found = by.get(name, {})
        if len(found) == 1:
            return next(iter(found.values()))
        if len(found) > 1:
            listed = _some(unit.files[0] if unit.files else unit.key for unit in found.values())
            raise InputError(
                "“%(name)s” in line %(line)s of “%(file)s” could be any of %(count)s images: %(images)s. Name its folder too, "
                "or its SOP Instance UID.",
                {"name": row.image, "line": row.line, "file": file, "count": len(found), "images": listed},
            )
    return None


def called(row: Row) -> tuple[str, ...]:
    """What the image of a row may be called, the most exact first."""
    path = PurePosixPath(row.image.replace("\\", "/"))
    return tuple(dict.fromkeys((row.image, path.as_posix().removeprefix("./"), path.name, path.stem)))


def names(unit: Unit) -> Iterator[str]:
    """All that a row may call a unit: its UIDs; the names of a film's files with more and more of their folders, with and
    without ending; the folders of an exam's files, unless they hold other exams too, which `match` then says."""
    yield from unit.sop_uids if not unit.exam else ()
    if unit.exam or len(unit.sop_uids) <= 1:
        yield from filter(None, (unit.study_uid, unit.accession))
    for file in unit.files:
        parts = PurePosixPath(file.replace("\\", "/")).parts
        folders = [part.removesuffix(".zip").removesuffix(".ZIP") for part in parts[:-1]]
        if unit.exam:
            for at in range(len(folders)):
                for end in range(at + 1, len(folders) + 1):
                    yield "/".join(folders[at:end])
            continue
        for at in range(len(parts)):
            name = "/".join(parts[at:])
            yield name
            yield str(PurePosixPath(name).with_suffix("")) if PurePosixPath(name).suffix else name


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" … ({len(listed)})" if len(listed) > LISTED else ""
    return ", ".join(f"“{name}”" for name in listed[:LISTED]) + more
