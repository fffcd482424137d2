"""What an exam's page asks for: an answer, the maps of a finding, and that a stack is something else than its header says.

Nothing is computed here; what is asked for becomes a job.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.desk import corrections, wishes
from app.domain import Plane
from app.errors import InputError
from app.store import CorrectionRow
from app.web import exam, pages

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
    web = pages.of(request)
    page = exam.read(request, study_id, wish.model)
    if page.card is None:
        raise InputError("No network here reads this exam, so there is nothing to compute.")
    model = page.card.name
    if wish.finding and page.data.prediction:
        asked = wishes.maps(web.store, web.registry, study_id, model=model, finding=wish.finding)
    else:
        if wish.finding:
            wishes.known(page.card, wish.finding)
        asked = wishes.analysis(web.store, web.registry, study_id, model=model)
    if asked.due:
        web.wake()
    if not (pages.is_htmx(request) or pages.wants_json(request)):
        return RedirectResponse(f"/studies/{study_id}?model={model}&finding={wish.finding}", status_code=303)
    return exam.answer(request, study_id, asked.job, exam.Polled(model=model), 202 if asked.due else 200)


@router.post("/studies/{study_id}/exam/corrections")
def correct(request: Request, study_id: str, said: Annotated[Said, Form()]) -> Response:
    """Keep what a reader says of a stack, and let the network read the exam again if that changes anything. 303 to the exam.

    NotFound for a stack that is not there.
    """
    web = pages.of(request)
    used = {"yes": True, "no": False}.get(said.used)
    correction = CorrectionRow(said.plane or None, said.weighting.strip() or None, used)
    _stack, again = corrections.correct(web.store, web.registry, study_id, said.stack, correction)
    if again:
        web.wake()
    return RedirectResponse(f"/studies/{study_id}", status_code=303)
