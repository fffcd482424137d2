"""The case page and its job's fragment: the frozen dataclasses that the templates read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from app.classifiers.card import Card
from app.domain import Opinion, Plane
from app.stacks import Side
from app.store import ImageRow, LabelledRow, SeriesRow, StudyRow
from app.web.calling import Shown
from app.web.case.compared import Stands
from app.web.case.hand import Hand
from app.web.case.overview import Picture, Visit
from app.web.case.payload import CaseData, JobData, Poll, Urls
from app.web.evidence import EvidenceData
from app.web.judged import Judged
from app.web.standing import Standing
from app.web.upload import Report


@dataclass(frozen=True, slots=True)
class Told:
    """Where the evidence of one map lies, under the name that the page has for the map and its title."""

    method: str
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
    before they became other stacks, None where nobody said anything of that. ``others`` are the study's series that are not
    shown, ``series`` and ``image`` what the page's head is about: the shown image and its series, or the first; ``remarks``
    what is to be said of the headers of what is shown. ``points`` say by finding from where on it is called. ``report`` tells
    what became of the files of the upload that led here, once. ``labels`` are what the tables of cohorts say of the study, of a
    film that is shown alone those about it. ``worth`` is what the sign that a map looks elsewhere was measured to be worth,
    ``second`` what the network says that learned from the same patients. ``directions``: from which side the reader goes
    through the stacks of a plane; as they are stored where none is named. ``hand`` is what there is to split and join, and what
    readers said. ``opinions`` say by finding whether it is there, as readers say; ``summed`` how the network's calls stand
    beside that.
    readers said. ``queue``: where the case stands in the list that is read through; ``unqueued``: that one is no longer kept.
    ``judged`` is the verdict that the address leads to. ``pictures`` are the study's series and films, ``visits`` the other
    studies of the same patient.
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
    directions: Mapping[Plane, Side] = field(default_factory=dict)
    hand: Hand = field(default_factory=Hand)
    opinions: Mapping[str, Stands] = field(default_factory=dict)
    choices: tuple[tuple[Opinion, str], ...] = ()
    summed: str = ""
    queue: Standing | None = None
    unqueued: bool = False
    judged: Judged | None = None
    pictures: tuple[Picture, ...] = ()
    visits: tuple[Visit, ...] = ()

    @property
    def evidence(self) -> tuple["Told", ...]:
        """Where the evidence of every map of the shown finding lies, in the order of the panes; of an exam plane by plane."""
        titles = {method.name: method.title for method in (*self.data.methods, *self.data.more)}
        planes = {stack.id: stack for stack in self.data.stacks if stack.kind == "slices"}
        told = []
        for one in self.data.explanations:
            title, stack = titles.get(one.method, one.method), planes.get(one.stack)
            if one.evidence is None or (stack is None and one.stack != self.data.stack):
                continue
            if stack is None:
                told.append(Told(one.method, title, one.evidence))
            else:
                told.append(Told(f"{one.method}-{stack.plane or stack.id}", f"{title} · {stack.title}", one.evidence))
        return tuple(told)

    @property
    def hedges(self) -> tuple[str, ...]:
        """What has to be known of the regions that an exam's tables go by."""
        if self.data.arrangement != "planes":
            return ()
        said = (note for one in self.data.explanations if one.kind == "labels" for note in one.notes)
        return tuple(dict.fromkeys(said))

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
