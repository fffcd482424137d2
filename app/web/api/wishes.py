"""Asking for what networks and methods say, for scripts: an analysis, the maps of a finding. Each becomes a job."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.desk import wishes
from app.web import pages
from app.web.api.jobs import JobOut
from app.web.api.refusals import NAMED, SENT, Responses
from app.web.api.reviews import place

router = APIRouter(responses=NAMED | SENT)

THERE: Responses = {200: {"description": "Everything is there already; the job that ran last, or null."}}


class AnalyseIn(BaseModel):
    """Which network is to read a study."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field("", description="The network; empty: those that read the study by themselves.", max_length=64)
    insist: bool = Field(False, description="Analyse what the network's guard refuses, too; the result carries the warning.")


class AskIn(BaseModel):
    """Which finding to explain."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network.", max_length=64)
    finding: str = Field(description="One of the network's findings.", max_length=64)
    image: str = Field("", description="The film; empty: the study's first, or all stacks of an exam.", max_length=64)
    stack: str = Field("", description="The stack of an exam, in place of an image; empty: all that are read.", max_length=64)
    methods: list[Annotated[str, Field(max_length=64)]] = Field(
        [], description="Methods, or variants (“lrp.sd”); empty: those that the network opens with.", max_length=64
    )


class AskExamIn(BaseModel):
    """Which finding of an exam to explain."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network.", max_length=64)
    finding: str = Field(description="One of the network's findings.", max_length=64)


@router.post("/studies/{study_id}/analysis", tags=["predictions"], status_code=202, summary="Ask for an analysis")
def request_analysis(request: Request, study_id: str, asked: AnalyseIn) -> JobOut | None:
    """Ask for the study's predictions and the maps of its top findings, of what a guard refuses only when you insist."""
    web = pages.of(request)
    made = wishes.analysis(web.store, web.registry, study_id, model=asked.model, insist=asked.insist, again=True)
    web.wake()
    return _told(request, made)


@router.post(
    "/studies/{study_id}/explanations", tags=["layers"], status_code=202, responses=THERE, summary="Ask for explanations"
)
def request_explanations(request: Request, response: Response, study_id: str, asked: AskIn) -> JobOut | None:
    """Ask for the maps for one finding of a film, or of one or all stacks of an exam, by the methods that you name or by those
    that the network opens with. They are there when the job is done: 202. Where all of them are there already, nothing is
    computed: 200."""
    web = pages.of(request)
    card = web.registry.card(asked.model)
    with web.store.view() as tx:
        whole = card.kind == "exam" and not (asked.image or asked.stack)
        stack = "" if whole else place(tx, study_id, asked.image, asked.stack).id
    return _maps(request, response, study_id, AskExamIn(model=asked.model, finding=asked.finding), stack, methods=asked.methods)


@router.post(
    "/studies/{study_id}/exam/explanations",
    tags=["exams"],
    deprecated=True,
    status_code=202,
    responses=THERE,
    summary="Ask for explanations of an exam",
)
def request_exam_explanations(request: Request, response: Response, study_id: str, asked: AskExamIn) -> JobOut | None:
    """As `/studies/{study_id}/explanations`, of all stacks that are read."""
    return _maps(request, response, study_id, asked, "")


def _maps(
    request: Request, response: Response, study_id: str, asked: AskExamIn, stack: str, *, methods: Sequence[str] = ()
) -> JobOut | None:
    web = pages.of(request)
    made = wishes.maps(
        web.store, web.registry, study_id, model=asked.model, finding=asked.finding, stack_id=stack, methods=methods
    )
    if made.due:
        web.wake()
    else:
        response.status_code = 200
    return _told(request, made)


def _told(request: Request, made: wishes.Asked) -> JobOut | None:
    if made.job is None:
        return None
    with pages.of(request).store.view() as tx:
        return JobOut.of_row(tx, made.job, pages.gettext(request))
