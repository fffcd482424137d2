"""What a guard is worth: how many films it stops that it should not, and how many other images it lets pass.

`python -m app train guard` measures at its end and writes the figures on the card; `python -m app evaluate --guard NAME` prints
them for whoever has the data. Headers are left out: a film's view position would tell the guard what it has to see.
"""

import csv
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Picture

from app.classifiers.card import Card
from app.classifiers.guard import Guard
from app.classifiers.loading import load
from app.classifiers.measured import Figure
from app.classifiers.reasons import MIRRORED
from app.domain import Admission, Image, Series, Window, frozen
from app.evaluation.intervals import wilson
from app.evaluation.predictions import Interval
from app.training import cards, films, laterals, nonfilms
from app.training.guard import FRONTAL, dicom, others

Plane = NDArray[np.uint16]

SOURCES = ("nih", "nih_small", "paediatric")
STOPPED, CAUGHT, REMARKED = "refused or warned", "refused", "remarked as mirrored"
TURNS: dict[str, Callable[[Plane], Plane]] = {
    "upside down": lambda film: film[::-1, ::-1],
    "on its left side": np.rot90,
    "on its right side": lambda film: np.rot90(film, 3),
    "flipped top to bottom": lambda film: film[::-1],
}
"""What is made of every test film to be refused."""
DRAWN, FIRST_DRAWN = 1000, 77_000
"""So many laterals are drawn, of either kind, from seeds that no guard was fitted to."""


@dataclass(frozen=True, slots=True)
class Told:
    """One image and what the guard said of it."""

    name: str
    verdict: Admission
    reasons: tuple[str, ...]
    film: float
    distance: float
    mirrored: bool = False


def measure(folder: Path, data: Path) -> None:
    """Measure the guard of a model folder and write the figures on its card."""
    card = Card.read(folder)
    guard = Guard.of(load(card, torch.device("cpu")))
    rows = [{key: value for key, value in asdict(figure).items() if value is not None} for figure in figures(guard, data)]
    path = folder / "card.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    tables = {"data": raw.pop("data"), "figures": rows}
    raw.pop("figures", None)
    raw.pop("sha256")
    cards.write(folder, guard.network, raw, tables)


def figures(guard: Guard, data: Path) -> Iterator[Figure]:
    """The figures on the test part: films by source, as they are, mirrored and turned; films of another hospital, the chest
    DICOM files, laterals that were drawn, and other images."""
    for name, images in groups(data):
        told = ask(guard, images)
        for line in wrong(name, told):
            print(line, flush=True)
        yield from summed(name, told)


def groups(data: Path) -> Iterator[tuple[str, Iterable[tuple[str, Image]]]]:
    """What is looked at, by name."""
    for source in SOURCES:
        records = [film for film in films.read(data, (source,)) if film.part == "test"]
        paths = [film.path for film in records]
        yield f"{source}, test part", ((path.name, film_of(path)) for path in paths)
        yield (
            f"{source}, test part, mirrored",
            ((path.name, turned(film_of(path), lambda film: film[:, ::-1])) for path in paths),
        )
        yield f"{source}, test part, turned", each_turn(paths)
    yield "drawn laterals", ((f"{seed}", drawn(laterals.small(FIRST_DRAWN, seed))) for seed in range(DRAWN))
    yield "drawn laterals, simpler", ((f"{seed}", drawn(nonfilms.side_one(FIRST_DRAWN, seed))) for seed in range(DRAWN))
    yield "covid_masks, another hospital", ((path.name, film_of(path)) for path in elsewhere(data))
    yield (
        "chest DICOM files",
        dicom([*sorted((data / "chest" / "dicom").glob("*.dcm")), *(data / "dicom" / f for f in FRONTAL)]),
    )
    yield "other images, test half", others(data, "test")


def each_turn(paths: Iterable[Path]) -> Iterator[tuple[str, Image]]:
    """Every film in every turn that is to be refused."""
    for path in paths:
        film = film_of(path)
        for name, turn in TURNS.items():
            yield f"{path.name} {name}", turned(film, turn)


def turned(film: Image, turn: Callable[[Plane], Plane]) -> Image:
    """A film with its pixels turned."""
    return replace(film, stored=frozen(turn(np.asarray(film.stored, np.uint16))))


def drawn(picture: NDArray[np.uint8]) -> Image:
    """A drawn picture as an image, large enough not to be called small."""
    large = np.kron(picture, np.ones((2, 2), np.uint16)).astype(np.uint16)
    return Image("drawn", 1, frozen(large), windows=(Window(centre=128, width=256),))


def elsewhere(data: Path) -> list[Path]:
    """The films of the hospital that no network was fitted to."""
    folder = data / "chest" / "covid_masks"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        return [folder / "images" / row["image"] for row in csv.DictReader(lines)]


def film_of(path: Path) -> Image:
    """A PNG or JPEG film, as ingest would hand it over."""
    with Picture.open(path) as picture:
        stored = frozen(np.asarray(picture.convert("L")).astype(np.uint16))
    return Image(path.name, 1, stored, windows=(Window(centre=128, width=256),))


def ask(guard: Guard, images: Iterable[tuple[str, Image]]) -> list[Told]:
    """What the guard says of each image, its header left out."""
    told = []
    for name, image in images:
        said = guard.inspect(image, Series("", "", (image,)), "")
        told.append(Told(name, said.verdict, said.reasons, said.film, said.distance, MIRRORED in said.remarks))
    return told


def to_refuse(name: str) -> bool:
    """Whether the images of a group are no upright frontal films."""
    return name.startswith(("other images", "drawn")) or name.endswith("turned")


def wrong(name: str, told: list[Told]) -> Iterator[str]:
    """One line per image on the wrong side: not refused where it should have been, or stopped among films."""
    for one in told:
        if one.verdict != ("refused" if to_refuse(name) else "ok"):
            yield f"  {name}: {one.name} {one.verdict} film {one.film:.3f} distance {one.distance:.2f} {' '.join(one.reasons)}"


def summed(name: str, told: list[Told]) -> Iterator[Figure]:
    """The shares of a group with their 95% intervals."""
    for what, count in (
        (STOPPED, sum(one.verdict != "ok" for one in told)),
        (CAUGHT, sum(one.verdict == "refused" for one in told)),
        (REMARKED, sum(one.mirrored for one in told)),
    ):
        if what == REMARKED and to_refuse(name):
            continue
        share = share_of(count, len(told))
        print(f"{name:32} {what:20} {share.value:.3f} [{share.low:.3f}, {share.high:.3f}] of {len(told)}", flush=True)
        value, low, high = (round(number, 4) for number in (share.value, share.low, share.high))
        yield Figure(name, what, "share", value, low, high, share.positives, share.negatives)


def share_of(count: int, of: int) -> Interval:
    """A share with its 95% interval, which holds for shares near 0 and 1 and for few images too; NaN of no images."""
    if not of:
        return Interval(float("nan"), float("nan"), float("nan"), 0, 0)
    return Interval(count / of, *wilson(count, of), count, of - count)
