"""Splitting and joining stacks on the case page, and taking that back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.desk import corrections
from app.errors import InputError
from app.stacks import RegroupingKind, turned
from app.web import pages, standing
from app.web.case.payload import Urls, address

router = APIRouter(include_in_schema=False)

Name = Annotated[str, Field(max_length=64)]


class Said(BaseModel):
    """What a form sends: the stacks that are joined, or the one that is split from a ``slice`` on, counted as this reader goes
    through it from 1, or taken apart; ``sure``: joined though slices seem to be missing between them."""

    kind: RegroupingKind
    stack: list[Name] = Field(default_factory=list, max_length=2000)
    slice: int = Field(0, ge=0, le=100_000)
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """templates/join.html: whether stacks are to be joined though slices seem to be missing between them; ``widest`` and
    ``usual`` distances in mm."""

    template: ClassVar[str] = "join.html"

    urls: Urls
    stacks: tuple[str, ...]
    widest: float
    usual: float


@router.post("/studies/{study_id}/regroupings")
def regroup(request: Request, study_id: str, said: Annotated[Said, Form()]) -> Response:
    """Split or join stacks, for everybody, under this reader's name; back to the case. Where slices seem to be missing between
    stacks that are joined, the reader is asked first. NotFound for a stack that is not there; InputError for what cannot be
    split or joined."""
    web = pages.of(request)
    image = slice_of(request, study_id, said) if said.kind == "split" else ""
    wish = corrections.Wish(said.kind, tuple(said.stack), image)
    if said.kind == "join" and not said.sure and (found := corrections.gap(web.store, study_id, wish)):
        return ask(request, Gap(Urls.of(study_id), wish.stacks, *found))
    _row, again = corrections.regroup(web.store, web.registry, study_id, wish, pages.reader(request))
    return back(request, study_id, again=again)


@router.post("/studies/{study_id}/regroupings/{regrouping_id}/removal")
def take_back(request: Request, study_id: str, regrouping_id: str) -> Response:
    """Take a split or a join back; back to the case. NotFound."""
    web = pages.of(request)
    _row, again = corrections.take_back(web.store, web.registry, study_id, regrouping_id, pages.reader(request))
    return back(request, study_id, again=again)


def ask(request: Request, gap: Gap) -> Response:
    """The question: where the page keeps its messages, or a page of its own without scripts."""
    if not pages.is_htmx(request):
        return pages.render(request, gap)
    aimed = {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
    return pages.render(request, gap, headers=aimed, template="partials/join.html")


def slice_of(request: Request, study_id: str, said: Said) -> str:
    """The image before which the stored stack is parted so that what this reader sees from a slice on lies apart; InputError
    for a number that no slice of the stack has, and for the first."""
    with pages.of(request).store.view() as tx:
        row = tx.stacks.find(study_id, "".join(said.stack[:1]))
        slices = [tx.studies.image(image) for image in row.images]
    seen = turned(slices, row.plane, row.between, pages.directions(request))
    if not 2 <= said.slice <= len(seen):
        raise InputError("Split from slice 2 on at the earliest, and from slice %(last)s at the latest.", {"last": len(seen)})
    return seen[said.slice - 1 if seen[0] is slices[0] else said.slice - 2].id


def back(request: Request, study_id: str, *, again: bool) -> Response:
    """To the case, anew; a page that htmx drives is told where to go."""
    if again:
        pages.of(request).wake()
    if pages.is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": standing.kept(request, address(study_id))})
    return RedirectResponse(standing.kept(request, address(study_id)), status_code=303)
