"""What if: a film is edited, a network reads it again, and the answer may be kept with the case.

An edit comes as areas in image pixels, never as pixels, so that pages, scripts and Python mean the same by it. The edited film
itself is made here when somebody wants to see it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app import edits
from app.desk.questions import ask as put
from app.domain import Answer, Edit, Image, Layer, Score
from app.errors import InputError, NotFound
from app.store import ImageRow, Kept, Question, QuestionRow, Store, Transaction, WhatIfRow

Wake = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: of one image (an empty id: the study's first), by one network, after edits that follow one another."""

    study: str
    image: str
    model: str
    edits: tuple[Edit, ...]


def ask(store: Store, wake: Wake, wish: Wish) -> tuple[QuestionRow, Answer]:
    """The answered question, and what the network said of the film as it is.

    NotFound where the study, the image or a map is not there, or the network has not read the image; InputError for an edit
    that covers nothing, or an image that the guard refused; Unavailable when no worker answers.
    """
    with store.view() as tx:
        image = image_of(tx, wish.study, wish.image)
        before = answer_about(tx, image.id, wish.model)
        inspections = [row.inspection for row in tx.inspections.of_image(image.id)]
        layers_of(tx, image.id, wish.edits)
    if any(one.stopped for one in inspections if one.model == wish.model):
        raise InputError("The guard refused this image, so there is no what if. Have it analysed all the same first.")
    if before is None:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": wish.model})
    plain = {"edits": [edit.plain() for edit in wish.edits]}
    return put(store, wake, Question("what if", wish.study, image.id, wish.model, before.model_sha256, plain)), before


def keep(store: Store, wake: Wake, wish: Wish, *, comment: str, reader: str) -> WhatIfRow:
    """Keep a what-if. It is asked once more, which costs nothing when it was just answered: what is kept is what was said.

    Errors as of `ask`.
    """
    row, before = ask(store, wake, wish)
    _, mask = edited(store, row.image_id, steps(row))
    kept = Kept(
        image_id=row.image_id,
        model=row.model,
        model_sha256=row.model_sha256,
        edits=tuple(steps(row)),
        mask=mask,
        before=before.scores,
        after=scores(row),
        comment=comment.strip(),
        reader=reader,
    )
    with store.begin(wish.study) as tx:
        return tx.what_ifs.add(wish.study, kept)


def image_of(tx: Transaction, study_id: str, image_id: str) -> ImageRow:
    """An image of this study, by default the first; NotFound for one of another."""
    if not image_id:
        return tx.studies.get(study_id).images[0]
    image = tx.studies.image(image_id)
    if image.study_id != study_id:
        raise NotFound("This study has no such image.")
    return image


def answer_about(tx: Transaction, image_id: str, model: str) -> Answer | None:
    """What a network said of a film last; None where it has not."""
    try:
        stack = tx.stacks.of_image(image_id)
    except NotFound:
        return None
    rows = tx.answers.of_stack(stack.id) if len(stack.images) == 1 else ()
    return next((row.answer for row in rows if row.answer.model == model), None)


def layers_of(tx: Transaction, image_id: str, wanted: Sequence[Edit]) -> dict[str, Layer]:
    """The layers that hot areas name; NotFound for one that is not there, or lies on another image."""
    named = {area.explanation for edit in wanted for area in edit.areas if area.kind == "hot"}
    if any(tx.stacks.get(tx.layers.get(one).stack_id).images != (image_id,) for one in named):
        raise NotFound("The map of this hot area is not stored for this film.")
    return {one: tx.layers.load(one) for one in named}


def edited(store: Store, image_id: str, wanted: Sequence[Edit]) -> tuple[Image, Any]:
    """The film after the edits, and the pixels that they covered, bool (rows, columns)."""
    with store.view() as tx:
        return edits.apply(tx.studies.load_image(image_id), wanted, layers_of(tx, image_id, wanted))


def steps(row: QuestionRow) -> list[Edit]:
    """The edits of a question; NotFound for a question of another kind."""
    if row.kind != "what if":
        raise NotFound("This answer is no longer kept. Ask again.")
    return [Edit.of(edit) for edit in row.asked["edits"]]


def scores(row: QuestionRow) -> tuple[Score, ...]:
    """What the network said of the edited film."""
    return tuple(Score(*score) for score in row.answer["scores"])
