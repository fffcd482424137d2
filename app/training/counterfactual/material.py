"""Where a generator's stock comes from: drawn phantoms, or a collection's films and what the anatomy network says of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from app.anatomy import cleaned, unmeasurable
from app.anatomy.limits import LIMITS, SIDE, coarse, limits
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.segmenter import Segmenter
from app.training import layouts
from app.training.collection import Layout
from app.training.counterfactual import drawn as phantoms
from app.training.counterfactual.effusions import effusion
from app.training.counterfactual.stock import Explained, Pairs, Stock
from app.training.decoding import content
from app.training.films import SOURCES, Film
from app.training.fitting import shrink
from app.training.material import Material
from app.training.progress import Progress

BATCH = 64
NONE = Pairs(*(torch.empty(0, dtype=torch.int64) for _ in range(3)))


def of_phantoms(run: Mapping[str, Any], explained: Explained, first: int, count: int, kept: Path) -> tuple[Stock, Pairs]:
    """Pairs of phantoms; each film of them is a film of the stock too. With ``drains`` they differ in a drain."""
    findings, drains = tuple(one["name"] for one in run["findings"]), bool(run.get("drains", False))
    many = int(run.get("processes", 2))
    found = phantoms.pairs(first, count, int(run["pixels"]), findings, kept, processes=many, drains=drains)
    films = torch.from_numpy(np.concatenate([found.ill, found.well]))
    bounds = torch.from_numpy(np.concatenate([found.limits[0], found.limits[1]]))
    nobody = np.zeros(count, bool)
    stock = Stock(
        films=films,
        limits=bounds,
        logits=explained.told(films),
        healthy=torch.from_numpy(np.concatenate([nobody, found.healthy])),
        views=torch.zeros(2 * count, dtype=torch.int64),
        drawn=torch.zeros(2 * count, dtype=torch.bool),
        patients=np.tile(np.arange(first, first + count).astype(np.str_), 2),
    )
    places = torch.arange(count)
    return stock, Pairs(places, places + count, torch.from_numpy(found.finding))


def of_films(
    run: Mapping[str, Any],
    explained: Explained,
    data: Path,
    runs: Path,
    models: Path,
    *,
    layout: Layout,
    most: int | None,
    parts: Sequence[str] = ("train", "validation"),
) -> dict[str, tuple[Stock, Pairs]]:
    """The films of some parts; of the training part with effusions drawn over healthy ones where the config asks for it. Films
    on which lungs and heart are not found are left out."""
    collection = layouts.read(data, layout, run.get("sources", SOURCES), ())
    collection = collection if most is None else collection.thinned(most)
    segmenter = Segmenter.of(load(Card.read(models / run["anatomy"]), explained.loaded.device))
    field = explained.loaded.card.preprocessing.field
    material = Material.read(collection, int(run["pixels"]), runs / "films", None, field=field)
    name = content(material.collection.films, int(run["pixels"]), field)
    codes = anatomy(material.pixels, segmenter, runs / "films", name)
    logits = answers(material.pixels, explained, runs / "films", name)
    found = {}
    for part in parts:
        index = material.where(part)
        index = index[np.array([not unmeasurable(one) for one in codes[index]], bool)]
        asked = run if part == "train" else {**run, "drawn": {}}
        found[part] = _stock(material, codes, index, explained, asked, logits=torch.from_numpy(logits[index]))
    return found


def anatomy(films: NDArray[np.uint8], segmenter: Segmenter, folder: Path, name: str) -> NDArray[np.uint8]:
    """Codes of the parts on square films uint8 (n, S, S), uint8 (n, 64, 64); kept in a file in a folder."""
    told = hashlib.sha256(f"{name} {films.shape} {segmenter.card.sha256}".encode()).hexdigest()[:24]
    path = folder / f"anatomy-{told}.npy"
    if not path.is_file():
        out = np.zeros((len(films), SIDE, SIDE), np.uint8)
        progress = Progress("anatomy", len(films))
        for start in range(0, len(films), BATCH):
            part = np.asarray(films[start : start + BATCH])
            planes = (shrink(part, segmenter.card.input_size)[:, None].float() / 255 - 0.5) * 4
            _, _, labels, _ = segmenter.look(segmenter.loaded.channels(planes))
            out[start : start + len(part)] = np.stack([coarse(cleaned(one)) for one in labels])
            progress.advance(len(part), f"{start + len(part)} of {len(films)}")
        aside = path.with_suffix(".partial.npy")
        np.save(aside, out)
        aside.replace(path)
    return cast("NDArray[np.uint8]", np.load(path))


def answers(films: NDArray[np.uint8], explained: Explained, folder: Path, name: str) -> NDArray[np.float32]:
    """Logits (n, answers) of the explained network for square films uint8 (n, S, S); kept in a file in a folder, so that a run
    goes on at once."""
    told = hashlib.sha256(f"{name} {films.shape} {explained.loaded.card.sha256}".encode()).hexdigest()[:24]
    path = folder / f"answers-{told}.npy"
    if not path.is_file():
        progress = Progress("answers", len(films))
        parts = []
        for start in range(0, len(films), BATCH):
            parts.append(explained.told(torch.from_numpy(np.array(films[start : start + BATCH]))).numpy())
            progress.advance(len(parts[-1]), f"{start + len(parts[-1])} of {len(films)}")
        aside = path.with_suffix(".partial.npy")
        np.save(aside, np.concatenate(parts))
        aside.replace(path)
    return cast("NDArray[np.float32]", np.load(path))


def healthy(film: Film) -> bool:
    """Whether nothing is found on a film by its label."""
    return film.nothing == 1 or (film.nothing != 0 and 0 in film.labels and 1 not in film.labels)


def _stock(
    material: Material,
    codes: NDArray[np.uint8],
    index: NDArray[np.intp],
    explained: Explained,
    run: Mapping[str, Any],
    *,
    logits: torch.Tensor,
) -> tuple[Stock, Pairs]:
    """The stock of the films at ``index``, with what the config draws over them."""
    films = [material.collection.films[i] for i in index]
    shown, bounds = np.array(material.pixels[index]), _bounds(codes[index])
    well = np.array([healthy(film) for film in films], bool)
    views = np.unique([f"{film.source} {film.view}" for film in films], return_inverse=True)[1].astype(np.int64)
    stock = Stock(
        films=torch.from_numpy(shown),
        limits=torch.from_numpy(bounds),
        logits=logits,
        healthy=torch.from_numpy(well),
        views=torch.from_numpy(views),
        drawn=torch.zeros(len(index), dtype=torch.bool),
        patients=material.patients[index],
    )
    names, asked = [one["name"] for one in run["findings"]], run.get("drawn", {})
    if not asked or asked["finding"] not in names:
        return stock, NONE
    pairs = _drawn(shown, codes[index], np.flatnonzero(well), int(asked["count"]), int(run["seed"]))
    return _joined(stock, explained, *pairs, names.index(asked["finding"]))


def _bounds(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    out = np.zeros((len(codes), len(LIMITS), SIDE, SIDE), np.uint8)
    for place, one in enumerate(codes):
        out[place] = (limits(one) * 255).round()
    return out


def _drawn(
    films: NDArray[np.uint8], codes: NDArray[np.uint8], places: NDArray[np.intp], count: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Films with an effusion drawn over some of those at ``places``, and over which."""
    rng = np.random.default_rng([seed, 84])
    made: list[NDArray[np.uint8]] = []
    of: list[int] = []
    for place in rng.permutation(places)[:count].tolist():
        found = effusion(films[place].astype(np.float32) / 255, codes[place], rng)
        if found is not None:
            made.append((found[0] * 255).round().astype(np.uint8))
            of.append(place)
    return np.array(made, np.uint8).reshape(-1, *films.shape[1:]), np.array(of, np.int64)


def _joined(
    stock: Stock, explained: Explained, ill: NDArray[np.uint8], of: NDArray[np.int64], finding: int
) -> tuple[Stock, Pairs]:
    """A stock with drawn films at its end, and the pairs that they are of."""
    more, place, count = torch.from_numpy(ill), torch.from_numpy(of), len(stock.films)
    joined = replace(
        stock,
        films=torch.cat([stock.films, more]),
        limits=torch.cat([stock.limits, stock.limits[place]]),
        logits=torch.cat([stock.logits, explained.told(more)]),
        healthy=torch.cat([stock.healthy, torch.zeros(len(more), dtype=torch.bool)]),
        views=torch.cat([stock.views, stock.views[place]]),
        drawn=torch.cat([stock.drawn, torch.ones(len(more), dtype=torch.bool)]),
        patients=np.concatenate([stock.patients, stock.patients[of]]),
    )
    return joined, Pairs(torch.arange(count, count + len(more)), place, torch.full((len(more),), finding))


def answers_kept(explained: Explained, findings: Sequence[Mapping[str, Any]]) -> torch.Tensor:
    """(findings, answers) 1 where an answer is to stay while a finding is changed: neither the finding itself, nor what the
    config calls ``related`` to it."""
    names = explained.loaded.card.findings
    out = torch.ones(len(findings), len(names))
    for row, one in enumerate(findings):
        for name in (one["name"], *one.get("related", ())):
            if name in names:
                out[row, names.index(name)] = 0
    return out
