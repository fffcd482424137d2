"""The case page: one study's film beside every method's map, its findings, and the verdicts. Knows rows, cards and words.

What is computed here is asked for by a job; nothing in this module waits for a network.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, RedirectResponse, Response

from app import explainers
from app.classifiers.card import Card
from app.errors import InputError, NotFound
from app.store import ImageRow, JobRow, PredictionRow, SeriesRow, StudyRow, Transaction
from app.web import exam, filling, pages, payload, reviews
from app.web.upload import Report, report

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class CasePage:
    """templates/case.html and, for htmx, templates/partials/case_update.html.

    ``grid``: a network reads this film, so that there is a pane per method; else the film stands alone and ``why`` says why, or
    the guard's refusal does.
    ``job`` repeats ``data.job`` under the name that the job fragment reads, or is None where no network reads the film and
    nothing is waited for; ``report`` tells what became of the files of the upload that led here, once.
    """

    template: ClassVar[str] = "case.html"

    study: StudyRow
    series: SeriesRow
    image: ImageRow
    card: Card | None
    grid: bool
    why: str
    data: payload.CaseData
    urls: payload.Urls
    job: payload.JobData | None
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class JobFragment:
    """templates/partials/job.html: one branch per state; only an open job carries the trigger that asks again."""

    template: ClassVar[str] = "partials/job.html"

    urls: payload.Urls
    job: payload.JobData | None


class Asked(BaseModel):
    """What the case's address may say: image, network and finding to show, and the upload that led here."""

    image: str = ""
    model: str = ""
    finding: str = ""
    upload: str = ""


class Wish(BaseModel):
    """What is to be computed: of which image, by which network, for which finding; ``insist``: even if its guard refuses it."""

    finding: str = ""
    model: str = ""
    image: str = ""
    insist: bool = False


@router.get("/studies/{study_id}")
def case(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The case page; to htmx the findings and the banner alone. A study of stacks has the exam page instead."""
    with pages.of(request).store.view() as tx:
        study = tx.studies.get(study_id)
    if exam.is_exam(study, asked.image):
        return exam.page(request, study_id, exam.Asked(model=asked.model, finding=asked.finding, upload=asked.upload))
    page = read(request, study_id, asked.image, asked.model, asked.finding)
    page = replace(page, report=report(request, asked.upload))
    return pages.render(request, page, template="partials/case_update.html" if pages.is_htmx(request) else None)


@router.get("/studies/{study_id}/case.json")
def case_json(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The same payload as in the page."""
    return JSONResponse(asdict(read(request, study_id, asked.image, asked.model, asked.finding).data))


@router.get("/studies/{study_id}/job")
def job(request: Request, study_id: str) -> Response:
    """How far the study's job is. When it has ended, the page is told by the event ``analysed`` and asks no more."""
    data = read(request, study_id).data
    return answer(request, data, 200)


@router.post("/studies/{study_id}/explanations")
def explain(request: Request, study_id: str, wish: Annotated[Wish, Form()]) -> Response:
    """Ask for the maps of one finding, or without a finding for the whole analysis by one network.

    202 with the job; 200 when every map is there already. InputError for a network that does not read this film, or a finding
    that it does not know. To a browser without scripts: back to the case.
    """
    page = read(request, study_id, wish.image, wish.model)
    card, finding = page.card, wish.finding
    if card is None:
        raise InputError("No network here reads this film, so there is nothing to compute.")
    if finding and finding not in card.findings:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”.", {"model": card.name, "finding": finding}
        )
    with pages.of(request).store.begin() as tx:
        missing = wanted(tx, page, finding)
        if missing and finding:
            tx.jobs.explain(study_id, page.image.id, card.name, finding)
        elif missing:
            tx.jobs.analyse(study_id, model=card.name, priority=10, insist=wish.insist)
    if missing:
        pages.of(request).wake()
    if not (pages.is_htmx(request) or pages.wants_json(request)):
        return RedirectResponse(f"{page.urls.case}?image={page.image.id}&model={card.name}&finding={finding}", status_code=303)
    return answer(request, read(request, study_id, page.image.id, card.name, finding).data, 202 if missing else 200)


def wanted(tx: Transaction, page: CasePage, finding: str) -> bool:
    """Whether something that was asked for has not been computed by the network's present version."""
    assert page.card is not None  # noqa: S101 - the caller has looked; this tells mypy
    if not finding:
        return page.data.prediction is None or page.data.prediction.model_sha256 != page.card.sha256
    return bool(tx.explanations.missing(page.image.id, page.card.sha256, finding, explainers.panel()))


def answer(request: Request, data: payload.CaseData, status: int) -> Response:
    """The job as JSON for a script, as a fragment for htmx; the event goes out with the state that ends the asking."""
    if pages.wants_json(request):
        return JSONResponse({"job": asdict(data.job) if data.job else None}, status)
    headers = None if data.job and data.job.open else {"HX-Trigger": "analysed"}
    return pages.render(request, JobFragment(urls=data.urls, job=data.job), status, headers)


def read(request: Request, study_id: str, image_id: str = "", model: str = "", finding: str = "") -> CasePage:
    """Everything about one case: by default its first image that was read, by the network that an open job
    names or that read it last, its top finding.

    NotFound for a study, an image or a network that is not there.
    """
    web = pages.of(request)
    _ = pages.gettext(request)
    with web.store.view() as tx:
        study = tx.studies.get(study_id)
        predictions = tx.predictions.of_study(study_id)
        image = chosen_image(study, predictions, image_id)
        series = next(series for series in study.series if image in series.images)
        cards = web.registry.eligible(study.outline(), series.outline())
        mine = [row for row in predictions if row.image_id == image.id]
        job = tx.jobs.of_study(study_id)
        card = chosen_card(cards, mine, web.registry.remembered(model) if model else None, job)
        seen = next((row for row in tx.inspections.of_image(image.id) if card and row.inspection.model == card.name), None)
        stopped = seen is not None and seen.inspection.stopped
        prediction = next((row for row in mine if card and not stopped and row.prediction.model == card.name), None)
        shown = chosen_finding(prediction, finding)
        sha256 = prediction.prediction.model_sha256 if prediction else ""
        found = filling.Found(
            study=study,
            image=image,
            cards=cards,
            card=card,
            inspection=seen,
            prediction=prediction,
            finding=shown,
            explanations=tx.explanations.of_image(image.id, model_sha256=sha256, finding=shown) if prediction else (),
            reviews=tuple(row for row in tx.reviews.of_study(study_id) if row.image_id == image.id),
            layouts=tx.layouts.of_reader(reviews.READER),
            job=job,
        )
    data = filling.build(found, _)
    why = "" if card else _("No network here reads this kind of film. It is stored and can be viewed.")
    grid = card is not None and (not stopped or (job is not None and job.open))
    return CasePage(study, series, image, card, grid, why, data, data.urls, data.job if card else None)


def chosen_image(study: StudyRow, predictions: Sequence[PredictionRow], image_id: str) -> ImageRow:
    """The image that was asked for; else the first that a network has read; else the first. NotFound."""
    wanted = image_id or (predictions[0].image_id if predictions else study.images[0].id)
    for image in study.images:
        if image.id == wanted:
            return image
    raise NotFound("This study has no such image.")


def chosen_card(
    cards: Sequence[Card], predictions: Sequence[PredictionRow], named: Card | None, job: JobRow | None
) -> Card | None:
    """The network that was named, if it reads this film or has read it; else the one that the study's open job names; else the
    one that read the film last; else the one that an ended job names; else the default."""
    by_name = {card.name: card for card in cards}
    read_by = [row.prediction.model for row in predictions]
    if named is not None:
        if named.name not in by_name and named.name not in read_by:
            raise InputError("The network “%(name)s” does not read this kind of film.", {"name": named.name})
        return named
    asked = [job.model] if job and job.model else []
    open_job = job is not None and job.state in {"queued", "running"}
    for name in [*asked, *read_by] if open_job else [*read_by, *asked]:
        if name in by_name:
            return by_name[name]
    return next((card for card in cards if card.default), cards[0] if cards else None)


def chosen_finding(prediction: PredictionRow | None, finding: str) -> str:
    """The finding that was asked for, if the network knows it; else its most probable one; "" without a prediction."""
    if prediction is None:
        return ""
    known = {score.finding for score in prediction.prediction.scores}
    return finding if finding in known else prediction.prediction.top().finding
