"""Taking studies in: the upload page, and the form it sends. The API's upload goes through the same two functions.

What is done with the files is the reception desk's (`app.desk.intake`); here is who waits for whom.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.desk import disc
from app.desk.folders import folder
from app.desk.intake import Arrived, Intake, Part
from app.errors import NotFound
from app.store import TAKEN, UploadRow
from app.store.records import FileState
from app.web import pages, receiving
from app.web.addresses import served
from app.web.pages import Web

router = APIRouter(include_in_schema=False)

ID = re.compile(r"[a-z2-7]{12}")
"""A public id, as the store and scripts make them."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one file, in the reader's language."""

    name: str
    state: FileState
    reason: str
    warnings: tuple[str, ...]
    study_id: str | None
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """templates/partials/upload_report.html: what became of every file of one upload. ``studies`` in the order they came.

    ``titles`` calls each study that is (still) stored by its patient or description; only the case page's report has them.
    """

    id: str
    lines: tuple[Line, ...]
    studies: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)

    def rows(self) -> tuple[Line, ...]:
        """What needs the sender first: the rejected files, then the others, each in the order they were sent."""
        return tuple(sorted(self.lines, key=lambda line: line.state != "rejected"))

    @property
    def taken(self) -> bool:
        """Whether files were rejected because their SOP Instance UIDs are other files'."""
        return any(line.taken for line in self.lines)

    @property
    def opens(self) -> str:
        """The study that opens: the first that is new, or has grown; else the first of all."""
        new = (line.study_id for line in self.lines if line.state == "accepted" and line.study_id)
        return next(new, self.studies[0])

    def count(self, state: FileState) -> int:
        """How many files ended so."""
        return sum(line.state == state for line in self.lines)


@dataclass(frozen=True, slots=True)
class UploadPage:
    """templates/upload.html: the form with its limits, and the report of an upload that had nothing usable in it."""

    template: ClassVar[str] = "upload.html"

    max_files: int
    max_file_mb: int
    max_upload_mb: int
    report: Report | None
    copies: bool = False

    @property
    def action(self) -> str:
        """Where the form goes."""
        return served("/studies?copies=keep") if self.copies else served("/studies")


@router.get("/upload")
def upload(request: Request) -> Response:
    """The upload form; with ``copies=keep`` files whose SOP Instance UID another file has are stored under new ones."""
    return pages.render(request, _page(request, None))


@router.post("/studies")
async def take_form(request: Request) -> Response:
    """Take the form's files in and go to the first case; 422 with the reasons when nothing was usable. Async: see `take`.

    A script may send them in parts: ``upload`` is an id that it made, the same in all; ``more=yes`` says that others follow,
    and is answered with what became of the part's own files. A part may be sent again when its answer was not heard. The last
    one may be empty.
    """
    part = part_of(request)
    row = await take(request, part)
    return await run_in_threadpool(_answer, request, row, part)


def part_of(request: Request) -> Part | None:
    """Which part of an upload a request is; None for one that comes whole. NotFound for an id that is none."""
    upload_id = request.query_params.get("upload", "")
    if upload_id and not ID.fullmatch(upload_id):
        raise NotFound("There is no such upload.")
    return Part(upload_id, more=request.query_params.get("more") == "yes") if upload_id else None


def _answer(request: Request, row: UploadRow, part: Part | None) -> Response:
    found = told(request, row, part=part is not None and part.more)
    if part is not None and part.more:
        return JSONResponse({"files": [{"name": one.name, "state": one.state, "reason": one.reason} for one in found.lines]})
    if not found.studies:
        fragment = "partials/upload_report.html" if pages.is_htmx(request) else None
        return pages.render(request, _page(request, found), 422, None, fragment)
    target = served(f"/studies/{found.opens}?upload={found.id}")
    if pages.is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


def _page(request: Request, found: Report | None) -> UploadPage:
    settings = pages.of(request).settings
    copies = _copies(request)
    return UploadPage(settings.max_files, settings.max_file_mb, settings.max_upload_mb, found, copies)


def _copies(request: Request) -> bool:
    return request.query_params.get("copies") == "keep"


def report(request: Request, upload_id: str) -> Report | None:
    """The report of an upload for the case page; None without an id, or for one that is not known (any more)."""
    if not upload_id:
        return None
    try:
        with pages.of(request).store.view() as tx:
            found = told(request, tx.uploads.get(upload_id))
            titles = tx.worklist.titles(found.studies)
    except NotFound:
        return None
    return replace(found, titles={key: pages.person(name) or description for key, (name, description) in titles.items()})


def told(request: Request, row: UploadRow, *, part: bool = False) -> Report:
    """A stored report in the reader's language; ``part``: of some of its files, one by one."""
    _ = pages.gettext(request)
    lines = tuple(
        Line(
            file.name,
            file.state,
            _(file.template, **file.values),
            tuple(_(text) for text in file.warnings),
            file.study_id,
            file.template == TAKEN,
        )
        for file in (row.files if part else disc.gathered(row.files))
    )
    return Report(row.id, lines, tuple(dict.fromkeys(line.study_id for line in lines if line.study_id)))


async def take(request: Request, part: Part | None = None) -> UploadRow:
    """Take the files of a form in: what pages and API do alike. Async, because the body is streamed to disk while it arrives
    and the rest waits for its turns; the work itself is done in threads of the uploads' own.

    Errors are those of `receiving.receive` and `app.desk.intake.Intake`.
    """
    web = pages.of(request)
    lanes = web.lanes
    held = ExitStack()
    into = await lanes.arriving.run(lambda: held.enter_context(folder(web.settings)))
    try:
        files = await receiving.receive(request, into, web.settings, lanes.arriving)
        row = await _taken(web, files, into, copies=_copies(request), part=part)
    finally:
        await lanes.arriving.run(held.close)
    return row


async def _taken(web: Web, files: Sequence[Arrived], into: Path, *, copies: bool, part: Part | None) -> UploadRow:
    intake = Intake(web.store, web.settings, files, into, copies=copies, part=part)
    try:
        while await web.lanes.storing.run(intake.step):
            pass
    except asyncio.CancelledError:  # the server ends
        await web.lanes.storing.run(intake.break_off)
        raise
    finally:
        web.wake()
    assert intake.report is not None  # noqa: S101 - the last step leaves it
    return intake.report
