"""Pairs of drawn knees: one plane's stack with a finding and the same one without it, and the truth between them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain import Plane
from app.phantoms import knee
from app.phantoms.knee.exam import SHOWS
from app.training.progress import Progress

RECIPE = 1
"""Counts up when pairs are drawn otherwise: kept ones are not used then."""
OTHERS = 0.3
"""How often another lesion lies on both knees of a pair."""


@dataclass(frozen=True, eq=False)
class KneePair:
    """``ill`` and ``well`` uint8 (slices, S, S), both by the ill stack's black and white as networks of stacks see it; ``mask``
    bool of the same shape, of the finding; ``seed``; ``beside``: whether another lesion lies on both."""

    ill: NDArray[np.uint8]
    well: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    seed: int
    beside: bool


def pairs(seeds: range, plane: Plane, finding: str, size: int, kept: Path) -> Iterator[KneePair]:
    """Pairs of these seeds, each kept in a file of its own in a folder, so that a run that was stopped draws none twice."""
    told = hashlib.sha256(f"{RECIPE} {plane} {finding} {size}".encode()).hexdigest()[:16]
    folder = kept / f"knees-{told}"
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress("knees", len(seeds))
    for number, seed in enumerate(seeds, start=1):
        path = folder / f"{seed}.npz"
        if not path.is_file():
            drawn = _drawn(seed, plane, finding, size)
            aside = path.with_suffix(".partial")
            with aside.open("wb") as file:
                mask = np.packbits(drawn.mask)
                np.savez_compressed(file, ill=drawn.ill, well=drawn.well, mask=mask, beside=np.asarray(drawn.beside))
            aside.replace(path)
            progress.advance(1, f"{number} of {len(seeds)}")
        with np.load(path) as found:
            ill, well = found["ill"], found["well"]
            mask = np.unpackbits(found["mask"])[: ill.size].reshape(ill.shape)
            yield KneePair(ill, well, np.asarray(mask, bool), seed, bool(found["beside"]))


def _drawn(seed: int, plane: Plane, finding: str, size: int) -> KneePair:
    """One pair. What looks like a lesion and is none may differ between the two, as in any two knees."""
    rng = np.random.default_rng([seed, 85])
    others = [name for name in knee.LESIONS if name != SHOWS[finding]]
    beside = [str(rng.choice(others))] if rng.random() < OTHERS else []
    ill, well = (knee.draw(seed, lesions, size=size) for lesions in ([*beside, SHOWS[finding]], beside))
    place = knee.PLANES.index(plane)
    one, other = ill.stacks[place], well.stacks[place]
    low, high = (float(end) for end in np.percentile(one.pixels, (1, 99.5)))
    grey = [
        (np.clip((stack.pixels - low) / max(high - low, 1e-6), 0, 1) * 255).round().astype(np.uint8) for stack in (one, other)
    ]
    return KneePair(grey[0], grey[1], one.masks[finding], seed, bool(beside))
