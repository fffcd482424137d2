"""`train guard`: the guard before the chest networks. Films against what is no film, thresholds, and a card with the figures.

It sees the exposed field of every film. The thresholds come from the validation part of the films; the test part and the test
half of the real other images are looked at once, for the card. Real images that are no chest film are halved by the checksum of
their path (`half_of`).
"""

import csv
import hashlib
import math
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image as Picture
from torch import Tensor

from app import ingest
from app.classifiers import exposed
from app.classifiers.film_guard import FilmGuard, thumbnails
from app.classifiers.guard import KINDS, SIZE, plane_of, seen
from app.config import Settings
from app.domain import Image
from app.errors import InputError
from app.phantoms import chest
from app.training import cards, films, laterals, nonfilms
from app.training import guard_views as views
from app.training.fitting import one_cycle

FRONTAL = ("dwv/gdcm-CR-MONO1-10-chest.dcm", "fo-dicom/CR-MONO1-10-chest")
"""The files among the real other images that are frontal chest films after all."""
NOT_UPRIGHT = (
    "00003122_004.jpg", "00003562_000.jpg", "00000632_003.jpg", "00000732_007.jpg", "00001602_000.jpg", "00002592_003.jpg",
    "00003122_001.jpg",
)  # fmt: skip
"""Validation films of NIH that are no upright frontal films, as whoever looks at them sees: two upside down, one on its side,
four laterals. Thresholds come from the others."""
FIRST_PHANTOM = 3_000_000
FALSE_ALARMS = (0.012, 0.003)
"""Shares of the validation films of the worst source that may be warned of: by their look, and by their distance."""
FALSE_REFUSALS = 0.001
"""The share of the validation films of the worst source that may be refused, for either."""
FALSE_REMARKS = 0.004
"""The share of the validation films of the worst source that may be taken for mirrored ones."""
SHOWN = (
    ("film", 48),
    ("upside_down", 12),
    ("on_its_side", 12),
    ("inverted", 10),
    ("part", 14),
    ("stretched", 8),
    ("broken", 8),
)
"""How many films a batch shows in each view."""
LABELS = {"film": 0, "upside_down": 1, "on_its_side": 2, "inverted": 3, "part": 4, "stretched": 5, "broken": 5}


@dataclass(frozen=True)
class Seen:
    """Films as a guard sees them: planes uint8 (n, 64, 64), and the records they come from."""

    records: list[films.Film]
    planes: Tensor

    def where(self, part: str, source: str) -> Tensor:
        """The planes of a part of a source, without those that are known to be no upright frontal films."""
        chosen = [(film.part, film.source) == (part, source) and film.path.name not in NOT_UPRIGHT for film in self.records]
        return self.planes[torch.tensor(chosen)]


def half_of(file: str) -> str:
    """ "calibration" or "test": whether the last hexadecimal digit of the sha256 of the manifest's ``file`` is even or odd."""
    return "test" if int(hashlib.sha256(file.encode()).hexdigest()[-1], 16) % 2 else "calibration"


def others(data: Path, half: str) -> Iterator[tuple[str, Image]]:
    """The real images of one half that are no frontal chest film, one image per file: the middle one."""
    manifest = data / "dicom" / "manifest.csv"
    if not manifest.is_file():
        raise InputError("There is no manifest for “%(source)s” in the data folder; set WHYLIGHT_DATA.", {"source": "dicom"})
    with manifest.open(newline="", encoding="utf-8") as lines:
        names = [row["file"] for row in csv.DictReader(lines)]
    wanted = [name for name in names if half_of(name) == half and name not in FRONTAL]
    yield from dicom([data / "dicom" / name for name in wanted])


def dicom(paths: list[Path]) -> Iterator[tuple[str, Image]]:
    """The middle image of each file that the product can read."""
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            for found in ingest.read(path, path.name, Settings(), Path(folder)):
                if isinstance(found, ingest.Accepted):
                    images = found.study.series[0].images
                    yield path.name, images[len(images) // 2]
                    break


def plane_of_file(path: Path) -> Tensor:
    """A PNG or JPEG film as a guard sees it, its exposed field alone, uint8 (64, 64)."""
    with Picture.open(path) as picture:
        film = np.asarray(picture.convert("L"))
    top, left, bottom, right = exposed.find(film)
    return quantised(plane_of(film[top:bottom, left:right].astype(np.float32) / np.float32(255)))


def quantised(plane: Tensor) -> Tensor:
    """A plane (1, 64, 64) in [0, 1] as uint8 (64, 64)."""
    return (plane[0] * 255).round().to(torch.uint8)


def train(config: Path, data: Path, out: Path, *, most: int | None = None) -> None:
    """Read, draw, fit, choose the thresholds and write the model folder, without figures: `app.training.guarding` adds them."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    torch.set_flush_denormal(True)
    torch.manual_seed(int(run["seed"]))
    records = films.read(data, tuple(run["sources"]))
    if most is not None:
        records = [film for source in run["sources"] for film in [r for r in records if r.source == source][:most]]
    started = time.monotonic()
    known = Seen(records, torch.stack([plane_of_file(film.path) for film in records]))
    print(f"{len(records)} films read in {time.monotonic() - started:.0f} s", flush=True)
    count = int(run["drawn"]) if most is None else min(int(run["drawn"]), 2 * most)
    drawn, sideways = apart(torch.from_numpy(nonfilms.draw(int(run["seed"]), count)))
    sideways = torch.cat([sideways, torch.from_numpy(laterals.draw(int(run["seed"]), count // 3))])
    real = torch.stack([quantised(seen(exposed.cropped(image))[0]) for _, image in others(data, "calibration")])
    phantoms = torch.stack([phantom(seed) for seed in range(int(run["phantoms"]) if most is None else min(most, 20))])
    told = f"{len(drawn)} non-films and {len(sideways)} laterals drawn, {len(real)} real other images read"
    print(f"{told}, after {time.monotonic() - started:.0f} s", flush=True)
    network = FilmGuard(len(KINDS), **run["parameters"])
    mine = [known.where("train", source) for source in run["sources"]]
    pools = Pools(mine, phantoms, drawn, real, sideways)
    fit(network, run, pools)
    fit_sides(network, run, pools)
    parameters = run["parameters"] | thresholds(network, [known.where("validation", source) for source in run["sources"]])
    sources = [
        {
            "name": source,
            "images": len(planes),
            "patients": len({film.patient for film in records if (film.part, film.source) == ("train", source)}),
            "terms": films.TERMS[source],
            "shows": films.SHOWS[source],
        }
        for source, planes in zip(run["sources"], mine, strict=True)
    ]
    sources.append(
        {"name": "other images", "images": len(real), "patients": len(real), "terms": "per file; see the data's manifest"}
    )
    cards.write(out, network, card(run, parameters), {"data": sources, "figures": []})
    print(f"written: {out}, after {time.monotonic() - started:.0f} s", flush=True)


def apart(drawn: Tensor) -> tuple[Tensor, Tensor]:
    """Drawn other images in the order of their families: those that are no laterals, and the laterals."""
    sideways = torch.tensor(
        [nonfilms.FAMILIES[index % len(nonfilms.FAMILIES)] is nonfilms.side_view for index in range(len(drawn))]
    )
    return drawn[~sideways], drawn[sideways]


def phantom(number: int) -> Tensor:
    """A drawn chest film as a guard sees it."""
    pixels = chest.sample(FIRST_PHANTOM + number, 96).pixels
    return quantised(plane_of((pixels / 4095).astype(np.float32)))


@dataclass(frozen=True)
class Pools:
    """What batches are drawn from, uint8 (n, 64, 64) each: films by source, phantoms, drawn and real non-films, laterals."""

    films: list[Tensor]
    phantoms: Tensor
    drawn: Tensor
    real: Tensor
    laterals: Tensor

    def batch(self, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """One batch and its kinds. Every source of films has the same share, whatever its size."""
        planes, kinds = [], []
        for name, count in SHOWN:
            chosen = [
                pick(self.films[(i + count) % len(self.films)], part, random)
                for i, part in enumerate(shares(count - 1, len(self.films)))
            ]
            planes.append(getattr(views, name)(torch.cat([*chosen, pick(self.phantoms, 1, random)]), random))
            kinds += [LABELS[name]] * count
        others = ((self.drawn, 36, "something else"), (self.real, 4, "something else"), (self.laterals, 20, "lateral view"))
        for pool, count, kind in others:
            planes.append(views.other(pick(pool, count, random), random))
            kinds += [KINDS.index(kind)] * count
        return torch.cat(planes), torch.tensor(kinds)

    def sides(self, random: torch.Generator, count: int = 32) -> tuple[Tensor, Tensor]:
        """Upright films of every source and phantoms, as many of each, every other one mirrored, and which those are."""
        chosen = torch.cat([pick(pool, count, random) for pool in (*self.films, self.phantoms)])
        planes = views.film(chosen, random, mirrored=0.0)
        turned = torch.rand(len(planes), generator=random) < 0.5
        return torch.where(turned[:, None, None, None], planes.flip(3), planes), turned.float()


def shares(count: int, parts: int) -> list[int]:
    """A count in nearly equal parts."""
    return [count * (i + 1) // parts - count * i // parts for i in range(parts)]


def pick(pool: Tensor, count: int, random: torch.Generator) -> Tensor:
    """Some planes of a pool by chance, float32 (count, 1, 64, 64)."""
    return pool[torch.randint(len(pool), (count,), generator=random)][:, None].float() / 255


def fit(network: FilmGuard, run: dict[str, Any], pools: Pools) -> None:
    """Fit the network on batches of all views, then the linear model of thumbnails on films alone."""
    random = torch.Generator().manual_seed(int(run["seed"]))
    optimiser = torch.optim.AdamW(network.parameters(), lr=float(run["rate"]), weight_decay=0.05)
    steps, total, started = int(run["steps"]), 0.0, time.monotonic()
    network.train()
    for step in range(steps):
        planes, kinds = pools.batch(random)
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step / steps) * float(run["rate"])
        loss = F.cross_entropy(network(planes), kinds, label_smoothing=0.02)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        total += float(loss.detach())
        if step % 50 == 49:
            left = (time.monotonic() - started) / (step + 1) * (steps - step - 1)
            print(f"step {step + 1}/{steps} loss {total / 50:.4f}, {left:.0f} s left", flush=True)
            total = 0.0
    network.eval()
    with torch.no_grad():
        shown = [views.film(pick(pool, 128, random), random) for pool in [*pools.films, pools.phantoms] for _ in range(10)]
        network.fit(thumbnails(torch.cat(shown)))


def fit_sides(network: FilmGuard, run: dict[str, Any], pools: Pools) -> None:
    """Fit the network that tells a film from its mirror image; the others stay as they are."""
    if network.sides is None:
        return
    random = torch.Generator().manual_seed(int(run["seed"]) + 1)
    optimiser = torch.optim.AdamW(network.sides.parameters(), lr=float(run["rate"]), weight_decay=0.05)
    steps, total = int(run["side_steps"]), 0.0
    network.sides.train()
    for step in range(steps):
        planes, mirrored = pools.sides(random)
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step / steps) * float(run["rate"])
        loss = F.binary_cross_entropy_with_logits(network.mirrored(planes), mirrored * 0.98 + 0.01)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.sides.parameters(), 2.0)
        optimiser.step()
        total += float(loss.detach())
        if step % 50 == 49:
            print(f"sides: step {step + 1}/{steps} loss {total / 50:.4f}", flush=True)
            total = 0.0
    network.eval()


@torch.inference_mode()
def sided(network: FilmGuard, planes: Tensor) -> NDArray[np.float32]:
    """How much planes uint8 (n, 64, 64) look like mirrored films, in logits (n,)."""
    return torch.cat([network.mirrored(chunk[:, None].float() / 255) for chunk in torch.split(planes, 512)]).numpy()


@torch.inference_mode()
def looked(network: FilmGuard, planes: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much planes uint8 (n, 64, 64) look like films, (n,), and how far off they lie, (n,)."""
    looks, distances = [torch.zeros(0)], [torch.zeros(0)]
    for chunk in torch.split(planes[:, None].float() / 255, 512):
        looks.append(torch.softmax(network(chunk), 1)[:, 0])
        distances.append(network.distance(chunk))
    return torch.cat(looks).numpy(), torch.cat(distances).numpy()


def thresholds(network: FilmGuard, validation: list[Tensor]) -> dict[str, Any]:
    """The thresholds on the card: those that warn of at most so many of the validation films of the worst source.

    Never above one half, because films of other hospitals look a little less like films than those of the sources do. What is
    refused is a quarter as much like a film and a quarter farther away, or more so where that would refuse more than
    `FALSE_REFUSALS` of the worst source.
    """
    found = [looked(network, planes) for planes in validation if len(planes)]
    warn = min([0.5, *(float(np.quantile(film, FALSE_ALARMS[0])) for film, _ in found)])
    far = max(1.0, *(float(np.quantile(distance, 1 - FALSE_ALARMS[1])) for _, distance in found))
    for film, distance in found:
        low, high = np.quantile(film, [0.002, 0.01, 0.03]).round(3), np.quantile(distance, [0.97, 0.99, 0.998]).round(3)
        print(f"validation: lowest looks {low}, largest distances {high}", flush=True)
    refuse = min([warn / 4, *(leaving(film, FALSE_REFUSALS) for film, _ in found)])
    beyond = max([1.25 * far, *(-leaving(-distance, FALSE_REFUSALS) for _, distance in found)])
    given = {"warn": round(warn, 4), "refuse": rounded_down(refuse, 4), "far": [round(far, 3), -rounded_down(-beyond, 3)]}
    if network.sides is None:
        return given
    logits = [sided(network, planes) for planes in validation if len(planes)]
    mirror = max([0.5, *(float(np.quantile(one, 1 - FALSE_REMARKS)) for one in logits)])
    for one in logits:
        wrong, right = float((one > mirror).mean()), float((-one > mirror).mean())
        print(f"validation: taken for mirrored {wrong:.4f}, mirrored ones told {right:.4f}, of {len(one)}", flush=True)
    return given | {"mirror": round(mirror, 3)}


def leaving(values: NDArray[np.float32], share: float) -> float:
    """The highest bound below which no more than a share of the values lies, counted: of fewer than 1 / share values, none."""
    return float(np.sort(values)[int(share * len(values))])


def rounded_down(value: float, digits: int) -> float:
    """As a card has it, and on the same side of all values."""
    scale: float = 10**digits
    return math.floor(value * scale) / scale


def card(run: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": run["name"],
        "kind": "guard",
        "title": "Chest guard",
        "summary": "Looks at an image before a chest network does: is it an upright frontal chest film at all?",
        "architecture": "film-guard",
        "findings": list(KINDS),
        "modalities": [],
        "body_parts": [],
        "phantom": False,
        "default": False,
        "input_size": SIZE,
        "explained_layer": "features",
        "intended_use": "Research: keeping chest networks from answering about other images. Not for clinical use.",
        "banner": "",
        "terms": "Weights: research, with credit to Wang et al. 2017 (NIH ChestX-ray14) and Kermany et al. 2018 (CC BY 4.0).",
        "limits": [
            "It sees an image at 64 × 64 pixels: the kind of film, never what is ill in it.",
            "Lateral films and other body parts were drawn for its training: it says what an image is not, not what it is.",
            "A film that it takes for mirrored may be of a person whose heart lies on the right.",
            "Films whose lungs can hardly be seen, or of habits it has not met, may be warned of; a person can insist.",
            "An image that it lets pass can still be one that the network knows nothing about.",
        ],
        "parameters": parameters,
        "preprocessing": {"field": "exposed"},
    }
