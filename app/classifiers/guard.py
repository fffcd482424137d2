"""A guard: looks at an image before a network does, and says whether it is what the network was made for.

It decides from pixels; the header only adds to that. A reason is given when the guard can tell it: that a film stands upside
down, because turned it passes; else it says no more than that this does not look like a frontal chest film.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from app.classifiers import exposed
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier, squared
from app.classifiers.film_guard import FilmGuard
from app.classifiers.reasons import (
    BLANK,
    DETAIL,
    FAR,
    INVERTED,
    LATERAL,
    LITTLE,
    MIRRORED,
    ON_ITS_SIDE,
    OTHER,
    PART,
    SIDEWAYS,
    TINY,
    UNSURE,
    UPSIDE_DOWN,
)
from app.domain import LATERAL_VIEWS, Admission, Image, Inspection, Series, frozen
from app.errors import ModelError
from app.grey import grey

KINDS = ("film", "upside down", "on its side", "inverted", "part of a film", "something else", "lateral view")
"""What a guard tells apart, in the order of its logits; a card may leave out the last ones."""
SIZE = 64
SMALLEST, SMALL = 32, 64
"""A short side (pixels) below the first is refused, below the second warned of: the networks' own input is 224 and more."""
BLANK_SHARE, BLANK_GREY = 0.985, 0.02
"""Blank: so large a share of the pixels lies so close to the middle grey."""
LEAST_DETAIL = 0.0015
"""A third of the least that 384 films of four training sources have."""
ENOUGH = 256
"""Larger images are thinned out to a short side of about this many pixels first; the guard sees 64."""
SURE, BELIEVED = 0.6, 0.5
"""How probable a kind must be to be called so, and how much a film that was turned back must look like one."""
NAMED = {"part of a film": PART, "lateral view": SIDEWAYS}

UNDONE = {"upside down": UPSIDE_DOWN, "on its side": ON_ITS_SIDE, "inverted": INVERTED}
DOUBTED, TURNED = 0.9, ("upside down", "on its side")
"""What looks less like a film than that is turned, and refused where it looks more like one then."""
MORE = 0.001
"""By so much more, at least, does an image look like a film once it is turned back: less is rounding."""
BY_NAME = frozenset({"lateral view", *UNDONE})
"""What is refused as soon as it is called so, however much it looks like a film besides. A part of a film is not among them: a
chest without much lung looks like one."""


@dataclass(frozen=True, eq=False)
class Guard:
    """A guard's card with its network, in eval mode."""

    card: Card
    network: FilmGuard
    device: torch.device

    @classmethod
    def of(cls, loaded: Classifier) -> "Guard":
        """The guard in a loaded network; ModelError when it is none."""
        if not isinstance(loaded.network, FilmGuard):
            raise ModelError("“%(name)s” is no guard.", {"name": loaded.card.name})
        return cls(loaded.card, loaded.network, loaded.device)

    def inspect(self, image: Image, series: Series, model: str) -> Inspection:
        """What the guard says of one image of a series that the network ``model`` is to read: of its exposed field where the
        guard's card says so."""
        read = exposed.cropped(image) if self.card.preprocessing.field == "exposed" else image
        plane, blank = seen(read)
        verdict, reasons, film, distance = self.judge(plane)
        if blank:
            verdict, reasons = "refused", (BLANK,)
        elif not detailed(read):
            verdict, reasons = worse(verdict, "warned"), (*reasons, DETAIL)
        short = min(image.stored.shape)
        if short < SMALLEST:
            verdict, reasons = "refused", (TINY, *reasons)
        elif short < SMALL and not blank:
            verdict, reasons = worse(verdict, "warned"), (*reasons, LITTLE)
        if series.view_position.strip().upper() in LATERAL_VIEWS:
            verdict, reasons = "refused", (LATERAL, *(reason for reason in reasons if reason != OTHER))
        return Inspection(
            sop_instance_uid=image.sop_instance_uid,
            frame=image.frame,
            model=model,
            guard=self.card.name,
            guard_sha256=self.card.sha256,
            verdict=verdict,
            reasons=reasons,
            film=film,
            distance=distance,
            remarks=(MIRRORED,) if verdict != "refused" and self.mirrored(plane) else (),
        )

    def judge(self, plane: Tensor) -> tuple[Admission, tuple[str, ...], float, float]:
        """Verdict, reasons, how much it looks like a film and how far it lies off, of one plane (1, 64, 64) in [0, 1]."""
        kinds, far = self.look(plane[None])
        film, distance = float(kinds[0, 0]), float(far[0])
        verdict = self.verdict(film, distance)
        if self.card.findings[int(kinds[0].argmax())] in BY_NAME and kinds[0].max() >= SURE:
            verdict = "refused"  # what it knows by its name needs no benefit of a doubt
        if verdict != "refused" and film < DOUBTED:
            for kind in TURNED:
                if self.undone(plane, kind) >= max(BELIEVED, film + MORE):
                    return "refused", (UNDONE[kind],), film, distance
        return verdict, self._reasons(plane, kinds[0], verdict, film) if verdict != "ok" else (), film, distance

    def undone(self, plane: Tensor, kind: str) -> float:
        """How much a plane (1, 64, 64) of a kind looks like a film once that is undone; 0 where it lies too far off then."""
        planes = {
            "upside down": (torch.rot90(plane, 2, (1, 2)), plane.flip(1)),
            "on its side": tuple(torch.rot90(p, k, (1, 2)) for p in (plane, plane.flip(1)) for k in (1, 3)),
            "inverted": (1 - plane,),
        }[kind]
        looks, distances = self.look(torch.stack(planes))
        return float(np.where(distances <= self.network.far[0], looks[:, 0], 0).max())

    @torch.inference_mode()
    def look(self, planes: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities of the card's kinds (n, kinds) and distances (n,) of planes (n, 1, 64, 64) in [0, 1]."""
        planes = planes.to(self.device)
        kinds = torch.softmax(self.network(planes).float(), 1)
        return kinds.cpu().numpy(), self.network.distance(planes).float().cpu().numpy()

    def mirrored(self, plane: Tensor) -> bool:
        """Whether a plane (1, 64, 64) in [0, 1] shows a chest with its heart on the right; no where the guard cannot tell."""
        with torch.inference_mode():
            return float(self.network.mirrored(plane[None].to(self.device))[0]) > self.network.mirror

    def verdict(self, film: float, distance: float) -> Admission:
        """The verdict that the thresholds of the card give."""
        network = self.network
        if film < network.refuse or distance > network.far[1]:
            return "refused"
        return "warned" if film < network.warn or distance > network.far[0] else "ok"

    def _reasons(self, plane: Tensor, kinds: NDArray[np.float32], verdict: Admission, film: float) -> tuple[str, ...]:
        """Why. What can be undone is believed only when the image passes once it is undone."""
        kind = self.card.findings[int(kinds.argmax())]
        if kind in UNDONE and self.undone(plane, kind) >= BELIEVED:
            return (UNDONE[kind],)
        if kind in NAMED and kinds.max() >= SURE:
            return (NAMED[kind],)
        if verdict == "refused":
            return (OTHER,)
        return (UNSURE,) if film < self.network.warn else (FAR,)


def worse(one: Admission, other: Admission) -> Admission:
    """The worse of two verdicts."""
    order: tuple[Admission, ...] = ("ok", "warned", "refused")
    return max(one, other, key=order.index)


def detailed(image: Image) -> bool:
    """Whether an image has the fine detail that every radiograph has, its grain if nothing else: how much a pixel differs from
    the middle of its neighbours, as a share of the greys, at about the size that the guard thins images to."""
    step = max(1, min(image.stored.shape) // ENOUGH)
    film = grey(thinned(image, step) if step > 1 else image)
    low, high = np.percentile(film, (1, 99))
    film = (film - low) / max(float(high - low), 1e-6)
    middle = film[1:-1, 1:-1]
    bent = np.maximum(
        np.abs(film[2:, 1:-1] + film[:-2, 1:-1] - 2 * middle), np.abs(film[1:-1, 2:] + film[1:-1, :-2] - 2 * middle)
    )[(middle > 0.02) & (middle < 0.98)]
    return bent.size == 0 or float(np.median(bent)) >= LEAST_DETAIL


def seen(image: Image) -> tuple[Tensor, bool]:
    """An image as the guard sees it, (1, 64, 64) in [0, 1], and whether it is blank. The grey is the one a network sees."""
    step = max(1, min(image.stored.shape) // ENOUGH)
    film = grey(thinned(image, step) if step > 1 else image)
    return plane_of(squared(torch.from_numpy(np.array(film)), image.tall).numpy()), blank(film)


def thinned(image: Image, step: int) -> Image:
    """Every so many rows and columns of an image."""
    stored = cast("NDArray[np.uint16]", image.stored[::step, ::step])
    return replace(image, stored=frozen(stored))


def blank(film: NDArray[np.float32]) -> bool:
    """Whether nearly all of a film in [0, 1], (rows, columns), is one grey."""
    return bool((np.abs(film - np.median(film)) <= BLANK_GREY).mean() >= BLANK_SHARE)


def plane_of(film: NDArray[np.float32]) -> Tensor:
    """A film in grey [0, 1], (rows, columns), stretched between its 1st and 99th percentile, padded with black to a square and
    resized: (1, 64, 64)."""
    low, high = np.percentile(film, (1, 99))
    stretched = torch.from_numpy(np.clip((film - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32))
    rows, columns = film.shape
    side = max(rows, columns)
    top, left = (side - rows) // 2, (side - columns) // 2
    square = F.pad(stretched, (left, side - columns - left, top, side - rows - top))[None, None]
    return F.interpolate(square, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)[0]
