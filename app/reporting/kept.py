"""What an evaluation measured, value by value, and keeping it on disk, so that one that was cut goes on where it stopped.

Knows files; what is measured is its callers'.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path

from app import __version__
from app.errors import InputError


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value, before any mean. ``draw``: of which random network, where a measure draws several."""

    source: str
    finding: str
    owner: str
    method: str
    measure: str
    value: float
    draw: int = 0


@dataclass(frozen=True)
class Kept:
    """Values unit by unit: a unit, such as all that is measured of one case, is either there as a whole or measured anew.

    ``file`` has a line of JSON per unit; None keeps nothing. Two runs at once may not write the same file."""

    file: Path | None = None
    known: dict[str, list[Value]] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path | None, *asked: object) -> "Kept":
        """What is there of a measurement; ``asked`` is everything that its values depend on, told by its ``repr``, beside the
        product's version: another question has a file of its own. InputError where the folder cannot be written."""
        if folder is None:
            return cls()
        told = hashlib.sha256(repr((__version__, *asked)).encode()).hexdigest()
        file = folder / f"{told[:16]}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return cls(file, dict(_units(file)))
        except OSError as error:
            raise InputError("“%(name)s” cannot be written.", {"name": str(folder)}) from error

    def take(self, unit: str, measure: Callable[[], Iterable[Value]]) -> list[Value]:
        """The values of a unit, measured and kept where they are not known yet."""
        if self.file is None:
            return list(measure())
        found = self.known.get(unit)
        if found is None:
            found = self.known[unit] = list(measure())
            with self.file.open("a", encoding="utf-8") as lines:
                # A line that was cut off has no end: this one begins with one.
                lines.write(f"\n{json.dumps([unit, [astuple(value) for value in found]], ensure_ascii=False)}\n")
        return found


NOTHING = Kept()
"""Keeps no value."""


def _units(file: Path) -> Iterator[tuple[str, list[Value]]]:
    """The units of a file; a line that was cut off is none."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            unit, values = json.loads(line)
        except ValueError:
            continue
        yield unit, [Value(*value) for value in values]
