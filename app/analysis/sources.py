"""What the command line names, file by file: read ahead of its turn, in the order of the names. Knows ingest and folders."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app import ingest
from app.analysis.lanes import Lanes, Piece
from app.config import Settings
from app.domain import Study
from app.errors import InputError

LONGEST_NAME = 200
"""A longer path is named by its last part; ingest keeps names to one readable line."""
ROOM = 2
"""How many images of one file are read ahead: an archive may hold thousands."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""Where the disk is full nothing more can be read or written, and no file is to blame."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A file that was read: its name for people, the study of just this file, and what is odd about it."""

    name: str
    study: Study
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """A file of the command line is done with, and so are as many ``files`` of what was counted. ``source`` is the name on the
    command line whose last file it was, "" before that."""

    files: int
    source: str = ""


Found = Opened | Refused | Passed


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the command line; ``path`` None: there is none, and ``reason`` says why, if anything is to be said."""

    path: Path | None
    files: int
    source: str
    reason: str = ""


class Sources:
    """Files, folders and zip files. Folders are walked at once, so that ``files`` can be said: how many there are, those of zip
    files counted, as far as their lists can be read."""

    def __init__(self, names: Sequence[str], settings: Settings, out: Path) -> None:
        """``out``, where the results go, is left out of folders above it: it may hold pictures of an earlier run. InputError
        where it is one of the sources itself."""
        self._settings = settings
        own = out.resolve()
        if any(Path(name).resolve() == own for name in names):
            raise InputError(
                "The results cannot go into “%(folder)s”, which is to be analysed itself: name another folder.",
                {"folder": str(out)},
            )
        self._files = [file for name in names for file in self._of(name, own)]
        self.files = sum(file.files for file in self._files)

    def read(self, workdir: Path, threads: int, stopped: Callable[[], bool]) -> Iterator[Found]:
        """What is in every file, in order; ``threads`` read ahead. Nothing more comes once ``stopped`` says so.

        Members of archives and decoded pixels go into ``workdir``. Unavailable when no decoder starts, OSError of the disk.
        """
        pieces: Iterator[Piece[Found]] = (partial(self._found, file, workdir) for file in self._files)
        yield from Lanes[Found](threads, threads + 1, ROOM).results(pieces, stopped)

    def _of(self, name: str, out: Path) -> Iterator[_File]:
        path = Path(name)
        try:
            paths = list(below(path, out)) if path.is_dir() else [path] if path.is_file() else None
        except OSError as error:
            yield _File(None, 1, name, f"It cannot be read: {reason(error)}.")
            return
        if paths is None:
            yield _File(None, 1, name, "There is no such file or folder.")
            return
        for one in paths[:-1]:
            yield _File(one, self._count(one), "")
        yield _File(paths[-1], self._count(paths[-1]), name) if paths else _File(None, 0, name)

    def _count(self, path: Path) -> int:
        return ingest.count(path, self._settings) if path.suffix.lower() == ".zip" else 1

    def _found(self, file: _File, workdir: Path) -> Iterator[Found]:
        if file.path is not None:
            yield from self._outcomes(file.path, workdir)
        elif file.reason:
            yield Refused(file.source, file.reason)
        yield Passed(file.files, file.source)

    def _outcomes(self, path: Path, workdir: Path) -> Iterator[Found]:
        """One file, or each member of an archive."""
        name = str(path) if len(str(path)) <= LONGEST_NAME else path.name
        try:
            if path.exists() and not path.is_file():  # a pipe would be waited for
                yield Refused(name, "It cannot be read: it is no file.")
                return
            path.open("rb").close()
            for one in ingest.read(path, name, self._settings, workdir):
                if isinstance(one, ingest.Rejected):
                    yield Refused(one.name, one.error.sentence)
                    continue
                if one.path != path:
                    one.path.unlink(missing_ok=True)  # an archive's member: its octets are no longer needed
                yield Opened(one.name, one.study, one.warnings)
        except OSError as error:
            if error.errno in FULL:
                raise
            yield Refused(name, f"It cannot be read: {reason(error)}.")


def reason(error: OSError) -> str:
    """Why the disk, or a share on the network, did not do it."""
    return error.strerror or type(error).__name__


def below(folder: Path, out: Path) -> Iterator[Path]:
    """Every file below a folder, sorted; links to folders are not followed."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if (Path(where) / one).resolve() != out)
        yield from (Path(where) / file for file in sorted(files))
