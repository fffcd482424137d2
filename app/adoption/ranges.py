"""`models ranges`: where the colours of a network's maps end, the same on every film, written onto its card.

Over films that the network was not fitted to (validation patients, or phantoms where it has none) each map has an end of its
own: its 99.5th percentile. The card gets a quantile of these per method and finding, raw and smoothed at the network's stride.
Labels are not looked at.
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from app import explainers, render
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.exam import ExamClassifier
from app.desk import drawn
from app.domain import Image, Layer, Plane, Series, Window, frozen, joined
from app.errors import InputError
from app.explainers.base import NOT_DEFINED
from app.phantoms import chest, knee
from app.training import cards
from app.training.films import SOURCES, read
from app.training.rewriting import rewrite, without

QUANTILE = 0.9
"""Of the maps' own ends. Chosen once, on phantoms and validation patients: docs/reference/drawing.md."""
FILMS, PHANTOMS, EXAMS = 240, 150, 24
"""How many validation films, drawn films and drawn exams unless told otherwise."""
CUT = "nih_lungs"
"""Films that were cut to their lungs: no hospital sends such."""
FIRST_SEED = 7_000_000
"""No network was fitted to, calibrated on or measured on phantoms from here on."""
FILM_PIXELS, EXAM_PIXELS = 256, 160

Say = Callable[[str], None]
Key = tuple[str, str, Plane]
"""Method, finding, plane."""
Film = Callable[[], Series]


@dataclass
class Seen:
    """The ends of the maps that were looked at, raw and smoothed, by method, finding and plane."""

    ends: dict[Key, list[tuple[float, float]]] = field(default_factory=dict)

    def add(self, layer: Layer, card: Card, plane: Plane = "") -> None:
        """One map; one that is not defined says nothing."""
        if layer.state.startswith(NOT_DEFINED):
            return
        known = drawn.known(layer, layer.values.shape[-1], replace(card, ranges=()), None)
        even = render.strongest(render.as_drawn(layer, known, render.Look())) if known.sigma else 0.0
        self.ends.setdefault((layer.method, layer.finding, plane), []).append((render.strongest(layer), even))

    def rows(self, source: str) -> Iterator[dict[str, Any]]:
        """As tables of the card; nothing where no map ever held anything."""
        for (method, finding, plane), found in self.ends.items():
            high, even = (float(f"{value:.4g}") for value in np.quantile(np.array(found), QUANTILE, axis=0))
            if high <= 0:
                continue
            row: dict[str, Any] = {"method": method, "finding": finding, "high": high, "source": source}
            row |= {"quantile": QUANTILE, "cases": len(found)}
            row |= {"evened": even} if even > 0 else {}
            yield row | ({"plane": plane} if plane else {})


def of_films(classifier: Classifier, films: Sequence[Film], methods: Sequence[str], say: Say) -> Seen:
    """The ends of every method's maps of every finding on films."""
    seen = Seen()
    for number, film in enumerate(films, start=1):
        trace = explainers.record(classifier, film())
        for method in methods:
            for layer in explainers.load(method).explain(classifier, trace, classifier.card.findings):
                seen.add(layer, classifier.card)
        if number % 20 == 0:
            say(f"{number} of {len(films)} films")
    return seen


def of_exams(classifier: ExamClassifier, count: int, methods: Sequence[str], say: Say, *, size: int = EXAM_PIXELS) -> Seen:
    """The same on drawn exams, plane by plane: each is read by a network of its own."""
    seen = Seen()
    for number in range(count):
        for stack in knee.draw(FIRST_SEED + number, size=size).stacks:
            images = tuple(Image(f"1.{place}", 1, frozen(pixels)) for place, pixels in enumerate(stack.pixels, start=1))
            series = Series("1", "MR", images, body_part="KNEE")
            for member, part in classifier.parts:
                if member.plane != stack.plane:
                    continue
                trace = explainers.record(part, series)
                for method in methods:
                    slices = explainers.load(method).explain(part, trace, member.findings)
                    for at, _ in enumerate(member.findings):
                        seen.add(joined("", slices[at :: len(member.findings)]), classifier.card, stack.plane)
        if (number + 1) % 5 == 0:
            say(f"{number + 1} of {count} exams")
    return seen


def validation(card: Card, data: Path, count: int) -> list[Film]:
    """Films of validation patients, as many of each whole source that the network was fitted to, evenly over its list; none
    where it was fitted to none of ours. InputError where the films are not there."""
    sources = tuple(row.name for row in card.data if row.name in SOURCES and row.name != CUT)
    films = [film for film in read(data, sources) if film.part == "validation"] if sources else []
    chosen: list[Path] = []
    for source in sources:
        mine = sorted(film.path for film in films if film.source == source)
        places = np.unique(np.linspace(0, len(mine) - 1, min(len(mine), count // len(sources))).round().astype(int))
        chosen += [mine[place] for place in places]
    return [partial(real, path) for path in chosen]


def real(path: Path) -> Series:
    """A film image of a collection."""
    with Picture.open(path) as picture:
        stored = frozen(np.asarray(picture.convert("L"), np.uint16))
    return Series(path.name, "", (Image(path.name, 0, stored, windows=(Window(128, 256, "LINEAR"),)),), source="film image")


def phantom(seed: int) -> Series:
    """A drawn film with findings by chance."""
    image = Image(f"2.25.{seed}", 0, chest.sample(seed, FILM_PIXELS).pixels, windows=(Window(2048, 4096, "LINEAR"),))
    return Series(f"2.25.{seed}", "DX", (image,), "CHEST", "PA")


def films(card: Card, data: Path, source: str, count: int) -> tuple[str, list[Film]]:
    """Which films a network's ranges come from, and whether these are of "validation" patients or "phantoms"; ``source`` "" and
    ``count`` 0 leave both to the card. InputError for a network without validation films that is asked for them."""
    if source != "phantoms" and not card.phantom and (real_ones := validation(card, data, count or FILMS)):
        return "validation", real_ones
    if source == "validation":
        raise InputError(
            "“%(name)s” was fitted to none of the collections here: it has no validation films.", {"name": card.name}
        )
    return "phantoms", [partial(phantom, seed) for seed in range(FIRST_SEED, FIRST_SEED + (count or PHANTOMS))]


def write(card: Card, rows: Sequence[dict[str, Any]]) -> None:
    """Put the ranges onto the card, in place of earlier ones of the same methods; nothing else in it changes. ModelError where
    it cannot be written."""
    measured = {row["method"] for row in rows}

    def change(text: str) -> str:
        others = [row for row in tomllib.loads(text).get("ranges", []) if row["method"] not in measured]
        tables = ("\n[[ranges]]\n" + "".join(f"{k} = {cards.toml(v)}\n" for k, v in row.items()) for row in (*others, *rows))
        return without(text, "ranges") + "".join(tables)

    rewrite(card, change)
