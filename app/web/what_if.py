"""What if: a film or slices of a stack are edited, the network reads it again, and the page shows what changed. Knows the
store's doors and edits.

An edit comes as areas in image pixels, never as pixels, so that the page, the API and Python mean the same by it. The edited
images themselves are made here when a pane wants to show them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from app.desk import what_if as desk
from app.domain import Area, AreaKind, Edit, Fill, Score
from app.errors import InputError
from app.store import QuestionRow, Store, WhatIfRow
from app.web import images, pages
from app.web.addresses import served
from app.web.wording import label

router = APIRouter(include_in_schema=False)

FAR = 1_000_000
"""No point lies farther from the film than this, in pixels."""
STEPS = 64
"""Most edits that follow one another."""
SLICES = 4096
"""Most slices that one area names."""
CORNERS = {"rectangle": (2, 2), "ellipse": (2, 2), "brush": (1, 4000), "hot": (0, 0)}
"""Fewest and most points of an area; an outline has three and more."""

Coordinate = Annotated[float, Field(ge=-FAR, le=FAR)]


class AreaIn(BaseModel):
    """One area in image pixels."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    kind: AreaKind = Field(description="What the points mean; hot: an area of a map.")
    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(
        (), description="Points (x, y): columns from the left, rows from the top.", max_length=4000
    )
    radius: float = Field(0.0, description="Of a brush, in pixels.", ge=0, le=FAR)
    explanation: str = Field("", description="The map of a hot area.", max_length=64)
    threshold: float = Field(0.0, description="Of a hot area: a share of the upper end of the map's colours.", ge=0, le=1)
    images: tuple[Annotated[str, Field(max_length=64)], ...] = Field(
        (),
        description="Of a stack: the slices that it covers. Without any, a hot area covers every slice, and a drawn one the "
        "image that is asked about, or every slice where a stack alone is named.",
        max_length=SLICES,
    )

    def area(self, about: desk.About) -> Area:
        """As the domain knows it. InputError for too few points, a brush without a size, a hot area without a map; NotFound for
        a slice of another stack."""
        least, most = CORNERS.get(self.kind, (3, 4000))
        sized = (self.kind == "brush") == (self.radius > 0)
        mapped = (self.kind == "hot") == bool(self.explanation)
        if not (least <= len(self.points) <= most and sized and mapped):
            raise InputError(
                "An area is two corners of a rectangle or an ellipse, three points or more of an outline, a brush with a "
                "radius, or a map with a threshold."
            )
        named = self.images or ((about.image,) if about.image and self.kind != "hot" else ())
        return Area(self.kind, self.points, self.radius, self.explanation, self.threshold, about.places(named))


class EditIn(BaseModel):
    """One edit: areas, and what fills them."""

    model_config = ConfigDict(extra="forbid")

    areas: tuple[AreaIn, ...] = Field(description="The areas, taken together.", min_length=1, max_length=256)
    fill: Fill = Field(description="Blur, the mean of what lies around, or in-painting from the rim.")
    outside: bool = Field(False, description="Fill all of the film, or of every slice of the stack, but the areas.")

    def edit(self, about: desk.About) -> Edit:
        """As the domain knows it."""
        return Edit(tuple(area.area(about) for area in self.areas), self.fill, self.outside)


class Asked(BaseModel):
    """What is asked: a network, an image or a stack, and edits that follow one another."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network; it must have read the image.", max_length=64)
    image: str = Field("", description="The image; without one and without a stack: the study's first.", max_length=64)
    stack: str = Field("", description="The stack; empty: the one that the image is in.", max_length=64)
    edits: tuple[EditIn, ...] = Field(description="One after the other.", min_length=1, max_length=STEPS)

    def wish(self, store: Store, study_id: str) -> desk.Wish:
        """As the desk takes it. InputError for an area that is none; NotFound for what is not there."""
        with store.view() as tx:
            about = desk.about(tx, study_id, self.image, self.stack)
        return desk.Wish(about, self.model, tuple(edit.edit(about) for edit in self.edits))


class KeepIn(Asked):
    """What is to be kept."""

    comment: str = Field("", description="In the reader's words.", max_length=4000)
    reader: str = Field("", description="Who asked; empty: the reader that this browser has picked.", max_length=64)


@dataclass(frozen=True, slots=True)
class Change:
    """One finding before and after, with its label in the reader's language; ``change`` is after − before, in [−1, 1]."""

    finding: str
    label: str
    before: float
    after: float
    change: float
    logit_before: float
    logit_after: float


@dataclass(frozen=True, slots=True)
class EditedImage:
    """A slice that was edited; ``covered`` is the share of its pixels that the edits covered."""

    image: str
    covered: float
    pixels_url: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the network says of the edited film or exam; the finding that changed most comes first. ``images`` are the slices of
    the stack that were edited, in order, and ``image`` is the one of which most was covered."""

    id: str
    stack: str
    image: str
    images: tuple[EditedImage, ...]
    model: str
    model_sha256: str
    changes: tuple[Change, ...]
    device: str
    seconds: float
    pixels_url: str


@dataclass(frozen=True, slots=True)
class KeptData:
    """A kept what-if as the case shows it; ``image`` and ``images`` as of `WhatIf`. Each area of ``edits`` has the ``images``
    that it lies on, as it may be sent again: none on a film, nor where it is hot on every slice."""

    id: str
    stack: str
    image: str
    images: tuple[str, ...]
    model: str
    model_sha256: str
    edits: tuple[dict[str, Any], ...]
    covered: float
    changes: tuple[Change, ...]
    comment: str
    reader: str
    created_at: str


@router.post("/studies/{study_id}/what-if")
def what_if(request: Request, study_id: str, asked: Annotated[Asked, Body()]) -> Response:
    """What the network says of the edited film."""
    return JSONResponse(asdict(answer(request, study_id, asked)))


@router.get("/what-if/{question_id}/pixels")
def pixels(request: Request, question_id: str, image: Annotated[str, Query(max_length=64)] = "") -> Response:
    """An edited image, by default the one of which most was covered: stored values as at ``/images/{id}/pixels``. A slice of
    the stack that was not edited comes as it is."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.questions.get(question_id)
        shown = desk.shown(tx, row, image)
    headers = {"X-Shape": f"{shown.rows},{shown.columns}", "X-Dtype": "<i2" if shown.signed else "<u2"}
    tag = f"{row.id}{shown.pixels_sha256}"
    return images.octets(request, tag, lambda: _octets(web.store, row, shown.id), headers)


def _octets(store: Store, row: QuestionRow, image_id: str) -> bytes:
    return desk.edited(store, row, image_id).stored.tobytes()


@router.post("/studies/{study_id}/what-ifs")
def keep(request: Request, study_id: str, asked: Annotated[KeepIn, Body()]) -> Response:
    """Keep a what-if with the case: 201."""
    return JSONResponse({"what_if": asdict(kept_data(store(request, study_id, asked), pages.gettext(request)))}, 201)


@router.get("/studies/{study_id}/what-ifs")
def listed(request: Request, study_id: str) -> Response:
    """Those kept with the case, oldest first."""
    _ = pages.gettext(request)
    with pages.of(request).store.view() as tx:
        tx.studies.get(study_id)
        rows = tx.what_ifs.of_study(study_id)
    return JSONResponse({"what_ifs": [asdict(kept_data(row, _)) for row in rows]})


@router.delete("/what-ifs/{what_if_id}")
def take_back(request: Request, what_if_id: str) -> Response:
    """Take a kept one back; it stays stored, marked."""
    with pages.of(request).store.begin() as tx:
        row = tx.what_ifs.withdraw(what_if_id)
    return JSONResponse({"what_if": asdict(kept_data(row, pages.gettext(request)))})


def answer(request: Request, study_id: str, asked: Asked) -> WhatIf:
    """Ask a worker; the page and the API both come through here. Errors are those of `app.desk.what_if.ask`."""
    web, _ = pages.of(request), pages.gettext(request)
    wish = asked.wish(web.store, study_id)
    row, before = desk.ask(web.store, web.wake, wish)
    address = served(f"/what-if/{row.id}/pixels")
    edited = [(wish.about.stack.images[place], share) for place, share in desk.covered(row).items()]
    return WhatIf(
        id=row.id,
        stack=row.stack_id,
        image=max(edited, key=lambda one: one[1])[0],
        images=tuple(EditedImage(image, share, f"{address}?image={image}") for image, share in edited),
        model=row.model,
        model_sha256=row.model_sha256,
        changes=changes(before.answer.scores, desk.scores(row), _),
        device=str(row.answer["device"]),
        seconds=float(row.answer["seconds"]),
        pixels_url=address,
    )


def store(request: Request, study_id: str, asked: KeepIn) -> WhatIfRow:
    """Keep a what-if; the page and the API both come through here."""
    web = pages.of(request)
    reader = asked.reader or pages.reader(request)
    return desk.keep(web.store, web.wake, asked.wish(web.store, study_id), comment=asked.comment, reader=reader)


def changes(before: Sequence[Score], after: Sequence[Score], _: Any) -> tuple[Change, ...]:
    """Finding by finding, the biggest change first."""
    now = {score.finding: score for score in after}
    found = [
        Change(
            was.finding,
            label(was.finding, _),
            was.probability,
            now[was.finding].probability,
            now[was.finding].probability - was.probability,
            was.logit,
            now[was.finding].logit,
        )
        for was in before
    ]
    return tuple(sorted(found, key=lambda change: -abs(change.change)))


def kept_data(row: WhatIfRow, _: Any) -> KeptData:
    """A kept what-if's entry."""
    return KeptData(
        id=row.id,
        stack=row.stack_id,
        image=row.image_id,
        images=row.images,
        model=row.model,
        model_sha256=row.model_sha256,
        edits=edits_of(row),
        covered=row.covered,
        changes=changes(row.before, row.after, _),
        comment=row.comment,
        reader=row.reader,
        created_at=row.created_at.isoformat(),
    )


def edits_of(row: WhatIfRow) -> tuple[dict[str, Any], ...]:
    """The edits of a kept what-if as they may be sent again: areas name slices by their images."""
    return tuple({**edit.plain(), "areas": [_area(area, row.stack) for area in edit.areas]} for edit in row.edits)


def _area(area: Area, stack: Sequence[str]) -> dict[str, Any]:
    told = {name: value for name, value in area.plain().items() if name != "slices"}
    every = area.kind == "hot" or len(stack) == 1
    places = area.slices or (() if every else range(len(stack)))
    return {**told, "images": [stack[place] for place in places]}
