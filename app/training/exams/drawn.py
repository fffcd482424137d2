"""Knee phantoms written in MRNet's layout, with their truth beside them, so that one trainer learns from both.

What is there already is not drawn again: a run that was stopped goes on. The folder says what its phantoms are of, and one of
other phantoms is refused.
"""

import csv
import io
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from app.domain import KNEE_FINDINGS
from app.errors import InputError
from app.phantoms import knee
from app.training.exams.mrnet import TASKS

APART = 100_000
"""How far the seeds of the parts lie from each other."""


def draw(folder: Path, counts: dict[str, int], first: int, size: int, processes: int = 1) -> None:
    """Write ``counts[part]`` phantoms per part, of the seeds from ``first`` on (`APART` further for each next part), at
    ``size`` × ``size`` pixels. InputError where the folder holds phantoms of other seeds or another size."""
    folder.mkdir(parents=True, exist_ok=True)
    about, told = json.dumps({"first": first, "size": size}), folder / "phantoms.json"
    if told.is_file() and told.read_text(encoding="utf-8") != about:
        raise InputError("The folder “%(name)s” holds phantoms of other seeds or size. Delete it first.", {"name": folder.name})
    if not told.is_file():  # another process may be reading it
        told.write_text(about, encoding="utf-8")
    for number, (part, count) in enumerate(counts.items()):
        seeds = range(first + APART * number, first + APART * number + count)
        with ProcessPoolExecutor(processes) as pool:
            rows = list(pool.map(partial(_one, folder / part, size, seeds.start), seeds, chunksize=8))
        for column, finding in enumerate(KNEE_FINDINGS):
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([name, labels[column]] for name, labels in rows)
            (folder / f"{part}-{TASKS[finding]}.csv").write_text(text.getvalue(), encoding="utf-8")


def _one(folder: Path, size: int, first: int, seed: int) -> tuple[str, list[int]]:
    """One phantom, unless it is there; its number and labels."""
    name, note = f"{seed - first:04d}", folder / "labels" / f"{seed - first:04d}.json"
    if not note.is_file():
        phantom = knee.draw(seed, size=size)
        for stack in phantom.stacks:
            low, high = np.percentile(stack.pixels, (1, 99.5))
            grey = np.clip((stack.pixels - low) / max(high - low, 1e-6), 0, 1) * 255
            _save(folder / stack.plane / f"{name}.npy", grey.round().astype(np.uint8))
            flags = np.zeros(stack.pixels.shape, np.uint8)
            for bit, finding in enumerate(KNEE_FINDINGS):
                if finding in stack.masks:
                    flags |= stack.masks[finding].astype(np.uint8) << bit
            _save(folder / f"{stack.plane}-masks" / f"{name}.npy", flags)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps([int(finding in phantom.findings) for finding in KNEE_FINDINGS]), encoding="utf-8")
    return name, json.loads(note.read_text(encoding="utf-8"))


def _save(path: Path, values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_suffix(".partial")
    with partial_path.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    partial_path.replace(path)
