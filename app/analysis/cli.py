"""The `analyse` command: its options, its lines on the screen, and how it is stopped. Loads torch only for work."""

import argparse
import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from app import explainers
from app.analysis.request import Progress, Request
from app.config import Settings
from app.errors import InputError
from app.reading import TOP

NOTICE = "Research use only — not for clinical use."
LINE_EVERY, LOOK_EVERY = 30.0, 0.5
"""Seconds between two lines on how far it is in a log, and between two looks of the line on a terminal."""

EXAMPLES = """\
examples:
  analyse film.dcm --out results                          what the network opens with, for the most probable finding
  analyse films/ visit.zip --out results --predictions-only
  analyse films/ --out results --methods cam,lrp --finding Effusion --finding Mass --overlays 1024

Exit code: 0 done, 1 something could not be used and the rest was done, 2 nothing was done, 130 stopped by Ctrl-C, which keeps
what is finished. docs/reference/commands.md describes result.json."""


def main(arguments: list[str]) -> int:
    """Parse the arguments after `analyse` and run; returns the exit code."""
    given = parser().parse_args(arguments)
    request = Request(
        sources=tuple(given.files),
        out=given.out,
        model=given.model,
        methods=() if given.predictions_only else methods(given.methods),
        finding=tuple(given.finding or (TOP,)),
        insist=given.insist,
        film_size=given.film_size,
        overlays=given.overlays,
    )
    quieten_libraries()
    from app.analysis.running import run  # noqa: PLC0415 - torch is not for --help

    screen = Screen(quiet=given.quiet)
    stop = threading.Event()
    with stopping(stop):
        outcome = run(request, Settings(), screen.complain, screen.follow, stop.is_set)
    screen.clear()
    print(f"{outcome.sentence()}; results in {given.out}. {NOTICE}")
    for banner in outcome.banners:
        print(banner)
    if not outcome.complete:
        return 130
    return 0 if outcome.clean else 1


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m app analyse",
        description="Analyse DICOM files, PNG or JPEG films, folders and zip files without a server: probabilities, raw maps, "
        f"overlays, and result.json, which names them. {NOTICE}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("files", nargs="+", metavar="FILE|FOLDER|ZIP", help="what to analyse")
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if missing")
    made.add_argument("--model", metavar="NAME", help="network (default: the one registered for each image)")
    maps = made.add_mutually_exclusive_group()
    maps.add_argument(
        "--methods",
        metavar="NAMES",
        help=f"methods separated by commas, of {', '.join(explainers.names())}; none: predictions only (default: what the "
        f"network opens with, {','.join(explainers.panel())} unless its card says otherwise)",
    )
    maps.add_argument("--predictions-only", action="store_true", help="no maps: the same as --methods none, and much quicker")
    made.add_argument(
        "--finding",
        "--findings",
        action="append",
        metavar="NAME",
        help="the finding to explain, all, or top: the most probable (default: top); may be given several times",
    )
    made.add_argument(
        "--film-size",
        action="store_true",
        help="write the maps of films at the films' own size, 4 bytes a pixel each (default: at the method's, with its extent)",
    )
    made.add_argument(
        "--overlays",
        type=int,
        metavar="PIXELS",
        help="longer side of the overlay pictures; 0: none (default: the film's own size)",
    )
    made.add_argument("--insist", action="store_true", help="analyse what a network's guard refuses all the same")
    made.add_argument("--quiet", action="store_true", help="do not say how far it is")
    return made


def methods(names: str | None) -> tuple[str, ...] | None:
    """The methods that were named; None where none was meant to be, an empty sequence for none at all. InputError for a list
    with nothing in it."""
    if names is None:
        return None
    chosen = tuple(name.strip() for name in names.split(",") if name.strip())
    if not chosen:
        raise InputError("--methods names no method. Name some, separated by commas, or “none” for predictions only.")
    return () if chosen == ("none",) else chosen


class Screen:
    """Lines on stderr: what could not be used, and how far it is. On a terminal that is one line which is written over; in a
    log a line now and then."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._width = 0
        self._next = time.monotonic() + (0.0 if self._terminal else LINE_EVERY)

    def complain(self, line: str) -> None:
        """One line, whatever was in a file's name."""
        self.clear()
        print("".join(letter if letter.isprintable() else "?" for letter in line), file=sys.stderr)

    def follow(self, progress: Progress) -> None:
        """Say how far it is, now and then."""
        if self._quiet or time.monotonic() < self._next:
            return
        if self._terminal:
            self.clear()
            line = progress.sentence()
            print(f"\r{line}", end="", file=sys.stderr, flush=True)
            self._width = len(line)
            self._next = time.monotonic() + LOOK_EVERY
        else:
            print(progress.sentence(), file=sys.stderr, flush=True)
            self._next = time.monotonic() + LINE_EVERY

    def clear(self) -> None:
        """Take the line on how far it is off the terminal."""
        if self._width:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask for the end, the second time they make it."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield  # only a process's first thread may have handlers
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = [signal.signal(number, ask) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def quieten_libraries() -> None:
    """Only our own lines on stderr: a library's remark about a file is not for whoever counts bad files."""
    logging.basicConfig(handlers=[logging.NullHandler()])
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
