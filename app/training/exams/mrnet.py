"""Exams in MRNet's own layout (Bien et al. 2018): a folder of stacks per plane and one table per task.

    train/sagittal/0000.npy      uint8 (slices, rows, columns), likewise coronal and axial
    train-abnormal.csv           0000,1 per line, without a header; likewise train-acl.csv and train-meniscus.csv
    valid/…, valid-abnormal.csv  the official validation part

Phantoms have truth besides: ``train/sagittal-masks/0000.npy``, uint8 of the stack's shape, bit n set where finding n is.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain import KNEE_FINDINGS, READ_PLANES, Plane
from app.errors import InputError

TASKS = {"abnormality": "abnormal", "ACL tear": "acl", "meniscal tear": "meniscus"}
"""Finding to the word in the tables' names."""
PARTS = ("train", "valid")


@dataclass(frozen=True, eq=False)
class Exams:
    """One part: ``ids`` (n,), ``labels`` float32 (n, findings) in the order of `app.domain.KNEE_FINDINGS`; ``notes`` are
    sentences about what was left out."""

    folder: Path
    part: str
    ids: tuple[str, ...]
    labels: NDArray[np.float32]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def path(self, plane: Plane, index: int) -> Path:
        """Where a stack lies."""
        return self.folder / self.part / plane / f"{self.ids[index]}.npy"

    def stack(self, plane: Plane, index: int) -> NDArray[np.uint8]:
        """A stack, uint8 (slices, rows, columns). InputError for a file that holds something else."""
        return loaded(self.path(plane, index))

    def masks(self, plane: Plane, index: int) -> NDArray[np.uint8] | None:
        """Where the findings are, uint8 (findings, slices, rows, columns) of 0 and 1; None where nobody says."""
        path = self.folder / self.part / f"{plane}-masks" / f"{self.ids[index]}.npy"
        if not path.is_file():
            return None
        flags = loaded(path)
        return np.stack([flags >> bit & 1 for bit in range(len(KNEE_FINDINGS))])

    def chosen(self, index: Sequence[int] | NDArray[np.intp]) -> "Exams":
        """Some of them."""
        rows = list(index)
        return Exams(self.folder, self.part, tuple(self.ids[row] for row in rows), self.labels[rows], self.notes)


def loaded(path: Path) -> NDArray[np.uint8]:
    """A file of one stack; InputError in words."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError("“%(name)s” is no readable stack (.npy). Copy it again.", {"name": path.name}) from error
    if found.ndim != 3 or found.dtype != np.uint8 or 0 in found.shape:
        raise InputError(
            "“%(name)s” holds %(kind)s of the shape %(shape)s; a stack is uint8 (slices, rows, columns).",
            {"name": path.name, "kind": str(found.dtype), "shape": str(found.shape)},
        )
    return found  # type: ignore[no-any-return]


def read(folder: Path, part: str) -> Exams:
    """The exams of a part whose three stacks are there. InputError where the folder is no such folder, or a table is wrong."""
    tables = [_table(folder / f"{part}-{TASKS[finding]}.csv") for finding in KNEE_FINDINGS]
    everywhere = sorted(set.intersection(*(set(table) for table in tables)))
    notes = []
    some = set.union(*(set(table) for table in tables)) - set(everywhere)
    if some:
        notes.append(f"{part}: {len(some)} exams are not in all three tables and were left out ({_few(some)})")
    lacking = {
        name for name in everywhere if not all((folder / part / plane / f"{name}.npy").is_file() for plane in READ_PLANES)
    }
    if lacking:
        notes.append(f"{part}: {len(lacking)} exams lack a stack of some plane and were left out ({_few(lacking)})")
    ids = tuple(name for name in everywhere if name not in lacking)
    if not ids:
        raise InputError(
            "The part “%(part)s” has no exam with its three stacks. MRNet's layout is %(part)s/sagittal/0000.npy, likewise "
            "coronal and axial, beside %(part)s-abnormal.csv, %(part)s-acl.csv and %(part)s-meniscus.csv.",
            {"part": part},
        )
    labels = np.array([[table[name] for table in tables] for name in ids], np.float32)
    return Exams(folder, part, ids, labels, tuple(notes))


def _table(path: Path) -> dict[str, int]:
    """Exam to 0 or 1. InputError names the line that is wrong."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("The table “%(name)s” is missing or no text.", {"name": path.name}) from error
    found: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        if not row:
            continue
        fits = len(row) == 2 and row[0].strip().isalnum() and row[1].strip() in ("0", "1")
        if not fits or row[0].strip() in found:
            raise InputError(
                "Line %(line)s of “%(name)s” is not “0000,1”: the exam's number, once, and 0 or 1.",
                {"line": number, "name": path.name},
            )
        found[row[0].strip()] = int(row[1])
    return found


def _few(names: set[str]) -> str:
    shown = sorted(names)[:5]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "")
