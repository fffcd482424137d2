"""What the anatomy network learns from: films with drawn masks, films whose lungs are roughly known, lungs alone, and phantoms.

Every source knows other things, so that a cell's truth is the set of codes that it may have: drawn masks know all of them; a
rough lung mask knows lung from not lung, and nothing of the heart; a phantom's heart has no great vessels. All see the exposed
field of a film, padded to a square, as the product does.

The lungs of `covid_masks` are drawn behind the heart, those of the other sources are not: a lung is what is seen beside it.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage

from app.anatomy import BACKGROUND, HEART, LEFT_LUNG, RIGHT_LUNG
from app.classifiers import exposed
from app.phantoms import chest
from app.phantoms.devices import lettering
from app.training.decoding import plane_of
from app.training.films import part_of
from app.training.progress import Progress

SIDE = 128
NOT_LUNG = 4
"""Background or heart: which is not known."""
SOURCES = ("covid_masks", "pairs", "lungs alone", "phantoms")
DRAWN = ("right_lung", "left_lung", "cardiomediastinum")
RECIPE = 1
"""Counts up when something else is made of the files."""
FIRST_PHANTOM = 410_000
"""The seeds of the phantoms that are learned from begin here: no test draws them."""
WORDS = (
    "L",
    "R",
    "D",
    "LEFT",
    "RIGHT",
    "AP",
    "PA",
    "PORTABLE",
    "ERECT",
    "SUPINE",
    "SEMI ERECT",
    "AP PORTABLE",
    "MOBILE",
    "PHANTOM",
)
Plane = NDArray[np.uint8]


class Example(NamedTuple):
    """One film: its plane and truth, uint8 (128, 128), its source, whose it is, and its part."""

    film: Plane
    truth: Plane
    source: str
    patient: str
    part: str
    name: str


@dataclass(frozen=True, slots=True)
class Material:
    """Films and truth uint8 (n, 128, 128), and per film its source, patient, part and name."""

    films: Plane
    truth: Plane
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]
    parts: NDArray[np.str_]
    names: NDArray[np.str_]

    def of(self, source: str, *parts: str) -> NDArray[np.intp]:
        """Which films are of a source and of these parts."""
        return np.flatnonzero((self.sources == source) & np.isin(self.parts, parts))


def read(data: Path, folder: Path, phantoms: int, alone: int, most: int | None = None) -> Material:
    """Everything there is under ``data``/chest, with so many phantoms and films of lungs alone; kept in ``folder``."""
    told = f"{RECIPE} {data.resolve()} {phantoms} {alone} {most}"
    path = folder / f"anatomy-{hashlib.sha256(told.encode()).hexdigest()[:16]}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        examples = list(_all(data / "chest", phantoms, alone, most))
        columns = [np.array([getattr(one, name) for one in examples]) for name in Example._fields]
        aside = path.with_suffix(".part.npz")
        np.savez(aside, *columns)
        aside.replace(path)
    with np.load(path) as kept:
        return Material(*(kept[name] for name in kept.files))


def _all(chest_data: Path, phantoms: int, alone: int, most: int | None) -> Iterator[Example]:
    yield from _limited(drawn(chest_data / "covid_masks"), most)
    yield from _limited(pairs(chest_data), most)
    yield from _limited(lungs_alone(chest_data, alone), most)
    progress = Progress("phantoms drawn", min(phantoms, most or phantoms))
    for number in range(min(phantoms, most or phantoms)):
        yield phantom(FIRST_PHANTOM + number)
        progress.advance(1)


def _limited(examples: Iterator[Example], most: int | None) -> Iterator[Example]:
    for number, example in enumerate(examples):
        if most is not None and number >= most:
            return
        yield example


def rows(folder: Path) -> list[dict[str, str]]:
    """A source's manifest; nothing where it is not there."""
    path = folder / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def drawn(folder: Path) -> Iterator[Example]:
    """Films with lungs and heart drawn by radiologists; those that lack one of the three are left out."""
    for row in rows(folder):
        if not set(DRAWN) <= set(row["masks"].split("|")):
            continue
        with Picture.open(folder / "images" / row["image"]) as opened:
            film = opened.convert("L")
        masks = []
        for name in DRAWN:
            with Picture.open(folder / "masks" / f"{Path(row['image']).stem}.{name}.png") as picture:
                masks.append(np.asarray(picture.convert("L")) > 127)
        truth = np.zeros(masks[0].shape, np.uint8)
        for code, mask in zip((RIGHT_LUNG, LEFT_LUNG, HEART), masks, strict=True):
            truth[mask] = code
        plane, there = _seen(film, truth)
        yield Example(plane, there, "covid_masks", row["patient"], part_of("covid", row["patient"]), row["image"])


def pairs(folder: Path) -> Iterator[Example]:
    """NIH films that are there whole and as lungs alone: the lungs' rough masks over the whole film."""
    alone = {row["image"] for row in rows(folder / "nih_lungs")}
    for row in rows(folder / "nih_small"):
        if row["image"] not in alone:
            continue
        with Picture.open(folder / "nih_small" / "images" / row["image"]) as opened:
            film = opened.convert("L")
        with Picture.open(folder / "nih_lungs" / "images" / row["image"]) as opened:
            lungs = two_lungs(np.asarray(opened.convert("L")) > 6)
        if lungs is None:
            continue
        truth = np.where(lungs == BACKGROUND, NOT_LUNG, lungs).astype(np.uint8)
        there = Picture.fromarray(truth).resize(film.size, Picture.Resampling.NEAREST)
        plane, truth = _seen(film, np.asarray(there))
        yield Example(plane, truth, "pairs", row["patient"], part_of("nih", row["patient"]), row["image"])


def lungs_alone(folder: Path, count: int) -> Iterator[Example]:
    """Films of which all but the lungs is black: there is no heart on them."""
    kept = rows(folder / "nih_lungs")
    for row in kept[:: max(1, len(kept) // max(count, 1))][:count]:
        with Picture.open(folder / "nih_lungs" / "images" / row["image"]) as opened:
            film = opened.convert("L")
        lungs = two_lungs(np.asarray(film) > 6)
        if lungs is not None:
            plane, truth = _seen(film, lungs)
            yield Example(plane, truth, "lungs alone", row["patient"], part_of("nih", row["patient"]), row["image"])


def two_lungs(mask: NDArray[np.bool_]) -> Plane | None:
    """A rough mask as two lungs, without specks and holes; None where it does not hold two of about a size, side by side."""
    mask = ndimage.binary_fill_holes(ndimage.binary_opening(mask))
    parts, count = ndimage.label(mask)
    if count < 2:
        return None
    sizes = np.bincount(parts.ravel())[1:]
    one, other = np.argsort(sizes)[-2:] + 1
    middles = {number: ndimage.center_of_mass(parts == number)[1] for number in (one, other)}
    right, left = sorted(middles, key=lambda number: middles[number])
    wide = mask.shape[1]
    if sizes[one - 1] < 0.35 * sizes[other - 1] or middles[left] - middles[right] < 0.2 * wide or sizes.sum() < 0.1 * mask.size:
        return None
    out = np.zeros(mask.shape, np.uint8)
    out[parts == right], out[parts == left] = RIGHT_LUNG, LEFT_LUNG
    return out


def phantom(seed: int) -> Example:
    """A drawn film and its exact anatomy; what lies between its lungs above the heart may be called heart or not."""
    film = chest.sample(seed, size=SIDE)
    truth = np.full(film.lungs.shape, BACKGROUND, np.uint8)
    middle = np.flatnonzero(film.heart.any(0)).mean() if film.heart.any() else SIDE / 2
    parts, _ = ndimage.label(film.lungs)
    for number in np.argsort(np.bincount(parts.ravel())[1:])[-2:] + 1:
        code = RIGHT_LUNG if np.nonzero(parts == number)[1].mean() < middle else LEFT_LUNG
        truth[parts == number] = code
    between = np.zeros_like(film.lungs)
    for row in np.flatnonzero((truth == RIGHT_LUNG).any(1) & (truth == LEFT_LUNG).any(1)):
        right, left = np.flatnonzero(truth[row] == RIGHT_LUNG), np.flatnonzero(truth[row] == LEFT_LUNG)
        between[row, right.max() : left.min()] = True
    truth[between & (truth == BACKGROUND)] = NOT_LUNG
    below = ndimage.binary_dilation(film.heart, iterations=4) & (truth == BACKGROUND)
    truth[below] = NOT_LUNG  # how far the heart goes on below the dome is a matter of drawing
    truth[film.heart] = HEART
    grey = (np.asarray(film.pixels, np.float32) / 4095 * 255).astype(np.uint8)
    plane, truth = _seen(Picture.fromarray(grey), truth)
    return Example(plane, truth, "phantoms", str(seed), part_of("phantoms", str(seed)), str(seed))


def _seen(film: Picture.Image, truth: Plane) -> tuple[Plane, Plane]:
    """The exposed field of a film and of its truth, padded to a square, (128, 128)."""
    top, left, bottom, right = exposed.find(np.asarray(film))
    box = (left, top, right, bottom)
    inner = Picture.fromarray(truth).crop(box)
    scale = SIDE / max(inner.size)
    size = (max(1, round(inner.width * scale)), max(1, round(inner.height * scale)))
    out = np.zeros((SIDE, SIDE), np.uint8)
    at = ((SIDE - size[1]) // 2, (SIDE - size[0]) // 2)
    out[at[0] : at[0] + size[1], at[1] : at[1] + size[0]] = np.asarray(inner.resize(size, Picture.Resampling.NEAREST))
    return plane_of(film.crop(box), SIDE), out


def letters(count: int, seed: int) -> Plane:
    """Markers and text as they are laid over films, shares of white as uint8 (count, 128, 128)."""
    rng = np.random.default_rng([seed, 15])
    out = np.zeros((count, SIDE, SIDE), np.uint8)
    for number in range(count):
        layer = np.zeros((SIDE, SIDE), np.float32)
        for _ in range(int(rng.integers(1, 4))):
            words = (
                str(rng.choice(WORDS)) if rng.random() < 0.75 else "".join(rng.choice(list("ABCDEFHKLMNRT0123456789:./ "), 9))
            )
            tall = float(rng.uniform(0.03, 0.065) if len(words) < 3 else rng.uniform(0.018, 0.035))
            place = (float(rng.uniform(0.04, 0.96)), float(rng.uniform(0.03, 0.97)))
            ring = len(words) < 2 and rng.random() < 0.35
            layer = np.maximum(layer, lettering(256, words, tall, place, ring=ring, turn=float(rng.normal(0, 8)))[::2, ::2])
        out[number] = (layer * 255).astype(np.uint8)
    return out
