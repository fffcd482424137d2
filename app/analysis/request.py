"""What the `analyse` command is asked for, whether that can be done, and how it went."""

from dataclasses import dataclass
from pathlib import Path

from app import explainers
from app.classifiers.registry import Registry
from app.domain import FINDINGS
from app.errors import NotFound
from app.reading import ALL, TOP


@dataclass(frozen=True, slots=True)
class Request:
    """What to analyse, where to write, and how: as on the command line. ``methods`` None: those that each network opens with;
    an empty sequence: answers only. ``insist``: what a guard refuses is analysed too."""

    sources: tuple[str, ...]
    out: Path
    model: str | None
    methods: tuple[str, ...] | None
    finding: str
    insist: bool = False

    def check(self, registry: Registry) -> None:
        """NotFound for a network, method or finding there is not."""
        for method in self.methods or ():
            explainers.describe(method)
        if self.model is None:
            known = dict.fromkeys((*FINDINGS, *(finding for card in registry.cards() for finding in card.findings)))
        else:
            known = dict.fromkeys(registry.card(self.model).findings)
        if self.finding not in {TOP, ALL, *known}:
            raise NotFound(
                "No network knows a finding called “%(finding)s”. There are: %(known)s.",
                {"finding": self.finding, "known": ", ".join(known) or "–"},
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. ``images`` were read, ``analysed`` of them by a network. A guard ``refused`` others, and has something
    against ``warned`` of those that were read. ``clean``: every source was read and all that was asked for was done.
    ``banners`` say what the answers of the networks that were used are worth, where their cards say something."""

    images: int
    analysed: int
    clean: bool
    refused: int = 0
    warned: int = 0
    banners: tuple[str, ...] = ()

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
        return ", ".join(parts)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"
