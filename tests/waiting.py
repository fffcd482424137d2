"""Waiting for what is meant. The one place where a test lets time pass; a test of the house sees to that.

A pause of a fixed length is too long on a quiet machine and too short on a busy one: say what must come true instead. Browser
tests wait with `tests.browser.cases.until`, `became` and `painted`.
"""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
SHORTEST, LONGEST = 0.002, 0.02
"""Seconds between two looks: at first, and after a while."""


def until(look: Callable[[], Found], seconds: float = 60, told: str = "it never came true") -> Found:
    """Look until there is something (not None, not False, not empty), and return it. Fails with ``told`` after ``seconds``."""
    pause, deadline = SHORTEST, time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{told} (in {seconds} s)"
        time.sleep(pause)
        pause = min(1.3 * pause, LONGEST)
    return found
