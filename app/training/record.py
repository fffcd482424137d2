"""What a run remembers: its checkpoint, the history of its epochs, and what it was begun with.

The checkpoint is the truth: it holds the history too, and metrics.csv and curves.html are written anew from it, so a run that
is killed between any two instructions has every epoch once.
"""

import csv
import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import torch

from app import __version__
from app.errors import InputError
from app.training import curves
from app.training.films import Film

Values = dict[str, float]
CHECKPOINT, METRICS, CURVES = "checkpoint.pt", "metrics.csv", "curves.html"


def began_with(run: Mapping[str, Any], films: Sequence[Film] = ()) -> dict[str, str]:
    """What makes a run the same run: every entry of its configuration, and the list of its films."""
    about = {key: json.dumps(value, ensure_ascii=False, sort_keys=True) for key, value in run.items()}
    if films:
        listed = hashlib.sha256()
        for film in films:
            listed.update(f"{film.source}/{film.path.name} {film.patient} {film.part} {film.labels}\n".encode())
        about["films"] = f"{len(films)}, {listed.hexdigest()[:16]}"
    return about


def environment(device: torch.device) -> dict[str, str]:
    """What a run is computed with, for people who wonder later."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "Whylight": __version__,
        "PyTorch": torch.__version__,
        "Python": platform.python_version(),
        "device": f"{device}: {name}",
        "threads": str(torch.get_num_threads()),
    }


def reached(stages: str, epochs: int) -> str:
    """Of a configuration's stages (JSON) those that a run of so many epochs has begun: what comes after may still change."""
    begun = []
    for stage in json.loads(stages or "[]"):
        if epochs <= 0:
            break
        begun.append(stage)
        epochs -= int(stage["epochs"])
    return json.dumps(begun)


@dataclass
class Record:
    """The folder of a run. ``about`` is what it was begun with, ``history`` one row of figures per epoch."""

    folder: Path
    about: dict[str, str]
    environment: dict[str, str]
    history: list[Values] = field(default_factory=list)

    def begin(self, fresh: bool = False) -> dict[str, Any] | None:
        """The state after the last epoch, or None for a new run. InputError when it was begun with something else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            for name in (CHECKPOINT, METRICS, CURVES):
                (self.folder / name).unlink(missing_ok=True)
        state = self.peek()
        if state is not None:
            self.history = list(state["history"])
            self._tell()
        return state

    def peek(self) -> dict[str, Any] | None:
        """The same without writing anything: the run may be going on in another process."""
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return None
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")  # who loads it knows where it belongs
        self._compare(state.get("about", {}), int(state.get("epoch", 0)))
        return state

    def _compare(self, begun: dict[str, str], epochs: int) -> None:
        before, now = ({**about, "stages": reached(about.get("stages", ""), epochs)} for about in (begun, self.about))
        differing = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
        if differing:
            raise InputError(
                "The run in “%(folder)s” was begun with another %(entries)s, so it cannot be continued with this. "
                "Go back to what it was begun with, or start anew with --fresh, which deletes its checkpoint.",
                {"folder": self.folder.name, "entries": ", ".join(f"“{key}”" for key in differing)},
            )

    def keep(self, row: Values, state: Mapping[str, Any]) -> None:
        """An epoch is done: its figures and everything that the next one needs, on disk before this returns."""
        self.history.append(row)
        partial = self.folder / "checkpoint.partial"
        with partial.open("wb") as file:
            torch.save({**state, "about": self.about, "history": self.history, "seeds": torch.get_rng_state()}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / CHECKPOINT)
        _sync(self.folder)
        self._tell()

    def _tell(self) -> None:
        columns = list(dict.fromkeys(key for row in self.history for key in row))
        text = StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(columns)
        lines.writerows([shown(row.get(key)) for key in columns] for row in self.history)
        _write(self.folder / METRICS, text.getvalue())
        _write(self.folder / CURVES, curves.page(self.folder.name, self.history, self.about, self.environment))


def shown(value: float | None) -> str:
    """A figure with as many digits as anybody needs; whole numbers as they are."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.5g}"


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _sync(folder: Path) -> None:
    """Makes a rename last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
