"""What a reader may choose for themselves: the language, the colours, the name that their verdicts are kept under, from which
side they go through the stacks of a plane, and whether the next study of a list opens by itself."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.errors import InputError
from app.stacks import SIDES
from app.web import pages
from app.web.addresses import served
from app.web.i18n import LANGUAGES
from app.web.standing import ONWARD_COOKIE

router = APIRouter(include_in_schema=False)


class Chosen(BaseModel):
    """What a form of the header, or of a case, sends. ``named`` comes with the form for the name, ``directed`` with that for
    the planes, because these may be emptied: an empty field alone cannot be told from none."""

    language: str = ""
    theme: str = ""
    reader: str = Field("", max_length=64)
    named: bool = False
    sagittal: Literal["", "right", "left"] = ""
    coronal: Literal["", "front", "back"] = ""
    axial: Literal["", "feet", "head"] = ""
    directed: bool = False
    onward: Literal["", "yes", "no"] = ""
    back: str = "/"


@router.post("/preferences")
def prefer(request: Request, chosen: Annotated[Chosen, Form()]) -> Response:  # noqa: ARG001 - every route takes it first
    """Keep what was chosen and go back to the page the reader was on."""
    if (chosen.language and chosen.language not in LANGUAGES) or (chosen.theme and chosen.theme not in pages.THEMES):
        raise InputError("There is no such language or theme.")
    response = RedirectResponse(served(own(chosen.back)), status_code=303)
    if chosen.language:
        pages.cookie(response, pages.LANGUAGE_COOKIE, chosen.language)
    if chosen.theme:
        pages.cookie(response, pages.THEME_COOKIE, chosen.theme)
    if chosen.reader or chosen.named:
        pages.cookie(response, pages.READER_COOKIE, pages.name_of(chosen.reader))
    if chosen.directed:
        told: dict[str, str] = {plane: side for plane in SIDES if (side := getattr(chosen, plane))}
        pages.cookie(response, pages.DIRECTIONS_COOKIE, urlencode(told))
    if chosen.onward:
        pages.cookie(response, ONWARD_COOKIE, chosen.onward)
    return response


def own(back: str) -> str:
    """A path of ours, or the worklist: ``//host``, ``/\\host``, ``https:…`` and control characters lead elsewhere."""
    unsafe = not back.startswith("/") or back.startswith("//") or "\\" in back or not back.isprintable() or len(back) > 2000
    return "/" if unsafe else back
