"""The exam page: the stacks of an MR study beside each other, the network's answer per exam, plane and slice, its maps and the
verdicts. Knows rows, stacks, cards and words.

What is computed here is asked for by a job; nothing in this module waits for a network.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from app.classifiers.card import Card
from app.classifiers.members import preferred
from app.classifiers.registry import Registry, covers
from app.domain import READ_PLANES, Plane
from app.errors import InputError
from app.stacks import STACKED, chosen
from app.store import AnswerRow, JobRow, LayerRow, ReviewRow, SeriesRow, StackRow, StudyRow, Transaction
from app.web import exam_filling, filling, pages
from app.web.exam_payload import ExamData
from app.web.payload import JobData, Poll, Urls
from app.web.upload import Report, report

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ExamPage:
    """templates/exam.html and, for htmx, templates/partials/exam_findings.html.

    ``job`` repeats ``data.job`` under the name that the job fragment reads, or is None where no network reads the exam and
    nothing is waited for; ``earlier`` counts the verdicts on what its series were before they got more images, None where
    nobody said anything of that; ``report`` tells what became of the files of the upload that led here, once.
    """

    template: ClassVar[str] = "exam.html"

    study: StudyRow
    card: Card | None
    data: ExamData
    urls: Urls
    job: JobData | None
    earlier: int | None
    report: Report | None = None

    @property
    def poll(self) -> Poll:
        """How the page asks for its job."""
        return Poll(self.urls.job, self.data.model)

    @property
    def others(self) -> tuple[SeriesRow, ...]:
        """The study's series that are no part of the exam."""
        return tuple(series for series in self.study.series if series.modality not in STACKED)


@dataclass(frozen=True, slots=True)
class ExamJob:
    """templates/partials/job.html: one branch per state; only an open job carries the trigger that asks again."""

    template: ClassVar[str] = "partials/job.html"

    urls: Urls
    job: JobData | None
    poll: Poll


class Polled(BaseModel):
    """What a page says when it asks for its job: the network that it shows, and how often it has asked."""

    model: str = ""
    again: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class Asked(BaseModel):
    """What the exam's address may say: network and finding to show, and the upload that led here."""

    model: str = ""
    finding: str = ""
    upload: str = ""


def is_exam(study: StudyRow, stacks: Sequence[StackRow], image: str = "") -> bool:
    """Whether a study is read as an exam of stacks: it has a stack of more than one slice. Not where the address names an image
    of another series, which is looked at as a film."""
    mine = {series.id for series in study.series if series.modality in STACKED}
    named = [series.id for series in study.series if any(one.id == image for one in series.images)]
    if named and named[0] not in mine:
        return False
    return any(len(stack.images) > 1 for stack in stacks if stack.series_id in mine)


def page(request: Request, study_id: str, asked: Asked) -> Response:
    """The exam page; to htmx the findings alone."""
    made = replace(read(request, study_id, asked.model, asked.finding), report=report(request, asked.upload))
    return pages.render(request, made, template="partials/exam_findings.html" if pages.is_htmx(request) else None)


@router.get("/studies/{study_id}/exam/data")
def data(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The same payload as in the page."""
    return JSONResponse(asdict(read(request, study_id, asked.model, asked.finding).data))


@router.get("/studies/{study_id}/exam/job")
def job(request: Request, study_id: str, asked: Annotated[Polled, Query()]) -> Response:
    """How far the study's job is. When it has ended, the page is told by the event ``analysed`` and asks no more.
    NotFound for a study that is not there."""
    with pages.of(request).store.view() as tx:
        row = tx.jobs.of_study(study_id, asked.model)
        if row is None:
            tx.studies.get(study_id)
    return answer(request, study_id, row, asked, 200)


def answer(request: Request, study_id: str, row: JobRow | None, asked: Polled, status: int) -> Response:
    """The job as JSON for a script, as a fragment for htmx; the event goes out with the state that ends the asking."""
    data = filling.job_data(row, "", pages.gettext(request)) if row else None
    if pages.wants_json(request):
        return JSONResponse({"job": asdict(data) if data else None}, status)
    headers = None if data and data.open else {"HX-Trigger": "analysed"}
    urls = Urls.of_exam(study_id)
    fragment = ExamJob(urls=urls, job=data, poll=Poll(urls.job, asked.model, "", asked.again + 1))
    return pages.render(request, fragment, status, headers)


def read(request: Request, study_id: str, model: str = "", finding: str = "") -> ExamPage:
    """Everything about one exam: by default what the network said that an open job names or that read it last, and its most
    probable finding.

    NotFound for a study that is not there; InputError for a network that does not read it.
    """
    web = pages.of(request)
    _ = pages.gettext(request)
    with web.store.view() as tx:
        study = tx.studies.get(study_id)
        cards = eligible(web.registry, study)
        mine = {series.id for series in study.series if series.modality in STACKED}
        all_stacks = [stack for stack in tx.stacks.of_study(study_id, earlier=True) if stack.series_id in mine]
        stacks = tuple(stack for stack in all_stacks if stack.current)
        every = tx.answers.of_study(study_id)
        answers = tuple(row for row in every if row.current and mine_only(row, stacks))
        job = tx.jobs.of_study(study_id)
        card = chosen_card(cards, answers, model, job)
        if card is not None:
            job = tx.jobs.of_study(study_id, card.name)
        newest = sorted(answers, key=lambda row: row.created_at, reverse=True)
        said = next((row for row in newest if card and row.answer.model == card.name), None)
        shown = chosen_finding(said, finding)
        verdicts = tx.reviews.of_study(study_id)
        told = exam_filling.Found(
            study=study,
            stacks=exam_filling.seen(study, stacks),
            read=opening(card, study, stacks),
            cards=cards,
            card=card,
            answer=said,
            finding=shown,
            layers=layers(tx, study_id, said, shown),
            # What was said of maps that are gone stays on the page of flagged maps: others may have taken their place.
            reviews=tuple(row for row in verdicts if row.review.reader == pages.reader(request) and not row.gone),
            job=job,
        )
    built = exam_filling.build(told, _)
    before = {stack.id for stack in all_stacks if not stack.current}
    return ExamPage(study, card, built, built.urls, built.job if card else None, earlier(before, every, verdicts))


def earlier(before: Set[str], answers: Sequence[AnswerRow], verdicts: Sequence[ReviewRow]) -> int | None:
    """How many verdicts, of whatever reader, lie on earlier states of the series; None where not even a network said anything
    of them."""
    judged = sum(row.stack_id in before for row in verdicts)
    return judged if judged or any(not before.isdisjoint(row.stacks) for row in answers) else None


def mine_only(row: AnswerRow, stacks: Sequence[StackRow]) -> bool:
    """Whether an answer is about stacks of the exam, and nothing else."""
    return set(row.stacks) <= {stack.id for stack in stacks}


def opening(card: Card | None, study: StudyRow, stacks: Sequence[StackRow]) -> Mapping[Plane, str]:
    """The stack that opens for each plane, by its id: the one that the network reads; without a network any of that plane."""
    series = {one.id: one for one in study.series}
    fitting = [one for one in stacks if card is None or covers(card, study, series[one.series_id])]
    wanted: Mapping[Plane, tuple[str, ...]] = preferred(card.members) if card else {}
    read = chosen(fitting, {name: wanted.get(name, ()) for name in READ_PLANES})
    return {plane: stack.id for plane, stack in read.items()}


def layers(tx: Transaction, study_id: str, answer: AnswerRow | None, finding: str) -> tuple[LayerRow, ...]:
    """The layers of a finding: by the network version that answered, and what other software said of it."""
    if answer is None:
        return ()
    said = answer.answer
    rows = tx.layers.of_study(study_id, model_sha256=said.model_sha256, finding=finding, imported=True)
    return tuple(row for row in rows if row.values_sha256 and (row.model == said.model or row.producer.kind == "import"))


def eligible(registry: Registry, study: StudyRow) -> tuple[Card, ...]:
    """The networks of exams that may read this one, the best choice first."""
    fitting = [series for series in study.series if series.modality in STACKED]
    return tuple(card for card in registry.ranked(study) if any(covers(card, study, series) for series in fitting))


def chosen_card(cards: Sequence[Card], answers: Sequence[AnswerRow], named: str, job: JobRow | None) -> Card | None:
    """The network that was named; else the one that the study's open job names; else the one that read it last; else the
    default."""
    by_name = {card.name: card for card in cards}
    if named:
        if named not in by_name:
            raise InputError("The network “%(name)s” does not read this exam.", {"name": named})
        return by_name[named]
    asked = [job.model] if job and job.open and job.model else []
    read_by = [row.answer.model for row in sorted(answers, key=lambda row: row.created_at, reverse=True)]
    named_ones = (by_name[name] for name in [*asked, *read_by] if name in by_name)
    return next(named_ones, cards[0] if cards else None)


def chosen_finding(row: AnswerRow | None, finding: str) -> str:
    """The finding that was asked for, if the network knows it; else its most probable one; "" without an answer."""
    if row is None:
        return ""
    return finding if row.answer.score(finding) else row.answer.top().finding
