"""The files of layers, beside ``result.json``: raw values as ``.npy``, and a picture. Knows the renderer and the disk.

Each is written aside and renamed, so that whatever ends a run leaves no half of one under its name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app import render
from app.analysis import entries
from app.analysis.entries import Entry
from app.domain import Extent, Image, Layer
from app.grey import resample
from app.stacks import Stack

EFFORT = 1
"""Of zlib, for pictures: 4 takes nearly twice as long for files of the same size."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where files go. ``film_size``: maps of films are brought onto the films' own grids. ``longest`` bounds the longer side of
    pictures, in pixels: 0 for no pictures, None for the film's own size."""

    out: Path
    film_size: bool = False
    longest: int | None = None

    def film(self, layer: Layer, film: "Film", entry: Entry, number: int, *, known: render.Known) -> Entry:
        """A film's layer: the raw values (height, width) on the method's own grid, and what they cover. OSError of the disk."""
        image = film.image
        grid, extent = layer.values[0], layer.extent
        if self.film_size:
            grid = resample(grid, extent, image.stored.shape, nearest=layer.scale == "classes")
            extent = Extent(left=0, top=0, right=image.columns, bottom=image.rows)
        about = _plain(layer.finding) or layer.kind
        stem = f"{number:04d}-{_plain(PurePath(entry['file']).stem)[:40] or 'image'}-{layer.method}-{about}"
        return {
            "method": layer.method,
            "kind": layer.kind,
            "finding": layer.finding,
            "evidence": entries.of_evidence(layer.evidence, called=entries.called(entry, layer.finding)),
            **self._written(stem, grid, extent, layer),
            "png": self._picture(stem, film, layer, 0, known),
        }

    def stack(self, layer: Layer, stack: Stack[Image], number: int, *, known: render.Known) -> Entry:
        """A stack's layer: the raw values (slices, height, width) on the method's own grid, and the picture of the slice where
        they weigh most. OSError of the disk."""
        mass = layer.mass()
        place = int(np.argmax(mass))
        stem = f"exam-{number:04d}-{stack.plane}-{layer.method}-{_plain(layer.finding)}"
        return {
            "method": layer.method,
            "kind": layer.kind,
            "finding": layer.finding,
            "plane": stack.plane,
            **self._written(stem, layer.values, layer.extent, layer),
            "png": self._picture(stem, Film(stack.images[place]), layer, place, known),
            "png_slice": place + 1,
            "mass": list(mass),
        }

    def _written(self, stem: str, values: NDArray[np.float32], extent: Extent, layer: Layer) -> Entry:
        def save(file: BinaryIO) -> None:
            np.save(file, values, allow_pickle=False)

        self._aside(f"{stem}.npy", save)
        return {
            "file": f"{stem}.npy",
            "shape": list(values.shape),
            "extent": extent.numbers()[:4],
            "reach": extent.drawn.numbers(),
            "min": float(values.min()),
            "max": float(values.max()),
            "padding": layer.padding,
            "state": layer.state,
        }

    def _picture(self, stem: str, film: "Film", layer: Layer, place: int, known: render.Known) -> str | None:
        if self.longest == 0:
            return None
        picture = render.overlay_png(
            film.image,
            layer,
            place,
            longest=self.longest,
            known=known,
            backdrop=film.backdrop(self.longest),
            effort=EFFORT,
        )
        self._aside(f"{stem}.png", lambda file: file.write(picture))
        return f"{stem}.png"

    def _aside(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        aside = self.out / f"{name}.part"
        with aside.open("wb") as file:
            write(file)
        aside.replace(self.out / name)


class Film:
    """A film that several layers are laid over: its greys are worked out for the first of them."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._shown: render.Backdrop | None = None

    def backdrop(self, longest: int | None) -> render.Backdrop:
        """The film in colour, as pictures of so many pixels show it."""
        if self._shown is None:
            self._shown = render.in_colour(self.image, longest)
        return self._shown


def _plain(text: str) -> str:
    """A part of a file's name, in characters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")
