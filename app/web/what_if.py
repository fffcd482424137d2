"""What if: the film is edited, the network reads it again, and the page shows what changed. Knows the store's doors and edits.

An edit comes as areas in image pixels, never as pixels, so that the page, the API and Python mean the same by it. The edited
film itself is made here when a pane wants to show it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from app import edits
from app.domain import Area, AreaKind, Edit, Explanation, Fill, Image, Prediction, Score
from app.errors import InputError, NotFound
from app.store import ImageRow, Kept, Question, QuestionRow, Transaction, WhatIfRow
from app.web import images, pages, reviews
from app.web.asking import ask
from app.web.pages import Web
from app.web.wording import label

router = APIRouter(include_in_schema=False)

FAR = 1_000_000
"""No point lies farther from the film than this, in pixels."""
STEPS = 64
"""Most edits that follow one another."""
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

    def area(self) -> Area:
        """As the domain knows it. InputError for too few points, a brush without a size, a hot area without a map."""
        least, most = CORNERS.get(self.kind, (3, 4000))
        sized = (self.kind == "brush") == (self.radius > 0)
        named = (self.kind == "hot") == bool(self.explanation)
        if not (least <= len(self.points) <= most and sized and named):
            raise InputError(
                "An area is two corners of a rectangle or an ellipse, three points or more of an outline, a brush with a "
                "radius, or a map with a threshold."
            )
        return Area(self.kind, self.points, self.radius, self.explanation, self.threshold)


class EditIn(BaseModel):
    """One edit: areas, and what fills them."""

    model_config = ConfigDict(extra="forbid")

    areas: tuple[AreaIn, ...] = Field(description="The areas, taken together.", min_length=1, max_length=256)
    fill: Fill = Field(description="Blur, the mean of what lies around, or in-painting from the rim.")
    outside: bool = Field(False, description="Fill all of the film but the areas.")

    def edit(self) -> Edit:
        """As the domain knows it."""
        return Edit(tuple(area.area() for area in self.areas), self.fill, self.outside)


class Asked(BaseModel):
    """What is asked: a network, an image, and edits that follow one another."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network; it must have read the image.", max_length=64)
    image: str = Field("", description="The image; empty: the study's first.", max_length=64)
    edits: tuple[EditIn, ...] = Field(description="One after the other.", min_length=1, max_length=STEPS)


class KeepIn(Asked):
    """What is to be kept."""

    comment: str = Field("", description="In the reader's words.", max_length=4000)
    reader: str = Field(reviews.READER, description="Who asked.", max_length=64)


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
class WhatIf:
    """What the network says of the edited film; the finding that changed most comes first."""

    id: str
    image: str
    model: str
    model_sha256: str
    changes: tuple[Change, ...]
    device: str
    seconds: float
    pixels_url: str


@dataclass(frozen=True, slots=True)
class KeptData:
    """A kept what-if as the case shows it."""

    id: str
    image: str
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
def pixels(request: Request, question_id: str) -> Response:
    """The edited film: stored values as at ``/images/{id}/pixels``."""
    web = pages.of(request)
    with web.store.view() as tx:
        row = tx.questions.get(question_id)
        image = tx.studies.image(row.image_id)
    headers = {"X-Shape": f"{image.rows},{image.columns}", "X-Dtype": "<i2" if image.signed else "<u2"}
    tag = f"{row.id}{image.pixels_sha256}"
    return images.octets(request, tag, lambda: edited_octets(web, row), headers)


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
    """Ask a worker; the page and the API both come through here.

    NotFound where the study, the image or a map is not there, or the network has not read the image; InputError for an edit
    that covers nothing, or an image that the guard refused; Unavailable when no worker answers.
    """
    web, _ = pages.of(request), pages.gettext(request)
    row, before = asking(web, study_id, asked)
    after = scores(row)
    return WhatIf(
        id=row.id,
        image=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        changes=changes(before.scores, after, _),
        device=str(row.answer["device"]),
        seconds=float(row.answer["seconds"]),
        pixels_url=f"/what-if/{row.id}/pixels",
    )


def asking(web: Web, study_id: str, asked: Asked) -> tuple[QuestionRow, Prediction]:
    """The answered question, and what the network said of the film as it is."""
    wanted = [edit.edit() for edit in asked.edits]
    with web.store.view() as tx:
        image = image_of(tx, study_id, asked.image)
        said = [row.prediction for row in tx.predictions.of_image(image.id)]
        before = next((one for one in said if one.model == asked.model), None)
        stopped = any(
            row.inspection.stopped for row in tx.inspections.of_image(image.id) if row.inspection.model == asked.model
        )
        maps_of(tx, image.id, wanted)
    if stopped:
        raise InputError("The guard refused this image, so there is no what if. Have it analysed all the same first.")
    if before is None:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": asked.model})
    plain = {"edits": [edit.plain() for edit in wanted]}
    question = Question("what if", study_id, image.id, asked.model, before.model_sha256, plain)
    return ask(web, question), before


def store(request: Request, study_id: str, asked: KeepIn) -> WhatIfRow:
    """Keep a what-if. It is asked once more, which costs nothing when it was just answered: what is kept is what was said."""
    web = pages.of(request)
    row, before = asking(web, study_id, asked)
    _, mask = edited(web, row.image_id, steps(row))
    kept = Kept(
        image_id=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        edits=tuple(steps(row)),
        mask=mask,
        before=before.scores,
        after=scores(row),
        comment=asked.comment.strip(),
        reader=asked.reader,
    )
    with web.store.begin() as tx:
        return tx.what_ifs.add(study_id, kept)


def image_of(tx: Transaction, study_id: str, image_id: str) -> ImageRow:
    """The image that is asked about, by default the study's first; NotFound."""
    return reviews.image_of(tx, study_id, image_id) if image_id else tx.studies.get(study_id).images[0]


def maps_of(tx: Transaction, image_id: str, wanted: Sequence[Edit]) -> dict[str, Explanation]:
    """The maps that hot areas name; NotFound for one that is not there, or lies on another image."""
    found = {area.explanation for edit in wanted for area in edit.areas if area.kind == "hot"}
    if any(tx.explanations.get(one).image_id != image_id for one in found):
        raise NotFound("The map of this hot area is not stored for this film.")
    return {one: tx.explanations.load(one) for one in found}


def edited(web: Web, image_id: str, wanted: Sequence[Edit]) -> tuple[Image, Any]:
    """The film after the edits, and the pixels that they covered."""
    with web.store.view() as tx:
        return edits.apply(tx.studies.load_image(image_id), wanted, maps_of(tx, image_id, wanted))


def edited_octets(web: Web, row: QuestionRow) -> bytes:
    """The edited film of an answered question, as its stored values' octets."""
    return edited(web, row.image_id, steps(row))[0].stored.tobytes()


def steps(row: QuestionRow) -> list[Edit]:
    """The edits of a question; NotFound for a question of another kind."""
    if row.kind != "what if":
        raise NotFound("This answer is no longer kept. Ask again.")
    return [Edit.of(edit) for edit in row.asked["edits"]]


def scores(row: QuestionRow) -> tuple[Score, ...]:
    """What the network said of the edited film."""
    return tuple(Score(*score) for score in row.answer["scores"])


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
        image=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        edits=tuple(edit.plain() for edit in row.edits),
        covered=row.covered,
        changes=changes(row.before, row.after, _),
        comment=row.comment,
        reader=row.reader,
        created_at=row.created_at.isoformat(),
    )
