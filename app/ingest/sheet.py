"""Decoded pixels on their way from the child to the process that serves: through a file, so that neither holds them all.

The file is the stored values of every frame, 16 bits, little-endian, one after the other. Knows files and numpy.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from app.domain import frozen

Stored = NDArray[np.int16] | NDArray[np.uint16]
Keep = Callable[[Stored, int], Stored]
"""Puts one frame (rows, columns), of so many in all, somewhere, and gives back the same values from there, read-only."""


class Sheet:
    """The child's side: what is kept is written, and read again from the file when somebody looks at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._whole: NDArray[np.uint16] | None = None
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def keep(self, values: Stored, frames: int) -> Stored:
        """As `Keep`; all frames have one size. OSError of the disk."""
        little: NDArray[Any] = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        if self._whole is None:
            self._file.truncate(little.nbytes * frames)  # takes no room yet
            self._whole = np.memmap(self._path, "<u2", "r")
        octets = little.reshape(-1).view(np.uint8).data
        while octets:
            octets = octets[self._file.write(octets) :]
        there = self._whole[self._at : self._at + little.size].view(little.dtype).reshape(little.shape)
        self._at += little.size
        return cast(Stored, frozen(there))


def mapped(path: Path) -> NDArray[np.uint16]:
    """The other side: the whole file, read when looked at; its name goes, so that it lives as long as what is made of it.

    Raises ValueError where there is no such file, or not one of 16-bit values.
    """
    try:
        whole = np.memmap(path, "<u2", "r")
    except FileNotFoundError as error:
        raise ValueError("no pixels came") from error
    path.unlink()
    return whole
