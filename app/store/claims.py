"""Blobs that somebody is about to refer to: they are not removed, whoever else lets go of them.

Knows names and counts only. Holds within one process; between processes the age of a blob does
(`app.store.blobs.Blobs.old`), and a transaction looks once more whether its blobs are there.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable


class Claims:
    """How many claim each blob. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def claim(self, sha256: str) -> None:
        """Claim a blob, before looking whether it is there."""
        with self._lock:
            self._counts[sha256] += 1

    def give_back(self, sha256s: Iterable[str]) -> None:
        """Take claims back, one for each name."""
        with self._lock:
            for sha256 in sha256s:
                self._counts[sha256] -= 1
                if self._counts[sha256] <= 0:
                    del self._counts[sha256]

    def unless_claimed(self, sha256: str, remove: Callable[[str], bool]) -> bool:
        """Remove a blob that nobody claims, before anybody can; whether that was done, as ``remove`` says."""
        with self._lock:
            return self._counts[sha256] <= 0 and remove(sha256)
