"""The case page and its job's fragment: the frozen dataclasses that the templates read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from app.classifiers.card import Card
from app.store import ImageRow, LabelledRow, SeriesRow, StudyRow
from app.web.calling import Shown
from app.web.case.payload import CaseData, JobData, Poll, Urls
from app.web.evidence import EvidenceData
from app.web.upload import Report


@dataclass(frozen=True, slots=True)
class Told:
    """Where the evidence of one map lies, under the map's title."""

    title: str
    told: EvidenceData


@dataclass(frozen=True, slots=True)
class Second:
    """The network beside which the shown one is a second opinion, or that is one beside it: its name, and in words by finding
    what it said of what is shown; nothing where it has not read it."""

    model: str
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CasePage:
    """templates/case.html and, for htmx, templates/partials/case_update.html.

    ``grid``: there are layers to judge, or will be; else nothing but images is shown and ``why`` says that no network reads
    them, or the guard's refusal does. ``job`` repeats ``data.job`` under the name that the job fragment reads, or is None where
    no network reads what is shown and nothing is waited for. ``earlier`` counts the verdicts on what the shown series were
    before they got more images, None where nobody said anything of that. ``others`` are the study's series that are not shown,
    ``series`` and ``image`` what the page's head is about: the shown image and its series, or the first; ``remarks`` what is to
    be said of the headers of what is shown. ``points`` say by finding from where on it is called. ``report`` tells what became
    of the files of the upload that led here, once. ``labels`` are what the tables of cohorts say of the study, of a film that
    is shown alone those about it. ``worth`` is what the sign that a map looks elsewhere was measured to be worth, ``second``
    what the network says that learned from the same patients.
    """

    template: ClassVar[str] = "case.html"

    study: StudyRow
    card: Card | None
    grid: bool
    why: str
    data: CaseData
    job: JobData | None
    earlier: int | None
    others: tuple[SeriesRow, ...]
    series: SeriesRow
    image: ImageRow
    remarks: tuple[str, ...]
    points: Mapping[str, Shown] = field(default_factory=dict)
    report: Report | None = None
    labels: tuple[LabelledRow, ...] = ()
    worth: str = ""
    second: Second | None = None

    @property
    def evidence(self) -> tuple["Told", ...]:
        """Where the evidence of every map of the shown finding lies, in the order of the panes; none of an exam."""
        titles = {method.name: method.title for method in (*self.data.methods, *self.data.more)}
        told = ((one.method, one.evidence) for one in self.data.explanations if one.stack == self.data.stack)
        return tuple(Told(titles.get(method, method), table) for method, table in told if table is not None)

    @property
    def urls(self) -> Urls:
        """Where the page's scripts and forms read and write."""
        return self.data.urls

    @property
    def poll(self) -> Poll:
        """How the page asks for its job."""
        return Poll(self.urls.job, self.data.model, self.data.image)


@dataclass(frozen=True, slots=True)
class JobFragment:
    """templates/partials/job.html: one branch per state; only an open job carries the trigger that asks again."""

    template: ClassVar[str] = "partials/job.html"

    urls: Urls
    job: JobData | None
    poll: Poll
