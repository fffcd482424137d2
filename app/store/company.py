"""Who else has the store open: processes hold a lock on its folder for as long as they do, and the system lets go for those
that are killed. Knows the file system only.
"""

import fcntl
import os
import time
from pathlib import Path

BEFORE = 0.1
"""Seconds by which the clock of a file system may lag behind."""


class Company:
    """One's own lock on a folder, and since when nobody else has had one without one's knowing."""

    def __init__(self, folder: Path) -> None:
        self._lock = os.open(folder, os.O_RDONLY)
        self._since: float | None = None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._since = time.time()  # whoever opens the store later finds what is put there later
        except OSError:  # somebody has it open, or this file system has no locks
            pass
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            self._since = None

    def seconds(self, otherwise: float) -> float:
        """How old a file must at least be for nobody who lives to have put it: from before the store was opened by this process
        alone; ``otherwise`` where it was not."""
        return otherwise if self._since is None else min(otherwise, time.time() - self._since + BEFORE)

    def leave(self) -> None:
        """Let go of the lock; once more is no error."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
