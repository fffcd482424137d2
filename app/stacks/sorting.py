"""Stacks out of a series: which slices belong together, in which order they lie, and what is odd about them.

Knows slices' headers as the domain and the store keep them, and no pixels. Order and grouping follow Image Position and
Orientation (Patient) (0020,0032; 0020,0037; PS3.3 C.7.6.2.1.1), Frame of Reference UID (0020,0052), Echo Time and the size
alone: the order in which files came, their names and their Instance Numbers (0020,0013) change nothing where geometry is there.
A stack is known by its fingerprint, which follows from its slices alone; its number among those of its series, by plane, echo
and size, is for showing only.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain import READ_PLANES, Plane, fingerprint
from app.stacks import slices
from app.stacks.layering import Oddity, Values, cut, layers
from app.stacks.slices import P, P_co, Parted, Placed

PARALLEL = math.cos(math.radians(3))
"""Cosine from which on rows, and columns, of two slices count as parallel."""
NEAR = math.cos(math.radians(35))
"""Cosine between a normal and an axis of the body from which on the slices lie in the plane across that axis."""
NORMALS: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""The plane whose normal is the patient's x, y, z."""
BY_LOCATION = "The header does not say where these slices lie; they are in the order of their Slice Locations."
GAP = 1.5
"""Distance in usual distances from which on a slice is missed."""
CLOSE = 0.6
"""Distance in usual distances below which two slices are too close."""
APART = 0.25
"""Share of a slice's side by which two blocks beside one another in one plane are separate."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a reader said of a stack, by its fingerprint, instead of the header; None: as the header says. ``used``: whether
    networks read it."""

    stack: str
    plane: Plane | None = None
    weighting: str | None = None
    used: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stack(Generic[P_co]):
    """Parallel slices of one series, frame of reference, size and echo, along their normal (rows × columns of the orientation).

    ``between`` is the usual distance of neighbours in mm, 0 where all lie in one place, None where it is not known. ``frame``
    is the Frame of Reference UID (0020,0052), empty where none is known: places in two stacks compare where it is the same.
    ``used`` is a reader's word on whether networks read the stack, None: nobody said. ``number`` counts those of a series from
    0, for showing only.
    """

    series_uid: str
    number: int
    plane: Plane
    weighting: str
    localizer: bool
    images: tuple[P_co, ...]
    between: float | None = None
    oddities: tuple[Oddity, ...] = ()
    used: bool | None = None
    frame: str = ""

    @property
    def fingerprint(self) -> str:
        """What it is known by: its slices in their order."""
        return fingerprint(map(slices.identity, self.images))

    def corrected(self, correction: Correction) -> "Stack[P_co]":
        """As a reader says it is."""
        return replace(
            self,
            plane=self.plane if correction.plane is None else correction.plane,
            weighting=self.weighting if correction.weighting is None else correction.weighting,
            used=correction.used,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Group(Generic[P]):
    """Slices that may make a stack. ``normal`` is None without geometry; ``layer`` counts the stacks in one place;
    ``still``: all lie in one place."""

    images: tuple[P, ...]
    normal: NDArray[np.float64] | None
    layer: int = 0
    oddities: tuple[Oddity, ...] = ()
    still: bool = False

    @property
    def echo(self) -> float | None:
        times = [image.echo_time for image in self.images if image.echo_time is not None]
        return min(times) if times else None

    @property
    def frame(self) -> str:
        return max(image.frame_of_reference_uid for image in self.images)

    @property
    def size(self) -> tuple[int, int]:
        return self.images[0].rows, self.images[0].columns

    def order(self) -> tuple[object, ...]:
        """What numbers the stacks of a series."""
        name = plane(self.normal)
        direction = () if self.normal is None else tuple(np.round(self.normal, 2).tolist())
        planes = (*READ_PLANES, "oblique", "")
        echo = math.inf if self.echo is None else self.echo
        return planes.index(name), echo, self.size, slices.spacing(self.images[0]), direction, self.frame, self.layer


def stacks(series: Parted[P], corrections: Iterable[Correction] = ()) -> tuple[Stack[P], ...]:
    """The stacks of a series, numbered from 0. Every slice is in one of them, duplicates aside. A correction replaces what the
    headers say; it changes no number and no order."""
    groups = sorted(_groups(series.images), key=_Group.order)
    echoes = {group.echo for group in groups}
    several = _several(groups, series.localizer)
    made = []
    for number, group in enumerate(groups):
        between, found = distances(group.images, group.normal, still=group.still)
        made.append(
            Stack(
                series_uid=series.series_uid,
                number=number,
                plane=plane(group.normal),
                weighting=_weighting(series.weighting, group.echo, len(echoes) > 1),
                localizer=series.localizer,
                images=group.images,
                between=between,
                oddities=(*several, *group.oddities, *found, *_numbers(group)),
                frame=group.frame,
            )
        )
    return corrected(made, corrections)


def corrected(found: Iterable[Stack[P]], corrections: Iterable[Correction]) -> tuple[Stack[P], ...]:
    """Stacks as readers say they are."""
    said = {correction.stack: correction for correction in corrections}
    return tuple(stack.corrected(said[stack.fingerprint]) if said and stack.fingerprint in said else stack for stack in found)


STACKED = frozenset({"MR"})
"""Modalities whose series are read as stacks; the images of all others are read one by one."""


def arrange(series: Parted[P], corrections: Iterable[Correction] = ()) -> tuple[Stack[P], ...]:
    """The stacks of a series of any kind: what is scrolled and read at once, or each image by itself."""
    return stacks(series, corrections) if series.modality in STACKED else films(series)


def films(series: Parted[P]) -> tuple[Stack[P], ...]:
    """The images of a series that are read one by one, each a stack of its own, numbered in the order of the series."""
    return tuple(
        Stack(series.series_uid, number, "", "", series.localizer, (image,)) for number, image in enumerate(series.images)
    )


class Choosable(Protocol):
    """What is known of a stack when one is chosen: as `Stack` and `app.store.records.StackRow` have it."""

    @property
    def plane(self) -> Plane:
        """Where its slices lie."""

    @property
    def weighting(self) -> str:
        """What it shows bright."""

    @property
    def localizer(self) -> bool:
        """Whether it was made to plan others."""

    @property
    def used(self) -> bool | None:
        """A reader's word on whether networks read it."""

    @property
    def between(self) -> float | None:
        """The usual distance of neighbours, mm; 0 where all lie in one place."""

    @property
    def images(self) -> Sized:
        """Its slices."""


C = TypeVar("C", bound=Choosable)


def chosen(found: Iterable[C], preferred: Mapping[Plane, tuple[str, ...]]) -> Mapping[Plane, C]:
    """The stack that a network reads of each plane in ``preferred``, which has the weightings it prefers, the best first.

    What a reader said goes first. Else no localizer, no single slice and none that stays in one place; of the rest the one
    whose weighting is preferred most, alike but for fat suppression next, then the one with most slices, then the first.
    """
    found = tuple(found)
    answer: dict[Plane, C] = {}
    for name, wanted in preferred.items():
        fitting = [
            stack
            for stack in found
            if name and stack.plane == name and stack.used is not False
            if stack.used or (not stack.localizer and len(stack.images) > 1 and stack.between != 0)
        ]
        if fitting:  # min keeps the first of equals
            answer[name] = min(fitting, key=lambda stack: (not stack.used, _liked(stack.weighting, wanted), -len(stack.images)))
    return answer


def plane(normal: NDArray[np.float64] | None) -> Plane:
    """The plane across the axis of the body that lies within 35 degrees of the normal (3,)."""
    if normal is None:
        return ""
    nearest = int(np.argmax(np.abs(normal)))
    return NORMALS[nearest] if abs(float(normal[nearest])) >= NEAR else "oblique"


def _liked(weighting: str, wanted: Sequence[str]) -> tuple[int, int]:
    """How far down the list a weighting stands: itself first, else one that differs in fat suppression alone."""
    if weighting in wanted:
        return 0, wanted.index(weighting)
    bare = [_bare(each) for each in wanted]
    return (1, bare.index(_bare(weighting))) if _bare(weighting) in bare else (2, 0)


def _bare(weighting: str) -> str:
    return "T2" if weighting == "STIR" else weighting.removesuffix("FS").strip()


def _weighting(told: str, echo: float | None, several: bool) -> str:
    """The weighting of one echo: of a spin echo's two, the early one is PD and the late one T2."""
    if not several or echo is None or _bare(told) not in {"PD", "T2"} or told == "STIR":
        return told
    return ("PD" if echo < 60 else "T2") + (" FS" if told.endswith("FS") else "")


def _groups(images: Iterable[P]) -> Iterator[_Group[P]]:
    """The slices by frame of reference, orientation, size, echo and block; without a position by Slice Location, and without
    that by their numbers."""
    images = sorted(images, key=slices.identity)
    for within in _framed(images):
        placed = [image for image in within if image.position is not None and image.axes is not None]
        rest = [image for image in within if image.position is None or image.axes is None]
        located = [image for image in rest if image.location is not None]
        for part in _alike([image for image in rest if image.location is None]):
            yield _Group(tuple(sorted(part, key=slices.count)), None, oddities=tuple(_unplaced(part)))
        lying = [image for image in located if image.axes is not None]
        loose = [image for image in located if image.axes is None]
        turned = [*_turned(placed), *_turned(lying), *([loose] if loose else [])]
        for part in (alike for together in turned for alike in _alike(together)):
            normal = None if part[0].axes is None else slices.normal(part)
            said = () if part[0].position is not None or len(part) < 2 else (Oddity(BY_LOCATION),)
            layer = 0
            for block in _blocks(part) if part[0].position is not None else (part,):
                for group in layers(block, normal):
                    yield _Group(group.images, normal, layer, (*said, *group.oddities), still=group.still)
                    layer += 1


def _framed(images: Sequence[P]) -> Iterator[list[P]]:
    """Slices of one frame of reference. A series has one (PS3.3 C.7.4.1), so slices that say none are in the only one that
    others say; where they say several, nobody knows."""
    said = sorted({image.frame_of_reference_uid for image in images} - {""})
    if len(said) < 2:
        yield list(images)
        return
    for frame in ("", *said):
        if within := [image for image in images if image.frame_of_reference_uid == frame]:
            yield within


def _alike(images: Iterable[P]) -> Iterator[list[P]]:
    """Slices of one size, one pixel spacing and one echo."""
    sizes: dict[object, list[P]] = {}
    for image in images:
        sizes.setdefault((image.rows, image.columns, slices.spacing(image)), []).append(image)
    for part in sizes.values():
        untimed = [image for image in part if image.echo_time is None]
        if untimed:
            yield untimed
        timed = sorted((image for image in part if image.echo_time is not None), key=lambda image: image.echo_time or 0.0)
        yield from cut(timed, lambda image: image.echo_time or 0.0, lambda echo: max(0.5, 0.02 * echo))


def _turned(images: Iterable[P]) -> list[list[P]]:
    """Slices whose rows and columns run the same way."""
    leaders: list[NDArray[np.float64]] = []
    parts: list[list[P]] = []
    for image in sorted(images, key=lambda image: (tuple(round(part, 3) for part in image.axes or ()), slices.identity(image))):
        axes = slices.unit(image)
        number = next((n for n, known in enumerate(leaders) if float((known * axes).sum(1).min()) >= PARALLEL), len(leaders))
        if number == len(leaders):
            leaders.append(axes)
            parts.append([])
        parts[number].append(image)
    return parts


def _blocks(images: list[P]) -> Iterator[list[P]]:
    """Blocks that lie beside one another in one plane, as two knees do: positions with a wide gap across the slices."""
    rows, columns = slices.unit(images[0])
    down, across = images[0].pixel_spacing or (1.0, 1.0)
    sides = ((rows, images[0].columns * across), (columns, images[0].rows * down))
    parts = [images]
    for direction, side in sides:

        def place(image: P, direction: NDArray[np.float64] = direction) -> float:
            return float(np.dot(image.position or (0.0, 0.0, 0.0), direction))

        def apart(_place: float, side: float = side) -> float:
            return APART * side

        parts = [split for part in parts for split in cut(sorted(part, key=place), place, apart)]
    yield from parts


def distances(
    images: Sequence[Placed], normal: NDArray[np.float64] | None, *, still: bool
) -> tuple[float | None, tuple[Oddity, ...]]:
    """The usual distance between neighbours along a normal (3,), mm, and where it is another one; 0 where they are ``still``,
    which is all in one place."""
    if still:
        return 0.0, ()
    if len(images) < 2 or (normal is None and images[0].location is None):
        return None, ()
    places = [slices.along(image, normal) for image in images]
    steps = [b - a for a, b in pairwise(places)]
    usual = float(np.median(steps))
    said = []
    for number, step in enumerate(steps, start=1):
        values: Values = {"a": number, "b": number + 1, "mm": f"{step:.1f}", "usual": f"{usual:.1f}"}
        if step > GAP * usual:
            said.append(
                Oddity("Between slices %(a)s and %(b)s something is missing: %(mm)s mm instead of %(usual)s mm.", values)
            )
        elif step < CLOSE * usual:
            said.append(Oddity("Slices %(a)s and %(b)s lie %(mm)s mm apart instead of %(usual)s mm.", values))
    return usual, tuple(said)


def _numbers(group: _Group[P]) -> tuple[Oddity, ...]:
    """Slices without an Instance Number: their place is known all the same."""
    without = sum(image.instance_number == 0 for image in group.images)
    if not without or group.normal is None:
        return ()
    if without == 1:
        return (Oddity("One slice has no Instance Number; it was put in order by where it lies.", {}),)
    return (Oddity("%(n)s slices have no Instance Number; they were put in order by where they lie.", {"n": without}),)


def _unplaced(images: Sequence[Placed]) -> Iterator[Oddity]:
    """In what order slices are of which nobody knows where they lie: by number where each has one of its own."""
    numbers = [image.instance_number for image in images if image.instance_number]
    frames = {image.sop_instance_uid for image in images}
    if len(images) < 2:
        return
    if len(set(numbers)) == len(images):
        yield Oddity("The header does not say where these slices lie; they are in the order of their Instance Numbers.")
    elif len(frames) == 1:
        yield Oddity("The header does not say where these slices lie; they are in the order of their frames.")
    else:
        yield Oddity("The header says neither where these slices lie nor their numbers; their order means nothing.")


def _several(groups: Sequence[_Group[P]], localizer: bool) -> tuple[Oddity, ...]:
    """A series of several stacks; a localizer is made of some."""
    if len(groups) < 2 or localizer:
        return ()
    return (
        Oddity(
            "The series holds %(n)s stacks, told apart by plane, echo, size, kind, time or frame of reference.",
            {"n": len(groups)},
        ),
    )
