"""Slices that lie in one place: which of them are the same, and which are layers over one another, by kind, time or number.

Only slices with equal pixels, of one kind and time, are duplicates (one instance stored twice, PS3.4 B.5 has them under one
SOP Instance UID). All others are told apart by what they are (Image Type, frame type, dimensions: the parts of a Dixon,
magnitude and phase), by when they were taken (temporal position, trigger time, acquisition), or else by Instance Number, so
that none is out of reach. Knows slices' headers and whether their pixels are equal; no pixel.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from app.stacks import slices
from app.stacks.slices import P

Values = Mapping[str, str | int | float]

SAME_PLACE = 0.05
"""Millimetres within which two slices lie in one place."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about a stack that a reader should know: an English sentence with its values. Slices count from 1."""

    template: str
    values: Values = field(default_factory=dict, hash=False)

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.template % self.values if self.values else self.template


@dataclass(frozen=True, slots=True, eq=False)
class Layer(Generic[P]):
    """Slices of one stack in order. ``still``: all lie in one place, and are in the order of time."""

    images: tuple[P, ...]
    oddities: tuple[Oddity, ...] = ()
    still: bool = False


def layers(block: list[P], normal: NDArray[np.float64] | None) -> Iterator[Layer[P]]:
    """The slices of a block as stacks along the normal, or along their Slice Locations: one where every place is there once,
    else as many as lie over one another. A block of one place is one stack in the order of time: what moves in it is seen."""
    placed = sorted(block, key=lambda image: (round(slices.along(image, normal), 3), *slices.count(image)))
    places = list(cut(placed, lambda image: slices.along(image, normal), lambda _: SAME_PLACE))
    own = [_distinct(place) for place in places]
    said = tuple(
        Oddity("Slice %(slice)s is there %(times)s times; the first was kept.", {"slice": number, "times": count})
        for number, (kept, place) in enumerate(zip(own, places, strict=True), start=1)
        if (count := len(place) - len(kept) + 1) > 1
    )
    if all(len(place) == 1 for place in own):
        yield Layer(tuple(place[0] for place in own), said)
    elif len(own) == 1:
        moving = sorted(own[0], key=lambda image: (image.kind, _moment(image), *slices.count(image)))
        still = Oddity("All these slices lie in one place; they are in the order of kind, time and number.")
        yield Layer(tuple(moving), (*said, still), still=True)
    else:
        parts = list(_apart(own))
        for images, what in parts:
            yield Layer(images, (*said, Oddity(what.template, {"n": len(parts), **what.values})))


def _distinct(place: list[P]) -> list[P]:
    """The slices of one place that are the same as none before: in pixels, kind and time. Compared only where there are
    several."""
    if len(place) == 1:
        return place
    return list({(image.content, image.kind, image.moment): image for image in reversed(place)}.values())[::-1]


def _apart(places: list[list[P]]) -> Iterator[tuple[tuple[P, ...], Oddity]]:
    """As many stacks as lie over one another, each with what tells it: by kind, then by moment, then by number. What differs
    from slice to slice, as an interleaved acquisition does, tells nothing, and has more values than there are layers."""
    for kind, of_kind in _by(places, lambda image: image.kind):
        for moment, of_moment in _by(of_kind, lambda image: image.moment):
            for number in range(max(map(len, of_moment))):
                stack = tuple(place[number] for place in of_moment if len(place) > number)
                if max(map(len, of_moment)) > 1 or (kind is None and moment is None):
                    yield stack, Oddity("One of %(n)s stacks in one place: number %(number)s there.", {"number": number + 1})
                elif moment is not None:
                    yield stack, Oddity("One of %(n)s stacks in one place: of time %(moment)s.", {"moment": f"{moment:g}"})
                else:
                    yield stack, Oddity("One of %(n)s stacks in one place: of kind %(kind)s.", {"kind": str(kind)})


def _by(places: list[list[P]], value: Callable[[P], str | float | None]) -> Iterator[tuple[str | float | None, list[list[P]]]]:
    """The places by a value of their slices, with it; all of them, with None, where it does not tell layers apart."""
    found = {value(image) for place in places for image in place}
    most = max(map(len, places))
    if 1 < len(found) <= most and None not in found:
        parts = {
            one: [kept for place in places if (kept := [image for image in place if value(image) == one])]
            for one in sorted(found, key=lambda each: (isinstance(each, str), each))
        }
        if all(max(map(len, part)) < most for part in parts.values()):
            yield from parts.items()
            return
    yield None, places


def _moment(image: P) -> float:
    return 0.0 if image.moment is None else image.moment


def cut(ordered: Sequence[P], value: Callable[[P], float], tolerance: Callable[[float], float]) -> Iterator[list[P]]:
    """Cut where a value lies further from the one before than it may."""
    part: list[P] = []
    for image in ordered:
        if part and value(image) - value(part[-1]) > tolerance(value(image)):
            yield part
            part = []
        part.append(image)
    if part:
        yield part
