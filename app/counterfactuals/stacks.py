"""A counterfactual edit of a stack: of some of its slices, each an edit as of a film, in the grey that networks of stacks read.

Every other slice stays as it is, and strength 0 is the stack itself, to the bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.counterfactuals.edit import Edit, Plane, in_its_units
from app.domain import Extent, Image, Window, frozen
from app.grey import grey


@dataclass(frozen=True, slots=True, eq=False)
class StackEdit:
    """What is done to the slices at ``places``, from 0 in the stack's order, all over the same square ``extent`` of them:
    ``attention`` float32 (places, h, w) in [0, 1] and ``residual`` float32 (places, h′, w′) in shares of the range from
    ``black`` to ``white``, the modality values that are black and white to the network of the stack."""

    places: tuple[int, ...]
    attention: Plane
    residual: Plane
    extent: Extent
    black: float
    white: float

    def planes(self) -> Mapping[str, Plane]:
        """The arrays, by their names."""
        return {"attention": self.attention, "residual": self.residual}

    def at(self, place: int) -> Edit | None:
        """The edit of one slice; None for one that stays."""
        if place not in self.places:
            return None
        row = self.places.index(place)
        return Edit(np.zeros((2, 1, 1), np.float32), self.attention[row], self.residual[row], self.extent)

    @property
    def most(self) -> int:
        """The place of the slice that is changed most; the first of all where none is."""
        high, wide = self.attention.shape[1:]
        edits = [replace(edit, extent=Extent(0, 0, wide, high)) for place in self.places if (edit := self.at(place))]
        sizes = [float(np.abs(edit.change((high, wide))).sum()) for edit in edits]
        return self.places[int(np.argmax(sizes))] if sizes else 0

    def seen(self, image: Image) -> Image:
        """A slice under the window in which its grey is what the network reads."""
        window = Window((self.black + self.white) / 2, max(self.white - self.black, 1e-6), "LINEAR_EXACT")
        return replace(image, windows=(window,), voi_lut=None)

    def slice(self, image: Image, place: int, strength: float = 1.0) -> Image:
        """The slice at a place, changed, in its own stored values; itself where nothing is done to it. InputError for a
        strength beyond 0 … 1.5."""
        edit = self.at(place)
        if edit is None:
            return image
        stored: NDArray[np.integer] = in_its_units(self.seen(image), edit, strength)
        return image if stored is image.stored else replace(image, stored=_as(image, stored))

    def apply(self, images: Sequence[Image], strength: float = 1.0) -> tuple[Image, ...]:
        """All slices of the stack, in their order."""
        return tuple(self.slice(image, place, strength) for place, image in enumerate(images))

    def changes(self, images: Sequence[Image], strength: float = 1.0) -> Iterator[Plane]:
        """What is changed on each of the slices at ``places``, signed, in the grey that the network reads."""
        for place in self.places:
            yield grey(self.seen(self.slice(images[place], place, strength))) - grey(self.seen(images[place]))


def _as(image: Image, stored: NDArray[np.integer]) -> "NDArray[np.uint16] | NDArray[np.int16]":
    return frozen(stored.astype(np.int16)) if image.stored.dtype == np.int16 else frozen(stored.astype(np.uint16))
