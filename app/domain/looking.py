"""What a network with trainable attention tells of a film in figures beside its layers, by name: a channel's factors, a crop
and the answers of both looks, a path of glimpses. Written by the explainers, read by pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.domain.extent import Extent

CHANNEL = ("channel", "gate", "weight", "mean", "product", "answer")
"""Of one channel; without a gate where that is no factor by itself."""
OPEN = "gate of channel %(number)s"
BRANCH = {"whole": "whole film: %(finding)s", "crop": "crop: %(finding)s"}
"""The probabilities of the two looks' own answers."""
FRAME = ("crop left", "crop top", "crop right", "crop bottom")
STEP = ("glimpse %(number)s across", "glimpse %(number)s down", "glimpse %(number)s probability")
WINDOWS = ("fine window", "coarse window")

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One glimpse: its middle ``x``, ``y`` in pixels of the image, and the probability of the layer's finding after it."""

    x: float
    y: float
    probability: float


@dataclass(frozen=True, slots=True)
class Path:
    """The glimpses in their order, with the sides of the fine and of the coarse window in pixels of the image."""

    glimpses: tuple[Glimpse, ...]
    fine: float
    coarse: float


def frame_in(figures: Figures) -> Extent | None:
    """The rectangle that was cropped, in pixels of the image; None where there is none."""
    if not all(name in figures for name in FRAME):
        return None
    left, top, right, bottom = (figures[name] for name in FRAME)
    return Extent(left, top, right, bottom)


def path_in(figures: Figures) -> Path | None:
    """The path of glimpses; None where there is none."""
    found = tuple(_steps(figures))
    return Path(found, figures[WINDOWS[0]], figures[WINDOWS[1]]) if found and all(name in figures for name in WINDOWS) else None


def _steps(figures: Figures) -> Iterator[Glimpse]:
    number = 1
    while all(name % {"number": number} in figures for name in STEP):
        yield Glimpse(*(figures[name % {"number": number}] for name in STEP))
        number += 1


def branches_in(figures: Figures, finding: str) -> tuple[float, float] | None:
    """The probabilities of a finding by the whole film and by the crop; None where they were not told."""
    names = [name % {"finding": finding} for name in BRANCH.values()]
    return (figures[names[0]], figures[names[1]]) if all(name in figures for name in names) else None


def gates_in(figures: Figures) -> dict[int, float]:
    """The channels whose gates are widest open, with their gates, in the order in which they were told."""
    start = OPEN % {"number": ""}
    return {int(name.removeprefix(start)): value for name, value in figures.items() if name.startswith(start)}
