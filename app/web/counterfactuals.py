"""Counterfactuals: what would have to change on a film or a stack for another answer, with its doubt. The page and the API come
through here. Knows the desk's doors; no network."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from math import prod
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from app import __version__, render
from app.counterfactuals.edit import STRONGEST
from app.desk import counterfactuals as desk
from app.desk import opening
from app.desk.opening import MOST_HALVED
from app.domain import Score
from app.errors import InputError
from app.evaluation.counterfactual import ALONE, OTHER, STILL
from app.store import ImageRow, QuestionRow
from app.web import exports, images, pages
from app.web.addresses import served
from app.web.what_if import Change, changes
from app.web.wording import plane

router = APIRouter(include_in_schema=False)
STEPS = tuple(step / 8 for step in range(9))
"""The strengths that a moving picture goes through, and back."""
MOVING_SIDE = 512

Strength = Annotated[float, Path(ge=0, le=STRONGEST, description="0 is the film, 1 what was made, up to 1.5 beyond.")]


class Asked(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The network; it must have read the film.", max_length=64)
    finding: str = Field(description="The finding whose answer is to change.", max_length=64)
    image: str = Field(
        "", description="The film; empty: the study's first, of an exam the stack that can be changed.", max_length=64
    )
    way: Literal["", "generator", "shift"] = Field("", description="By a generator or in a latent space; empty: the better.")
    direction: Literal[-1, 0, 1] = Field(0, description="Less (−1) or more (1) of the finding; 0: what flips the answer.")

    def wish(self, study_id: str) -> desk.Wish:
        """As the desk takes it."""
        return desk.Wish(study_id, self.image, self.model, self.finding, self.way, self.direction)


@dataclass(frozen=True, slots=True)
class Said:
    """What a network said of the finding at every strength: probabilities in [0, 1], and by how many of its own gaps the answer
    has ``moved`` (null: nobody measured its gap). ``shared``: it learned from patients of the explained network's. ``follows``:
    how a referee does at strength 1: "follows", "alone" (it hardly does), "elsewhere" (it moves far more), "" where nobody can
    tell."""

    model: str
    title: str
    referee: bool
    shared: bool
    probabilities: tuple[float, ...]
    moved: tuple[float | None, ...]
    follows: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why it may not convince: its name, and a sentence in the reader's language."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Plane:
    """One array of the octets at ``values_url``: ``offset`` counts values before it."""

    name: str
    shape: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What would have to change on the film ``image``, or on the slices ``images`` of a stack, of which ``image`` changes most;
    ``plane``: of an exam, whose other planes stay. ``pixels``: share that changed by more than 2 % of the range; ``inside``: of
    the change, within the finding's limit (null: it has none). ``ratio``: the cardiothoracic ratio on the film, on the
    counterfactual and after a control edit (null: not told); ``recess``: likewise how white the costophrenic recess is. The
    planes lie over ``extent`` (left, top, right, bottom) in image pixels; ``black`` and ``white`` are the ends of the range in
    grey, of a stack in modality values, ``one`` the frame of strength 1 of a shift. ``pixels_url`` with "/0.5/pixels" behind it
    is the film at strength 0.5, with "/0.5/pixels?image=…" a slice."""

    id: str
    stack: str
    image: str
    images: tuple[str, ...]
    plane: str
    model: str
    model_sha256: str
    way: str
    finding: str
    direction: int
    strengths: tuple[float, ...]
    said: tuple[Said, ...]
    changes: tuple[Change, ...]
    pixels: float
    inside: float | None
    ratio: tuple[float, float, float] | None
    recess: tuple[float, float, float] | None
    doubts: tuple[Doubt, ...]
    extent: tuple[float, float, float, float]
    black: float
    white: float
    one: int
    planes: tuple[Plane, ...]
    device: str
    seconds: float
    values_url: str
    pixels_url: str


def sentences(_: Callable[..., str]) -> Mapping[str, str]:
    """Every doubt in words."""
    return {
        "no flip": _("The answer does not cross the operating point by half a spread."),
        "alone": _("Networks that guided nobody hardly follow: this fools only this network."),
        "something else": _("Networks that guided nobody move far more: something else was changed."),
        "much": _("Much of the film changed, more than such a finding covers."),
        "outside": _("Most of the change lies outside the place of this finding."),
        "seen through": _("A critic that never met this film tells that it was changed."),
        "reconstruction": _("Drawing the film anew moves the answer already, before anything is changed."),
        "not reached": _("So much may not be changed: the answer was not reached."),
    }


@router.post("/studies/{study_id}/counterfactual")
def counterfactual(request: Request, study_id: str, asked: Annotated[Asked, Body()]) -> Response:
    """What would have to change."""
    return JSONResponse(asdict(answer(request, study_id, asked)))


class Kept(BaseModel):
    """In which strength a counterfactual is to be kept."""

    model_config = ConfigDict(extra="forbid")

    strength: float = Field(1.0, gt=0, le=STRONGEST, description="1 is what was made, up to 1.5 beyond.")


@router.post("/counterfactuals/{question_id}/kept", status_code=201)
def keep(request: Request, question_id: str, asked: Annotated[Kept, Body()]) -> Response:
    """Keep it with its case, as layers."""
    return JSONResponse({"layers": kept(request, question_id, asked)}, status_code=201)


def kept(request: Request, question_id: str, asked: Kept) -> tuple[str, ...]:
    """The ids of the layers that are kept; the page and the API both come through here."""
    store = pages.of(request).store
    with store.view() as tx:
        row = tx.questions.get(question_id)
    return tuple(layer.id for layer in desk.keep(store, row, asked.strength))


@router.get("/counterfactuals/{question_id}/film.webp")
def moving(request: Request, question_id: str) -> Response:
    """The film while it changes from strength 0 to 1 and back, as an animated picture."""
    store = pages.of(request).store
    with store.view() as tx:
        row = tx.questions.get(question_id)
    about = f"Counterfactual · {row.answer['finding']} · {row.model} {row.model_sha256[:8]}"

    def made() -> bytes:
        _, films = desk.films(store, row, STEPS, MOVING_SIDE)
        return render.moving_webp([(film, f"strength {at:.2f}") for film, at in zip(films, STEPS, strict=True)], about)

    identity = hashlib.sha256(f"moving {row.id} {desk.values_of(row)} {__version__}".encode()).hexdigest()[:32]
    headers = exports.attached("counterfactual", "webp")
    return images.answer(
        request, f'"{identity}"', lambda: pages.of(request).pictures.get(identity, made), "image/webp", headers
    )


@router.get("/counterfactuals/{question_id}/{strength}/pixels")
def pixels(
    request: Request,
    question_id: str,
    strength: Strength,
    halved: Annotated[int, Query(ge=0, le=MOST_HALVED)] = 0,
    image: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The film, or a slice of the stack, at a strength: stored values and headers as at ``/images/{id}/pixels``."""
    store = pages.of(request).store
    with store.view() as tx:
        row = tx.questions.get(question_id)
        of = tx.studies.image(image or row.image_id)
    if image:
        return _slice(request, row, of, strength)
    if halved and not min(of.rows, of.columns) >> halved:
        raise InputError("The film is too small to be halved so often.")
    dtype = "<i2" if of.signed else "<u2"
    headers = {"X-Shape": f"{of.rows >> halved},{of.columns >> halved}", "X-Dtype": dtype}
    headers |= {"X-Spread": opening.halved(store, of, halved).spread} if halved else {}
    tag = hashlib.sha256(f"{row.id} {desk.values_of(row)} {strength} {halved}".encode()).hexdigest()
    return images.octets(request, tag, lambda: desk.shown(store, row, strength, halved).astype(dtype).tobytes(), headers)


def _slice(request: Request, row: QuestionRow, of: ImageRow, strength: float) -> Response:
    store = pages.of(request).store
    dtype = "<i2" if of.signed else "<u2"
    headers = {"X-Shape": f"{of.rows},{of.columns}", "X-Dtype": dtype}
    tag = hashlib.sha256(f"{row.id} {desk.values_of(row)} {strength} {of.pixels_sha256}".encode()).hexdigest()
    return images.octets(request, tag, lambda: desk.slice_shown(store, row, of.id, strength).astype(dtype).tobytes(), headers)


@router.get("/counterfactuals/{question_id}/values")
def values(request: Request, question_id: str) -> Response:
    """The planes one after the other, little-endian float32."""
    store = pages.of(request).store
    with store.view() as tx:
        row = tx.questions.get(question_id)
    sha256 = desk.values_of(row)
    return images.octets(request, sha256, lambda: store.blobs.read(sha256, "map"), {"X-Dtype": "<f4"})


def answer(request: Request, study_id: str, asked: Asked) -> Counterfactual:
    """Ask a worker; the page and the API both come through here. Errors are those of `app.desk.counterfactuals.ask`."""
    web, _ = pages.of(request), pages.gettext(request)
    row, before = desk.ask(web.store, web.registry, web.wake, asked.wish(study_id))
    with web.store.view() as tx:
        images = tx.stacks.get(row.stack_id).images
    return told(row, images, before.answer.model_sha256, _)


def three(values: Sequence[float] | None) -> tuple[float, float, float] | None:
    """A measure of the film, the counterfactual and the control, as it was kept."""
    return (values[0], values[1], values[2]) if values else None


def told(row: QuestionRow, stack: Sequence[str], sha256: str, _: Callable[..., str]) -> Counterfactual:
    """An answered question about a stack of images in the reader's language."""
    kept: Mapping[str, Any] = row.answer
    before, after = (tuple(Score(*score) for score in scores) for scores in kept["scores"])
    words = sentences(_)
    offsets = accumulate((prod(one["shape"]) for one in kept["planes"]), initial=0)
    left, top, right, bottom = kept["extent"]
    return Counterfactual(
        id=row.id,
        stack=row.stack_id,
        image=row.image_id if kept.get("places") is None else stack[kept["most"]],
        images=desk.changed_images(row, stack),
        plane=plane(mine, _) if (mine := kept["said"][0].get("plane", "")) else "",
        model=row.model,
        model_sha256=sha256,
        way=kept["way"],
        finding=kept["finding"],
        direction=kept["direction"],
        strengths=tuple(kept["strengths"]),
        said=tuple(
            Said(
                model=one["model"],
                title=translated(one, _),
                referee=one["referee"],
                shared=one["shared"],
                probabilities=tuple(one["probabilities"]),
                moved=tuple(one["moved"]),
                follows=follows(one, kept["said"][0], kept["strengths"].index(1)),
            )
            for one in kept["said"]
        ),
        changes=changes(before, after, _),
        pixels=kept["pixels"],
        inside=kept["inside"],
        ratio=three(kept["ratio"]),
        recess=three(kept.get("recess")),  # what was asked before recesses were looked at has none
        doubts=tuple(Doubt(name, words[name]) for name in kept["doubts"]),
        extent=(left, top, right, bottom),
        black=kept["black"],
        white=kept["white"],
        one=kept["one"],
        planes=tuple(
            Plane(one["name"], tuple(one["shape"]), offset) for one, offset in zip(kept["planes"], offsets, strict=False)
        ),
        device=kept["device"],
        seconds=kept["seconds"],
        values_url=served(f"/counterfactuals/{row.id}/values"),
        pixels_url=served(f"/counterfactuals/{row.id}"),
    )


def translated(said: Mapping[str, Any], _: Callable[..., str]) -> str:
    """A network's title, which is its card's; of an exam with the plane that says it."""
    title: str = said["title"]
    return f"{_(title)} · {plane(mine, _)}" if (mine := said.get("plane", "")) else _(title)


def follows(said: Mapping[str, Any], own: Mapping[str, Any], one: int) -> str:
    """How a referee follows the explained network at the strength at a place, by what both moved in their own gaps."""
    theirs, ours = said["moved"][one], own["moved"][one]
    if not said["referee"] or theirs is None or ours is None or abs(ours) < STILL:
        return ""
    ratio = theirs / ours
    return "alone" if ratio < ALONE else "elsewhere" if ratio > OTHER else "follows"
