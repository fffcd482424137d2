"""Blobs: octets kept under their own sha256, written once, never changed, and compared with it before they are used.

Knows the file system only. A blob is written to a temporary file, flushed to the disk, renamed into place, and the folder is
flushed too: what a transaction refers to is there after a power cut.
"""

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from app.errors import AppError, Damaged, NotFound, Unavailable
from app.store.claims import Claims

SHA256 = re.compile(r"[0-9a-f]{64}")
KIND = re.compile(r"[a-z0-9-]{1,100}")
CHUNK = 1 << 20
REMEMBERED = 1 << 16
"""Most blobs whose check is remembered; all are forgotten when there are more."""
FLUSHERS = ThreadPoolExecutor(8, "flush")
"""Threads that wait for the disk; they start when there is something to wait for."""
Holds = Literal["film", "map", "area"]
"""What a blob holds, for the sentence that says that it is damaged: a film's pixels, a map's values, an edited area."""


class Blobs:
    """The folder of blobs: ``ab/cdef…`` by sha256, and ``tmp/`` for those on their way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.claims = Claims()
        self._sound: dict[str, tuple[int, ...]] = {}
        self._tmp = folder / "tmp"
        self._tmp.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where a blob lies, whether it is there or not. ValueError for anything that is not a sha256 in hex."""
        if not SHA256.fullmatch(sha256):
            raise ValueError("not a sha256")
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        """Whether a blob is there."""
        return self.path(sha256).is_file()

    def sound(self, sha256: str) -> bool:
        """Whether a blob is there and is what its name says. It is read once, and again when its file was touched."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                mark = _mark(os.fstat(file.fileno()))
                if self._sound.get(sha256) == mark:
                    return True
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    return False
        except FileNotFoundError:
            return False
        self._remember(sha256, mark)
        return True

    def checked(self, sha256: str, holds: Holds = "film") -> Path:
        """Where a blob lies that is there and sound: what is mapped from there are its octets. NotFound, Damaged."""
        if self.sound(sha256):
            return self.path(sha256)
        if self.has(sha256):
            raise _damaged(holds)
        raise NotFound("This file is no longer stored.")

    def read(self, sha256: str, holds: Holds = "film") -> bytes:
        """A blob's octets; NotFound when it is gone, Damaged when they are not those that were put."""
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("This file is no longer stored.") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(holds)
        return data

    def derived(self, sha256: str, kind: str, made: Callable[[], bytes]) -> bytes:
        """What can be made of a blob at any time, made once and kept beside it until the blob goes.

        ``kind`` (lower-case letters, digits, hyphens) says what it is. A full disk is no error: then it is made each time. It
        is kept with a checksum of its own, and made anew where that does not fit. Errors are those of ``made``.
        """
        if not KIND.fullmatch(kind):
            raise ValueError("not a kind")
        blob = self.path(sha256)
        kept = blob.with_name(f"{blob.name}.{kind}")
        with suppress(FileNotFoundError):
            told, _, data = kept.read_bytes().partition(b"\n")
            if told == hashlib.sha256(data).hexdigest().encode():
                return data
        data = made()
        with suppress(Unavailable), self.batch() as batch:
            batch.write((hashlib.sha256(data).hexdigest().encode() + b"\n", data)).replace(kept)
        if not blob.is_file():  # removed meanwhile: what is left of it would stay for good
            kept.unlink(missing_ok=True)
        return data

    def put(self, data: bytes | memoryview) -> str:
        """Keep octets; returns their sha256. One that is damaged is replaced. Unavailable when the disk is full."""
        with self.batch() as batch:
            sha256 = batch.put(data)
            batch.settle()
        return sha256

    def put_file(self, source: Path) -> str:
        """Keep a copy of a file, read in pieces; otherwise as `put`."""
        with self.batch() as batch:
            sha256 = batch.put_file(source)
            batch.settle()
        return sha256

    def batch(self) -> "Batch":
        """Several that are put together, for less than each by itself."""
        return Batch(self, self._tmp)

    def remove(self, sha256: str) -> None:
        """Remove a blob and what was derived from it; one that is gone already is no error."""
        self.discard(sha256, self.path(sha256))

    def set_aside(self, sha256: str) -> Path:
        """Take a blob out of its place before it is removed; where it lies meanwhile. One that is gone already is no error."""
        aside = self._tmp / f"{sha256}.{secrets.token_hex(8)}"
        with suppress(FileNotFoundError):
            self.path(sha256).rename(aside)
        return aside

    def put_back(self, sha256: str, aside: Path) -> None:
        """Put a blob that was set aside back into its place."""
        with suppress(FileNotFoundError):
            aside.rename(self.path(sha256))

    def discard(self, sha256: str, aside: Path) -> None:
        """Remove a blob that was set aside, and what was derived from it; not one that was put anew meanwhile."""
        aside.unlink(missing_ok=True)
        blob = self.path(sha256)
        for kept in blob.parent.glob(f"{blob.name}.*"):
            kept.unlink(missing_ok=True)

    def drop_temporary(self, seconds: float) -> None:
        """Remove the temporary files that are as old: their writers are no more."""
        before = time.time() - seconds
        for tmp in self._tmp.iterdir():
            with suppress(FileNotFoundError):  # its writer was quicker
                if tmp.stat().st_mtime < before:
                    tmp.unlink()

    def old(self, seconds: float) -> Iterator[str]:
        """The sha256 of every blob that nobody put for so long."""
        before = time.time() - seconds
        for path in self.folder.glob("??/*"):
            sha256 = path.parent.name + path.name
            if SHA256.fullmatch(sha256) and self.put_before(sha256, before):
                yield sha256

    def put_before(self, sha256: str, moment: float) -> bool:
        """Whether a blob is there, and nobody put it since ``moment`` (seconds since 1970)."""
        try:
            return self.path(sha256).stat().st_mtime < moment
        except FileNotFoundError:
            return False

    def young(self, sha256: str) -> bool:
        """Whether a blob is there and sound; its time is set to now, so that nobody sweeps it before its transaction ends."""
        if not self.sound(sha256):
            return False
        path = self.path(sha256)
        try:
            os.utime(path)
            self._remember(sha256, _mark(path.stat()))
        except FileNotFoundError:
            return False
        return True

    def place(self, tmp: Path, sha256: str) -> Path | None:
        """Put a file that is on the disk where its blob lies; returns the folder that got a new one, for flushing."""
        target = self.path(sha256)
        new = not target.parent.is_dir()
        if new:
            target.parent.mkdir(exist_ok=True)
        mark = _mark(tmp.stat())
        tmp.replace(target)
        self._sound.pop(sha256, None)
        with suppress(FileNotFoundError):  # another process let go of the same octets just now; who refers to them looks again
            if (now := _mark(target.stat()))[:3] == mark[:3]:  # renaming changes the last of it alone
                self._remember(sha256, now)
        return self.folder if new else None

    def _remember(self, sha256: str, mark: tuple[int, ...]) -> None:
        if len(self._sound) >= REMEMBERED:
            self._sound.clear()
        self._sound[sha256] = mark


class Batch:
    """Blobs that are put together: each is written aside, then `settle` flushes all of them and puts them into place.

    A context manager: what was not settled is gone at its end. Whoever waits for the disk waits once and not for every one of
    them, which is ten times as fast. Every blob is claimed until the end: nobody else removes it. Not thread-safe.
    """

    def __init__(self, blobs: Blobs, tmp: Path) -> None:
        self._blobs = blobs
        self._folder = tmp
        self._written: list[Path] = []
        self._waiting: dict[str, Path] = {}
        self.names: list[str] = []
        """The sha256 of everything that was put, settled or not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for tmp in self._written:
            tmp.unlink(missing_ok=True)
        self._blobs.claims.give_back(self.names)

    def put(self, data: bytes | memoryview) -> str:
        """Write octets aside; returns their sha256. Unavailable when the disk is full."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._known(sha256):
            self._waiting[sha256] = self.write((data,))
        return sha256

    def put_file(self, source: Path) -> str:
        """Write a copy of a file aside, read in pieces; returns its sha256. Unavailable when the disk is full."""
        with source.open("rb") as origin:
            sha256 = hashlib.file_digest(origin, "sha256").hexdigest()
            if not self._known(sha256):
                origin.seek(0)
                self._waiting[sha256] = self.write(iter(lambda: origin.read(CHUNK), b""))
        return sha256

    def write(self, pieces: Iterable[bytes | memoryview]) -> Path:
        """A temporary file of this batch with these octets. Unavailable when the disk is full."""
        tmp = self._folder / secrets.token_hex(16)
        self._written.append(tmp)
        with _room(), tmp.open("xb") as handle:
            for piece in pieces:
                handle.write(piece)
        return tmp

    def settle(self) -> None:
        """Put everything written so far into place, on the disk for good. Unavailable when the disk is full."""
        with _room():
            _flush(self._waiting.values())
            folders: set[Path] = set()
            for sha256, tmp in self._waiting.items():
                above = self._blobs.place(tmp, sha256)
                folders |= {self._blobs.path(sha256).parent, *((above,) if above else ())}
            _flush(folders)
        self._waiting.clear()

    def _known(self, sha256: str) -> bool:
        self._blobs.claims.claim(sha256)  # before it is looked for: from now on nobody removes it
        self.names.append(sha256)
        return sha256 in self._waiting or self._blobs.young(sha256)


def _mark(stat: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written to: where it lies, how long it is, when it was written and when it was touched."""
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _flush(paths: Collection[Path]) -> None:
    """Have files or folders on the disk for good. Several at once, because a file system writes those that wait together."""
    if len(paths) == 1:
        _flushed(*paths)
        return
    for _ in FLUSHERS.map(_flushed, paths):  # the first failure is raised here
        pass


def _flushed(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable("The disk is full: nothing was stored. Make room and try again.") from error
        raise


def _damaged(holds: Holds) -> AppError:
    if holds == "map":
        return Damaged(
            "This map is damaged on the disk, so it is not used. Remove the study and upload it again to have it made anew."
        )
    if holds == "area":
        return Damaged("The area of this what-if is damaged on the disk, so it is not used. Draw it again.")
    return Damaged("What is stored of this image is damaged on the disk, so it is not used. Upload the image's file again.")
