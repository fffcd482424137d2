"""Counterfactuals: what would have to change on a film or a stack for another answer. Asked for one of them and one finding at
a time, answered by a worker; the changed images themselves are made here, in whatever strength somebody wants to see them."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.counterfactuals import there
from app.counterfactuals.edit import STRONGEST, Edit, in_its_units
from app.counterfactuals.kept import Made
from app.counterfactuals.mixing import mixed
from app.counterfactuals.stacks import StackEdit
from app.desk import opening
from app.desk.questions import ask as put
from app.desk.what_if import About, about, said_of
from app.domain import Extent, Image, frozen
from app.errors import InputError, NotFound
from app.grey import window_for
from app.store import AnswerRow, LayerRow, Question, QuestionRow, Store, Transaction

KEPT_SIDE = 1024
"""A kept film's longer side is halved until it is shorter than twice this many pixels: so much is stored with a case."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: by a network, for a finding of a film, "" for the study's first, of an exam for the stack of the plane
    that the generator changes; by a way, "" for the better one; for less (−1) or more (+1) of the finding, 0 for what flips
    the answer."""

    study: str
    image: str
    model: str
    finding: str
    way: str = ""
    direction: int = 0


def ask(store: Store, registry: Registry, wake: Callable[[], None], wish: Wish) -> tuple[QuestionRow, AnswerRow]:
    """The answered question, and what the network said of the film.

    NotFound where the study or the image is not there, or the network has not read it; InputError where no way leads to the
    finding, for a stack of another plane than the generator's, or where the guard refused the image; Unavailable when no
    worker answers.
    """
    card = registry.card(wish.model)
    with store.view() as tx:
        person = not tx.studies.get(wish.study).phantom
        way = there.chosen(registry, card, wish.finding, wish.way, person=person)
        asked = about(tx, wish.study, wish.image) if wish.image or card.kind != "exam" else _of_plane(tx, registry, card, wish)
        stack = asked.stack
        inspected = tx.inspections.of_image(stack.images[0])
        if any(row.inspection.stopped for row in inspected if row.inspection.model == card.name):
            raise InputError(
                "The guard refused this image, so there is no counterfactual. Have it analysed all the same first."
            )
        before = said_of(tx, stack, card.name)
    plain: dict[str, Any] = {"finding": wish.finding, "way": way, "direction": wish.direction}
    image, sha256 = asked.image, before.answer.model_sha256
    if card.kind == "exam":  # of all its slices, whichever is named; the other planes are what they were
        plain |= {"answer": before.id, "logits": [[score.logit for score in part.scores] for part in before.answer.parts]}
        image = stack.images[0]
    return put(store, wake, Question("counterfactual", wish.study, stack.id, image, card.name, sha256, plain)), before


def _of_plane(tx: Transaction, registry: Registry, card: Card, wish: Wish) -> About:
    """The stack of the plane that an exam's generator changes, as the network read it last. NotFound where it read none."""
    generator = registry.counterfactual(card)
    rows = [row for row in tx.answers.of_study(wish.study) if row.answer.model == card.name]
    for row in sorted(rows, key=lambda row: (row.current, row.created_at), reverse=True):
        for stack_id, part in zip(row.stacks, row.answer.parts, strict=True):
            if generator is not None and part.plane == generator.plane:
                stack = tx.stacks.get(stack_id)
                return About(wish.study, stack, stack.images[0])
    tx.studies.get(wish.study)
    raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": card.name})


def shown(store: Store, row: QuestionRow, strength: float, halved: int = 0) -> NDArray[np.integer[Any]]:
    """The film that was asked about at a strength, in its own stored values, its sides halved so many times over. InputError
    for a strength beyond 0 … 1.5, and for a stack; NotFound for a question of another kind, or one that is no longer kept."""
    _within(strength)
    edit, left = edit_of(store, row, strength)
    with store.view() as tx:
        of, image = tx.studies.image(row.image_id), tx.studies.load_image(row.image_id)
    if not halved:
        return in_its_units(image, edit, left)
    small = opening.halved(store, of, halved)
    octets = gzip.decompress(small.packed)
    values = (
        frozen(np.frombuffer(octets, "<i2").astype(np.int16))
        if of.signed
        else frozen(np.frombuffer(octets, "<u2").astype(np.uint16))
    )
    windows = image.windows or (window_for(image),)
    less = replace(image, stored=values.reshape(of.rows >> halved, of.columns >> halved), windows=windows)
    return in_its_units(less, edit.halved(halved), left)


def changed_images(row: QuestionRow, images: Sequence[str]) -> tuple[str, ...]:
    """The images that may look otherwise, of those of the stack that was asked about: the film, or the changed slices."""
    places = row.answer.get("places")
    return tuple(images) if places is None else tuple(images[place] for place in places)


def slice_shown(store: Store, row: QuestionRow, image_id: str, strength: float) -> NDArray[np.integer[Any]]:
    """One slice of the stack that was asked about at a strength, in its own stored values; as it is where nothing is changed
    on it. NotFound for an image of another stack; other errors as of `shown`."""
    _within(strength)
    edit = stack_edit(store, row)
    with store.view() as tx:
        images = tx.stacks.get(row.stack_id).images
        if image_id not in images:
            raise NotFound("The stack has no such slice.")
        image = tx.studies.load_image(image_id)
    return edit.slice(image, images.index(image_id), strength).stored


def stack_edit(store: Store, row: QuestionRow) -> StackEdit:
    """The kept edit of a stack. InputError for a film's; NotFound as of `shown`."""
    planes, told = _planes(store, row), row.answer
    if told.get("places") is None:
        raise InputError("This is a counterfactual of a film, not of a stack.")
    extent, black, white = Extent.of(told["extent"]), float(told["black"]), float(told["white"])
    return StackEdit(tuple(told["places"]), planes["attention"], planes["residual"], extent, black, white)


def keep(store: Store, row: QuestionRow, strength: float) -> tuple[LayerRow, ...]:
    """Keep a counterfactual with its case, as layers: the changed film, what is brighter and darker on it, and of a generator
    where it adds or takes away and how far it moves. Another strength stands beside it. Errors as of `shown`; InputError at
    strength 0, which is the film itself."""
    if strength == 0:
        raise InputError("At strength 0 nothing is changed: there is nothing to keep.")
    with store.view() as tx:
        stack = tx.stacks.get(row.stack_id)
    halved, (before, after) = films(store, row, (0.0, strength), KEPT_SIDE)
    edit, left = edit_of(store, row, strength)
    made = Made(stack.fingerprint, row.model, row.model_sha256, row.answer["finding"], row.answer["way"], strength)
    layers = tuple(made.layers(before, after, halved, edit if row.answer["way"] == "generator" else None, left))
    with store.begin(row.study_id) as tx:
        return tuple(tx.layers.save(row.study_id, layer) for layer in layers)


def films(store: Store, row: QuestionRow, strengths: Sequence[float], side: int) -> tuple[int, tuple[Image, ...]]:
    """The film that was asked about at some strengths, its sides halved until the longer one is shorter than twice ``side``,
    and how often they were; each under the window that the film opens with. Errors as of `shown`."""
    with store.view() as tx:
        image = tx.studies.load_image(row.image_id)
    halved = 0
    while max(image.rows, image.columns) >> halved >= 2 * side:
        halved += 1
    windows = image.windows or (window_for(image),)
    made = [shown(store, row, strength, halved) for strength in strengths]
    if image.stored.dtype == np.int16:
        return halved, tuple(replace(image, stored=frozen(one.astype(np.int16)), windows=windows) for one in made)
    return halved, tuple(replace(image, stored=frozen(one.astype(np.uint16)), windows=windows) for one in made)


def edit_of(store: Store, row: QuestionRow, strength: float) -> tuple[Edit, float]:
    """The kept edit of a strength, and how strongly it is to be laid on. Errors as of `shown`."""
    planes, told = _planes(store, row), row.answer
    if told.get("places") is not None:
        raise InputError("Of a stack name a slice: its counterfactual is no film that could be kept.")
    extent, black, white = Extent.of(told["extent"]), float(told["black"]), float(told["white"])
    if "frames" not in planes:
        return Edit(planes["flow"], planes["attention"], planes["residual"], extent, black, white), strength
    nothing, everywhere = np.zeros((2, 1, 1), np.float32), np.ones((1, 1), np.float32)
    return Edit(nothing, everywhere, mixed(planes["frames"], int(told["one"]), strength), extent, black, white), 1.0


def _planes(store: Store, row: QuestionRow) -> dict[str, NDArray[np.float32]]:
    values = np.frombuffer(store.blobs.read(values_of(row), "map"), "<f4").astype(np.float32)
    planes, start = {}, 0
    for plane in row.answer["planes"]:
        size = prod(plane["shape"])
        planes[plane["name"]] = values[start : start + size].reshape(plane["shape"])
        start += size
    return planes


def _within(strength: float) -> None:
    if not 0 <= strength <= STRONGEST:
        raise InputError("The strength of a counterfactual lies between 0 and 1.5.")


def values_of(row: QuestionRow) -> str:
    """The blob of the planes of an answered question; NotFound for a question of another kind, or one without an answer."""
    if row.kind != "counterfactual" or row.values_sha256 is None:
        raise NotFound("This answer is no longer kept. Ask again.")
    return row.values_sha256
