"""A case on paper: the report page, its pictures and the PDF, with the panes as the reader sees them; and a pane as a figure
for a paper."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.desk import drawn
from app.errors import InputError, NotFound
from app.web import pages
from app.web.case import reading
from app.web.case.page import CasePage
from app.web.printing import figure, panes, pdf, pictures, sheet, view

router = APIRouter(include_in_schema=False)


class Asked(BaseModel):
    """What a report's address says: image, network, finding, and the view as in the page's links."""

    image: str = ""
    model: str = ""
    finding: str = ""
    view: str = Field("", max_length=view.LONGEST)


NARROWEST, WIDEST = 50, 400
"""Widths of a figure in mm: on a narrower one its letters have no room."""
COARSEST, FINEST = 72, 1200
"""Dots per inch."""


class Figure(Asked):
    """What the address of a figure says besides: which pane, how wide in mm, how fine, and what kind of file."""

    pane: str = Field(max_length=200)
    width: float = 85.0
    dpi: int = 300
    kind: Literal["png", "svg"] = "png"

    def printed(self) -> figure.Print:
        """The figure that is asked for. InputError for a size that cannot be read, or nobody prints."""
        if not (NARROWEST <= self.width <= WIDEST and COARSEST <= self.dpi <= FINEST):
            raise InputError(
                "A figure is %(narrow)s to %(wide)s mm wide, at %(coarse)s to %(fine)s dpi.",
                {"narrow": NARROWEST, "wide": WIDEST, "coarse": COARSEST, "fine": FINEST},
            )
        return figure.Print(self.width, self.dpi, self.kind)


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
    pane, material = _pane(request, page, seen, name)
    alone = len(panes.panes(page, seen)) == 1
    return Response(pictures.png(material, seen, pane, alone), media_type="image/png")


@router.get("/studies/{study_id}/figure")
def as_figure(request: Request, study_id: str, asked: Annotated[Figure, Query()]) -> Response:
    """One pane at print size, as PNG or SVG to keep; NotFound for one that the report does not show."""
    page, seen, _ = read(request, study_id, asked)
    pane, material = _pane(request, page, seen, asked.pane)
    material = _in_english(request, page, pane, material)
    octets = figure.written(material, seen, pane, asked.printed())
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in pane.name)
    headers = {"Content-Disposition": f'attachment; filename="whylight-{study_id}-{name}.{asked.kind}"'}
    media = {"png": "image/png", "svg": "image/svg+xml"}[asked.kind]
    return Response(octets, media_type=media, headers=headers)


def _in_english(request: Request, page: CasePage, pane: panes.Pane, material: panes.Material) -> panes.Material:
    """The material with the words that pictures have which may be read anywhere, and with what the network's card warns of."""
    layer = panes.told(page, pane)
    if layer is None:
        return material
    with pages.of(request).store.view() as tx:
        known = drawn.stored(tx, pages.of(request).registry, tx.layers.get(layer.id))
    return replace(material, known={**material.known, pane.key: known})


def _pane(request: Request, page: CasePage, seen: view.View, name: str) -> tuple[panes.Pane, panes.Material]:
    """A pane of the report by its name, and what pictures are made of. NotFound for one without a picture."""
    shown = panes.panes(page, seen)
    pane = next((pane for pane in shown if pane.name == name), None)
    with pages.of(request).store.view() as tx:
        material = panes.material(tx, page, seen, shown)
    if pane is None or (pane.layer != panes.FILM and material.over(pane) is None):
        raise NotFound("There is no such picture in this report.")
    return pane, material


def told(request: Request, study_id: str, asked: Asked) -> tuple[sheet.Sheet, view.View]:
    """The report in words, and the view of its pictures."""
    page, seen, said = read(request, study_id, asked)
    with pages.of(request).store.view() as tx:
        return sheet.sheet(tx, page, seen, asked.view, said, pages.gettext(request)), seen


def read(request: Request, study_id: str, asked: Asked) -> tuple[CasePage, view.View, str]:
    """The case and the view, and what is to be said of the view."""
    seen, said = view.read(asked.view)
    return reading.read(request, study_id, asked.image, asked.model, asked.finding), seen, said
