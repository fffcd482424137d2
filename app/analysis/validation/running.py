"""One run of the `validate` command: a table and the files it names in, the figures of one or two networks out.

Files are read ahead and visited side by side as for `analyse`; what no row of the table is about is passed over. Knows cohorts,
the readings and the disk.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from app.analysis.joining import whole
from app.analysis.lanes import Lanes, Piece
from app.analysis.request import Progress
from app.analysis.running import lanes
from app.analysis.sources import Opened, Passed, Refused, Sources, below, reason
from app.classifiers.card import Card
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.cohorts import boxes, figures, matching, table, writing
from app.cohorts.cases import Case, Network, Said
from app.cohorts.columns import Uncertain, chosen
from app.cohorts.localising import Marked, localised
from app.cohorts.matching import Unit
from app.cohorts.report import Localised, Report
from app.cohorts.units import units
from app.config import Settings
from app.domain import Study
from app.errors import InputError, Unavailable
from app.reading import heard, maps
from app.reading.running import BATCH


@dataclass(frozen=True, slots=True)
class Validation:
    """What to measure: ``sources`` are files, folders and zip files, the table's own folder where none is named. ``labels`` and
    the columns are as of `app.cohorts.columns.chosen`; ``insist`` has the networks read what their guards refuse."""

    table: Path
    models: tuple[str, ...]
    out: Path
    sources: tuple[str, ...] = ()
    image: str = ""
    patient: str = ""
    groups: tuple[str, ...] | None = None
    labels: tuple[str, ...] = ()
    uncertain: Uncertain = "unknown"
    insist: bool = False
    boxes: Path | None = None


Seen = tuple[Unit, tuple[Said, ...]]
"""A film or an exam, and what each network said of it."""
Lying = tuple[str, int, tuple[Marked, ...]]
"""The key of a film with boxes, the place of a network, and how its maps lie."""


def run(
    asked: Validation,
    settings: Settings,
    complain: Callable[[str], None],
    follow: Callable[[Progress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Report | None:
    """Measure, and write ``report.json``, ``figures.csv`` and ``cases.csv``; None when it was stopped before the end.

    AppError, and nothing is written, when the request is wrong: a network or a column there is not, a table that cannot be
    used, networks that read different things.
    """
    registry = Registry(settings.models)
    cards = tuple(registry.card(name) for name in asked.models)
    if len({card.kind for card in cards}) > 1:
        raise InputError("One of these networks reads films and the other exams, so they cannot be compared.")
    findings = tuple(dict.fromkeys(finding for card in cards for finding in card.findings))
    columns = chosen(table.header(asked.table), findings, image=asked.image, patient=asked.patient, groups=asked.groups,
                     labels=asked.labels, uncertain=asked.uncertain)  # fmt: skip
    labelled = table.read(asked.table, columns, findings)
    if asked.boxes is not None:
        labelled = with_boxes(labelled, asked.boxes, findings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    visits = _Visits(asked, cards, labelled, Loaded(registry, settings.device), complain, follow, stopped)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=asked.out, prefix=".unpacked-") as workdir:
            seen = visits.all(settings, Path(workdir))
        if stopped():
            return None
        networks = tuple(Network.of(card) for card in cards)
        matched = matching.match(labelled.rows, [unit for unit, _ in seen], asked.table.name)
        by = {unit.key: told for unit, told in seen}
        cases = [Case.of(row, unit.key, by[unit.key]) for row, unit in matched.pairs]
        made = figures.measured(asked.table.stem, matched.summary(labelled), cases, networks)
        made = replace(made, localised=visits.localised({unit.key for _, unit in matched.pairs}))
        write(asked.out, made, cases, networks)
    except OSError as error:
        raise Unavailable(
            "The folder “%(folder)s” cannot be written: %(reason)s.", {"folder": str(asked.out), "reason": reason(error)}
        ) from error
    return made


def with_boxes(labelled: table.Table, path: Path, findings: Sequence[str]) -> table.Table:
    """The rows with the boxes of a table of their own. InputError for one that is none."""
    cells = boxes.joined([row.image for row in labelled.rows], boxes.read(path))
    found = (boxes.in_cell(cell, findings, row.line, path.name) for row, cell in zip(labelled.rows, cells, strict=True))
    rows = tuple(replace(row, boxes=row.boxes + own) for row, own in zip(labelled.rows, found, strict=True))
    return replace(labelled, rows=rows)


def write(out: Path, made: Report, cases: Sequence[Case], networks: Sequence[Network]) -> None:
    """The report's files. OSError of the disk."""
    text = json.dumps(made.plain(), ensure_ascii=False, indent=1, allow_nan=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    rows = writing.as_csv(writing.FIGURES, writing.figure_lines(made))
    (out / "figures.csv").write_text(rows, encoding="utf-8", newline="")
    rows = writing.as_csv(writing.case_heading(made.table, networks), writing.case_lines(cases, made.table, networks))
    (out / "cases.csv").write_text(rows, encoding="utf-8", newline="")


@dataclass(slots=True, eq=False)
class _Visit:
    """What the networks said of the films of one piece, and how many of the ``files`` that were counted are done with it."""

    files: int
    seen: tuple[Seen, ...]
    lying: tuple[Lying, ...] = ()


@dataclass(slots=True, eq=False)
class _Visits:
    """One run: every film or exam that the table is about, once through each network."""

    asked: Validation
    cards: tuple[Card, ...]
    labelled: table.Table
    loaded: Loaded
    complain: Callable[[str], None]
    follow: Callable[[Progress], None]
    stopped: Callable[[], bool]
    wanted: frozenset[str] = field(init=False)
    boxed: dict[str, table.Row] = field(init=False)
    lying: list[Lying] = field(default_factory=list)
    parts: list[Study] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.wanted = frozenset(name for row in self.labelled.rows for name in matching.called(row))
        self.boxed = {name: row for row in self.labelled.rows if row.boxes for name in matching.called(row)}

    @property
    def exams(self) -> bool:
        """Whether exams are read, whose files must all be there first."""
        return self.cards[0].kind == "exam"

    def all(self, settings: Settings, workdir: Path) -> list[Seen]:
        """What was said of everything, each film once. OSError of the disk."""
        sources = Sources(self._sources(), settings, self.asked.out)
        count, threads = lanes(self.loaded.device, sources.files)
        found = sources.read(workdir, max(1, count // 2), self.stopped)
        seen: dict[str, Seen] = {}
        done = 0
        try:
            work = Lanes[_Visit](count, count + 1, begin=partial(torch.set_num_threads, threads))
            for visit in work.results(self._pieces(found), self.stopped):
                done += visit.files
                self.lying += visit.lying
                seen |= {unit.key: (unit, said) for unit, said in visit.seen if unit.key not in seen}
                self.follow(Progress(min(done, sources.files), sources.files, time.monotonic() - self.began))
        finally:
            torch.set_num_threads(torch.get_num_threads())  # what threads that are yet to come begin with
        return self._exams() if self.exams else list(seen.values())

    def _sources(self) -> tuple[str, ...]:
        """The files to read: where most rows name a file that is there, those alone; else all of them."""
        tables = {path.resolve() for path in (self.asked.table, self.asked.boxes) if path is not None}
        files = [
            path
            for name in self.asked.sources or (str(self.asked.table.parent),)
            for path in _files(Path(name), self.asked.out)
        ]
        files = [path for path in files if path.resolve() not in tables]
        if self.exams or any(path.suffix.lower() == ".zip" for path in files):
            return tuple(map(str, files))
        hits = {path: self.wanted.intersection(matching.names(Unit("", (path.as_posix(),)))) for path in files}
        named = set().union(*hits.values())
        rows = sum(not named.isdisjoint(matching.called(row)) for row in self.labelled.rows)
        whole_ = 2 * rows < len(self.labelled.rows)
        return tuple(str(path) for path in files if whole_ or hits[path])

    def _pieces(self, found: Iterator[Opened | Refused | Passed]) -> Iterator[Piece[_Visit]]:
        """Films by batches; the parts of exams are kept until all are there."""
        films: list[tuple[Unit, Study]] = []
        files = 0
        for one in found:
            if isinstance(one, Passed):
                files += one.files
            elif isinstance(one, Refused):
                if self.exams or not self.wanted.isdisjoint(matching.names(Unit("", (one.name,)))):
                    self.complain(f"{one.name}: {one.reason}")
            elif self.exams:
                self.parts.append(one.study)
                for image in one.study.images:
                    self.names.setdefault(image.sop_instance_uid, []).append(one.name)
            else:
                films += self._films(one)
            if len(films) >= BATCH or (files >= BATCH and not films):
                yield partial(self._asked, tuple(films), files)
                films, files = [], 0
        yield partial(self._asked, tuple(films), files)

    def _films(self, one: Opened) -> Iterator[tuple[Unit, Study]]:
        """The films of a file that a row is about."""
        names = {image.sop_instance_uid: (one.name,) for image in one.study.images}
        for unit in units(one.study, names, exams=False):
            if not self.wanted.isdisjoint(matching.names(unit)):
                yield unit, one.study

    def _asked(self, films: tuple[tuple[Unit, Study], ...], files: int) -> tuple[_Visit, ...]:
        """In a lane: what the networks say of these films."""
        own = {unit.key: (unit, study) for unit, study in films}  # the same film twice is one
        said: dict[str, list[Said]] = {key: [] for key in own}
        studies = [study for _, study in own.values()]
        for card in self.cards if own else ():
            for key, one in zip(own, heard(studies, self.loaded, card.name, insist=self.asked.insist), strict=True):
                said[key].append(one.said(key))
        seen = tuple((unit, tuple(said[key])) for key, (unit, _) in own.items())
        lying = tuple(one for unit, study in own.values() for one in self._lying(unit, study, said[unit.key]))
        return (_Visit(files, seen, lying),)

    def _lying(self, unit: Unit, study: Study, said: Sequence[Said]) -> Iterator[Lying]:
        """How the networks' maps of a film with boxes lie."""
        row = next((self.boxed[name] for name in matching.names(unit) if name in self.boxed), None)
        if row is None:
            return
        image = next(image for image in study.images if image.stack == unit.key)
        by = boxes.by_finding(row.boxes)
        for place, (card, one) in enumerate(zip(self.cards, said, strict=True)):
            if one.probabilities is not None:
                regions = {finding: boxes.region(own) for finding, own in by.items()}
                found = maps(study, self.loaded, card.name, unit.key, regions)
                film = (image.rows, image.columns)
                marked = (Marked(row.patient, finding, film, regions[finding], lies) for finding, lies in found.items())
                yield unit.key, place, tuple(marked)

    def localised(self, keys: set[str]) -> tuple[Localised, ...]:
        """The figures of the maps of the films that were matched."""
        found: list[Localised] = []
        for place, card in enumerate(self.cards):
            marked = [one for key, at, some in self.lying if key in keys and at == place for one in some]
            found += localised(card.name, marked)
        return tuple(found)

    def _exams(self) -> list[Seen]:
        """What was said of every exam that a row is about."""
        seen = []
        for study in whole(self.parts):
            if self.stopped():
                break
            for unit in units(study, self.names, exams=True):
                if not self.wanted.isdisjoint(matching.names(unit)):
                    told = (heard((study,), self.loaded, card.name, insist=self.asked.insist)[0] for card in self.cards)
                    seen.append((unit, tuple(one.said() for one in told)))
        return seen


def _files(path: Path, out: Path) -> Iterator[Path]:
    """A file, or every file below a folder but those of the results; what is not there stays, to be told of."""
    yield from below(path, out.resolve()) if path.is_dir() else (path,)
