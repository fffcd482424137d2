"""What a reader may choose for themselves: the language and the colours, kept in cookies."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.errors import InputError
from app.web import pages
from app.web.i18n import LANGUAGES

router = APIRouter(include_in_schema=False)


@router.post("/preferences")
def prefer(
    request: Request,  # noqa: ARG001 - every route takes it first
    language: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Keep what was chosen and go back to the page the reader was on."""
    if (language and language not in LANGUAGES) or (theme and theme not in pages.THEMES):
        raise InputError("There is no such language or theme.")
    response = RedirectResponse(own(back), status_code=303)
    if language:
        pages.cookie(response, pages.LANGUAGE_COOKIE, language)
    if theme:
        pages.cookie(response, pages.THEME_COOKIE, theme)
    return response


def own(back: str) -> str:
    """A path of ours, or the worklist: ``//host``, ``/\\host``, ``https:…`` and control characters lead elsewhere."""
    unsafe = not back.startswith("/") or back.startswith("//") or "\\" in back or not back.isprintable() or len(back) > 2000
    return "/" if unsafe else back
