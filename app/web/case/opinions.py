"""Whether findings are there, as a reader says: saying so, on the page and for scripts."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.domain import Opinion
from app.errors import InputError
from app.store import OpinionRow
from app.web import pages, standing
from app.web.case import reading
from app.web.case.payload import address

router = APIRouter(include_in_schema=False)


class Said(BaseModel):
    """What a reader says of the finding ``about``; the empty string takes back what they said."""

    about: str = Field(max_length=64)
    opinion: Opinion | Literal[""] = ""
    model: str = Field("", max_length=64)
    image: str = Field("", max_length=64)


@router.post("/studies/{study_id}/opinions")
def say(request: Request, study_id: str, said: Annotated[Said, Form()]) -> Response:
    """Keep what the reader says, for the study as a whole. To htmx the findings; to a browser without scripts: back to the
    case. InputError for a finding that the network does not know."""
    page = reading.read(request, study_id, said.image, said.model, said.about)
    prediction = page.data.prediction
    if prediction is None or said.about not in {score.finding for score in prediction.scores}:
        raise InputError("The network says nothing of this finding, so there is nothing to compare.")
    if said.opinion:
        give(request, study_id, said.about, said.opinion)
    else:
        take_back(request, study_id, said.about)
    if not pages.is_htmx(request):
        back = address(study_id, image=page.data.image, model=page.data.model, finding=said.about)
        return RedirectResponse(standing.kept(request, back), status_code=303)
    page = reading.read(request, study_id, said.image, said.model, said.about)
    headers = {"HX-Trigger": json.dumps({"opined": {"said": page.opinions[said.about].told}})}
    return pages.render(request, page, headers=headers, template="partials/case_update.html")


def give(request: Request, study_id: str, finding: str, opinion: Opinion) -> OpinionRow:
    """Keep what this reader says of a finding; NotFound for a study that is not there."""
    with pages.of(request).store.begin(study_id) as tx:
        tx.studies.get(study_id)
        return tx.opinions.give(study_id, pages.reader(request), finding, opinion)


def take_back(request: Request, study_id: str, finding: str) -> None:
    """Forget what this reader said of a finding; NotFound for a study that is not there."""
    with pages.of(request).store.begin(study_id) as tx:
        tx.studies.get(study_id)
        tx.opinions.take_back(study_id, pages.reader(request), finding)
