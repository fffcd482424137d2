"""The films to train and test on: manifests → records → one array of small films, with every source's split and gaps.

Knows the layout of the data folder; see its README for terms. Nothing of a film is written anywhere.
"""

import csv
import hashlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from app.domain import FINDINGS
from app.errors import InputError

SOURCES = ("nih", "nih_small", "nih_lungs", "paediatric")
TERMS = {
    "nih": "NIH ChestX-ray14, free with credit (Wang et al. 2017)",
    "nih_small": "NIH ChestX-ray14, free with credit (Wang et al. 2017)",
    "nih_lungs": "NIH ChestX-ray14, free with credit (Wang et al. 2017); lung areas only",
    "paediatric": "Kermany et al. 2018, CC BY 4.0",
}
CUT_AWAY = ("Cardiomegaly", "Effusion")
"""Findings whose evidence the lung-only films have lost: their labels are not used there."""


@dataclass(frozen=True, slots=True)
class Film:
    """One film: where it lies, whose it is, and 14 labels (1, 0, or NaN where the source does not say)."""

    path: Path
    source: str
    patient: str
    part: str
    labels: tuple[float, ...]


def part_of(source: str, patient: str) -> str:
    """train, validation or test, by patient: NIH by the number's last digit (1 test, 2 validation), others by a hash's."""
    digit = int(patient) % 10 if source.startswith("nih") else int(hashlib.sha256(patient.encode()).hexdigest(), 16) % 10
    return {1: "test", 2: "validation"}.get(digit, "train")


def read(data: Path, sources: tuple[str, ...] = SOURCES) -> list[Film]:
    """Every film of the sources under ``data``/chest; InputError when a manifest is missing."""
    films = []
    for source in sources:
        manifest = data / "chest" / source / "manifest.csv"
        if not manifest.is_file():
            raise InputError("There is no manifest for “%(source)s” in the data folder; set WHYLIGHT_DATA.", {"source": source})
        with manifest.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                path = manifest.parent / "images" / row["image"]
                films.append(Film(path, source, row["patient"], part_of(source, row["patient"]), labels_of(source, row)))
    return films


def labels_of(source: str, row: dict[str, str]) -> tuple[float, ...]:
    """The 14 labels of a manifest row, NaN where this source does not know."""
    if source == "paediatric":
        return tuple(float(row["pneumonia"]) if finding == "Pneumonia" else float("nan") for finding in FINDINGS)
    return tuple(float("nan") if source == "nih_lungs" and finding in CUT_AWAY else float(row[finding]) for finding in FINDINGS)


def pixels(films: list[Film], size: int, processes: int = 2) -> NDArray[np.uint8]:
    """The films as one array, uint8 (n, size, size): grey, padded to a square, stretched between 1st and 99th percentile."""
    with ProcessPoolExecutor(processes) as pool:
        planes = pool.map(_pixels_of, [(film.path, size) for film in films], chunksize=64)
        out = np.empty((len(films), size, size), np.uint8)
        for index, plane in enumerate(planes):
            out[index] = plane
    return out


def _pixels_of(job: tuple[Path, int]) -> NDArray[np.uint8]:
    path, size = job
    with Picture.open(path) as picture:
        picture.draft("L", (size, size))
        film = picture.convert("L")
        scale = size / max(film.size)
        inner = (max(1, round(film.width * scale)), max(1, round(film.height * scale)))
        small = np.asarray(film.resize(inner, Picture.Resampling.BILINEAR, reducing_gap=3.0), np.float32)
    low, high = np.percentile(small, (1, 99))
    small = np.clip((small - low) / max(high - low, 1e-6), 0, 1) * 255
    plane = np.zeros((size, size), np.uint8)
    top, left = (size - inner[1]) // 2, (size - inner[0]) // 2
    plane[top : top + inner[1], left : left + inner[0]] = small.round().astype(np.uint8)
    return plane
