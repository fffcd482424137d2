"""Doing once more what may be done twice, while the store is away for a moment."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from app.errors import Unavailable

FIRST, LONGEST = 0.1, 2.0
"""Seconds between two tries: at first, and after a while."""

Found = TypeVar("Found")


def patiently(work: Callable[[], Found], seconds: float, stopping: Event) -> Found:
    """What ``work`` returns, once the store takes it; Unavailable when it has not for so many seconds, or is to stop.

    ``work`` may be done twice: a connection that broke just as a transaction was committed says no more than one that broke
    before.
    """
    pause, deadline = FIRST, time.monotonic() + seconds
    while True:
        try:
            return work()
        except Unavailable:
            if time.monotonic() + pause > deadline or stopping.wait(pause):
                raise
            pause = min(2 * pause, LONGEST)
