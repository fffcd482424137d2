"""What an exam's page asks for: an answer, the maps of a finding, and that a stack is something else than its header says.

Nothing is computed here; what is asked for becomes a job.
"""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from app import explainers
from app.errors import InputError
from app.exam import Plane, StackKey
from app.stacks import Correction
from app.store import Transaction
from app.web import exam, pages, stack_names

router = APIRouter(include_in_schema=False)


class Wish(BaseModel):
    """What is to be computed: the maps of a finding, or without one the whole analysis, by which network."""

    finding: str = Field("", max_length=64)
    model: str = Field("", max_length=64)


class Said(BaseModel):
    """What a reader says of a stack; the empty string: what the header says, or what is chosen by itself."""

    stack: str = Field(max_length=64)
    plane: Plane = ""
    weighting: str = Field("", max_length=16)
    used: Literal["", "yes", "no"] = ""


@router.post("/studies/{study_id}/exam/explanations")
def explain(request: Request, study_id: str, wish: Annotated[Wish, Form()]) -> Response:
    """Ask for the maps of one finding, or without a finding for the whole analysis by one network.

    202 with the job; 200 when everything is there already. InputError for a network that does not read this exam, or a finding
    that it does not know. To a browser without scripts: back to the exam.
    """
    page = exam.read(request, study_id, wish.model)
    card, finding = page.card, wish.finding
    if card is None:
        raise InputError("No network here reads this exam, so there is nothing to compute.")
    if finding and finding not in card.findings:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”.", {"model": card.name, "finding": finding}
        )
    with pages.of(request).store.begin() as tx:
        missing = wanted(tx, page, finding)
        if missing and finding and page.data.prediction:
            tx.jobs.explain_exam(study_id, card.name, finding)
        elif missing:
            tx.jobs.analyse(study_id, model=card.name, priority=10)
    if missing:
        pages.of(request).wake()
    if not (pages.is_htmx(request) or pages.wants_json(request)):
        return RedirectResponse(f"{page.urls.case}?model={card.name}&finding={finding}", status_code=303)
    return answer(request, exam.read(request, study_id, card.name, finding), 202 if missing else 200)


def wanted(tx: Transaction, page: exam.ExamPage, finding: str) -> bool:
    """Whether something that was asked for has not been computed by the network's present version."""
    card, said = page.card, page.data.prediction
    if card is None or said is None or said.model_sha256 != card.sha256:
        return True
    if not finding:
        return False
    stacks = {
        page.keys[plane.stack]: len(plane.slice_scores[finding]) for plane in said.planes if finding in plane.slice_scores
    }
    return bool(tx.exams.missing(page.study.id, card.sha256, finding, explainers.panel(), stacks=stacks))


def answer(request: Request, page: exam.ExamPage, status: int) -> Response:
    """The job as JSON for a script, as a fragment for htmx; the event goes out with the state that ends the asking."""
    if pages.wants_json(request):
        return JSONResponse({"job": asdict(page.data.job) if page.data.job else None}, status)
    headers = None if page.data.job and page.data.job.open else {"HX-Trigger": "analysed"}
    return pages.render(request, exam.ExamJob(urls=page.urls, job=page.data.job), status, headers)


@router.post("/studies/{study_id}/exam/corrections")
def correct(request: Request, study_id: str, said: Annotated[Said, Form()]) -> Response:
    """Keep what a reader says of a stack, and let the network read the exam again if that changes anything. 303 to the exam.

    NotFound for a stack that is not there.
    """
    with pages.of(request).store.begin() as tx:
        _series, stack = stack_names.find(tx, study_id, said.stack)
        changed = tx.exams.correct(study_id, correction(stack.key, said))
    if changed and exam.read(request, study_id).card is not None:
        with pages.of(request).store.begin() as tx:
            tx.jobs.analyse(study_id, priority=10)
        pages.of(request).wake()
    return RedirectResponse(f"/studies/{study_id}", status_code=303)


def correction(key: StackKey, said: Said) -> Correction:
    """What is kept of what a reader said."""
    used = {"yes": True, "no": False}.get(said.used)
    return Correction(key, said.plane or None, said.weighting.strip() or None, used)
