"""What the store and the cards know of a comparison of networks, read in one transaction and put into words.

What is computed is asked for by a job; nothing in this module waits for a network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from fastapi import Request

from app import explainers
from app.classifiers.card import Card
from app.desk import drawn
from app.domain import NO_FINDING, READ_PLANES, Plane
from app.errors import InputError
from app.evaluation.agreement import DISAGREE
from app.explainers.variants import parted
from app.store import AnswerRow, InspectionRow, JobRow, LayerRow, Transaction
from app.web import calling, pages
from app.web.calling import Calling
from app.web.case import answers, choosing, filling, layers, payload, stacks
from app.web.case.payload import StudyData
from app.web.case.payload_results import MethodData, ModelData
from app.web.case.payload_stacks import StackData
from app.web.case.reading import inspection
from app.web.case.stacks import Shown
from app.web.networks import agreeing
from app.web.networks.page import (
    AlikeData,
    CellData,
    NetworksData,
    NetworksPage,
    NetworksUrls,
    PairData,
    RowData,
    Said,
    Wanted,
    address,
    lettered,
)
from app.web.networks.wording import strings
from app.web.wording import Translate, label, plane, state_text, titled

COLUMNS = 3
"""How many methods are shown where nobody names any."""
FEWEST = 2
"""How many networks are compared at least, where there are as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A network of the comparison: its card, what its guard said of the film, its answer about what is shown, and the stack
    that opens for each plane of an exam."""

    card: Card
    inspection: InspectionRow | None
    answer: AnswerRow | None
    planes: Mapping[Plane, str]
    askable: bool

    def knows(self, finding: str) -> bool:
        """Whether it answers about a finding."""
        if self.answer is None:
            return finding in self.card.findings
        return self.answer.answer.score(finding) is not None

    @property
    def stopped(self) -> bool:
        """Whether its guard kept it from reading."""
        return self.inspection is not None and self.inspection.inspection.stopped


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What rows are made of: what is shown, the finding, the plane of an exam, the columns, and the reader's points."""

    seen: Shown
    wanted: Wanted
    calling: Calling
    columns: tuple[str, ...]


def read(request: Request, study_id: str, wanted: Wanted, again: int = 0) -> NetworksPage:
    """A comparison: of the networks that are named, or of two that have read or may read what is shown.

    NotFound for a study, an image, a network or a method that is not there; InputError for a network that does not read what
    is shown.
    """
    web, directions, _ = pages.of(request), pages.directions(request), pages.gettext(request)
    named = [web.registry.remembered(name) for name in wanted.networks]
    with web.store.view() as tx:
        study = tx.studies.get(study_id)
        said = tx.answers.of_study(study_id)
        seen = stacks.shown(study, tx.stacks.of_study(study_id), said, wanted.image, directions)
        cards, able = choosing.eligible(web.registry, seen), choosing.on_request(web.registry, seen)
        mine = choosing.about(said, seen)
        every = _chosen(named, cards, able, mine, seen)
        told = tuple(_told(tx, card, seen, mine, askable=card in (*cards, *able)) for card in every)
        whole = settled(wanted, told, seen)
        found = Compared(seen, whole, calling.of(request, tx), whole.methods)
        made = [_row(tx, found, one, letter, _) for one, letter in zip(told, lettered(len(told)), strict=True)]
        pairs = _pairs(tx, seen, whole, made)
    rows = tuple(row for row, _layers in made)
    columns = tuple(layers.method_data(name, _) for name in offered(every))
    image = seen.image or seen.runs[0].images[0]
    models = answers.models(cards, able, None, _)
    gone = (ModelData(card.name, _(card.title), eligible=False) for card in every if card not in (*cards, *able))
    return NetworksPage(
        study=study,
        series=next(series for series in study.series if series.id == image.series_id),
        image=image,
        remarks=stacks.remarks((image,), _),
        data=_data(found, rows, columns, _),
        wanted=whole,
        models=(*models, *gone),
        columns=columns,
        findings=tuple((name, label(name, _)) for name in findings(told)),
        planes=tuple((name, titled(plane(name, _))) for name in _planes(told)),
        films=_films(seen, _),
        pairs=pairs,
        disagree=DISAGREE,
        again=again,
        instead=tuple(_instead(wanted, whole, _)),
    )


def _instead(wanted: Wanted, shown: Wanted, _: Translate) -> Iterator[str]:
    """What was asked for and cannot be shown, and what is shown in its place."""
    if wanted.finding and wanted.finding != shown.finding:
        names = {"asked": label(wanted.finding, _), "shown": label(shown.finding, _) if shown.finding else "–"}
        yield _("None of these networks knows “%(asked)s”. Shown is “%(shown)s”.", **names)
    if wanted.minus and wanted.minus != shown.minus and shown.minus:
        yield _("A difference needs two networks of those that are compared. Shown is that of the first two.")


def _chosen(
    named: Sequence[Card], cards: Sequence[Card], able: Sequence[Card], said: Sequence[AnswerRow], seen: Shown
) -> tuple[Card, ...]:
    """The networks that are compared: those that are named; fewer than two are made up of the second opinion beside one of
    them, of networks that have read what is shown, and of those that may."""
    for card in named:
        choosing.chosen_card(cards, said, card, None, able=able, exam=seen.planes)
    there = dict.fromkeys(named)
    read = {row.answer.model for row in said}
    beside = {name for card in named for name in (card.second_to, *(one.name for one in cards if one.second_to == card.name))}
    ordered = sorted(cards, key=lambda card: (card.name not in beside, card.name not in read))
    for card in ordered:
        if len(there) < FEWEST:
            there.setdefault(card)
    return tuple(there)


def _told(tx: Transaction, card: Card, seen: Shown, said: Sequence[AnswerRow], *, askable: bool) -> Told:
    guarded = inspection(tx, seen, card)
    stopped = guarded is not None and guarded.inspection.stopped
    answer = next((row for row in said if not stopped and row.answer.model == card.name), None)
    return Told(card, guarded, answer, choosing.planes(card, seen, answer), askable)


def settled(wanted: Wanted, told: Sequence[Told], seen: Shown) -> Wanted:
    """What is compared in the end: what was asked for, and where that says nothing, or makes no sense, the finding that the
    first network finds most probable, its first methods that the others have too, the first two networks' difference."""
    known = findings(told)
    answered = next((one.answer for one in told if one.answer is not None), None)
    finding = wanted.finding if wanted.finding in known else answered.answer.top().finding if answered else ""
    names = tuple(one.card.name for one in told)
    minus = tuple(dict.fromkeys(name for name in wanted.minus if name in names))
    planes = _planes(told)
    return Wanted(
        image=seen.image.id if seen.image else "",
        finding=finding,
        networks=names,
        methods=methods(wanted.methods, [one.card for one in told]),
        minus=minus if len(minus) == FEWEST else names[:FEWEST] if len(names) >= FEWEST else (),
        plane=(wanted.plane if wanted.plane in planes else planes[0]) if planes else "",
    )


def methods(wanted: Sequence[str], cards: Sequence[Card]) -> tuple[str, ...]:
    """The columns: the methods that are named, else the first few that the first network opens with and all of them have.
    NotFound for a method that there is not."""
    if wanted:
        return tuple(dict.fromkeys(explainers.describe(name).name for name in wanted))
    if not cards:
        return ()
    opens = explainers.panel(cards[0])
    shared = [name for name in opens if all(name in explainers.names(card) for card in cards)]
    return tuple((shared or opens)[:COLUMNS])


def offered(cards: Sequence[Card]) -> tuple[str, ...]:
    """The methods to choose from: all that one of the networks can be explained by, the first one's own first."""
    opens = (name for card in cards for name in explainers.panel(card))
    return tuple(dict.fromkeys([*opens, *(name for card in cards for name in explainers.names(card))]))


def findings(told: Sequence[Told]) -> tuple[str, ...]:
    """What the compared networks know, each once."""
    return tuple(dict.fromkeys(name for one in told for name in one.card.findings))


def _planes(told: Sequence[Told]) -> tuple[Plane, ...]:
    return tuple(name for name in READ_PLANES if any(name in one.planes for one in told))


def _row(tx: Transaction, found: Compared, told: Told, letter: str, _: Translate) -> tuple[RowData, Mapping[str, LayerRow]]:
    """A network's row, and the layers that its cells show, by method."""
    seen, finding, card = found.seen, found.wanted.finding, told.card
    film = seen.film.id if seen.film else ""
    stack = told.planes.get(found.wanted.plane, "") if seen.planes else film
    version = told.answer.answer.model_sha256 if told.answer else card.sha256
    job = _job(tx, seen, told, finding)
    said = _said(told, finding)
    rows = tx.layers.of_stack(stack, model_sha256=version, finding=finding) if said == "read" and stack else ()
    there = {row.method: row for row in rows if row.producer.kind == "method" and row.values_sha256 is not None}
    opens = _opens(seen, told, stack, finding)
    point = found.calling.of(card.name, version)
    scores = [score for score in (told.answer.answer.score(finding),) if score] if told.answer else []
    row = RowData(
        letter=letter,
        model=card.name,
        title=_(card.title),
        model_sha256=version,
        said=said,
        sentence=_sentence(said, finding, exam=seen.planes, _=_),
        score=next(iter(answers.called(scores, point, _)), None),
        point=calling.sentence(point(finding), _) if scores and finding != NO_FINDING else "",
        inspection=answers.inspection_data(told.inspection, _) if told.inspection else None,
        cells=tuple(_cell(name, there.get(name), found, told, (said, stack, opens, job), _) for name in found.columns),
        stack=stack,
        run=stack if seen.planes else seen.image.series_id if seen.image else "",
        opens=opens,
        askable=told.askable,
        job=filling.job_data(job, _) if job else None,
        case=payload.address(seen.study.id, image=found.wanted.image, model=card.name, finding=finding),
    )
    return row, {name: there[name] for name in found.columns if name in there and there[name].state == "ok"}


def _said(told: Told, finding: str) -> Said:
    if told.stopped:
        return "refused"
    if finding and not told.knows(finding):
        return "unknown"
    return "read" if told.answer is not None else "unread"


def _sentence(said: Said, finding: str, *, exam: bool, _: Translate) -> str:
    if said == "unread":
        return _("This network has not read this exam yet.") if exam else _("This network has not read this film yet.")
    if said == "unknown":
        return _("“%(finding)s” is not one of the findings that this network knows.", finding=label(finding, _))
    return _("The network did not read this image") if said == "refused" else ""


def _job(tx: Transaction, seen: Shown, told: Told, finding: str) -> JobRow | None:
    """The job that a row shows: one that waits or runs; one that failed where what it should have brought is missing."""
    job = tx.jobs.of_study(seen.study.id, told.card.name)
    if job is None or job.open:
        return job
    broke = job.state in {"failed", "cancelled"} and job.model == told.card.name
    return job if broke and choosing.concerns(job, told.card.name, finding, read=told.answer is not None) else None


def _opens(seen: Shown, told: Told, stack: str, finding: str) -> int:
    """The slice of a stack of an exam with the largest score, else the middle one; 0 of a film."""
    row = next((one for one in seen.stacks if one.id == stack), None)
    if not seen.planes or row is None:
        return 0
    part = told.answer.answer.part(row.fingerprint) if told.answer else None
    at = part.opens_at(finding) if part else None
    return len(row.images) // 2 if at is None else at


def _cell(
    method: str,
    row: LayerRow | None,
    found: Compared,
    told: Told,
    state: tuple[Said, str, int, JobRow | None],
    _: Translate,
) -> CellData:
    """One map, or why there is none."""
    said, stack, opens, job = state
    if row is not None:
        answer = told.answer.answer if told.answer else None
        known = drawn.known(row, row.width, told.card, answer, drawn.plane(told.answer, row.stack_id))
        exam = found.seen.planes
        score = answer.score(found.wanted.finding) if answer else None
        row = replace(row, evidence=found.calling.lies(row, score.probability if score else None))
        layer = layers.layer_data(method, row, found.wanted.finding, opens if exam else None, known, _)
        return CellData(method, layer, state_text(row.state, _), lacks=False)
    if parted(method)[0] not in explainers.names(told.card):
        return CellData(method, None, _("not defined: this method is for networks of another architecture"), lacks=False)
    if said != "read":
        why = {"refused": _("refused by the guard"), "unread": _("not read yet"), "unknown": _("does not know this finding")}
        return CellData(method, None, why[said], lacks=False)
    if not stack:
        return CellData(method, None, _("This exam has no such stack."), lacks=False)
    waits = job is not None and job.open
    return CellData(method, None, _("being computed") if waits else _("not computed"), lacks=told.askable)


def _pairs(
    tx: Transaction, seen: Shown, wanted: Wanted, made: Sequence[tuple[RowData, Mapping[str, LayerRow]]]
) -> tuple[PairData, ...]:
    """How far every two networks' maps agree, method by method."""
    images = {image.id: image for image in seen.study.images}
    sizes = {stack.id: (images[stack.images[0]].rows, images[stack.images[0]].columns) for stack in seen.stacks}

    def alike(method: str, one: Mapping[str, LayerRow], other: Mapping[str, LayerRow]) -> AlikeData:
        if method not in one or method not in other:
            return AlikeData(method, None, None)
        rank, overlap = agreeing.alike(tx, one[method], other[method], sizes[one[method].stack_id])
        return AlikeData(method, rank, overlap)

    return tuple(
        PairData(
            one=one.model,
            other=other.model,
            letters=(one.letter, other.letter),
            alike=tuple(alike(method, mine, theirs) for method in wanted.methods),
        )
        for (one, mine), (other, theirs) in combinations(made, 2)
    )


def _data(found: Compared, rows: tuple[RowData, ...], columns: Sequence[MethodData], _: Translate) -> NetworksData:
    seen, wanted, study = found.seen, found.wanted, found.seen.study
    by_name = {method.name: method for method in columns}
    shown = tuple(by_name[name] if name in by_name else layers.method_data(name, _) for name in found.columns)
    return NetworksData(
        study=StudyData(study.id, study.phantom, study.state),
        arrangement=seen.arrangement,
        image=wanted.image,
        finding=wanted.finding,
        label=label(wanted.finding, _) if wanted.finding else "",
        stacks=_runs(seen, rows, _),
        methods=shown,
        rows=rows,
        minus=wanted.minus,
        urls=NetworksUrls(
            page=address(study.id, wanted),
            data=address(study.id, wanted, end=".json"),
            case=rows[0].case if rows else payload.address(study.id, image=wanted.image),
        ),
        strings=strings(_),
    )


def _runs(seen: Shown, rows: Sequence[RowData], _: Translate) -> tuple[StackData, ...]:
    """What panes scroll through: the stacks of the shown plane, or the one film."""
    used = {row.run for row in rows}
    told = tuple(run for run in stacks.told(seen, used, _) if run.id in used)
    if seen.planes:
        return told
    return tuple(
        replace(run, images=tuple(one for one in run.images if seen.image and one.id == seen.image.id)) for run in told
    )


def _films(seen: Shown, _: Translate) -> tuple[tuple[str, str], ...]:
    """Every film of the study; none of an exam."""
    runs = () if seen.planes else stacks.told(seen, set(), _)
    return tuple(
        (image.id, run.title if len(run.images) == 1 else f"{run.title} · {number} / {len(run.images)}")
        for run in runs
        for number, image in enumerate(run.images, start=1)
    )


def asked(page: NetworksPage, model: str) -> tuple[RowData, ...]:
    """The rows that a wish is about: the one of a network, or all. InputError for a network that is not compared."""
    rows = tuple(row for row in page.data.rows if model in {"", row.model})
    if not rows:
        raise InputError("The network “%(name)s” is not one of those that are compared.", {"name": model})
    return rows
