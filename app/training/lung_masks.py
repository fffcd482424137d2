"""Films whose lungs are known, for `segmentation`: NIH films that are there whole and lungs-only, and films with drawn lungs.

Knows the layout of those two folders. Only training patients' pairs are learned from; every second drawn film is kept for a
figure on films of other hospitals.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage

from app.training.decoding import picture as decoded
from app.training.films import part_of
from app.training.segmentation import SIZE

REPEATED = 4
"""The films with drawn lungs are few and of many hospitals: each is learned from so many times more."""


@dataclass(frozen=True)
class Lungs:
    """Films and masks, float32 (n, 64, 64) in [0, 1], and each one's part: train, validation, test, drawn, drawn validation."""

    films: NDArray[np.float32]
    masks: NDArray[np.float32]
    parts: NDArray[np.str_]


def read(data: Path) -> Lungs:
    """Every pair there is under ``data``/chest; empty where the folders are missing."""
    found = [*_pairs(data / "chest"), *_drawn(data / "chest" / "covid_masks")]
    films = np.array([film for film, _, _ in found], np.float32).reshape(-1, SIZE, SIZE)
    masks = np.array([mask for _, mask, _ in found], np.float32).reshape(-1, SIZE, SIZE)
    return Lungs(films, masks, np.array([part for _, _, part in found], np.str_))


def _rows(folder: Path) -> list[dict[str, str]]:
    path = folder / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _pairs(chest: Path) -> list[tuple[NDArray[np.float32], NDArray[np.float32], str]]:
    alone = {row["image"] for row in _rows(chest / "nih_lungs")}
    found = []
    for row in _rows(chest / "nih_small"):
        if row["image"] not in alone:
            continue
        film = decoded(chest / "nih_small" / "images" / row["image"], SIZE)
        if film is None:
            continue
        with Picture.open(chest / "nih_lungs" / "images" / row["image"]) as picture:
            mask = _two_largest(np.asarray(picture.convert("L")) > 6)
        small = Picture.fromarray(mask.astype(np.uint8) * 255).resize((SIZE, SIZE), Picture.Resampling.BOX)
        found.append((_share(film), _share(np.asarray(small)), part_of("nih", row["patient"])))
    return found


def _two_largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without specks, holes and all but its two largest parts: the segmentation that made it takes gas for lung."""
    mask = ndimage.binary_fill_holes(ndimage.binary_opening(mask))
    parts, count = ndimage.label(mask)
    if count <= 2:
        return np.asarray(mask, bool)
    sizes = ndimage.sum(mask, parts, range(1, count + 1))
    return np.isin(parts, np.argsort(sizes)[-2:] + 1)


def _drawn(folder: Path) -> list[tuple[NDArray[np.float32], NDArray[np.float32], str]]:
    found = []
    for index, row in enumerate(_rows(folder)):
        names = [name for name in ("left_lung", "right_lung") if name in row["masks"].split("|")]
        if len(names) < 2:
            continue
        film = decoded(folder / "images" / row["image"], SIZE)
        if film is None:
            continue
        mask = np.zeros((SIZE, SIZE), np.float32)
        for name in names:
            with Picture.open(folder / "masks" / f"{Path(row['image']).stem}.{name}.png") as picture:
                mask = np.maximum(mask, _padded(picture.convert("L")))
        found.append((_share(film), mask, "drawn" if index % 2 else "drawn validation"))
    return found


def _padded(picture: Picture.Image) -> NDArray[np.float32]:
    scale = SIZE / max(picture.size)
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    out = np.zeros((SIZE, SIZE), np.float32)
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    out[top : top + height, left : left + width] = _share(np.asarray(picture.resize((width, height), Picture.Resampling.BOX)))
    return out


def _share(plane: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0 to 255 as 0 to 1."""
    return np.asarray(plane / np.float32(255), np.float32)
