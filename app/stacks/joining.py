"""Series that are one: slices that each came under a Series Instance UID of its own. Knows series' and slices' headers only.

One UID per slice makes a series of every slice, and of none of them a stack. Those that say the same of themselves (modality,
series number, description, size, spacing, direction, frame of reference) and lie in different places belong together.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from app.stacks.slices import Placed, spacing

JOINED = (
    "This slice came under a Series Instance UID of its own; it was put with others of the same series number, description, "
    "direction and size."
)
NO_SERIES_UID = (
    "The header has no valid Series Instance UID; files of one series number, description and place were put together."
)
FEWEST = 3
"""So many slices with a UID each are one series; two may be two films of one thing."""


class Numbered(Placed, Protocol):
    """A slice that knows its series' number."""

    @property
    def series_number(self) -> int:
        """Series Number (0020,0011); 0: none."""


class Told(Protocol):
    """A series as `app.domain.Series` and `app.store.records.SeriesRow` have it."""

    @property
    def series_uid(self) -> str:
        """Series Instance UID (0020,000E)."""

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""

    @property
    def description(self) -> str:
        """Series Description (0008,103E)."""

    @property
    def localizer(self) -> bool:
        """Whether it was made to plan others."""

    @property
    def images(self) -> "tuple[Numbered, ...]":
        """Its slices."""


T = TypeVar("T", bound=Told)


def together(series: Sequence[T], stacked: frozenset[str]) -> list[list[T]]:
    """Series that are one, the first to come first; of modalities that are read as stacks. A series of several slices that says
    the same takes in those of one."""
    groups: dict[object, list[T]] = {}
    for one in series:
        if one.modality in stacked and one.images and not one.localizer and (key := _key(one)) is not None:
            groups.setdefault(key, []).append(one)
    return [group for group in groups.values() if _are_one(group)]


def _key(series: Told) -> object:
    """What all slices of a series say; None where they do not agree, or say too little to go by."""
    keys = {
        (image.series_number, image.frame_of_reference_uid, image.rows, image.columns, spacing(image), _direction(image))
        for image in series.images
    }
    first = series.images[0]
    if len(keys) != 1 or first.axes is None or first.position is None or not (first.series_number or series.description):
        return None
    return series.modality, series.description, keys.pop()


def _direction(image: Placed) -> tuple[float, ...]:
    return tuple(round(part, 2) + 0.0 for part in image.axes or ())


def _are_one(group: Sequence[Told]) -> bool:
    """Whether they lie in places enough, and at most one of the series has several slices. What lies twice in a place is told
    apart as in any series (`app.stacks.layering`)."""
    places = {tuple(round(part, 1) for part in image.position or ()) for one in group for image in one.images}
    several = sum(len(one.images) > 1 for one in group)
    return len(group) > 1 and len(places) >= FEWEST and several <= 1
