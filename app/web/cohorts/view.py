"""A cohort's pages: the frozen dataclasses that the templates read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from app import explainers
from app.classifiers.card import Card
from app.cohorts import localising
from app.cohorts.columns import UNCERTAIN, Columns
from app.cohorts.maps import Maps
from app.cohorts.report import ENOUGH, Difference, Finding, Group, Report, Within
from app.store import CohortCaseRow, CohortRow, JobRow, Page
from app.web import charts
from app.web.addresses import served
from app.web.cohorts import charts as curves
from app.web.upload import Line
from app.web.wording import Translate

READ = "The square is what the network read."
"""Of a map that lies in no chest's pose, to be translated."""


def lies(made: Maps, _: Translate) -> str:
    """In which pose mean maps lie, in words."""
    if made.laid is None:
        return _(READ)
    return _(
        "In one pose of the chest: %(laid)s of %(films)s films by their own lungs, any others as films lie on the average; "
        "lines are around lungs and heart.",
        laid=made.laid,
        films=made.films,
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A cohort in the list, and how far its last job is."""

    row: CohortRow
    job: JobRow | None


@dataclass(frozen=True, slots=True)
class CohortsPage:
    """templates/cohorts.html: the cohorts there are, and the form for a new one; ``problem`` says why one could not be made."""

    template: ClassVar[str] = "cohorts.html"

    cohorts: tuple[Listed, ...]
    max_files: int
    max_file_mb: int
    max_upload_mb: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen of a table: networks, columns, a column per finding; and what is chosen. ``moved`` are the findings
    whose points the reader has moved, by network; ``use_moved`` that these are called from."""

    cards: tuple[Card, ...]
    first: str
    second: str
    header: tuple[str, ...]
    findings: tuple[str, ...]
    columns: Columns
    uncertain: tuple[str, ...] = UNCERTAIN
    moved: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    use_moved: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """A cohort's job on the page: its sentence, and its steps; ``sentence`` says why it failed."""

    state: str
    sentence: str
    step: int
    of: int


@dataclass(frozen=True, slots=True)
class Guarded:
    """How many films a guard said something of: warned, refused, insisted (refused, and read all the same), mirrored, framed;
    and where they are listed."""

    kind: str
    films: int
    href: str


@dataclass(frozen=True, slots=True)
class Typical:
    """A film that stands for a group: its picture under its map, and its case."""

    picture: str
    href: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """What was made of a finding's maps by one network; ``made`` is None as long as it was only asked for. ``typical`` films
    are per group."""

    network: str
    finding: str
    made: Maps | None
    typical: tuple[tuple[Typical, ...], ...]

    def lies(self, _: Translate) -> str:
        """In which pose its mean maps lie, in words; "" before they are made."""
        return lies(self.made, _) if self.made is not None else ""

    def picture(self, base: str, **which: str | int) -> str:
        """The picture of a mean map: of a ``group`` by its place, or of an ``outcome``."""
        return f"{base}/maps/mean.png?{urlencode({'network': self.network, 'finding': self.finding, **which})}"

    def films(self, base: str, group: int) -> str:
        """Where the films of a group are listed."""
        return f"{base}/films?{urlencode({'network': self.network, 'finding': self.finding, 'looks': group})}"


def anchored(finding: str) -> str:
    """A finding's place on the page."""
    return f"finding-{finding.lower().replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding: per network its figures and curves, and the difference of two."""

    finding: str
    figures: tuple[Finding, ...]
    curves: tuple[curves.Curve, ...]
    calibration: tuple[tuple[Finding, tuple[charts.Mark, ...]], ...]
    groups: tuple[Group, ...]
    within: tuple[Within, ...]
    difference: Difference | None

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return anchored(self.finding)

    def films(self, base: str, figure: Finding, truth: str, called: str) -> str:
        """The films in a cell of the confusion."""
        return curves.films(base, figure, figure.point, truth=truth, called=called)

    def of_group(self, base: str, group: Group) -> str:
        """The films of a group."""
        figure = next(one for one in self.figures if one.network == group.network)
        return curves.films(base, figure, figure.point, column=group.column, value=group.value)


@dataclass(frozen=True, slots=True)
class CohortPage:
    """templates/cohort.html: what the table means, how far the reading is, or the figures; ``problem`` says why what was chosen
    cannot be measured. ``rejected`` are files of the upload that led here that could not be read, ``guarded`` what the guards
    of the networks said, ``moved`` whether the reader has moved points that these figures do not call from; ``exams``: of
    exams, not films."""

    template: ClassVar[str] = "cohort.html"

    row: CohortRow
    choice: Choice | None
    job: Progress | None
    report: Report | None
    judged: tuple[Judged, ...]
    start: float
    mapped: tuple[Mapped, ...] = ()
    exams: bool = False
    problem: str = ""
    rejected: tuple[Line, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)
    enough: int = ENOUGH
    guarded: Mapping[str, tuple[Guarded, ...]] = field(default_factory=dict, hash=False)
    moved: bool = False

    @property
    def base(self) -> str:
        """The cohort's address."""
        return served(f"/cohorts/{self.row.id}")

    @property
    def figures(self) -> str:
        """What its job is asked with: "yes" where the figures are on the page."""
        return "yes" if self.report else ""

    def place(self, value: float) -> float:
        """Where an AUROC lies on the scale of the table, 0 to 100."""
        return charts.place(value, self.start)

    def method_of(self, name: str) -> str:
        """What a method is called."""
        return self.titles.get(name, name)

    def maps(self, finding: str, network: str) -> Mapped | None:
        """What was made of a finding's maps, or asked for; None where nobody asked."""
        return next((one for one in self.mapped if (one.finding, one.network) == (finding, network)), None)


@dataclass(frozen=True, slots=True)
class JobFragment:
    """templates/partials/cohort_job.html: one branch per state."""

    template: ClassVar[str] = "partials/cohort_job.html"

    base: str
    job: Progress
    figures: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """A film behind a figure: ``label`` and ``called`` say which cell of the confusion it is in; all three are None where no
    finding is asked for."""

    row: CohortCaseRow
    probability: float | None
    label: bool | None
    called: bool | None
    image: str | None
    href: str


@dataclass(frozen=True, slots=True)
class FilmsPage:
    """templates/cohort_films.html: the films behind a figure, the surest first, and what is asked for. ``looks_at`` is what a
    reader calls the group of maps; ``address`` is where this list is."""

    template: ClassVar[str] = "cohort_films.html"

    row: CohortRow
    films: Page[Film]
    network: str
    finding: str
    threshold: float
    truth: str
    called: str
    column: str
    value: str
    guard: str
    looks: int | None
    looks_at: str
    findings: tuple[str, ...]
    addresses: Mapping[str, str]
    address: str
    exams: bool = False

    @property
    def base(self) -> str:
        """The cohort's address."""
        return served(f"/cohorts/{self.row.id}")


@dataclass(frozen=True, slots=True)
class ReportPage:
    """templates/cohort_report.html: the figures to print."""

    template: ClassVar[str] = "cohort_report.html"

    row: CohortRow
    report: Report
    judged: tuple[Judged, ...]
    start: float
    printed_at: datetime
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)
    enough: int = ENOUGH
    mapped: tuple[Mapped, ...] = ()
    exams: bool = False

    @property
    def base(self) -> str:
        """The cohort's address."""
        return served(f"/cohorts/{self.row.id}")

    def method_of(self, name: str) -> str:
        """What a method is called."""
        return self.titles.get(name, name)

    def maps(self, finding: str, network: str) -> Mapped | None:
        """What was made of a finding's maps; None where nothing was."""
        return next((one for one in self.mapped if (one.finding, one.network) == (finding, network)), None)

    def place(self, value: float) -> float:
        """Where an AUROC lies on the scale of the table, 0 to 100."""
        return charts.place(value, self.start)


def judged(base: str, report: Report) -> tuple[Judged, ...]:
    """A report finding by finding, those with the most films that have it first."""
    by: dict[str, list[Finding]] = {}
    for one in report.findings:
        by.setdefault(one.finding, []).append(one)
    pairs = {pair.finding: pair for pair in report.differences}
    found = [
        Judged(
            finding,
            tuple(figures),
            tuple(curves.curve(base, one) for one in figures if one.curve),
            tuple((one, curves.diagram(one.calibration)) for one in figures if one.calibration),
            tuple(group for group in report.groups if group.finding == finding),
            tuple(one for one in report.within if one.finding == finding),
            pairs.get(finding),
        )
        for finding, figures in by.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.figures[0].positives))


def start(report: Report) -> float:
    """Where the scale of AUROCs begins."""
    lows = [value for one in report.findings for value in (one.auroc.low, one.auroc.value) if value is not None]
    return charts.start(lows or [0.5])


def cut(films: Sequence[Film], number: int, size: int = 50) -> Page[Film]:
    """One page of films; one beyond the last is the last."""
    last = max(1, -(-len(films) // size))
    number = min(max(1, number), last)
    return Page(tuple(films[(number - 1) * size : number * size]), len(films), number, size)


def titles(report: Report, mapped: Sequence[Mapped], _: Translate) -> dict[str, str]:
    """What the methods of a report, the controls beside them, and methods whose maps were made, are called."""
    known = {"random map": _("random map"), "centre prior": _("centre prior"), "mean box": _("mean box of the others")}
    measured = dict.fromkeys(one.method for one in report.localised)
    controls = {name: known.get(name, _("the mask alone")) for name in measured if localising.control(name)}
    made = (one.made.method for one in mapped if one.made)
    return controls | {name: explainers.describe(name).titled(_) for name in (*measured, *made) if name not in controls}
