"""Stacks as readers part and join them, where headers put together what lies apart, or apart what is one.

A reader's word names slices, not stacks: it holds whatever came to a series since, and words that no longer apply change
nothing. Words are taken in the order in which they were said, on what the headers give (`app.stacks.sorting`). Knows headers
only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from app.domain import Member
from app.stacks import slices
from app.stacks.joining import JOINED, NO_SERIES_UID
from app.stacks.layering import SAME_PLACE, Oddity
from app.stacks.slices import P, Placed
from app.stacks.sorting import APART, GAP, PARALLEL, Stack, distances, plane

RegroupingKind = Literal["split", "join", "single"]
REGROUPINGS: tuple[RegroupingKind, ...] = ("split", "join", "single")
PUT_TOGETHER = frozenset({JOINED, NO_SERIES_UID})
"""Remarks of slices that the header of none puts with others."""
SPLIT = Oddity("A reader split this stack: other slices of its series lie apart.")
SINGLE = Oddity("A reader took slices apart that had been put together without a series identifier.")
JOIN = "A reader joined this stack from %(n)s stacks."
NOWHERE = "The files do not say where the slices lie, so the stacks cannot be put in one order."
FRAMES = "The stacks do not lie in one frame of reference, so their places do not compare."
SIZES = "The slices of the stacks differ in size or pixel spacing."
TURNED = "The slices of the stacks do not lie parallel."
BESIDE = "The stacks lie beside one another, not one behind the other."
TWICE = "Slices of the stacks lie in one place: one stack has every place once."
UNFIT = (NOWHERE, FRAMES, SIZES, TURNED, BESIDE, TWICE)
"""Why stacks cannot be joined."""


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What a reader said: a stack is parted before a slice ("split"), the stacks that hold these slices are one ("join"), or
    the slices of the stack that holds this one, which only the product put together, lie apart ("single")."""

    kind: RegroupingKind
    slices: tuple[Member, ...]


def regrouped(found: Iterable[Stack[P]], words: Iterable[Regrouping]) -> tuple[Stack[P], ...]:
    """The stacks of a study's series as readers say they are, numbered anew within each series where that changes any."""
    stacks = list(found)
    changed = False
    for word in words:
        after = list(_said(stacks, word))
        changed, stacks = changed or len(after) != len(stacks), after
    return tuple(_numbered(stacks)) if changed else tuple(stacks)


def cannot_join(groups: Sequence[Sequence[Placed]]) -> str | None:
    """Why these stacks cannot be one, as a message id; None where they can."""
    every = [image for group in groups for image in group]
    first = every[0]
    if any(image.position is None or image.axes is None for image in every):
        return NOWHERE
    if len({image.frame_of_reference_uid for image in every}) > 1:
        return FRAMES
    axes = slices.unit(first)
    if any(float((slices.unit(image) * axes).sum(1).min()) < PARALLEL for image in every):
        return TURNED
    if len({(image.rows, image.columns, slices.spacing(image)) for image in every}) > 1:
        return SIZES
    down, across = first.pixel_spacing or (1.0, 1.0)
    for direction, side in zip(axes, (first.columns * across, first.rows * down), strict=True):
        places = [float(np.dot(image.position or (0.0, 0.0, 0.0), direction)) for image in every]
        if max(places) - min(places) > APART * side:
            return BESIDE
    normal = slices.normal(every)
    along = sorted(slices.along(image, normal) for image in every)
    return TWICE if any(b - a <= SAME_PLACE for a, b in pairwise(along)) else None


def widest_gap(groups: Sequence[Sequence[Placed]]) -> tuple[float, float] | None:
    """The widest distance that stacks which can be joined leave between one another, and the usual one of their slices, mm;
    None where nothing is missing between them."""
    normal = slices.normal([image for group in groups for image in group])
    places = sorted((slices.along(image, normal), number) for number, group in enumerate(groups) for image in group)
    steps = [(after - before, one != other) for (before, one), (after, other) in pairwise(places)]
    inside = [step for step, between in steps if not between] or [step for step, _ in steps]
    widest, usual = max((step for step, between in steps if between), default=0.0), float(np.median(inside))
    return (widest, usual) if widest > GAP * usual else None


def parted(images: Iterable[P]) -> tuple[tuple[P, ...], ...]:
    """The slices of a stack as headers alone have them: those that headers put together, and each file by itself that only the
    product put to them."""
    parts: dict[str, list[P]] = {}
    for image in images:
        alone = not PUT_TOGETHER.isdisjoint(image.warnings)
        parts.setdefault(image.sop_instance_uid if alone else "", []).append(image)
    return tuple(map(tuple, parts.values()))


def _said(stacks: Sequence[Stack[P]], word: Regrouping) -> Iterator[Stack[P]]:
    """The stacks after one word."""
    named = set(word.slices)
    held = [stack for stack in stacks if any(slices.identity(image) in named for image in stack.images)]
    if word.kind == "join" and (len(held) < 2 or cannot_join([stack.images for stack in held])):
        held = []
    for stack in stacks:
        if stack not in held:
            yield stack
        elif word.kind == "split":
            yield from _split(stack, next(at for at, image in enumerate(stack.images) if slices.identity(image) in named))
        elif word.kind == "single":
            parts = parted(stack.images)
            yield from (_of(stack, part, SINGLE) if len(parts) > 1 else stack for part in parts)
        elif stack is held[0]:
            yield _joined(held)


def _split(stack: Stack[P], at: int) -> Iterator[Stack[P]]:
    """A stack in two, the second one beginning with the slice at a place."""
    parts = [part for part in (stack.images[:at], stack.images[at:]) if part]
    for part in parts:
        yield _of(stack, part, SPLIT) if len(parts) > 1 else stack


def _joined(stacks: Sequence[Stack[P]]) -> Stack[P]:
    """Stacks as one, along their normal, with what the first one is called."""
    every = [image for stack in stacks for image in stack.images]
    normal = slices.normal(every)
    ordered = tuple(sorted(every, key=lambda image: (slices.along(image, normal), *slices.count(image))))
    first = next((stack for stack in stacks if not stack.localizer), stacks[0])
    weighting = next((stack.weighting for stack in stacks if stack.weighting), "")
    said = Oddity(JOIN, {"n": len(stacks)})
    return _of(replace(first, plane=plane(normal), weighting=weighting), ordered, said, still=False)


def _of(stack: Stack[P], images: tuple[P, ...], said: Oddity, *, still: bool | None = None) -> Stack[P]:
    """A stack of other slices than it was; what was said of their distances is said anew."""
    normal = None if images[0].axes is None else slices.normal(images)
    unmoved = stack.between == 0 if still is None else still
    between, found = distances(images, normal, still=unmoved and len(images) > 1)
    kept = tuple(odd for odd in stack.oddities if odd not in (SPLIT, SINGLE) and not {"a", "b", "slice"} & set(odd.values))
    return replace(stack, images=images, between=between, oddities=(said, *kept, *found))


def _numbered(stacks: Sequence[Stack[P]]) -> Iterator[Stack[P]]:
    """The stacks, counted anew within their series."""
    counts: dict[str, int] = {}
    for stack in stacks:
        number = counts.get(stack.series_uid, 0)
        counts[stack.series_uid] = number + 1
        yield replace(stack, number=number)
