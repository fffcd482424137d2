"""One failure, three faces: a page, a fragment for htmx, or the API's JSON. Knows the error tree and how to say it.

Nothing of a failure reaches a reader but its sentence. A failure that is not in the tree says that it is ours and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.errors import AppError
from app.web import pages


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """templates/error.html and templates/partials/error.html: what happened, in words, and the status for those who ask."""

    template: ClassVar[str] = "error.html"

    status: int
    title: str
    sentence: str


TITLES: Mapping[int, str] = {
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Does not fit what is stored",
    413: "Too large",
    422: "Cannot be used",
    500: "Our mistake",
    503: "Not available right now",
}
SENTENCES: Mapping[int, str] = {
    404: "There is nothing at this address, or no longer.",
    405: "This address cannot be used in this way.",
    413: "What was sent is larger than what may be sent here.",
}


def install(app: FastAPI) -> None:
    """Answer every failure inside the routes."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _not_valid)


def respond(request: Request, error: AppError) -> Response:
    """The failure for whoever asked: a program, htmx, or a person."""
    _ = pages.gettext(request)
    sentence = _(error.template, **error.values)
    return _face(request, error.status, type(error).__name__, sentence)


def _face(request: Request, status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    if pages.wants_json(request):
        return JSONResponse({"error": sentence, "code": code}, status, headers)
    title = pages.gettext(request)(TITLES.get(status, TITLES[500] if status >= 500 else TITLES[422]))
    page = ErrorPage(status=status, title=title, sentence=sentence)
    if pages.is_htmx(request):
        aimed = {**(headers or {}), "HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
        return pages.render(request, page, status, aimed, template="partials/error.html")
    return pages.render(request, page, status, headers)


def _app_error(request: Request, error: Exception) -> Response:
    return respond(request, cast(AppError, error))


def _http_exception(request: Request, error: Exception) -> Response:
    """Starlette's and FastAPI's own refusals, in our words. A body that went over the limit comes wrapped in one."""
    error = cast(HTTPException, error)
    if isinstance(error.__cause__, AppError):
        return respond(request, error.__cause__)
    _ = pages.gettext(request)
    sentence = _(SENTENCES.get(error.status_code, "The request could not be understood."))
    code = HTTPStatus(error.status_code).phrase.replace(" ", "")
    return _face(request, error.status_code, code, sentence, error.headers)


def _not_valid(request: Request, error: Exception) -> Response:
    """A form or a JSON body with a missing or impossible field: which one, never what was in it."""
    error = cast(RequestValidationError, error)
    fields = sorted({".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0]) for found in error.errors()})
    sentence = pages.gettext(request)("These fields are missing or not possible: %(fields)s.", fields=", ".join(fields)[:300])
    return _face(request, 422, "InputError", sentence)
