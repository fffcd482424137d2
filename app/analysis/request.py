"""What the `analyse` command is asked for, whether that can be done, how far it is, and how it went."""

from dataclasses import dataclass
from pathlib import Path

from app import explainers
from app.classifiers.registry import Registry
from app.domain import FINDINGS
from app.errors import InputError, NotFound
from app.reading import ALL, TOP


@dataclass(frozen=True, slots=True)
class Request:
    """What to analyse, where to write, and how: as on the command line. ``methods`` None: those that each network opens with;
    an empty sequence: answers only. ``finding`` may be several. ``insist``: what a guard refuses is analysed too.

    ``film_size``: maps of films on the films' own grids instead of the methods'. ``overlays`` bounds the longer side of the
    pictures, in pixels: 0 for none, None for the film's own size."""

    sources: tuple[str, ...]
    out: Path
    model: str | None
    methods: tuple[str, ...] | None
    finding: str | tuple[str, ...] = TOP
    insist: bool = False
    film_size: bool = False
    overlays: int | None = None

    def check(self, registry: Registry) -> None:
        """NotFound for a network, method or finding there is not; InputError for a size that no picture has."""
        for method in self.methods or ():
            explainers.describe(method)
        if self.model is None:
            known = dict.fromkeys((*FINDINGS, *(finding for card in registry.cards() for finding in card.findings)))
        else:
            known = dict.fromkeys(registry.card(self.model).findings)
        for finding in (self.finding,) if isinstance(self.finding, str) else self.finding:
            if finding not in {TOP, ALL, *known}:
                raise NotFound(
                    "No network knows a finding called “%(finding)s”. There are: %(known)s.",
                    {"finding": finding, "known": ", ".join(known) or "–"},
                )
        if self.overlays is not None and self.overlays < 0:
            raise InputError("A picture's longer side is a number of pixels, or 0 for no pictures.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: ``done`` files ``of`` so many, members of zip files counted, after so many ``seconds``."""

    done: int
    of: int
    seconds: float

    def sentence(self) -> str:
        """The figures in words: how many, how fast, and how long it takes still."""
        parts = [f"{self.done} of {self.of} files"]
        if self.done and self.seconds > 0:
            parts.append(f"{self.done / self.seconds:.1f} a second")
            if self.done < self.of:
                parts.append(f"{_time(self.seconds * (self.of - self.done) / self.done)} left")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. ``images`` were read, ``analysed`` of them by a network. A guard ``refused`` others, and has something
    against ``warned`` of those that were read. ``clean``: every source was read and all that was asked for was done;
    ``complete`` is False where it was stopped before the end. ``banners`` say what the answers of the networks that were used
    are worth, where their cards say something."""

    images: int
    analysed: int
    clean: bool
    refused: int = 0
    warned: int = 0
    banners: tuple[str, ...] = ()
    complete: bool = True

    def sentence(self) -> str:
        """The figures in words."""
        parts = [f"{_images(self.images)} read"]
        if self.images:
            parts[0] += f": {self.analysed} analysed"
        if left := self.images - self.analysed:
            parts.append(f"{left} not analysed (no network reads them, or it failed; see each reason)")
        if self.warned:
            parts.append(f"{self.warned} with the guard's caution")
        if self.refused:
            parts.append(f"{self.refused} refused by the guard")
        return ("" if self.complete else "stopped before the end: ") + ", ".join(parts)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _time(seconds: float) -> str:
    """A time to come, as coarse as it is known."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
