"""A case on paper: the report page, its pictures and the PDF, with the panes as the reader sees them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.errors import NotFound
from app.web import case, pages
from app.web.printing import pdf, pictures, sheet, view

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
    page, shown = told(request, study_id, asked)
    with pages.of(request).store.view() as tx:
        material = sheet.material(tx, page.case, shown)
    drawn = {one.layer: pictures.png(material, shown, one.layer, len(page.plates) == 1) for one in page.plates if not one.words}
    octets = pdf.write(page, drawn, pages.language(request), pages.gettext(request))
    headers = {"Content-Disposition": f'attachment; filename="whylight-{study_id}.pdf"'}
    return Response(octets, media_type="application/pdf", headers=headers)


@router.get("/studies/{study_id}/report/{layer}.png")
def picture(request: Request, study_id: str, layer: str, asked: Annotated[Asked, Query()]) -> Response:
    """One pane as seen; NotFound for a layer that the report does not show."""
    page, shown, _ = read(request, study_id, asked)
    with pages.of(request).store.view() as tx:
        material = sheet.material(tx, page, shown)
    if layer not in sheet.layers(page, shown) or (layer != sheet.FILM and layer not in material.maps):
        raise NotFound("There is no such picture in this report.")
    alone = len(sheet.layers(page, shown)) == 1
    return Response(pictures.png(material, shown, layer, alone), media_type="image/png")


def told(request: Request, study_id: str, asked: Asked) -> tuple[sheet.Sheet, view.View]:
    """The report in words, and the view of its pictures."""
    page, shown, said = read(request, study_id, asked)
    with pages.of(request).store.view() as tx:
        return sheet.sheet(tx, page, shown, asked.view, said, pages.gettext(request)), shown


def read(request: Request, study_id: str, asked: Asked) -> tuple[case.CasePage, view.View, str]:
    """The case and the view, and what is to be said of the view."""
    shown, said = view.read(asked.view)
    return case.read(request, study_id, asked.image, asked.model, asked.finding), shown, said
