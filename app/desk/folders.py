"""The folder of an upload on its way: its files lie there until they are stored, and no longer than the process lives.

Knows the file system only. A process holds a lock on the folder of every upload that it takes; the system lets go of the locks
of one that is killed, so that what it left can be told from what is in use.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.config import Settings
from app.errors import Unavailable


@contextmanager
def folder(settings: Settings) -> Iterator[Path]:
    """A folder for one upload, gone when the block ends."""
    mine, lock = _made(_root(settings))
    try:
        yield mine
    finally:
        shutil.rmtree(mine, ignore_errors=True)
        os.close(lock)


def swept(settings: Settings) -> int:
    """Remove the folders of processes that are no more; returns how many are in use."""
    used = 0
    for left in _root(settings).iterdir():
        lock = _locked(left)
        if lock is None:
            used += left.is_dir()
            continue
        shutil.rmtree(left, ignore_errors=True)
        os.close(lock)
    return used


@contextmanager
def disk() -> Iterator[None]:
    """Unavailable, in words, when the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable("The disk is full: nothing was stored. Make room and try again.") from error
        raise


def _root(settings: Settings) -> Path:
    root = settings.var / "uploads"
    root.mkdir(parents=True, exist_ok=True)
    return root


def _made(root: Path) -> tuple[Path, int]:
    """A new folder and the lock on it."""
    while True:
        mine = root / secrets.token_hex(12)
        with disk():
            mine.mkdir()
        lock = _locked(mine)
        if lock is not None and mine.exists():
            return mine, lock
        if lock is not None:  # somebody who swept was quicker
            os.close(lock)


def _locked(path: Path) -> int | None:
    """A lock on a folder that nobody else has; None where somebody has it, or there is no such folder."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
