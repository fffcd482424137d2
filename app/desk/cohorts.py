"""Cohorts: taking one in, saying what its table means, having it measured, and which films stand behind a figure.

Knows the store and `app.cohorts`; no network is loaded here. Pages, scripts and the worker go through the same functions.
"""

import csv
import io
import math
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.cohorts import boxes, columns, matching, rows, table
from app.cohorts.cases import Case, Network, Said
from app.cohorts.columns import Columns, Uncertain
from app.cohorts.report import Report
from app.cohorts.units import units
from app.desk.intake import MEGABYTE, Arrived
from app.domain import Region
from app.errors import InputError, NotFound, TooLarge
from app.store import CohortCaseRow, CohortRow, JobRow, Store, Transaction

LARGEST = 64
"""MB that a table may have."""
MOST_MODELS = 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it came: its name, and its octets."""

    name: str
    octets: bytes


def sheet(files: Sequence[Arrived], *, last: bool = False) -> tuple[Sheet, tuple[Arrived, ...]]:
    """The one table of labels among the files of a cohort, or in one of its archives; and the other files, of which there may
    be none where parts with films came before this ``last`` one. A table of boxes becomes one more of its columns. InputError
    where there is none, or more than one."""
    found: list[Sheet] = []
    others: list[Arrived] = []
    for file in files:
        if file.error is None and is_table(file.name):
            found.append(Sheet(file.name, _small(file.path.read_bytes(), file.name)))
            continue
        others.append(file)
        if file.error is None and zipfile.is_zipfile(file.path):
            found += _within(file)
    given = _one_table(found)
    if not others and not last:
        raise InputError("There is a table but no film or exam: send them together.")
    return given, tuple(others)


def _one_table(found: Sequence[Sheet]) -> Sheet:
    """The one table of labels among some; one of boxes becomes a column of it. InputError where there is none, or several."""
    lying = [one for one in found if boxes.is_table(_header(one))]
    labels = [one for one in found if one not in lying]
    if not labels:
        raise InputError(
            "There is no table among these files: a cohort is films or exams and one CSV file with their labels, beside them "
            "or in the same archive."
        )
    if len(labels) > 1:
        raise InputError(
            "There are several tables: %(names)s. A cohort has one; send it without the others.",
            {"names": ", ".join(f"“{one.name}”" for one in labels[:5])},
        )
    return _with_boxes(labels[0], lying[0]) if lying else labels[0]


def _header(given: Sheet) -> tuple[str, ...]:
    """The columns of a table; none of one that cannot be read, which is told of later."""
    try:
        with _file(given.name, given.octets) as path:
            return table.header(path)
    except InputError:
        return ()


def _with_boxes(given: Sheet, lying: Sheet) -> Sheet:
    """A table of labels with a column more: where the findings of each image lie."""
    with _file(lying.name, lying.octets) as path:
        known = boxes.read(path)
    with _file(given.name, given.octets) as path:
        lines = [cells for _, cells in rows.cells_of(path)]
    image = columns.guess(lines[0], ()).image if lines else ""
    if not image or "boxes" in lines[0]:
        return given
    place = lines[0].index(image)
    cells = boxes.joined([line[place] if place < len(line) else "" for line in lines[1:]], known)
    out = io.StringIO()
    width = len(lines[0])
    whole = ([*line[:width], *[""] * (width - len(line)), cell] for line, cell in zip(lines[1:], cells, strict=True))
    csv.writer(out).writerows([[*lines[0], "boxes"], *whole])
    return Sheet(given.name, out.getvalue().encode())


def _within(file: Arrived) -> Iterator[Sheet]:
    """The tables in an archive. One that cannot be read is told of by whoever reads its images."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            for member in archive.infolist():
                name = f"{file.name}/{member.filename}"
                if not member.is_dir() and is_table(member.filename):
                    with archive.open(member) as opened:
                        yield Sheet(name, _small(opened.read(LARGEST * MEGABYTE + 1), name))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return


def is_table(name: str) -> bool:
    """Whether a file is taken for the table, by its name."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.suffix.lower() == ".csv" and not path.name.startswith("._")


def _small(octets: bytes, name: str) -> bytes:
    if len(octets) > LARGEST * MEGABYTE:
        raise TooLarge("The table “%(name)s” is larger than %(limit)s MB.", {"name": name, "limit": LARGEST})
    return octets


@contextmanager
def _file(name: str, octets: bytes) -> Iterator[Path]:
    """A table as a file that is called as it came."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (PurePosixPath(name.replace("\\", "/")).name or "table.csv")
        path.write_bytes(octets)
        yield path


def create(store: Store, given: Sheet, files: Sequence[tuple[str, str]]) -> CohortRow:
    """Keep a cohort whose images are stored: ``files`` are their names and SOP Instance UIDs. InputError for a table that
    cannot be read, or when no image was."""
    if not files:
        raise InputError("None of the films or exams could be read, so there is no cohort.")
    with _file(given.name, given.octets) as path:
        header = table.header(path)
    came = PurePosixPath(given.name.replace("\\", "/"))
    name = came.parent.name.removesuffix(".zip") or came.stem  # the folder or the archive is called as people call the cohort
    with store.begin() as tx:
        return tx.cohorts.add(name, given.octets, came.name, header, files)


def replace_table(store: Store, cohort_id: str, files: Sequence[Arrived]) -> None:
    """Put another table in place of a cohort's, for the same films or exams: one CSV file, and perhaps one of boxes. What was
    measured stays, as of the table before, until somebody measures anew; a job that reads it is cancelled. NotFound for a
    cohort there is not; InputError for what is no table."""
    for file in files:
        if file.error is None and not is_table(file.name):
            raise InputError(
                "“%(name)s” is no table: send the CSV file alone; the films are here already.", {"name": file.name}
            )
    given = _one_table([Sheet(one.name, _small(one.path.read_bytes(), one.name)) for one in files if one.error is None])
    with _file(given.name, given.octets) as path:
        header = table.header(path)
    with store.begin() as tx:
        tx.cohorts.replace_table(cohort_id, given.octets, PurePosixPath(given.name.replace("\\", "/")).name, header)
        tx.jobs.cancel_cohort(cohort_id)


def findings(cards: Sequence[Card]) -> tuple[str, ...]:
    """All that these networks answer for."""
    return tuple(dict.fromkeys(finding for card in cards for finding in card.findings))


def guessed(row: CohortRow, cards: Sequence[Card]) -> Columns:
    """What of a cohort's table is what: as somebody said, else by the names of its columns."""
    if row.columns is not None:
        return columns_of(row.columns)
    return columns.guess(row.header, findings(cards))


def columns_of(plain: Mapping[str, Any]) -> Columns:
    """From what the store has, or a script sends. InputError for what is none."""
    uncertain = plain.get("uncertain", "unknown")
    if uncertain not in columns.UNCERTAIN:
        raise InputError("Uncertain labels count as unknown, positive or negative.")
    return Columns(
        image=str(plain.get("image", "")),
        patient=str(plain.get("patient", "")),
        groups=tuple(map(str, plain.get("groups", ()))),
        labels={str(finding): str(column) for finding, column in dict(plain.get("labels", {})).items()},
        listed=str(plain.get("listed", "")),
        uncertain=cast(Uncertain, uncertain),
        boxes=str(plain.get("boxes", "")),
    )


def measure(
    store: Store,
    registry: Registry,
    cohort_id: str,
    told: Columns,
    models: Sequence[str],
    *,
    points: Mapping[str, Mapping[str, float]] | None = None,
) -> JobRow:
    """Say what of the table is what and which networks are measured, put its rows to the stored images, and ask for the
    figures. ``points`` are findings that are called from elsewhere than the cards say, by network. NotFound for a cohort or a
    network there is not; InputError, in words, for whatever cannot be measured."""
    if not 1 <= len(set(models)) == len(models) <= MOST_MODELS:
        raise InputError("Choose one network, or two different ones to compare.")
    cards = [registry.card(name) for name in models]
    if len({card.kind for card in cards}) > 1:
        raise InputError("One of these networks reads films and the other exams, so they cannot be compared.")
    with store.view() as tx:
        row = tx.cohorts.get(cohort_id)
        octets = tx.cohorts.table(cohort_id)
        known = _stored(tx, row, exams=cards[0].kind == "exam")
    if not known:
        raise InputError("The network “%(name)s” reads nothing of what is in this cohort.", {"name": cards[0].name})
    with _file(row.table_name, octets) as path:
        labelled = table.read(path, told, findings(cards))
    matched = matching.match(labelled.rows, [unit for unit, _, _ in known], row.table_name)
    places = {unit.key: (study, image) for unit, study, image in known}
    cases = [
        CohortCaseRow(number, unit.key, one.image, one.patient, _plain(one.labels), one.groups, None, *places[unit.key])
        for number, (one, unit) in enumerate(matched.pairs)
    ]
    with store.begin() as tx:
        summary = matched.summary(labelled).plain()
        kept = {name: dict(by) for name, by in (points or {}).items() if name in models}
        tx.cohorts.settle(cohort_id, told.plain() | {"points": kept}, models, summary, cases)
        return tx.jobs.measure(cohort_id)


def _stored(tx: Transaction, row: CohortRow, *, exams: bool) -> list[tuple[matching.Unit, str, str | None]]:
    """What a row of a cohort's table can be about, with its study's id and, of a film, its image's."""
    names: dict[str, list[str]] = {}
    for name, uid in row.files:
        names.setdefault(uid, []).append(name)
    found: list[tuple[matching.Unit, str, str | None]] = []
    for study_id in tx.cohorts.study_ids(list(names)):
        study = tx.studies.get(study_id)
        images = {image.sop_instance_uid: image.id for image in study.images if image.frame == 1}
        for unit in units(study, names, exams=exams):
            if unit.files:
                found.append((unit, study_id, None if exams else images[unit.sop_uids[0]]))
    return found


def boxed(store: Store, row: CohortRow, cards: Sequence[Card]) -> dict[str, tuple[boxes.Box, ...]]:
    """Where the findings of a cohort's cases lie, by the name of the case in its table; empty without such a column."""
    told = columns_of(row.columns or {})
    if not told.boxes:
        return {}
    with store.view() as tx:
        octets = tx.cohorts.table(row.id)
    with _file(row.table_name, octets) as path:
        labelled = table.read(path, told, findings(cards))
    return {one.image: one.boxes for one in labelled.rows if one.boxes}


def drawn(tx: Transaction, case: CohortCaseRow) -> dict[str, Region]:
    """Where readers drew the findings of a film: by finding, what was drawn last. None of exams, or where the study is gone."""
    if case.study_id is None or case.image_id is None:
        return {}
    mine = (row for row in tx.reviews.of_study(case.study_id) if row.image_id == case.image_id)
    found = {row.finding: row.review.regions for row in mine if row.review.regions and not row.doubtful}
    return {finding: regions[0] for finding, regions in found.items() if 0 in regions}


def _plain(labels: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(label) else label for label in labels)


def case_of(row: CohortCaseRow, networks: int) -> Case:
    """A stored case as `app.cohorts` has it; what was not said yet is not read."""
    said = row.said or ((None, (), False),) * networks
    labels = tuple(math.nan if label is None else label for label in row.labels)
    return Case(row.key, row.name, row.patient, labels, row.groups, tuple(Said(*one) for one in said))


def report_of(row: CohortRow) -> Report:
    """The figures of a cohort; NotFound where it was not measured yet."""
    if row.report is None:
        raise NotFound("This cohort has not been measured yet.")
    return Report.of(row.report)


def networks_of(registry: Registry, row: CohortRow) -> tuple[Network, ...]:
    """The networks that a cohort was measured with, calling from where its figures do."""
    points: dict[str, dict[str, float]] = {}
    for one in report_of(row).findings:
        points.setdefault(one.network, {})[one.finding] = one.point
    cards = [registry.remembered(name) for name in row.models]
    return tuple(Network(card.name, card.sha256, card.title, card.banner, points.get(card.name, {})) for card in cards)


def called_from(row: CohortRow, cards: Sequence[Card]) -> list[Network]:
    """The networks that a cohort is measured with, calling from where their cards say, or from where whoever asked for it had
    moved that to."""
    moved = (row.columns or {}).get("points", {})
    return [Network.of(card, moved.get(card.name)) for card in cards]


@dataclass(frozen=True, slots=True)
class Behind:
    """Which films of a cohort are asked for: of one finding by one network, with (True) or without a label, called from
    ``threshold`` on (True) or not, in one group; of some films alone where ``only`` has the numbers of their cases."""

    network: str
    finding: str
    threshold: float
    truth: bool | None = None
    called: bool | None = None
    column: str = ""
    value: str = ""
    only: frozenset[int] | None = None


def behind(row: CohortRow, cases: Sequence[CohortCaseRow], asked: Behind) -> tuple[tuple[CohortCaseRow, float], ...]:
    """The films with their probability, the surest first. NotFound for a network, a finding or a group there is not."""
    matched = row.matched or {}
    if asked.network not in row.models or asked.finding not in matched.get("findings", ()):
        raise NotFound("There is no such figure in this cohort.")
    if asked.column and asked.column not in matched["groups"]:
        raise NotFound("There is no such figure in this cohort.")
    place, at = row.models.index(asked.network), matched["findings"].index(asked.finding)
    column = matched["groups"].index(asked.column) if asked.column else None
    found = []
    for case in cases:
        told = case.said[place][0] if case.said else None
        label = case.labels[at]
        if asked.only is not None and case.number not in asked.only:
            continue
        if told is None or asked.finding not in told or label is None:
            continue
        probability = told[asked.finding]
        fits = asked.truth in {None, label == 1} and asked.called in {None, probability >= asked.threshold}
        if fits and (column is None or case.groups[column] == asked.value):
            found.append((case, probability))
    return tuple(sorted(found, key=lambda one: -one[1]))
