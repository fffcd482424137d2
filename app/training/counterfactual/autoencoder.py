"""`train autoencoder`: a small autoencoder of chest films for the latent shift, every view as often as the others."""

import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Picture
from torch import Tensor, nn

from app.classifiers.autoencoder import Autoencoder
from app.classifiers.loading import pick_device
from app.classifiers.networks import build
from app.evaluation.counterfactual import ssim
from app.evaluation.intervals import mean
from app.evaluation.predictions import Interval
from app.phantoms import chest
from app.training import cards, layouts, provenance
from app.training.averaging import follow
from app.training.collection import Layout
from app.training.counterfactual import drawn
from app.training.films import SOURCES
from app.training.fitting import one_cycle
from app.training.material import Material
from app.training.progress import Progress, clock
from app.training.record import Record, began_with, environment

DECAY = 0.99
WATCHED = 48
PHANTOMS = (2000, 200)
"""Films that are drawn to learn from and to watch, where the config asks for phantoms."""
APART = ("title", "summary", "limits")


@dataclass(frozen=True, eq=False)
class Shown:
    """Films uint8 (n, S, S) to learn from with how they were taken, (n,), and films to watch with their patients."""

    films: NDArray[np.uint8]
    views: NDArray[np.int64]
    watched: NDArray[np.uint8]
    patients: NDArray[np.str_]
    rows: list[dict[str, Any]]


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
    """Fit and write the model folder; a run that was stopped goes on."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    where, name = pick_device(device), provenance.named(out)
    shown = _phantoms(run, runs, most) if run["source"] == "phantoms" else _films(run, data, runs, layout, most)
    torch.manual_seed(int(run["seed"]))
    network, average = (build("autoencoder", 1, run["parameters"]).to(where) for _ in range(2))
    average.load_state_dict(network.state_dict())
    about = began_with({**{key: value for key, value in run.items() if key not in APART}, "films": [len(shown.films)]})
    record = Record(runs / name, about, environment(where))
    _fit((network, average), shown, run, record, fresh=fresh)
    values = _likeness(average, shown, where)
    told = mean(values, shown.patients)
    interval = Interval(told.value, told.low, told.high, told.count, 0)
    phantom = run["source"] == "phantoms"
    entries = {
        "name": name,
        "kind": "autoencoder",
        "title": run["title"],
        "summary": run["summary"],
        "architecture": "autoencoder",
        "findings": ["film"],
        "modalities": [],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": phantom,
        "default": True,
        "input_size": int(run["pixels"]),
        "explained_layer": "out",
        "intended_use": "Research on explanations: following a network's answer from film to film. Not for clinical use.",
        "banner": "",
        "terms": "Apache-2.0" if phantom else "Weights: research, with credit to Wang et al. 2017 and Kermany et al. 2018.",
        "limits": list(run["limits"]),
        "parameters": run["parameters"],
    } | ({} if run["field"] == "film" else {"preprocessing": {"field": run["field"]}})
    figures = [cards.figure("validation films", "film", interval, metric="SSIM of the reconstruction")]
    cards.write(out, average, entries, {"data": shown.rows, "figures": figures})
    print(f"written: {out}, SSIM {told.value:.3f}", flush=True)


def _films(run: dict[str, Any], data: Path, runs: Path, layout: Layout, most: int | None) -> Shown:
    collection = layouts.read(data, layout, run.get("sources", SOURCES), ())
    collection = collection if most is None else collection.thinned(most)
    material = Material.read(collection, int(run["pixels"]), runs / "films", None, field=run["field"])
    train, validation = material.where("train"), material.where("validation")
    views = [f"{film.source} {film.view}" for film in material.collection.films]
    watched = validation[np.linspace(0, len(validation) - 1, min(WATCHED, len(validation))).astype(int)]
    return Shown(
        material.pixels[train[0] : train[-1] + 1],
        np.unique(np.array(views)[train], return_inverse=True)[1].astype(np.int64),
        np.array(material.pixels[watched]),
        material.patients[watched],
        provenance.rows(material.collection),
    )


def _phantoms(run: dict[str, Any], runs: Path, most: int | None) -> Shown:
    counts = [n if most is None else min(n, most) for n in PHANTOMS]
    found = []
    for first, count in zip((5_000_000, 5_500_000), counts, strict=True):
        told = drawn.pairs(first, count, int(run["pixels"]), chest.FINDINGS, runs / "films")
        found.append(np.concatenate([told.ill, told.well]))
    rows = [{"name": "phantoms", "images": len(found[0]), "patients": counts[0], "terms": "drawn by app/phantoms, Apache-2.0"}]
    people = np.tile(np.arange(counts[1]).astype(np.str_), 2)
    return Shown(found[0], np.zeros(len(found[0]), np.int64), found[1], people, rows)


def _fit(both: tuple[nn.Module, nn.Module], shown: Shown, run: dict[str, Any], record: Record, *, fresh: bool) -> None:
    """Fit the first of two networks, which the other follows, from where the record's run stands."""
    network, average = both
    state, stages = record.begin(fresh), run["stages"]
    device = next(network.parameters()).device
    optimiser = torch.optim.AdamW(network.parameters(), lr=stages[0]["rate"], weight_decay=1e-4)
    done = 0
    if state is not None:
        done = int(state["epoch"])
        for one, name in ((network, "network"), (average, "average"), (optimiser, "optimiser")):
            one.load_state_dict(state[name])
    each = [(stage, index) for stage in stages for index in range(int(stage["epochs"]))]
    progress = Progress("run", len(each), done)
    share = torch.from_numpy(1 / np.bincount(shown.views)[shown.views])  # every view as often as the others
    for epoch, (stage, index) in enumerate(each[done:], start=done + 1):
        started, total = time.monotonic(), 0.0
        random = torch.Generator().manual_seed(int(run["seed"]) * 10_000 + epoch)
        network.train()
        for step in range(int(stage["steps"])):
            for group in optimiser.param_groups:
                group["lr"] = float(stage["rate"]) * one_cycle((index + step / stage["steps"]) / stage["epochs"])
            chosen = torch.multinomial(share, int(stage["batch"]), replacement=True, generator=random)
            films = torch.from_numpy(np.array(shown.films[chosen.numpy()]))[:, None].to(device).float() / 255
            with torch.autocast(device.type, torch.bfloat16):
                made = network((films - 0.5) * 4)
            loss = lost(made.float() / 4 + 0.5, films, float(run["detail"]))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            follow(network, average, DECAY)
            total += float(loss.detach())
        values = {"validation": float(_likeness(average, shown, device).mean()), "loss": total / int(stage["steps"])}
        sheet(average, shown, device, record.folder / f"epoch-{epoch:04d}.png")
        seconds = time.monotonic() - started
        networks = {"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        row = {"epoch": epoch, "size": shown.films.shape[-1], "seconds": seconds}
        record.keep({**row, **values}, {"epoch": epoch, **networks})
        progress.advance(1)
        progress.say(
            f"epoch {epoch} of {len(each)}: loss {values['loss']:.4f}, SSIM {values['validation']:.3f}, {clock(seconds)}"
        )


def lost(made: Tensor, films: Tensor, detail: float) -> Tensor:
    """What a reconstruction loses, films (b, 1, S, S) in [0, 1]: the mean absolute difference, and that of the steps from pixel
    to pixel, which keeps borders sharp."""
    away = made - films
    steps = (away[..., 1:, :] - away[..., :-1, :]).abs().mean() + (away[..., 1:] - away[..., :-1]).abs().mean()
    return away.abs().mean() + detail * steps


@torch.no_grad()
def _drawn(average: nn.Module, films: NDArray[np.uint8], device: torch.device) -> NDArray[np.float32]:
    """Films drawn anew, float32 (n, S, S) in [0, 1]."""
    assert isinstance(average, Autoencoder)  # noqa: S101 - for the type
    average.eval()
    parts = []
    for part in torch.split(torch.from_numpy(films)[:, None], 16):
        parts.append((average((part.to(device).float() / 255 - 0.5) * 4) / 4 + 0.5).clamp(0, 1).cpu())
    return torch.cat(parts)[:, 0].numpy().astype(np.float32)


def _likeness(average: nn.Module, shown: Shown, device: torch.device) -> NDArray[np.float64]:
    made = _drawn(average, shown.watched, device)
    pairs = zip(shown.watched.astype(np.float32) / 255, made, strict=True)
    return np.array([float(ssim(film, other).mean()) for film, other in pairs])


def sheet(average: nn.Module, shown: Shown, device: torch.device, path: Path) -> None:
    """A picture to look at: a row of films above the same drawn anew."""
    films = shown.watched[:8]
    made = (_drawn(average, films, device) * 255).astype(np.uint8)
    Picture.fromarray(np.concatenate([np.concatenate([*films], 1), np.concatenate([*made], 1)])).save(path)
