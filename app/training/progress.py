"""How far a long piece of work is, and when it will be done: a bar on a terminal, a plain line now and then elsewhere."""

import math
import sys
import time
from typing import TextIO

WIDTH = 24
REDRAWN = 0.2
"""Seconds between two pictures of the bar."""
REPEATED = 30.0
"""Seconds between two plain lines, where there is no terminal."""


class Progress:
    """One piece of work of ``total`` units, of which ``done`` were done before; this process's pace tells the time left."""

    def __init__(self, what: str, total: float, done: float = 0.0, stream: TextIO | None = None) -> None:
        self.what, self.total, self.done = what, max(total, 1e-9), done
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._first, self._started = done, time.monotonic()
        self._shown, self._drawn = (float("-inf") if self._terminal else self._started), 0

    def left(self, units: float) -> float:
        """Seconds that so many units will take at the pace so far; NaN before there is one."""
        made = self.done - self._first
        return (time.monotonic() - self._started) / made * units if made > 0 else float("nan")

    def advance(self, units: float, told: str = "") -> None:
        """So many more units are done; ``told`` stands behind the bar. Draws, if it is time to."""
        self.done = min(self.done + units, self.total)
        now = time.monotonic()
        if now - self._shown < (REDRAWN if self._terminal else REPEATED):
            return
        self._shown = now
        share = self.done / self.total
        filled = int(share * WIDTH)
        bar = f"[{'=' * filled}{' ' * (WIDTH - filled)}] " if self._terminal else ""
        line = f"{self.what} {bar}{share:.0%}{', ' if told else ''}{told}, {clock(self.left(self.total - self.done))} left"
        if self._terminal:
            self._stream.write("\r" + line.ljust(self._drawn))
            self._drawn = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def say(self, line: str) -> None:
        """A line of its own, in place of the bar, which comes back with the next step."""
        if self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._drawn, self._shown = 0, float("-inf")
        self._stream.write(line + "\n")
        self._stream.flush()


def clock(seconds: float) -> str:
    """Seconds as people read them: 0:42, 12:05, 3:07:00; – where they are not known."""
    if math.isnan(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
