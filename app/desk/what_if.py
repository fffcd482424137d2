"""What if: a film or slices of a stack are edited, a network reads all of it again, and the answer may be kept with the case.

An edit comes as areas in image pixels, never as pixels, so that pages, scripts and Python mean the same by it. The edited
images themselves are made here when somebody wants to see them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from app import edits
from app.desk.questions import ask as put
from app.domain import Edit, Image, Layer, Score
from app.errors import InputError, NotFound
from app.store import AnswerRow, ImageRow, Kept, Question, QuestionRow, StackRow, Store, Transaction, WhatIfRow

Wake = Callable[[], None]


@dataclass(frozen=True, slots=True)
class About:
    """What is asked about: a stack of a study, which a film is too; ``image`` is the one of its images that was named or that
    stands for the study, "" where a stack alone was named."""

    study: str
    stack: StackRow
    image: str

    def places(self, images: Collection[str]) -> tuple[int, ...]:
        """Where these images lie in the stack, from 0, in order; nothing where they are all that it has, as on a film. NotFound
        for an image of another stack."""
        if not set(images) <= set(self.stack.images):
            raise NotFound("The stack has no such slice.")
        places = tuple(place for place, image in enumerate(self.stack.images) if image in images)
        return places if len(places) < len(self.stack.images) else ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: of one film or stack, by one network, after edits that follow one another."""

    about: About
    model: str
    edits: tuple[Edit, ...]


def about(tx: Transaction, study_id: str, image_id: str = "", stack_id: str = "") -> About:
    """What these ids name: a stack of a study, or the one that an image is in now; by default the study's first image. NotFound
    where the study, the image or the stack is not there, or the image is not in the stack."""
    if not stack_id:
        image = image_of(tx, study_id, image_id)
        return About(study_id, tx.stacks.of_image(image.id), image.id)
    stack = tx.stacks.find(study_id, stack_id)
    if image_id and image_id not in stack.images:
        raise NotFound("The stack has no such slice.")
    return About(study_id, stack, image_id)


def image_of(tx: Transaction, study_id: str, image_id: str) -> ImageRow:
    """An image of this study, by default the first; NotFound for one of another."""
    if not image_id:
        return tx.studies.get(study_id).images[0]
    image = tx.studies.image(image_id)
    if image.study_id != study_id:
        raise NotFound("This study has no such image.")
    return image


def said_of(tx: Transaction, stack: StackRow, model: str) -> AnswerRow:
    """What a network said last of a stack, alone or with others of an exam; of what these are now, where it has. NotFound where
    it has said nothing."""
    mine = [row for row in tx.answers.of_stack(stack.id) if row.answer.model == model]
    if not mine:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": model})
    return max(mine, key=lambda row: (row.current, row.created_at))


def ask(store: Store, wake: Wake, wish: Wish) -> tuple[QuestionRow, AnswerRow]:
    """The answered question, and what the network said of the film or the exam as it is.

    NotFound where a map is not there, or the network has not read the stack; InputError for an edit that covers nothing or
    everything, or an image that the guard refused; Unavailable when no worker answers.
    """
    stack, model = wish.about.stack, wish.model
    with store.view() as tx:
        inspected = tx.inspections.of_image(stack.images[0]) if len(stack.images) == 1 else ()
        if any(row.inspection.stopped for row in inspected if row.inspection.model == model):
            raise InputError("The guard refused this image, so there is no what if. Have it analysed all the same first.")
        before = said_of(tx, stack, model)
        layers_of(tx, stack, wish.edits)
    said = before.answer
    plain: dict[str, Any] = {"edits": [edit.plain() for edit in wish.edits]}
    if said.parts[0].plane:
        plain |= {"answer": before.id, "logits": [[score.logit for score in part.scores] for part in said.parts]}
    question = Question("what if", wish.about.study, stack.id, stack.images[0], model, said.model_sha256, plain)
    return put(store, wake, question), before


def keep(store: Store, wake: Wake, wish: Wish, *, comment: str, reader: str) -> WhatIfRow:
    """Keep a what-if. It is asked once more, which costs nothing when it was just answered: what is kept is what was said.

    Errors as of `ask`.
    """
    row, before = ask(store, wake, wish)
    stack = wish.about.stack
    with store.view() as tx:
        shown = tx.studies.image(stack.images[0])
        layers = layers_of(tx, stack, wish.edits)
    kept = Kept(
        stack_id=stack.id,
        model=row.model,
        model_sha256=row.model_sha256,
        edits=wish.edits,
        mask=edits.covered_by(wish.edits, len(stack.images), (shown.rows, shown.columns), layers),
        before=before.answer.scores,
        after=scores(row),
        comment=comment.strip(),
        reader=reader,
    )
    with store.begin(wish.about.study) as tx:
        return tx.what_ifs.add(wish.about.study, kept)


def layers_of(tx: Transaction, stack: StackRow, wanted: Sequence[Edit]) -> dict[str, Layer]:
    """The layers that hot areas name; NotFound for one that is not there, or lies on another stack."""
    named = {area.explanation for edit in wanted for area in edit.areas if area.kind == "hot"}
    if any(tx.layers.get(one).stack_id != stack.id for one in named):
        raise NotFound("The map of this hot area is not stored here.")
    return {one: tx.layers.load(one) for one in named}


def shown(tx: Transaction, row: QuestionRow, image_id: str = "") -> ImageRow:
    """One image of the stack that was asked about, by default the one of which most was covered. NotFound for an image of
    another stack, or a question of another kind."""
    steps(row)
    places = covered(row)
    images = tx.stacks.get(row.stack_id).images
    chosen = image_id or (images[max(places, key=lambda place: places[place])] if places else row.image_id)
    if chosen not in images:
        raise NotFound("The stack has no such slice.")
    return tx.studies.image(chosen)


def edited(store: Store, row: QuestionRow, image_id: str) -> Image:
    """One image of the stack that was asked about, after the edits."""
    wanted = steps(row)
    with store.view() as tx:
        stack = tx.stacks.get(row.stack_id)
        layers = layers_of(tx, stack, wanted)
        image = tx.studies.load_image(image_id)
    return edits.apply_to_slice(image, stack.images.index(image_id), wanted, layers)


def steps(row: QuestionRow) -> list[Edit]:
    """The edits of a question; NotFound for a question of another kind."""
    if row.kind != "what if":
        raise NotFound("This answer is no longer kept. Ask again.")
    return [Edit.of(edit) for edit in row.asked["edits"]]


def scores(row: QuestionRow) -> tuple[Score, ...]:
    """What the network said of the edited film or exam."""
    return tuple(Score(*score) for score in row.answer["scores"])


def covered(row: QuestionRow) -> dict[int, float]:
    """The share of its pixels that the edits covered of every slice of which they covered some, by its place, in order."""
    return {int(place): float(share) for place, share in row.answer.get("covered", ())}
