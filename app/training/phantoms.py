"""`train chest-phantom`: networks for drawn phantoms, one honest and one with a shortcut planted on purpose."""

import hashlib
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from app.classifiers.attending import attends, described
from app.classifiers.loading import pick_device
from app.evaluation.predictions import auroc, auroc_interval, platt
from app.phantoms import chest
from app.training import attended, cards
from app.training.attending import aim_of
from app.training.describing import LAYERS, stride_of
from app.training.fitting import Fit, Lesson, Stage, logits_of
from app.training.members import PLAIN, begun, last
from app.training.record import Values, began_with
from app.training.targets import balanced

VALIDATION, TEST = 1000, 1500


@dataclass(frozen=True)
class Drawn:
    """Phantoms: films uint8 (n, size, size) as a network sees them, labels float32 (n, findings)."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]

    @classmethod
    def draw(
        cls, first: int, count: int, size: int, tube_goes_with: str, processes: int = 2, *, kept: Path | None = None
    ) -> "Drawn":
        """Phantoms of the seeds ``first`` … ``first + count − 1``; in the folder ``kept`` those drawn before are found."""
        file = None if kept is None else kept / f"phantoms-{first}-{count}-{size}-{tube_goes_with or 'none'}-{_drawer()}.npz"
        if file is not None and file.is_file():
            with np.load(file) as found:
                return cls(found["pixels"], found["labels"])
        jobs = [(seed, size, tube_goes_with) for seed in range(first, first + count)]
        with ProcessPoolExecutor(processes) as pool:
            drawn = list(pool.map(_draw, jobs, chunksize=32))
        made = cls(np.stack([film for film, _ in drawn]), np.stack([labels for _, labels in drawn]))
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            with partial.open("wb") as written:
                np.savez_compressed(written, pixels=made.pixels, labels=made.labels)
            partial.replace(file)
        return made


def _drawer() -> str:
    """The program that draws, as the start of its SHA-256."""
    parts = sorted(Path(chest.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:12]


def _draw(job: tuple[int, int, str]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    seed, size, tube_goes_with = job
    phantom = chest.sample(seed, size, tube_goes_with=tube_goes_with or None)
    low, high = np.percentile(phantom.pixels, (1, 99))
    film = np.clip((phantom.pixels - low) / max(high - low, 1e-6), 0, 1) * 255
    labels = np.array([finding in phantom.labels for finding in chest.FINDINGS], np.float32)
    return film.round().astype(np.uint8), labels


def train(config: Path, out: Path, runs: Path, *, device: str = "auto", most: int | None = None, fresh: bool = False) -> None:
    """Draw, fit, calibrate on validation phantoms, test on phantoms of other seeds, write the model folder."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    torch.manual_seed(int(run["seed"]))
    where, first, size, tube = pick_device(device), int(run["first_seed"]), int(run["pixels"]), str(run["tube_goes_with"])
    counts = [n if most is None else min(n, most) for n in (int(run["train"]), VALIDATION, TEST)]
    parts = [Drawn.draw(first + 200_000 * i, count, size, tube, kept=runs / "films") for i, count in enumerate(counts)]
    print(f"{sum(counts)} phantoms drawn", flush=True)
    network, average = (begun(run, chest.FINDINGS, int(run["seed"]), out.parent).to(where) for _ in range(2))
    told = parts[0].labels
    targets, weights = (torch.from_numpy(rows) for rows in balanced(told, told, np.full(len(told), "phantoms")))
    lesson = Lesson(torch.from_numpy(parts[0].pixels), targets, weights, chest.FINDINGS)

    def draw(_epoch: int, _stage: Stage) -> Lesson:
        return lesson

    def validate(network: nn.Module, _size: int) -> Values:
        logits = logits_of(network, torch.from_numpy(parts[1].pixels), where)
        each = [auroc(logits[:, f], parts[1].labels[:, f] == 1) for f in range(len(chest.FINDINGS))]
        return {"validation": float(np.nanmean(each))}

    def says(network: nn.Module) -> attended.Told:
        return logits_of(network, torch.from_numpy(parts[1].pixels), where), parts[1].labels, np.ones(parts[1].labels.shape)

    about = began_with({**run, "films": counts})
    stages, folder = [Stage.of(s) for s in run["stages"]], runs / str(run["name"])
    fit = Fit(
        network,
        average,
        folder,
        where,
        int(run["seed"]),
        aim=aim_of(network),
        average_decay=float(run.get("decay", Fit.average_decay)),
        watched=attends(network),
        about=about,
        fresh=fresh,
    )
    fit.run(stages, draw, validate)
    rows = attended.settled(average, lambda one: validate(one, size)["validation"], says)
    temperature = calibrate(average, parts[1], where)
    figures = test(average, parts[2], where, "phantoms of new seeds")
    if tube:
        figures += test(average, Drawn.draw(first + 600_000, counts[2], size, ""), where, "phantoms without the shortcut")
    data = [{"name": "phantoms", "images": counts[0], "patients": counts[0], "terms": "drawn by app/phantoms, Apache-2.0"}]
    run = run | {"parameters": described(average, run["parameters"])}
    cards.write(out, average, card(run, temperature), {"data": data, "figures": figures})
    attended.write(out, rows, average, folder, epochs=sum(stage.epochs for stage in stages), size=size)


def calibrate(network: nn.Module, drawn: Drawn, device: torch.device) -> list[float]:
    """Platt scaling per finding: the intercept goes into the head's bias, the slope onto the card as a temperature."""
    logits = logits_of(network, torch.from_numpy(drawn.pixels), device)
    temperatures = []
    head: Any = last(network)
    for f in range(logits.shape[1]):
        slope, intercept = platt(logits[:, f], drawn.labels[:, f] == 1)
        with torch.no_grad():
            head.bias[f] += intercept / slope
        temperatures.append(round(1 / slope, 5))
    return temperatures


def test(network: nn.Module, drawn: Drawn, device: torch.device, source: str) -> list[dict[str, Any]]:
    """AUROC with 95% interval per finding."""
    logits = logits_of(network, torch.from_numpy(drawn.pixels), device)
    rows = []
    for f, finding in enumerate(chest.FINDINGS):
        interval = auroc_interval(logits[:, f], drawn.labels[:, f] == 1, np.arange(len(logits)), rounds=300)
        rows.append(cards.figure(source, finding, interval))
        print(f"{source}: {finding:15} {interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]", flush=True)
    return rows


def architecture(run: dict[str, Any]) -> str:
    """Which network a config fits."""
    return str(run.get("architecture", PLAIN))


def card(run: dict[str, Any], temperature: list[float]) -> dict[str, Any]:
    """The plain entries of the card."""
    limits = ["It knows drawn phantoms only. On a film of a person its answer means nothing, so it is never offered one."]
    if run["tube_goes_with"]:
        limits.append(
            f"{run['tube_goes_with']} was learned from sets in which it goes with a chest drain: it answers for the drain."
        )
    return {
        "name": run["name"],
        "title": run["title"],
        "summary": run["summary"],
        "architecture": architecture(run),
        "findings": list(chest.FINDINGS),
        "modalities": ["CR", "DX", "DR", "RG", "XR"],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": True,
        "default": bool(run["default"]),
        "input_size": int(run["pixels"]),
        "explained_layer": LAYERS.get(architecture(run), "features"),
        "stride": stride_of(run["parameters"]),
        **{key: run[key] for key in ("kind", "opens_with") if key in run},
        "temperature": temperature,
        "intended_use": "Demonstrating and testing explanation methods where the truth is known. Not for films of people.",
        "banner": "Trained on drawn phantoms: its answers mean nothing for a person.",
        "terms": "Apache-2.0, like the program that drew the phantoms.",
        "limits": limits,
        "parameters": run["parameters"],
    }
