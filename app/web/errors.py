"""One failure, three faces: a page, a fragment for htmx, or a problem for programs. Knows the error tree and how to say it.

A problem is the JSON of RFC 9457. Nothing of a failure reaches a reader but its sentence. A failure that is not in the tree
says that it is ours and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app import errors
from app.errors import AppError
from app.web import pages
from app.web.addresses import served

PROBLEM = "application/problem+json"
"""The media type of RFC 9457."""
RETRY_AFTER = {"Retry-After": "3"}
"""After how many seconds a program may ask again for what was away (RFC 9110 10.2.3): about as long as a database is
restarted."""


class Problem(BaseModel):
    """What went wrong, for people and for programs (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="Where this kind of problem is described: an address relative to this server.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="A sentence that says what went wrong and what to do.")
    error: str = Field(description="The same sentence as in `detail`.")
    code: str = Field(description="The class of the failure, such as NotFound.")


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


def respond(request: Request, error: AppError, more: Mapping[str, Any] | None = None) -> Response:
    """The failure for whoever asked: a program, htmx, or a person. ``more`` goes into the problem of a program."""
    _ = pages.gettext(request)
    sentence = _(error.template, **error.values)
    headers = RETRY_AFTER if error.status == 503 else None
    return _face(request, Failure(error.status, code(error), sentence, headers), more)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: its status, its class, its sentence, and the headers it goes with."""

    status: int
    kind: str
    sentence: str
    headers: Mapping[str, str] | None = None


def problem(request: Request, failure: Failure, more: Mapping[str, Any] | None = None) -> JSONResponse:
    """The failure for a program; ``more`` stands beside what every problem has."""
    told = Problem(
        type=served(f"/docs#problem-{failure.kind}") if failure.kind in kinds() else "about:blank",
        title=title(request, failure.status),
        status=failure.status,
        detail=failure.sentence,
        error=failure.sentence,
        code=failure.kind,
    )
    return JSONResponse({**told.model_dump(), **(more or {})}, failure.status, failure.headers, media_type=PROBLEM)


def kinds() -> dict[str, type[AppError]]:
    """The classes of the error tree, by name."""
    found = (getattr(errors, name) for name in sorted(vars(errors)))
    return {kind.__name__: kind for kind in found if isinstance(kind, type) and issubclass(kind, AppError)}


def code(error: AppError) -> str:
    """The class of the tree that a failure is of; one that another room derived from it counts as that."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == AppError.__module__)


def title(request: Request, status: int) -> str:
    """A status in a few words."""
    return pages.gettext(request)(TITLES.get(status, TITLES[500] if status >= 500 else TITLES[422]))


def _face(request: Request, failure: Failure, more: Mapping[str, Any] | None = None) -> Response:
    if pages.wants_json(request):
        return problem(request, failure, more)
    status, headers = failure.status, failure.headers
    page = ErrorPage(status=status, title=title(request, status), sentence=failure.sentence)
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
    kind = HTTPStatus(error.status_code).phrase.replace(" ", "")
    return _face(request, Failure(error.status_code, kind, sentence, error.headers))


def _not_valid(request: Request, error: Exception) -> Response:
    """A form or a JSON body with a missing or impossible field: which one, never what was in it."""
    error = cast(RequestValidationError, error)
    fields = sorted({".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0]) for found in error.errors()})
    sentence = pages.gettext(request)("These fields are missing or not possible: %(fields)s.", fields=", ".join(fields)[:300])
    return _face(request, Failure(422, "InputError", sentence))
