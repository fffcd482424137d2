"""The exam page: the stacks of an MR study beside each other, the network's answer per exam, plane and slice, its maps and the
verdicts. Knows rows, stacks, cards and words.

What is computed here is asked for by a job; nothing in this module waits for a network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.errors import InputError
from app.exam import READ_PLANES, Plane, StackKey
from app.stacks import chosen, stacks
from app.store import ExamPredictionRow, JobRow, SeriesRow, StudyRow
from app.web import exam_filling, exam_reviews, pages
from app.web.exam_payload import ExamData
from app.web.payload import JobData, Urls
from app.web.upload import Report, report

router = APIRouter(include_in_schema=False)

MODALITY = "MR"


@dataclass(frozen=True, slots=True)
class ExamPage:
    """templates/exam.html and, for htmx, templates/partials/exam_findings.html.

    ``keys`` are the stacks by their names. ``job`` repeats ``data.job`` under the name that the job fragment reads, or is None
    where no network reads the exam and nothing is waited for; ``report`` tells what became of the files of the upload that led
    here, once.
    """

    template: ClassVar[str] = "exam.html"

    study: StudyRow
    card: Card | None
    data: ExamData
    urls: Urls
    job: JobData | None
    keys: Mapping[str, StackKey]
    report: Report | None = None

    @property
    def others(self) -> tuple[SeriesRow, ...]:
        """The study's series that are no part of the exam."""
        return tuple(series for series in self.study.series if series.modality != MODALITY)


@dataclass(frozen=True, slots=True)
class ExamJob:
    """templates/partials/job.html: one branch per state; only an open job carries the trigger that asks again."""

    template: ClassVar[str] = "partials/job.html"

    urls: Urls
    job: JobData | None


class Asked(BaseModel):
    """What the exam's address may say: network and finding to show, and the upload that led here."""

    model: str = ""
    finding: str = ""
    upload: str = ""


def is_exam(study: StudyRow, image: str = "") -> bool:
    """Whether a study is read as an exam of stacks: some MR series of it has a stack of more than one slice. Not where the
    address names an image of another series, which is looked at as a film."""
    mine = [series for series in study.series if series.modality == MODALITY]
    named = [series for series in study.series if any(one.id == image for one in series.images)]
    if named and named[0] not in mine:
        return False
    return any(len(stack.images) > 1 for series in mine for stack in stacks(series))


def page(request: Request, study_id: str, asked: Asked) -> Response:
    """The exam page; to htmx the findings alone."""
    made = replace(read(request, study_id, asked.model, asked.finding), report=report(request, asked.upload))
    return pages.render(request, made, template="partials/exam_findings.html" if pages.is_htmx(request) else None)


@router.get("/studies/{study_id}/exam/data")
def data(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The same payload as in the page."""
    return JSONResponse(asdict(read(request, study_id, asked.model, asked.finding).data))


@router.get("/studies/{study_id}/exam/job")
def job(request: Request, study_id: str) -> Response:
    """How far the study's job is. When it has ended, the page is told by the event ``analysed`` and asks no more."""
    found = read(request, study_id)
    headers = None if found.job and found.job.open else {"HX-Trigger": "analysed"}
    return pages.render(request, ExamJob(urls=found.urls, job=found.data.job), 200, headers)


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
        predictions = tx.exams.predictions(study_id)
        job = tx.jobs.of_study(study_id)
        card = chosen_card(cards, predictions, model, job)
        prediction = next((row for row in predictions if card and row.prediction.model == card.name), None)
        shown = chosen_finding(prediction, finding)
        sha256 = prediction.prediction.model_sha256 if prediction else ""
        explanations = tx.exams.explanations(study_id, model_sha256=sha256, finding=shown) if prediction else ()
        reviews = tx.exam_reviews.of_study(study_id)
        corrections = tx.exams.corrections(study_id)
    series = [one for one in study.series if one.modality == MODALITY]
    found = tuple((one, stack) for one in series for stack in stacks(one, corrections))
    told = exam_filling.Found(
        study=study,
        stacks=found,
        read=chosen([stack for one, stack in found if covered(web.registry, card, study, one)], preferred(card)),
        cards=cards,
        card=card,
        prediction=prediction,
        finding=shown,
        explanations=explanations,
        corrections=corrections,
        reviews=tuple(exam_reviews.data(row) for row in reviews),
        job=job,
    )
    built = exam_filling.build(told, _)
    keys = {exam_filling.stack_id(one, stack.key): stack.key for one, stack in found}
    return ExamPage(study, card, built, built.urls, built.job if card else None, keys)


def eligible(registry: Registry, study: StudyRow) -> tuple[Card, ...]:
    """The networks that may read this exam: those made for it, and those of phantoms, whose banner says what that is worth."""
    whole = study.outline()
    fitting = [card for card in registry.exams() if card.phantom == study.phantom or card.phantom]
    cards = [card for card in fitting if any(registry.covers(card, whole, series) for series in whole.series)]
    return tuple(sorted(cards, key=lambda card: (card.phantom != study.phantom, not card.default, card.name)))


def covered(registry: Registry, card: Card | None, study: StudyRow, series: SeriesRow) -> bool:
    """Whether the network reads this series; without a network every one."""
    return card is None or registry.covers(card, study.outline(), series.outline())


def preferred(card: Card | None) -> Mapping[Plane, tuple[str, ...]]:
    """The weightings that a network was made for, by plane; without a network every plane, whatever its weighting."""
    if card is None:
        return dict.fromkeys(READ_PLANES, ())
    told = {name: member.prefers for name in READ_PLANES for member in card.members if member.plane == name}
    return {name: told.get(name, ()) for name in READ_PLANES}


def chosen_card(cards: Sequence[Card], predictions: Sequence[ExamPredictionRow], named: str, job: JobRow | None) -> Card | None:
    """The network that was named; else the one that the study's open job names; else the one that read it last; else the
    default."""
    by_name = {card.name: card for card in cards}
    if named:
        if named not in by_name:
            raise InputError("The network “%(name)s” does not read this exam.", {"name": named})
        return by_name[named]
    asked = [job.model] if job and job.open and job.model else []
    read_by = [row.prediction.model for row in predictions]
    named_ones = (by_name[name] for name in [*asked, *read_by] if name in by_name)
    return next(named_ones, cards[0] if cards else None)


def chosen_finding(row: ExamPredictionRow | None, finding: str) -> str:
    """The finding that was asked for, if the network knows it; else its most probable one; "" without a prediction."""
    if row is None:
        return ""
    known = {score.finding for score in row.prediction.scores}
    return finding if finding in known else row.prediction.top().finding
