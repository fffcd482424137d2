"""The worklist: every study, searched, filtered, sorted and paged by the store.

What it shows stands in its address, but for the text that is searched for (see `app.web.tables`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, cast

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.classifiers.card import Card
from app.config import UNFINISHED_DEMO
from app.domain import OUTCOMES
from app.evaluation.agreement import DISAGREE
from app.store import (
    READINGS,
    STUDY_STATES,
    WORKLIST_SORTS,
    Batch,
    Entry,
    Page,
    Reading,
    Transaction,
    WorklistQuery,
    WorklistRow,
)
from app.store.records import WorklistSort
from app.web import calling, evidence, outcomes, pages, tables
from app.web.addresses import served
from app.web.calling import Calling
from app.web.wording import Translate

router = APIRouter(include_in_schema=False)

USUAL = "-received"
"""The order of a list that nobody sorted."""
NOTHING = "nothing"
"""What a page without any study says that it shows."""
UNFINISHED = frozenset({"waiting", "analysing"})
FALLING = ("received", "study date", "probability", "disagreement", "flags")
NOT_READ = "not read"
"""Not a state of the analysis, which is done, but what a reader looks for: a guard kept an image from being read."""
STATES = (*STUDY_STATES, NOT_READ)
EVIDENCE = ("elsewhere", "inside")
"""Studies with a map that looks elsewhere, or without any."""
FLAGGED: Mapping[str, bool] = {"yes": True, "no": False}


NEWEST = 5
"""How many batches the list looks for those in that are being read."""
TOP = 3
"""How many findings of a study are named."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding that is named of a study: whether it is called, how far methods disagree on it (None: not compared), and in
    words and as a figure from where on it is called. ``elsewhere`` names the region that a map of it looks at so much that a
    reader should know, ``where`` says how much; "" where none does. ``parted``: methods are said to disagree on it, which takes
    a finding that is likely enough to count."""

    name: str
    probability: float
    called: bool
    apart: float | None
    told: str
    point: float
    elsewhere: str = ""
    where: str = ""
    parted: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What is named of a study: the findings that are called, the most probable first, then the most probable others; and how
    many more are called."""

    named: tuple[Finding, ...]
    more: int


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """templates/worklist.html: one page of studies, the query it answers, and what can be chosen.

    ``unfinished``: a study of this page still waits or is being analysed, so the table asks again by itself.
    ``findings`` are what is named of each study, by its id, ``readings`` how far the reader is with those they opened.
    ``unreal``: the networks that know phantoms only; what they say of anybody else means nothing.
    ``calls``: what became of a finding, of which only such studies are shown, one of ``outcomes``; ``evidence``: that
    only studies with a map that looks elsewhere, or without any, are shown; "" for all.
    ``empty``: there is no study at all, which is another thing than none that fits. ``order`` is the query's order as the
    form sends it; ``polled``: the table was asked for by itself, and nobody is to be told how many studies there are again.
    ``address`` is where this list is; ``forgotten``: the text that the address searched for is not kept any more;
    ``coming``: more studies are being put in just now. ``networks`` are those that can be asked to read a selection,
    ``batches`` the selections that some of them are reading.
    """

    template: ClassVar[str] = "worklist.html"

    query: WorklistQuery
    calls: str
    outcomes: tuple[str, ...]
    evidence: str
    state: str
    studies: Page[WorklistRow]
    findings: Mapping[str, Findings]
    readings: Mapping[str, Reading]
    modalities: tuple[str, ...]
    states: tuple[str, ...]
    columns: tuple[tables.Column, ...]
    order: str
    unreal: frozenset[str]
    unfinished: bool
    empty: bool
    polled: bool
    forgotten: bool
    address: str
    coming: bool
    networks: tuple[Card, ...]
    batches: tuple[Batch, ...]

    @property
    def digest(self) -> str:
        """A few letters that stand for what the table shows."""
        told = repr((self.studies, self.findings, self.readings, self.coming, self.batches))
        return hashlib.sha256(told.encode()).hexdigest()[:12]


class Named(BaseModel):
    """What the worklist's address may name. ``search`` is the id of a text, ``go`` the page, ``poll`` that the table asks by
    itself, and ``seen`` what it shows already."""

    search: str = ""
    modality: str = ""
    state: str = ""
    flagged: str = ""
    methods: str = ""
    evidence: str = ""
    reading: str = ""
    calls: str = ""
    order: str = ""
    go: str = ""
    poll: str = ""
    seen: str = ""

    def query(self, text: str, reader: str) -> WorklistQuery:
        """As the store asks it of ``reader``; a filter that is none is left out."""
        sort, descending = tables.ordering(self.order, WORKLIST_SORTS, "received")
        return WorklistQuery(
            text=text,
            modality=self.modality,
            state="done" if self.state == NOT_READ else self.state if self.state in STUDY_STATES else None,
            refused={"done": False, NOT_READ: True}.get(self.state),
            flagged=FLAGGED.get(self.flagged),
            disagreement=DISAGREE if self.methods == "disagree" else None,
            reading=next((one for one in READINGS if one == self.reading), ""),
            reader=reader,
            sort=cast(WorklistSort, sort),
            descending=descending,
            number=tables.number(self.go),
        )


class Asked(Named):
    """What the worklist's form sends: the same, the text to search for, and a new order where a heading was chosen. Without a
    page chosen it is the first."""

    text: str = ""
    sort: str = ""

    def address(self) -> dict[str, str]:
        """What of it stands in the address."""
        named = self.model_dump(exclude={"text", "sort", "search", "poll", "seen"})
        return {**named, "order": tables.told(self.sort or self.order, USUAL)}


@router.get("/")
def worklist(request: Request, named: Annotated[Named, Query()]) -> Response:
    """The worklist as the address says; to htmx the table alone, with the address for the browser to show. To a table that
    asks by itself nothing (204) while it shows what there is; where there was no study at all, that there is one now."""
    page = _page(request, named)
    if page.polled and named.seen == page.digest:
        return Response(status_code=204)
    if page.polled and named.seen == NOTHING:
        return Response(status_code=204, headers={} if page.empty else {"HX-Refresh": "true"})
    if not pages.is_htmx(request):
        return pages.render(request, page)
    headers = {} if page.polled else {"HX-Replace-Url": served(page.address)}
    return pages.render(request, page, headers=headers, template="partials/worklist_table.html")


@router.post("/")
def search(request: Request, asked: Annotated[Asked, Form()]) -> Response:
    """Where the worklist is that its form asks for."""
    return tables.found(request, "/", asked.address(), asked.text)


def entries(request: Request, query: Mapping[str, str]) -> tuple[Entry, ...]:
    """Every study of the list whose address has this query, as a queue takes them; NotFound where its search is not kept."""
    named = Named.model_validate(query)
    asked = named.query(tables.known(request, named.search), pages.reader(request))
    with pages.of(request).store.view() as tx:
        asked = _narrowed(tx, calling.of(request, tx), named, asked)
        return tuple(Entry(study, "", f"study-{study}") for study in tx.worklist.ids(asked))


def _narrowed(tx: Transaction, points: Calling, named: Named, query: WorklistQuery) -> WorklistQuery:
    """The query with the studies alone that the filters of calls and of evidence take: both go by the reader's points."""
    wanted = next((one for one in OUTCOMES if one == named.calls), None)
    if wanted is not None:
        query = replace(query, only=outcomes.studies(tx, points, query.reader, wanted))
    if named.evidence not in EVIDENCE:
        return query
    found = outcomes.looking(tx, points)
    if named.evidence == "inside":
        return replace(query, without=found)
    return replace(query, only=found if query.only is None else query.only & found)


def _page(request: Request, named: Named) -> WorklistPage:
    registry = pages.of(request).registry
    searched = tables.searched(request, named.search)
    query = named.query(searched.text, pages.reader(request))
    with pages.of(request).store.view() as tx:
        points = calling.of(request, tx)
        query = _narrowed(tx, points, named, query)
        studies = tx.worklist.page(query)
        modalities = tx.worklist.modalities()
        empty = tx.studies.count() == 0
        readings = tx.readings.of([row.id for row in studies.rows], query.reader)
        batches = tuple(batch for batch in tx.batches.newest(NEWEST) if batch.open)
    _ = pages.gettext(request)
    return WorklistPage(
        query=query,
        calls=named.calls if named.calls in OUTCOMES else "",
        outcomes=OUTCOMES,
        evidence=named.evidence if named.evidence in EVIDENCE else "",
        state=NOT_READ if query.refused else query.state or "",
        studies=studies,
        readings=readings,
        findings={row.id: findings(row, points, _) for row in studies.rows},
        modalities=modalities,
        states=STATES,
        columns=_columns(request, query),
        order=f"-{query.sort}" if query.descending else query.sort,
        unreal=frozenset(card.name for card in registry.cards() if card.phantom),
        unfinished=any(row.state in UNFINISHED for row in studies.rows),
        empty=empty,
        polled=bool(named.poll),
        forgotten=searched.forgotten,
        coming=(pages.of(request).settings.var / UNFINISHED_DEMO).exists(),
        networks=registry.cards(),
        batches=batches,
        address=tables.address(
            "/", named.model_dump(exclude={"poll", "seen"}) | {"search": searched.id, "go": tables.page(studies)}
        ),
    )


def findings(row: WorklistRow, points: Calling, _: Translate) -> Findings:
    """What is named of a study, by the points of whoever reads. That nothing is found is an answer and no finding: it is never
    called."""
    every = []
    elsewhere = outcomes.elsewhere(row.elsewhere, points, row.version)
    for score in row.said:
        point = points.point(row.network, row.version, score.finding)
        apart, told = row.apart.get(score.finding), calling.sentence(point, _)
        called = points.called(row.network, row.version, score.finding, score.probability)
        counted = row.counted.get(score.finding)
        parted = counted is not None and counted >= DISAGREE
        lies = next((one.evidence for one in elsewhere if one.finding == score.finding), None)
        region, where = (evidence.region(lies.odd, _), evidence.sentence(lies, _)) if lies else ("", "")
        every.append(Finding(score.finding, score.probability, called, apart, told, point.at, region, where, parted))
    ordered = sorted(every, key=lambda one: not one.called)  # stable: by probability within
    return Findings(tuple(ordered[:TOP]), max(0, sum(one.called for one in every) - TOP))


def _columns(request: Request, query: WorklistQuery) -> tuple[tables.Column, ...]:
    _ = pages.gettext(request)
    headings = (
        (_("Image"), "", False),
        (_("Patient"), "patient", False),
        (_("Study date"), "study date", False),
        (_("Modality"), "", False),
        (_("State"), "state", False),
        (_("Top findings"), "probability", False),
        (_("Disagreement"), "disagreement", False),
        (_("Evidence"), "", False),
        (_("Flags"), "flags", True),
        (_("Received"), "received", False),
    )
    return tables.columns(headings, query.sort, query.descending, FALLING)
