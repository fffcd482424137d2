"""Blobs: octets kept under their own sha256, written once, never changed.

Knows the file system only. A blob is written to a temporary file, flushed to the disk, renamed into place, and the folder is
flushed too: what a transaction refers to is there after a power cut.
"""

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from app.errors import NotFound, Unavailable

SHA256 = re.compile(r"[0-9a-f]{64}")
KIND = re.compile(r"[a-z0-9-]{1,100}")
CHUNK = 1 << 20


class Blobs:
    """The folder of blobs: ``ab/cdef…`` by sha256, and ``tmp/`` for those on their way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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

    def read(self, sha256: str) -> bytes:
        """A blob's octets; NotFound when it is gone."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("This file is no longer stored.") from error

    def derived(self, sha256: str, kind: str, made: Callable[[], bytes]) -> bytes:
        """What can be made of a blob at any time, made once and kept beside it until the blob goes.

        ``kind`` (lower-case letters, digits, hyphens) says what it is. A full disk is no error: then it is made each time.
        Errors are those of ``made``.
        """
        if not KIND.fullmatch(kind):
            raise ValueError("not a kind")
        blob = self.path(sha256)
        kept = blob.with_name(f"{blob.name}.{kind}")
        with suppress(FileNotFoundError):
            return kept.read_bytes()
        data = made()
        with suppress(Unavailable), self._writing() as (handle, tmp):
            handle.write(data)
            handle.flush()
            tmp.replace(kept)
        if not blob.is_file():  # removed meanwhile: what is left of it would stay for good
            kept.unlink(missing_ok=True)
        return data

    def put(self, data: bytes | memoryview) -> str:
        """Keep octets; returns their sha256. Unavailable when the disk is full."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._known(sha256):
            with self._writing() as (handle, tmp):
                handle.write(data)
                self._place(handle, tmp, sha256)
        return sha256

    def put_file(self, source: Path) -> str:
        """Keep a copy of a file, read in pieces; returns its sha256. Unavailable when the disk is full."""
        digest = hashlib.sha256()
        with source.open("rb") as origin, self._writing() as (handle, tmp):
            while chunk := origin.read(CHUNK):
                digest.update(chunk)
                handle.write(chunk)
            sha256 = digest.hexdigest()
            if self._known(sha256):
                tmp.unlink()
            else:
                self._place(handle, tmp, sha256)
        return sha256

    def remove(self, sha256: str) -> None:
        """Remove a blob and what was derived from it; one that is gone already is no error."""
        blob = self.path(sha256)
        blob.unlink(missing_ok=True)
        for kept in blob.parent.glob(f"{blob.name}.*"):
            kept.unlink(missing_ok=True)

    def old(self, seconds: float) -> Iterator[str]:
        """The sha256 of every blob that nobody put for so long; temporary files as old as that are removed on the way."""
        before = time.time() - seconds
        for tmp in self._tmp.iterdir():
            if tmp.stat().st_mtime < before:
                tmp.unlink(missing_ok=True)
        for path in self.folder.glob("??/*"):
            if SHA256.fullmatch(path.parent.name + path.name) and path.stat().st_mtime < before:
                yield path.parent.name + path.name

    def _known(self, sha256: str) -> bool:
        """Whether a blob is there; its time is set to now, so that nobody sweeps it before its transaction ends."""
        try:
            os.utime(self.path(sha256))
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _writing(self) -> Iterator[tuple[BinaryIO, Path]]:
        tmp = self._tmp / secrets.token_hex(16)
        try:
            with tmp.open("xb") as handle:
                yield handle, tmp
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise Unavailable("The disk is full: nothing was stored. Make room and try again.") from error
            raise
        finally:
            tmp.unlink(missing_ok=True)

    def _place(self, handle: BinaryIO, tmp: Path, sha256: str) -> None:
        handle.flush()
        os.fsync(handle.fileno())
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        tmp.replace(target)
        for folder in (target.parent, self.folder):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
