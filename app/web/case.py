"""The case page: one study's film beside every method's map, its findings, and the verdicts. Knows rows, cards and words.

What is computed here is asked for by a job; nothing in this module waits for a network.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.classifiers.card import Card
from app.desk import wishes
from app.errors import InputError, NotFound
from app.store import AnswerRow, ImageRow, JobRow, LayerRow, ReviewRow, SeriesRow, StackRow, StudyRow, Transaction
from app.web import exam, filling, pages, payload
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
    stack: StackRow | None
    card: Card | None
    grid: bool
    why: str
    data: payload.CaseData
    urls: payload.Urls
    job: payload.JobData | None
    report: Report | None = None

    @property
    def poll(self) -> payload.Poll:
        """How the page asks for its job."""
        return payload.Poll(self.urls.job, self.data.model, self.image.id)


@dataclass(frozen=True, slots=True)
class JobFragment:
    """templates/partials/job.html: one branch per state; only an open job carries the trigger that asks again."""

    template: ClassVar[str] = "partials/job.html"

    urls: payload.Urls
    job: payload.JobData | None
    poll: payload.Poll


class Polled(BaseModel):
    """What a page says when it asks for its job: the network and the image that it shows, and how often it has asked."""

    model: str = ""
    image: str = ""
    again: Annotated[int, Field(ge=0, le=1_000_000)] = 0


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
        stacks = tx.stacks.of_study(study_id)
    if exam.is_exam(study, stacks, asked.image):
        return exam.page(request, study_id, exam.Asked(model=asked.model, finding=asked.finding, upload=asked.upload))
    page = read(request, study_id, asked.image, asked.model, asked.finding)
    page = replace(page, report=report(request, asked.upload))
    return pages.render(request, page, template="partials/case_update.html" if pages.is_htmx(request) else None)


@router.get("/studies/{study_id}/case.json")
def case_json(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The same payload as in the page."""
    return JSONResponse(asdict(read(request, study_id, asked.image, asked.model, asked.finding).data))


@router.get("/studies/{study_id}/job")
def job(request: Request, study_id: str, asked: Annotated[Polled, Query()]) -> Response:
    """How far the study's job is. When it has ended, the page is told by the event ``analysed`` and asks no more.
    NotFound for a study that is not there."""
    with pages.of(request).store.view() as tx:
        row = tx.jobs.of_study(study_id, asked.model)
        if row is None:
            tx.studies.get(study_id)
    return answer(request, study_id, row, asked, 200)


@router.post("/studies/{study_id}/explanations")
def explain(request: Request, study_id: str, wish: Annotated[Wish, Form()]) -> Response:
    """Ask for the maps of one finding, or without a finding for the whole analysis by one network.

    202 with the job; 200 when everything is there already. InputError for a network that does not read this film, or a finding
    that it does not know. To a browser without scripts: back to the case.
    """
    web = pages.of(request)
    page = read(request, study_id, wish.image, wish.model)
    if page.card is None:
        raise InputError("No network here reads this film, so there is nothing to compute.")
    model = page.card.name
    if wish.finding:
        stack = page.stack.id if page.stack else ""
        asked = wishes.maps(web.store, web.registry, study_id, model=model, finding=wish.finding, stack_id=stack)
    else:
        asked = wishes.analysis(web.store, web.registry, study_id, model=model, insist=wish.insist)
    if asked.due:
        web.wake()
    if not (pages.is_htmx(request) or pages.wants_json(request)):
        address = f"/studies/{study_id}?image={page.image.id}&model={model}&finding={wish.finding}"
        return RedirectResponse(address, status_code=303)
    polled = Polled(model=model, image=page.image.id)
    return answer(request, study_id, asked.job, polled, 202 if asked.due else 200)


def answer(request: Request, study_id: str, row: JobRow | None, asked: Polled, status: int) -> Response:
    """The job as JSON for a script, as a fragment for htmx; the event goes out with the state that ends the asking."""
    data = filling.job_data(row, asked.image, pages.gettext(request)) if row else None
    if pages.wants_json(request):
        return JSONResponse({"job": asdict(data) if data else None}, status)
    headers = None if data and data.open else {"HX-Trigger": "analysed"}
    urls = payload.Urls.of(study_id)
    page = JobFragment(urls=urls, job=data, poll=payload.Poll(urls.job, asked.model, asked.image, asked.again + 1))
    return pages.render(request, page, status, headers)


def read(request: Request, study_id: str, image_id: str = "", model: str = "", finding: str = "") -> CasePage:
    """Everything about one case: by default its first image that was read, by the network that an open job
    names or that read it last, its top finding.

    NotFound for a study, an image or a network that is not there.
    """
    web = pages.of(request)
    _ = pages.gettext(request)
    with web.store.view() as tx:
        study = tx.studies.get(study_id)
        stacks = tx.stacks.of_study(study_id)
        answers = tx.answers.of_study(study_id)
        image = chosen_image(study, stacks, answers, image_id)
        stack = next((stack for stack in stacks if stack.images == (image.id,)), None)
        series = next(series for series in study.series if image in series.images)
        cards = web.registry.eligible(study.outline(), series.outline())
        mine = [row for row in answers if stack and row.stacks == (stack.id,)]
        job = tx.jobs.of_study(study_id)
        card = chosen_card(cards, mine, web.registry.remembered(model) if model else None, job)
        if card is not None:
            job = tx.jobs.of_study(study_id, card.name)
        seen = next((row for row in tx.inspections.of_image(image.id) if card and row.inspection.model == card.name), None)
        stopped = seen is not None and seen.inspection.stopped
        said = next((row for row in mine if card and not stopped and row.answer.model == card.name), None)
        shown = chosen_finding(said, finding)
        found = filling.Found(
            study=study,
            image=image,
            stack=stack,
            cards=cards,
            card=card,
            inspection=seen,
            answer=said,
            finding=shown,
            layers=layers(tx, stack, said, shown),
            reviews=own(tx.reviews.of_study(study_id), stack, pages.reader(request)),
            layouts=tx.layouts.of_reader(pages.reader(request)),
            job=job,
        )
    data = filling.build(found, _)
    why = "" if card else _("No network here reads this kind of film. It is stored and can be viewed.")
    grid = card is not None and (not stopped or (job is not None and job.open))
    return CasePage(study, series, image, stack, card, grid, why, data, data.urls, data.job if card else None)


def own(rows: Sequence[ReviewRow], stack: StackRow | None, reader: str) -> tuple[ReviewRow, ...]:
    """The verdicts of this reader on a film; what others said stands on the page of flagged maps."""
    return tuple(row for row in rows if stack and row.stack_id == stack.id and row.review.reader == reader)


def layers(tx: Transaction, stack: StackRow | None, answer: AnswerRow | None, finding: str) -> tuple[LayerRow, ...]:
    """The layers of a finding on a film: by the network version that answered, and what other software said of it."""
    if stack is None or answer is None:
        return ()
    said = answer.answer
    rows = tx.layers.of_stack(stack.id, model_sha256=said.model_sha256, finding=finding, imported=True)
    return tuple(row for row in rows if row.values_sha256 and (row.model == said.model or row.producer.kind == "import"))


def chosen_image(study: StudyRow, stacks: Sequence[StackRow], answers: Sequence[AnswerRow], image_id: str) -> ImageRow:
    """The image that was asked for; else the first that a network has read; else the first. NotFound."""
    by_id = {stack.id: stack for stack in stacks}
    read = next((by_id[row.stacks[0]].images[0] for row in answers if row.stacks[0] in by_id), None)
    wanted = image_id or read or study.images[0].id
    for image in study.images:
        if image.id == wanted:
            return image
    raise NotFound("This study has no such image.")


def chosen_card(cards: Sequence[Card], answers: Sequence[AnswerRow], named: Card | None, job: JobRow | None) -> Card | None:
    """The network that was named, if it reads this film or has read it; else the one that the study's open job names; else the
    one that read the film last; else the one that an ended job names; else the default."""
    by_name = {card.name: card for card in cards}
    read_by = [row.answer.model for row in answers]
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


def chosen_finding(row: AnswerRow | None, finding: str) -> str:
    """The finding that was asked for, if the network knows it; else its most probable one; "" without an answer."""
    if row is None:
        return ""
    return finding if row.answer.score(finding) else row.answer.top().finding
