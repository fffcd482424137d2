"""A counterfactual edit that is kept: flow, attention and residual, laid onto a film of any resolution in any strength.

``x′ = clip(warp(x; s · flow) + s · A ⊙ M)``: strength s = 0 is the film itself to the bit, s = 1 what the generator made, up to
1.5 what lies beyond. The edit was computed on a small film and is laid onto the large one: nothing of the film is redrawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.domain import Extent, Image, Window, frozen
from app.errors import InputError
from app.grey import grey, resample, window_for

STRONGEST = 1.5
TOP = 65535
"""A changed film is stored in so many steps of grey."""
UNCHANGED = 1e-5
"""Grey; a pixel that changes by no more keeps its stored value."""
STILL = 1e-3
"""Pixels of the film; nothing that moves less is moved."""

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """What is done to a film, over a square ``extent`` of it, which may reach beyond the film.

    ``flow`` float32 (2, h, w): from how far to the right and below a pixel takes its value, in shares of the square's side.
    ``attention`` float32 (h, w) in [0, 1], ``residual`` float32 (h′, w′) in shares of the range: from ``black`` to ``white``,
    grey values in [0, 1].
    """

    flow: Plane
    attention: Plane
    residual: Plane
    extent: Extent
    black: float = 0.0
    white: float = 1.0

    def planes(self) -> Mapping[str, Plane]:
        """The arrays, by their names."""
        return {"flow": self.flow, "attention": self.attention, "residual": self.residual}

    def change(self, shape: tuple[int, int]) -> Plane:
        """A ⊙ M on a film of ``shape``, in grey; 0 beyond the square."""
        both = resample(self.attention, self.extent, shape) * resample(self.residual, self.extent, shape)
        return np.asarray((self.white - self.black) * both, np.float32)

    def moved(self, shape: tuple[int, int]) -> Plane:
        """The flow on a film of ``shape``, (2, rows, columns) in its pixels."""
        side = self.extent.right - self.extent.left
        return np.stack([resample(part, self.extent, shape) for part in self.flow]) * np.float32(side)

    def halved(self, times: int) -> "Edit":
        """The same of a film whose sides were halved so many times over."""
        left, top, right, bottom = (edge / 2**times for edge in self.extent.numbers()[:4])
        return replace(self, extent=Extent(left, top, right, bottom))

    def upside_down(self) -> "Edit":
        """The same change in another place: what lay above lies below. A control of the same size."""
        flow = np.stack([self.flow[0, ::-1], -self.flow[1, ::-1]])
        return replace(self, flow=flow, attention=self.attention[::-1].copy(), residual=self.residual[::-1].copy())

    def apply(self, film: Plane, strength: float = 1.0) -> Plane:
        """A film in grey [0, 1], float32 (rows, columns), changed. InputError for a strength beyond 0 … 1.5."""
        return next(self.at_strengths(film, (strength,)))

    def at_strengths(self, film: Plane, strengths: Sequence[float]) -> Iterator[Plane]:
        """`apply` at several strengths; what does not depend on them is laid over the film once."""
        if any(not 0 <= strength <= STRONGEST for strength in strengths):
            raise InputError("The strength of a counterfactual lies between 0 and 1.5.")
        rows, columns = film.shape
        moved, change = self.moved((rows, columns)), self.change((rows, columns))
        for strength in strengths:
            if strength == 0:
                yield film.copy()
                continue
            out = _warped(film, strength * moved)
            out += np.float32(strength) * change
            yield np.clip(out, 0, 1)

    def difference(self, film: Plane, strength: float = 1.0) -> Plane:
        """What `apply` changes, signed."""
        return np.asarray(self.apply(film, strength) - film, np.float32)


def edited(image: Image, edit: Edit, strength: float = 1.0) -> Image:
    """An image as `grey` shows it, changed: 16 bits of grey with a window of their own. What was found out about the film
    before (exposed field, pose, heart) stays with it. At strength 0 it is the image itself."""
    return next(at_strengths(image, edit, (strength,)))


def at_strengths(image: Image, edit: Edit, strengths: Sequence[float]) -> Iterator[Image]:
    """`edited` at several strengths."""
    if any(strengths):
        shown = edit.at_strengths(grey(image), strengths)
        yield from (_showing(image, film) if strength else image for strength, film in zip(strengths, shown, strict=True))
    else:
        yield from (image for _ in strengths)


def _showing(image: Image, shown: Plane) -> Image:
    return replace(
        image,
        stored=frozen(np.rint(shown * TOP).astype(np.uint16)),
        slope=1 / TOP,
        intercept=0.0,
        units="",
        photometric="MONOCHROME2",
        windows=(Window(0.5, 1.0, "LINEAR_EXACT"),),
        voi_lut=None,
    )


def in_its_units(image: Image, edit: Edit, strength: float = 1.0) -> NDArray[np.integer[Any]]:
    """The changed film as stored values of the image's own type (rows, columns), so that a viewer's window holds for both: of
    each changed pixel the stored value whose grey is nearest to the new one, all others as they are."""
    window = None if image.voi_lut is not None else window_for(image)
    before = grey(image, window)
    after = edit.apply(before, strength)
    changed = np.abs(after - before) > UNCHANGED
    if not changed.any():
        return image.stored
    low, high = int(image.stored.min()), int(image.stored.max())
    steps = np.arange(low, high + 1)
    line = frozen(steps[None].astype(np.int16)) if image.stored.dtype == np.int16 else frozen(steps[None].astype(np.uint16))
    curve = grey(replace(image, stored=line), window)[0]
    if curve[-1] < curve[0]:
        steps, curve = steps[::-1], curve[::-1]
    curve = np.maximum.accumulate(curve)
    first = np.concatenate([[True], np.diff(curve) > 0])  # of several values of one grey the first: it has an inverse then
    out = image.stored.copy()
    out[changed] = np.rint(np.interp(after[changed], curve[first], steps[first])).astype(out.dtype)
    return frozen(out)


def _warped(film: Plane, flow: Plane) -> Plane:
    """A film (rows, columns) whose pixels take their values from ``flow`` (2, rows, columns) away."""
    out = film.copy()
    moving = np.abs(flow).max(0) > STILL
    if not moving.any():
        return out
    down, across = (np.flatnonzero(moving.any(axis)) for axis in (1, 0))
    part = (slice(int(down[0]), int(down[-1]) + 1), slice(int(across[0]), int(across[-1]) + 1))
    rows, columns = np.mgrid[part].astype(np.float32)
    at = [rows + flow[1][part], columns + flow[0][part]]
    found = ndimage.map_coordinates(film, at, order=1, mode="nearest", prefilter=False)
    out[part] = np.where(moving[part], found, film[part])
    return out
