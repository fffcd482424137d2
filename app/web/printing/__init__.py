"""A case on paper: the report page, its pictures and the PDF, with the panes as the reader sees them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.errors import NotFound
from app.web import pages
from app.web.case import reading
from app.web.case.page import CasePage
from app.web.printing import panes, pdf, pictures, sheet, view

router = APIRouter(include_in_schema=False)


class Asked(BaseModel):
    """What a report's address says: image, network, finding, and the view as in the page's links."""

    image: str = ""
    model: str = ""
    finding: str = ""
    view: str = Field("", max_length=view.LONGEST)


@router.get("/studies/{study_id}/report")
def report(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The report as a page to print."""
    return pages.render(request, told(request, study_id, asked)[0])


@router.get("/studies/{study_id}/report.pdf")
def as_pdf(request: Request, study_id: str, asked: Annotated[Asked, Query()]) -> Response:
    """The report as PDF."""
    page, seen = told(request, study_id, asked)
    shown = panes.panes(page.case, seen)
    with pages.of(request).store.view() as tx:
        material = panes.material(tx, page.case, seen, shown)
    words = {plate.name for plate in page.plates if plate.words}
    drawn = {pane.name: pictures.png(material, seen, pane, len(shown) == 1) for pane in shown if pane.name not in words}
    octets = pdf.write(page, drawn, pages.language(request), pages.gettext(request))
    headers = {"Content-Disposition": f'attachment; filename="whylight-{study_id}.pdf"'}
    return Response(octets, media_type="application/pdf", headers=headers)


@router.get("/studies/{study_id}/report/{name}.png")
def picture(request: Request, study_id: str, name: str, asked: Annotated[Asked, Query()]) -> Response:
    """One pane as seen; NotFound for one that the report does not show."""
    page, seen, _ = read(request, study_id, asked)
    shown = panes.panes(page, seen)
    pane = next((pane for pane in shown if pane.name == name), None)
    with pages.of(request).store.view() as tx:
        material = panes.material(tx, page, seen, shown)
    if pane is None or (pane.layer != panes.FILM and material.over(pane) is None):
        raise NotFound("There is no such picture in this report.")
    return Response(pictures.png(material, seen, pane, len(shown) == 1), media_type="image/png")


def told(request: Request, study_id: str, asked: Asked) -> tuple[sheet.Sheet, view.View]:
    """The report in words, and the view of its pictures."""
    page, seen, said = read(request, study_id, asked)
    with pages.of(request).store.view() as tx:
        return sheet.sheet(tx, page, seen, asked.view, said, pages.gettext(request)), seen


def read(request: Request, study_id: str, asked: Asked) -> tuple[CasePage, view.View, str]:
    """The case and the view, and what is to be said of the view."""
    seen, said = view.read(asked.view)
    return reading.read(request, study_id, asked.image, asked.model, asked.finding), seen, said
