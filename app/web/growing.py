"""What is shown of networks beside their cards: how attention grew, a crop's threshold, and networks beside one another.

Knows the files beside networks and pages; no weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from app import explainers
from app.classifiers import shown
from app.classifiers.card import Card
from app.errors import NotFound
from app.render import strip_png
from app.web import pages

router = APIRouter(include_in_schema=False)

HIGH, WIDE = 100.0, 200.0
"""Size of the drawing of a threshold's curve."""
CONTROLS = ("random map", "centre prior", "mean box")
BEFORE = "untrained "
DROPS = ("FGSM 1/255", "noise", "contrast")
NAMES = {
    "features.gates.0": "Attention gate, fine",
    "features.gates.1": "Attention gate, coarse",
    "whole": "First look",
}
"""What the maps of a network's parts are called; others by what they are."""


@dataclass(frozen=True, slots=True)
class Strip:
    """How one map grew on one phantom: its place among the maps and among the phantoms, and the phantom's finding."""

    map: int
    subject: int
    finding: str


@dataclass(frozen=True, slots=True)
class Grown:
    """One map of a network: what it is called, its strips, the epochs that they show, and its mean at each, from 0 to 1."""

    title: str
    strips: tuple[Strip, ...]
    epochs: tuple[int, ...]
    means: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """How a crop's threshold was chosen: rows of threshold and mean AUROC on validation films, the one that was taken, and the
    curve's points for a drawing of `WIDE` by `HIGH`."""

    rows: tuple[tuple[float, float], ...]
    taken: float
    line: str


@dataclass(frozen=True, slots=True)
class ComparedPage:
    """templates/compared.html: networks beside one another, by kind of films."""

    template: ClassVar[str] = "compared.html"

    tables: tuple["Table", ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval, and of how many."""

    value: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, told: Sequence[float] | None) -> "Figure | None":
        """As `evaluate --compare` wrote it; None where it wrote none, or nothing could be measured."""
        if told is None or any(one is None or np.isnan(one) for one in told[:1]):
            return None
        return cls(float(told[0]), float(told[1]), float(told[2]), int(told[3]))


@dataclass(frozen=True, slots=True)
class Compared:
    """One network's row. ``pointing`` by the methods of all networks; ``looks`` what its own attention is worth, and whether
    that is of gates as they were before training."""

    name: str
    title: str
    auroc: Figure | None
    difference: Figure | None
    slope: Figure | None
    drops: tuple[float, ...]
    milliseconds: float
    parameters: int
    pointing: tuple[tuple[str, str, Figure], ...]
    looks: tuple[tuple[str, bool, str, Figure], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The networks that were compared on one kind of films, the plain twin first; ``drops`` names what disturbed them."""

    kind: str
    films: int
    drops: tuple[str, ...]
    rows: tuple[Compared, ...]

    @property
    def pointing(self) -> tuple[tuple[str, str, tuple[Figure | None, ...]], ...]:
        """By source and map, controls last: a figure per network, None where it has no such map."""
        each = [{(source, map_): figure for source, map_, figure in row.pointing} for row in self.rows]
        keys = dict.fromkeys(key for known in each for key in known)
        ordered = sorted(keys, key=lambda key: (key[0], key[1] in CONTROLS))
        return tuple((source, map_, tuple(known.get((source, map_)) for known in each)) for source, map_ in ordered)


@router.get("/models/compared")
def compared(request: Request) -> Response:
    """Networks beside one another."""
    found = shown.compared(pages.of(request).settings.models)
    tables = [Table(kind, int(told["films"]), DROPS, tuple(map(row, told["rows"]))) for kind, told in found.items()]
    return pages.render(request, ComparedPage(tuple(tables)))


@router.get("/models/{name}/grown/{map_}/{subject}.png")
def strip(request: Request, name: str, map_: int, subject: int) -> Response:
    """One strip: a phantom under one map, epoch after epoch."""
    growth = shown.attention(pages.of(request).registry.remembered(name).folder).get("growth", {})
    names = maps(growth)
    if not 0 <= map_ < len(names) or not 0 <= subject < len(growth["subjects"]):
        raise NotFound("There is no such picture of this network.")
    film = np.array(growth["subjects"][subject]["film"], np.uint8)
    each = [np.array(epoch["maps"][names[map_]][subject], np.uint8) for epoch in growth["epochs"]]
    return Response(strip_png(film, each), media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def grown(card: Card) -> tuple[Grown, ...]:
    """How a network's attention grew; () where nothing was kept of it."""
    growth = shown.attention(card.folder).get("growth", {})
    found = []
    for at, name in enumerate(maps(growth)):
        strips = tuple(Strip(at, place, one["finding"]) for place, one in enumerate(growth["subjects"]))
        means = tuple(float(np.mean(epoch["maps"][name])) / 255 for epoch in growth["epochs"])
        title = NAMES.get(name, "Places weighed")
        found.append(Grown(title, strips, tuple(int(epoch["epoch"]) for epoch in growth["epochs"]), means))
    return tuple(found)


def maps(growth: dict[str, Any]) -> tuple[str, ...]:
    """The names of the maps that were kept; of gates of places, one per stage, the last alone."""
    names = list(growth["epochs"][0]["maps"]) if growth else []
    places = [name for name in names if name.endswith(".places")]
    return tuple(name for name in names if name not in places[:-1])


def threshold(card: Card) -> Threshold | None:
    """How a crop's threshold was chosen; None for a network that crops nothing."""
    rows = [(float(one["threshold"]), float(one["validation"])) for one in shown.attention(card.folder).get("thresholds", ())]
    if not rows:
        return None
    low, high = min(value for _, value in rows), max(value for _, value in rows)
    span = max(high - low, 1e-6)
    points = " ".join(
        f"{WIDE * (x - rows[0][0]) / (rows[-1][0] - rows[0][0]):.1f},{HIGH * (high - y) / span:.1f}" for x, y in rows
    )
    return Threshold(tuple(rows), float(card.parameters.get("threshold", 0.0)), points)


def row(told: dict[str, Any]) -> Compared:
    """One network's row as it was written."""
    pointing = [
        (one["source"], title(one["map"]), figure)
        for one in told["maps"]
        if one["measure"] == "pointing" and (figure := Figure.of(one["value"])) is not None
    ]
    looks = [
        (title(one["map"].removeprefix(BEFORE)), one["map"].startswith(BEFORE), one["measure"], figure)
        for one in told["looks"]
        if one["finding"] == "all" and (figure := Figure.of(one["value"])) is not None
    ]
    return Compared(
        name=told["name"],
        title=told["title"],
        auroc=Figure.of(told["auroc"]),
        difference=Figure.of(told["difference"]),
        slope=Figure.of(told["slope"]),
        drops=tuple(float(told["drops"].get(name, float("nan"))) for name in DROPS),
        milliseconds=float(told["milliseconds"]),
        parameters=int(told["parameters"]),
        pointing=tuple(pointing),
        looks=tuple(looks),
    )


def title(name: str) -> str:
    """What a map of the table is called: a method by its title, a control as it stands."""
    return explainers.describe(name).title if explainers.known(name) else name
