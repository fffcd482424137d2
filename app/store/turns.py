"""Whose turn it is to write: threads of one process queue, first come first served, before they ask the database.

SQLite lets one writer in at a time and has no queue: those who wait ask again and again, and who is unlucky waits until the
timeout. Knows threads only; writers of other processes meet at the database itself.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Unavailable


class Turns:
    """A lock that is handed on in the order in which it was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False
        self._since = 0.0

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """One's turn, for the block. Unavailable when a single holder keeps everybody waiting for so many seconds; a queue that
        moves is waited for, however long it is."""
        self._take(seconds)
        try:
            yield
        finally:
            self._hand_on()

    def _take(self, seconds: float) -> None:
        mine = threading.Event()
        with self._lock:
            if not self._held:
                self._held, self._since = True, time.monotonic()
                return
            self._waiting.append(mine)
        while not mine.wait(max(self._since + seconds - time.monotonic(), 0.001)):
            with self._lock:
                if not mine.is_set() and time.monotonic() - self._since >= seconds:
                    self._waiting.remove(mine)
                    raise Unavailable("The database is busy. Try again in a moment.")

    def _hand_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._since = time.monotonic()
                self._waiting.popleft().set()
            else:
                self._held = False
