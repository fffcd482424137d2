"""A cohort of nobody: drawn chest films with a table of what is on them, for trying out how networks are measured.

Knows this room's drawing and DICOM. The truth is what was drawn; who has a drain says nothing about who has what.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.phantoms import chest, dicom

FIRST_SEED = 2_400_000
"""Beyond all that the shipped networks were trained and tested on."""
COLUMNS = ("image", "patient", "view", "drain", *chest.FINDINGS)
BOXES = ("image", "finding", "left", "top", "width", "height")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One film: ``file`` is a whole DICOM file called ``name``, ``row`` its row in the table, in the order of `COLUMNS`;
    ``boxes`` are rows of where its findings lie, in the order of `BOXES`."""

    name: str
    file: bytes
    row: tuple[str, ...]
    boxes: tuple[tuple[str, ...], ...] = ()


def films(count: int, size: int = 256, first: int = FIRST_SEED) -> Iterator[Drawn]:
    """Draw films one by one, always the same octets; every second patient has two of them."""
    for number in range(count):
        film = chest.sample(first + number, size)
        patient = first + number - (number % 3 == 1)
        name = f"film-{number:04d}.dcm"
        labels = ("1" if finding in film.labels else "0" for finding in chest.FINDINGS)
        about = (f"PHANTOM-{patient}", film.projection, "no" if film.tube_mask is None else "yes")
        yield Drawn(name, dicom.encode(film, dicom.Header(number=patient)), (name, *about, *labels), tuple(_boxes(name, film)))


def _boxes(name: str, film: chest.ChestPhantom) -> Iterator[tuple[str, ...]]:
    """The smallest box around every finding."""
    for finding, mask in film.masks.items():
        if finding in film.labels and mask.any():
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            sides = (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
            yield (name, finding, *map(str, sides))


def write(folder: Path, count: int, size: int = 256, first: int = FIRST_SEED) -> Path:
    """Draw a cohort into a folder, which is made: the films, ``labels.csv``, and ``boxes.csv`` with the place of what is
    there. Returns the path of the labels."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "labels.csv"
    lies = folder / "boxes.csv"
    with table.open("w", encoding="utf-8", newline="") as file, lies.open("w", encoding="utf-8", newline="") as beside:
        labels, boxes = csv.writer(file), csv.writer(beside)
        labels.writerow(COLUMNS)
        boxes.writerow(BOXES)
        for film in films(count, size, first):
            (folder / film.name).write_bytes(film.file)
            labels.writerow(film.row)
            boxes.writerows(film.boxes)
    return table
