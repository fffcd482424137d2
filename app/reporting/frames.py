"""How exactly frames that are drawn around real films are found: black, grey and white ones, wide and narrow, after JPEG, and
around a tilted field. A film's own frame counts as found where the film alone has it found.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage

from app.classifiers import exposed
from app.training import films
from app.training.guarding import SOURCES, film_of

Kind = Literal["even", "uneven", "JPEG", "tilted"]
TONES = {"black": 0, "dark": 30, "grey": 128, "light": 200, "white": 255}
NEAR = 0.01
"""As good as found: so far off at most, as a share of the film's long side. A tilted field's rectangle may be off three times
as far: its corners are thin."""
Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Found:
    """How many frames of a kind and a tone were drawn around a source's films; to the pixel, nearly, and not at all found."""

    source: str
    kind: Kind
    tone: str
    films: int
    exactly: int
    nearly: int
    missed: int

    def line(self) -> str:
        """In words."""
        return (
            f"{self.source:12} {self.kind:7} {self.tone:6} {self.exactly} of {self.films} to the pixel, "
            f"{self.nearly} nearly, {self.missed} not at all"
        )


def measure(data: Path, each: int, part: str = "validation") -> Iterator[Found]:
    """What is found of frames around at most ``each`` films of every source."""
    for source in SOURCES:
        paths = [film.path for film in films.read(data, (source,)) if film.part == part]
        planes = [np.asarray(film_of(path).stored, np.uint8) for path in paths[:: max(1, len(paths) // each)][:each]]
        for kind in get_args(Kind):
            for tone in TONES:
                yield found(source, kind, tone, planes)


def found(source: str, kind: Kind, tone: str, planes: list[Plane]) -> Found:
    """What is found of frames of one kind and tone around films, uint8 (rows, columns)."""
    exactly = nearly = missed = 0
    for index, film in enumerate(planes):
        whole, place = framed(film, kind, TONES[tone], index)
        own = (0, 0, place[2] - place[0], place[3] - place[1]) if kind == "tilted" else exposed.find(film)
        wanted = (place[0] + own[0], place[1] + own[1], place[0] + own[2], place[1] + own[3])
        told = exposed.find(whole)
        off = max(abs(one - other) for one, other in zip(told, wanted, strict=True))
        exactly += off == 0
        nearly += off <= max(1, NEAR * max(film.shape) * (3 if kind == "tilted" else 1))
        missed += told == (0, 0, *whole.shape)
    return Found(source, kind, tone, len(planes), exactly, nearly, missed)


def framed(film: Plane, kind: Kind, tone: int, seed: int) -> tuple[Plane, exposed.Box]:
    """A film in a frame, and where it lies in it."""
    random = np.random.default_rng([seed, tone, len(kind)])
    sides = np.full(4, random.uniform(0.05, 0.3))
    if kind == "uneven":
        sides = random.uniform(0.05, 0.34, 4) * (random.random(4) < 0.7)
        sides[int(random.integers(4))] = random.uniform(0.1, 0.34)
    if kind == "tilted":
        degrees = random.uniform(2, 8) * random.choice([-1, 1])
        turned = ndimage.rotate(film.astype(np.float32), degrees, order=1, cval=-1.0)
        film = np.where(turned < 0, tone, turned).astype(np.uint8)
    top, bottom, left, right = (int(share * side) for share, side in zip(sides, np.repeat(film.shape, 2), strict=True))
    whole = np.pad(film, ((top, bottom), (left, right)), constant_values=tone)
    if kind == "JPEG":
        octets = io.BytesIO()
        Picture.fromarray(whole).save(octets, "JPEG", quality=int(random.integers(70, 96)))
        whole = np.asarray(Picture.open(octets).convert("L"))
    return whole, (top, left, top + film.shape[0], left + film.shape[1])
