"""Taking studies in: the upload page, and the form it sends. The API's upload goes through the same two functions.

Files are read outside of any transaction; one transaction then stores what was accepted, the report, and the jobs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from app import ingest
from app.config import Settings
from app.errors import AppError, Conflict, NotFound, TooLarge
from app.store import FileOutcome, Staged, Transaction, UploadRow
from app.store.records import FileState
from app.web import pages, receiving
from app.web.pages import Web
from app.web.receiving import Arrived

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one file, in the reader's language."""

    name: str
    state: FileState
    reason: str
    warnings: tuple[str, ...]
    study_id: str | None


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


@router.get("/upload")
def upload(request: Request) -> Response:
    """The upload form."""
    return pages.render(request, _page(request, None))


@router.post("/studies")
async def take_form(request: Request) -> Response:
    """Take the form's files in and go to the first case; 422 with the reasons when nothing was usable.

    Async, because the body is streamed to disk while it arrives; everything else happens in a thread.
    """
    web = pages.of(request)
    with receiving.folder(web.settings) as into:
        files = await receiving.receive(request, into, web.settings)
        row = await run_in_threadpool(take, web, files, into)
    found = told(request, row)
    if not found.studies:
        fragment = "partials/upload_report.html" if pages.is_htmx(request) else None
        return await run_in_threadpool(pages.render, request, _page(request, found), 422, None, fragment)
    target = f"/studies/{found.studies[0]}?upload={found.id}"
    if pages.is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


def _page(request: Request, found: Report | None) -> UploadPage:
    settings = pages.of(request).settings
    return UploadPage(settings.max_files, settings.max_file_mb, settings.max_upload_mb, found)


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


def told(request: Request, row: UploadRow) -> Report:
    """A stored report in the reader's language."""
    _ = pages.gettext(request)
    lines = tuple(
        Line(file.name, file.state, _(file.template, **file.values), tuple(_(text) for text in file.warnings), file.study_id)
        for file in row.files
    )
    return Report(row.id, lines, tuple(dict.fromkeys(line.study_id for line in lines if line.study_id)))


@dataclass(frozen=True, slots=True)
class _Read:
    """One file after reading: staged in the blobs, or the reason why not."""

    name: str
    staged: Staged | None = None
    error: AppError | None = None
    warnings: tuple[str, ...] = ()
    size: int = 0


def take(web: Web, files: Sequence[Arrived], workdir: Path) -> UploadRow:
    """Read the files, store what can be used, keep the report, and ask for the analyses. Unavailable when the disk is full."""
    with receiving.disk():
        read = tuple(_limited(_read(web, files, workdir), web.settings))
    with web.store.begin() as tx:
        outcomes = tuple(_stored(tx, file) for file in read)
        for study_id in dict.fromkeys(found.study_id for found in outcomes if found.state == "accepted"):
            tx.jobs.analyse(str(study_id))
        row = tx.uploads.get(tx.uploads.add(outcomes))
    web.wake()
    return row


def _read(web: Web, files: Sequence[Arrived], workdir: Path) -> Iterator[_Read]:
    """Every file, and every member of an archive, one after the other: only one is in memory at a time."""
    for file in files:
        if file.error is not None:
            yield _Read(file.name, error=file.error)
            continue
        for found in ingest.read(file.path, file.name, web.settings, workdir):
            if isinstance(found, ingest.Rejected):
                yield _Read(found.name, error=found.error)
            else:
                size = found.path.stat().st_size
                staged = web.store.stage(found.study, found.name, found.path)
                found.path.unlink()  # its octets are in the blobs; many archives would fill the disk with what they unpack
                yield _Read(found.name, staged, warnings=found.warnings, size=size)


def _limited(read: Iterator[_Read], settings: Settings) -> Iterator[_Read]:
    """The files up to the limits of one upload, those in archives counted; the first one beyond says so and ends it."""
    octets = 0
    for count, file in enumerate(read):
        octets += file.size
        error = None
        if count == settings.max_files:
            limit = {"limit": settings.max_files}
            error = TooLarge("One upload may have %(limit)s files; this one and those after were not read.", limit)
        elif octets > settings.max_upload_mb * receiving.MEGABYTE:
            limit = {"limit": settings.max_upload_mb}
            error = TooLarge("One upload may unpack to %(limit)s MB; this file and those after were not read.", limit)
        if error is not None:
            yield _Read(file.name, error=error)
            return
        yield file


def _stored(tx: Transaction, file: _Read) -> FileOutcome:
    """The outcome of one file, stored if it can be."""
    error = file.error
    if file.staged is not None:
        try:
            added = tx.studies.add(file.staged)
        except Conflict as conflict:
            error = conflict
        else:
            return FileOutcome(file.name, added.state, added.study_id, warnings=file.warnings)
    if error is None:
        raise ValueError("a file is either staged or has a reason")
    return FileOutcome(file.name, "rejected", template=error.template, values=error.values)
