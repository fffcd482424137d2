"""The case's addresses: the page, its payload, its job, asking for layers, and correcting a stack.

What is computed here is asked for by a job; nothing in this module waits for a network.
"""

import json
import math
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.desk import corrections, wishes
from app.domain import Plane
from app.errors import AppError, InputError
from app.store import CorrectionRow, JobRow
from app.web import judged, pages, removals, standing
from app.web.case import filling, reading
from app.web.case.page import JobFragment
from app.web.case.payload import Poll, Urls, address
from app.web.upload import report

router = APIRouter(include_in_schema=False)

NO_READER_OF_EXAM = "No network here reads this exam, so there is nothing to compute."
NO_READER_OF_FILM = "No network here reads this film, so there is nothing to compute."


class Asked(BaseModel):
    """What the case's address may say: image, network and finding to show, the upload that led here, which place of which
    queue it is, and the id of a verdict: then what it is about is shown where nothing else is asked for."""

    image: str = ""
    model: str = ""
    finding: str = ""
    upload: str = ""
    queue: str = ""
    place: str = ""
    flag: str = ""


class Polled(BaseModel):
    """What a page says when it asks for its job: the network and the image that it shows, and how often it has asked."""

    model: str = ""
    image: str = ""
    again: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class Wish(BaseModel):
    """What is to be computed: of which film, or of all stacks of an exam, by which network, for which finding; by which
    methods, with commas between them, or by those that it opens with; ``insist``: even if its guard refuses it."""

    finding: str = Field("", max_length=64)
    model: str = Field("", max_length=64)
    image: str = Field("", max_length=64)
    methods: str = Field("", max_length=1000)
    insist: bool = False


class Said(BaseModel):
    """What a reader says of a stack; the empty string: what the header says, or what is chosen by itself."""

    stack: str = Field(max_length=64)
    plane: Plane = ""
    weighting: str = Field("", max_length=16)
    used: Literal["", "yes", "no"] = ""


class Moved(BaseModel):
    """Where a reader moves the operating point of the finding ``about`` to: per cent, as it was typed; ``reset``: back to the
    card's."""

    about: str = Field(max_length=64)
    model: str = Field("", max_length=64)
    image: str = Field("", max_length=64)
    percent: str = Field("", max_length=32)
    reset: bool = False

    def probability(self) -> float:
        """What was typed, as a probability; InputError where it is none."""
        try:
            share = float(self.percent.strip().removesuffix("%").replace(",", ".")) / 100
        except ValueError:
            share = math.nan
        if not 0 < share < 1:
            raise InputError("“%(told)s” is no probability: more than 0 and less than 100 per cent.", {"told": self.percent})
        return share


@router.get("/studies/{study_id}")
def case(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The case page; to htmx the findings and the banner alone."""
    said = judged.judged(request, study_id, asked.flag)
    about = (said.image, said.model, said.finding) if said else ("", "", "")
    image, model, finding = (own or its for own, its in zip((asked.image, asked.model, asked.finding), about, strict=True))
    page = replace(reading.read(request, study_id, image, model, finding), report=report(request, asked.upload))
    if pages.is_htmx(request):
        return pages.render(request, page, template="partials/case_update.html")
    _opened(request, study_id)
    with pages.of(request).store.view() as tx:
        queue = standing.standing(request, tx, study_id, asked.queue, asked.place)
    page = replace(page, queue=queue, unqueued=bool(asked.queue) and queue is None, judged=said)
    return pages.render(request, page)


def _opened(request: Request, study_id: str) -> None:
    """Keep that the reader has opened a study, once; where that cannot be kept now the case is shown all the same."""
    store, reader = pages.of(request).store, pages.reader(request)
    with store.view() as tx:
        if tx.readings.of([study_id], reader):
            return
    with suppress(AppError), store.begin(study_id) as tx:
        tx.readings.open(study_id, reader)


@router.get("/studies/{study_id}/case.json")
def case_json(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The same payload as in the page."""
    return JSONResponse(asdict(reading.read(request, study_id, asked.image, asked.model, asked.finding).data))


@router.post("/studies/{study_id}/removal")
def remove(request: Request, study_id: str) -> Response:
    """Have a study removed with all that was said of it, and go to where that can be undone. NotFound."""
    return removals.asked(request, [study_id])


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

    202 with the job; 200 when everything is there already. InputError for a network that does not read what is shown, or a
    finding that it does not know. To a browser without scripts: back to the case.
    """
    web = pages.of(request)
    page = reading.read(request, study_id, wish.image, wish.model)
    if page.card is None:
        raise InputError(NO_READER_OF_EXAM if page.data.planes else NO_READER_OF_FILM)
    model = page.card.name
    if wish.finding and page.data.prediction:
        stack = page.data.stack
        methods = tuple(filter(None, wish.methods.split(",")))
        asked = wishes.maps(
            web.store, web.registry, study_id, model=model, finding=wish.finding, stack_id=stack, methods=methods
        )
    else:
        if wish.finding:
            wishes.known(page.card, wish.finding)
        asked = wishes.analysis(web.store, web.registry, study_id, model=model, insist=wish.insist)
    if asked.due:
        web.wake()
    if not (pages.is_htmx(request) or pages.wants_json(request)):
        back = address(study_id, image=page.data.image, model=model, finding=wish.finding)
        return RedirectResponse(standing.kept(request, back), status_code=303)
    polled = Polled(model=model, image=page.data.image)
    return answer(request, study_id, asked.job, polled, 202 if asked.due else 200)


@router.post("/studies/{study_id}/corrections")
def correct(request: Request, study_id: str, said: Annotated[Said, Form()]) -> Response:
    """Keep what a reader says of a stack, and let the network read the exam again if that changes anything. 303 to the case.

    NotFound for a stack that is not there.
    """
    web = pages.of(request)
    used = {"yes": True, "no": False}.get(said.used)
    correction = CorrectionRow(said.plane or None, said.weighting.strip() or None, used)
    _stack, again = corrections.correct(web.store, web.registry, study_id, said.stack, correction)
    if again:
        web.wake()
    return RedirectResponse(standing.kept(request, address(study_id)), status_code=303)


@router.post("/studies/{study_id}/points")
def move(request: Request, study_id: str, said: Annotated[Moved, Form()]) -> Response:
    """Call a finding of the network from a probability on, or, with ``reset``, from where its card says: for this reader, and
    everywhere at once. To htmx the findings; to a browser without scripts: back to the case.

    InputError for a probability that is none, or a finding that the network does not know.
    """
    web = pages.of(request)
    page = reading.read(request, study_id, said.image, said.model, said.about)
    prediction = page.data.prediction
    if page.card is None or prediction is None:
        raise InputError(NO_READER_OF_EXAM if page.data.planes else NO_READER_OF_FILM)
    wishes.known(page.card, said.about)
    version = (prediction.model, prediction.model_sha256)
    with web.store.begin() as tx:
        if said.reset:
            tx.points.reset(pages.reader(request), version, said.about)
        else:
            tx.points.move(pages.reader(request), version, said.about, said.probability())
    if not pages.is_htmx(request):
        back = address(study_id, image=page.data.image, model=page.data.model, finding=said.about)
        return RedirectResponse(standing.kept(request, back), status_code=303)
    page = reading.read(request, study_id, said.image, said.model, said.about)
    score = next(one for one in page.data.prediction.scores if one.finding == said.about) if page.data.prediction else None
    told = {"finding": said.about, "called": bool(score and score.called), "said": page.points[said.about].sentence}
    headers = {"HX-Trigger": json.dumps({"moved": told})}
    return pages.render(request, page, headers=headers, template="partials/case_update.html")


def answer(request: Request, study_id: str, row: JobRow | None, asked: Polled, status: int) -> Response:
    """The job as JSON for a script, as a fragment for htmx; the event goes out with the state that ends the asking."""
    data = filling.job_data(row, pages.gettext(request)) if row else None
    if pages.wants_json(request):
        return JSONResponse({"job": asdict(data) if data else None}, status)
    headers = None if data and data.open else {"HX-Trigger": "analysed"}
    urls = Urls.of(study_id)
    page = JobFragment(urls=urls, job=data, poll=Poll(urls.job, asked.model, asked.image, asked.again + 1))
    return pages.render(request, page, status, headers)
