"""`train counterfactual`: a generator of counterfactual films for one network, from phantoms or real films, with its card."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Picture
from safetensors.torch import load_file
from torch import Tensor

from app.classifiers.card import Card
from app.classifiers.critic import Critic
from app.classifiers.generator import Generator, applied
from app.classifiers.loading import load, pick_device
from app.classifiers.networks import build
from app.errors import InputError
from app.evaluation.intervals import wilson
from app.evaluation.predictions import Interval
from app.training import cards, provenance
from app.training.collection import Layout
from app.training.counterfactual import material, stacked
from app.training.counterfactual.fitting import Fit, Lesson, Stage, Weights
from app.training.counterfactual.stock import Explained, Pairs, Side, Stock, scales, side
from app.training.members import OTHER_LAYERS
from app.training.record import Values, began_with

WATCHED = 24
"""Validation films per finding that figures of an epoch are of."""
PICTURED = 6
CHANGED = 0.02
APART = ("title", "summary", "limits", "processes", "default", "shortcut")
"""Entries of a config that change nothing about how the generator is fitted."""


@dataclass(frozen=True, eq=False)
class Watched:
    """Films of a part that a generator is watched on: per finding those to be changed and those to be kept; and the network
    that says what changed."""

    explained: Explained
    stock: Stock
    sides: dict[tuple[int, int], Side]
    healthy_is: tuple[int, ...]


def train(
    config: Path,
    data: Path,
    out: Path,
    runs: Path,
    *,
    layout: Layout = "ours",
    device: str = "auto",
    most: int | None = None,
    fresh: bool = False,
) -> None:
    """Read the films or draw the phantoms, ask the network, fit, watch, write the model folder. A run that was stopped goes on
    from its last checkpoint, which is one epoch of the config old at most."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    if run["source"] == "knees":
        stacked.train(run, out, runs, device=device, most=most, fresh=fresh)
        return
    name, where = provenance.named(out), pick_device(device)
    findings = [one["name"] for one in run["findings"]]
    explained = Explained.of(load(Card.read(out.parent / run["explains"]), where), findings)
    folder = runs / name
    stocks = _stocks(run, explained, data, runs, out.parent, layout=layout, most=most)
    (stock, pairs), (watched_stock, _) = stocks["train"], stocks["validation"]
    print(f"{len(stock.films)} films to learn from, {len(pairs.ill)} pairs, {len(watched_stock.films)} to watch", flush=True)
    torch.manual_seed(int(run["seed"]))
    generators = [_generator(run, explained, stock, out.parent).to(where) for _ in range(2)]
    generators[1].load_state_dict(generators[0].state_dict())
    healthy_is = tuple(int(one.get("healthy", -1)) for one in run["findings"])
    lesson = Lesson(
        stock,
        pairs,
        _sides(stock, explained, healthy_is),
        healthy_is,
        material.answers_kept(explained, run["findings"]),
        stock.logits[~stock.drawn].std(0).clamp(min=1e-3),
    )
    watched = Watched(explained, watched_stock, _sides(watched_stock, explained, healthy_is), healthy_is)
    about = began_with({**{key: value for key, value in run.items() if key not in APART}, "films": [len(stock.films)]})
    fit = Fit(
        generator=generators[0],
        average=generators[1],
        critic=Critic(2 * len(findings), run["critic"]).to(where),
        explained=explained,
        weights=Weights(**run.get("weights", {})),
        folder=folder,
        device=where,
        seed=int(run["seed"]),
        about=about,
        fresh=fresh,
    )

    def validate(generator: Generator, epoch: int) -> Values:
        sheet(generator, watched, folder / f"epoch-{epoch:04d}.png")
        return watch(generator, watched, findings)

    fit.run([Stage(**stage) for stage in run["stages"]], lesson, validate)
    write(out, fit.average.eval(), run, watched, stock, figures=flips(fit.average, watched, findings))
    print(f"written: {out}", flush=True)


def _stocks(
    run: dict[str, Any], explained: Explained, data: Path, runs: Path, models: Path, *, layout: Layout, most: int | None
) -> dict[str, tuple[Stock, Pairs]]:
    if run["source"] != "phantoms":
        return material.of_films(run, explained, data, runs, models, layout=layout, most=most)
    counts = [n if most is None else min(n, most) for n in (int(run["pairs"]), int(run["watched"]))]
    first = int(run["first_seed"])
    parts = zip(("train", "validation"), (first, first + 500_000), counts, strict=True)
    return {part: material.of_phantoms(run, explained, start, count, runs / "films") for part, start, count in parts}


def _generator(run: dict[str, Any], explained: Explained, stock: Stock, models: Path) -> Generator:
    """An unfitted one that changes nothing, or, where the config says ``begin``, one with that generator's weights."""
    network = build("la-gan", len(run["findings"]), parameters(run))
    assert isinstance(network, Generator)  # noqa: S101 - for the type
    if "begin" in run:
        file = models / run["begin"] / "weights.safetensors"
        if not file.is_file():
            raise InputError("The network “%(name)s” that this config begins with is not there.", {"name": run["begin"]})
        weights = load_file(file)
        if {name: value.shape for name, value in weights.items()} != {k: v.shape for k, v in network.state_dict().items()}:
            raise InputError(OTHER_LAYERS)
        network.load_state_dict(weights)
    network.scales.copy_(scales(explained, stock))
    return network


def parameters(run: dict[str, Any]) -> dict[str, Any]:
    """The generator's, as its card has them."""
    ways, within = ([one[key] for one in run["findings"]] for key in ("way", "within"))
    return {**run["parameters"], "ways": ways, "within": within}


def _sides(stock: Stock, explained: Explained, healthy_is: tuple[int, ...]) -> dict[tuple[int, int], Side]:
    found = {}
    for finding, column in enumerate(explained.columns):
        for direction in (-1, 1):
            found[finding, direction] = side(stock, column, explained.point(column), direction, healthy_is[finding])
    return found


@torch.no_grad()
def _made(generator: Generator, watched: Watched, places: Tensor, finding: int) -> tuple[Tensor, Tensor, Tensor]:
    """Films at some places, what a generator makes of them towards healthy, both (b, 1, S, S), and the finding's logits (b,)
    after."""
    generator.eval()
    explained, stock, direction = watched.explained, watched.stock, watched.healthy_is[finding]
    device, column = explained.loaded.device, explained.columns[finding]
    films, limits = stock.batch(places, device)
    needed = generator.needed(stock.logits[places, column].to(device), finding, direction)
    made = applied(films, generator((films - 0.5) * 4, limits, finding, direction, needed))
    return films, made, explained.logits(made)[:, column]


def _flipped(generator: Generator, watched: Watched, finding: int, most: int) -> tuple[Tensor, Tensor]:
    """Which of the films to be changed cross the point by half a spread (n,), and the share of their pixels changed (n,)."""
    direction = watched.healthy_is[finding]
    places = watched.sides[finding, direction].change[:most]
    films, made, after = _made(generator, watched, places, finding)
    crossed = direction * (after - generator.goal(finding, direction)) >= 0
    return crossed, ((made - films).abs() > CHANGED).float().flatten(1).mean(1)


def watch(generator: Generator, watched: Watched, findings: list[str]) -> Values:
    """Figures of an epoch: per finding the share of films that flip and of pixels changed, and by how many gaps the answer
    moves on films that are to stay; "validation" is the mean flip."""
    values: Values = {}
    every = []
    for finding, name in enumerate(findings):
        direction = watched.healthy_is[finding]
        crossed, changed = _flipped(generator, watched, finding, WATCHED)
        kept = watched.sides[finding, direction].keep[:WATCHED]
        _, _, after = _made(generator, watched, kept, finding)
        before = watched.stock.logits[kept, watched.explained.columns[finding]].to(after.device)
        every.append(float(crossed.float().mean()))
        values[f"{name} flip"], values[f"{name} pixels"] = every[-1], float(changed.mean())
        values[f"{name} kept"] = float(((after - before).abs() / generator.scales[finding, 2]).mean())
    return {**values, "validation": float(np.mean(every))}


def flips(generator: Generator, watched: Watched, findings: list[str]) -> list[dict[str, Any]]:
    """The card's rows: of how many called films of the validation part the answer flips."""
    rows = []
    for finding, name in enumerate(findings):
        crossed, _ = _flipped(generator, watched, finding, 200)
        if not len(crossed):
            continue
        share, count = float(crossed.float().mean()), len(crossed)
        interval = Interval(share, *wilson(int(crossed.sum()), count), count, 0)
        rows.append(cards.figure("validation films that the network calls", name, interval, metric="flip"))
    return rows


def sheet(generator: Generator, watched: Watched, path: Path) -> None:
    """A picture to look at: per finding a row of films, a row of what is made of them, and one of the signed difference (grey
    is none)."""
    bands = []
    for finding, direction in enumerate(watched.healthy_is):
        places = watched.sides[finding, direction].change[:PICTURED]
        if not len(places):
            continue
        films, made, _ = _made(generator, watched, places, finding)
        for row in (films, made, (made - films) * 2 + 0.5):
            planes = [*row[:, 0].clamp(0, 1).cpu().numpy()]
            planes += [np.zeros_like(planes[0])] * (PICTURED - len(planes))
            bands.append(np.concatenate(planes, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray((np.concatenate(bands) * 255).astype(np.uint8)).save(path)


def write(
    out: Path, generator: Generator, run: dict[str, Any], watched: Watched, stock: Stock, *, figures: list[dict[str, Any]]
) -> None:
    """The model folder: card and weights."""
    own = watched.explained.loaded.card
    drawn = run["source"] == "phantoms"
    entries = {
        "name": out.name,
        "kind": "counterfactual",
        "title": run["title"],
        "summary": run["summary"],
        "architecture": "la-gan",
        "findings": [one["name"] for one in run["findings"]],
        "modalities": [],
        "body_parts": list(own.body_parts),
        "phantom": drawn,
        "default": bool(run.get("default", True)),
        "explains": own.name,
        "explains_sha256": own.sha256,
        "input_size": int(run["pixels"]),
        "explained_layer": "decoders",
        "intended_use": "Research on explanations: what would have to change for another answer. Not for clinical use.",
        "banner": "",
        "terms": "Apache-2.0, like the program that drew the phantoms." if drawn else own.terms,
        "limits": list(run["limits"]),
        "parameters": parameters(run),
    }
    entries |= {"shortcut": run["shortcut"]} if "shortcut" in run else {}
    entries |= {} if own.preprocessing.field == "film" else {"preprocessing": {"field": own.preprocessing.field}}
    count, patients = int((~stock.drawn).sum()), len(set(stock.patients.tolist()))
    rows = [{"name": run["source"], "images": count, "patients": patients, "terms": entries["terms"]}]
    cards.write(out, generator, entries, {"data": rows, "figures": figures})
