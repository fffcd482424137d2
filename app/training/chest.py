"""`train chest`: a network for frontal chest films from real films of several sources, and its card with honest figures."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.classifiers.loading import pick_device
from app.classifiers.networks import build
from app.domain import FINDINGS
from app.evaluation.predictions import auroc, auroc_interval, platt
from app.training import cards, films
from app.training.fitting import Fit, Stage, balance, logits_of, shrink

WHOLE = ("nih", "nih_small")
"""The sources whose films are whole: what a hospital sends; NIH figures and calibration come from these."""


@dataclass(frozen=True)
class Films:
    """Everything read: pixels uint8 (n, size, size), labels float32 (n, 14) with NaN, and part, source and patient per film."""

    records: list[films.Film]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]
    parts: NDArray[np.str_]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]

    @classmethod
    def read(cls, data: Path, sources: tuple[str, ...], size: int, most: int | None = None) -> "Films":
        """All films of the sources at ``size``; ``most`` keeps only that many per source, for a quick trial."""
        records = films.read(data, sources)
        if most is not None:
            records = [film for source in sources for film in [r for r in records if r.source == source][:most]]
        return cls(
            records,
            films.pixels(records, size),
            np.array([film.labels for film in records], np.float32),
            np.array([film.part for film in records]),
            np.array([film.source for film in records]),
            np.array([film.patient for film in records]),
        )

    def where(self, part: str, *sources: str) -> NDArray[np.intp]:
        """Indices of the films of a part, of the sources named (all when none is)."""
        chosen = self.parts == part
        return np.flatnonzero(chosen & np.isin(self.sources, sources) if sources else chosen)


def train(config: Path, data: Path, out: Path, runs: Path, *, device: str = "auto", most: int | None = None) -> None:
    """Run a training config: read, fit, calibrate on the validation part, test on the test part, write the model folder."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    torch.set_flush_denormal(True)
    torch.manual_seed(int(run["seed"]))
    where = pick_device(device)
    everything = Films.read(data, tuple(run["sources"]), int(run["pixels"]), most)
    print(f"{len(everything.records)} films read", flush=True)
    network, average = (build("compact-residual", len(FINDINGS), run["parameters"]).to(where) for _ in range(2))
    average.load_state_dict(network.state_dict())
    fit = Fit(network, average, runs / str(run["name"]), where, int(run["seed"]))
    trainer = Trainer(everything, where)
    fit.run([Stage(**stage) for stage in run["stages"]], trainer.draw, trainer.validate)
    size = int(run["stages"][-1]["size"])
    temperature = trainer.calibrate(average, size)
    figures = trainer.test(average, size)
    cards.write(out, average, card(run, size, temperature), {"data": sources(everything), "figures": figures})
    print(f"written: {out}", flush=True)


class Trainer:
    """What the loop asks for: batches of the training part, and figures of the other two."""

    def __init__(self, everything: Films, device: torch.device) -> None:
        self.films, self.device = everything, device
        index = everything.where("train")
        self._labels = torch.from_numpy(np.nan_to_num(everything.labels[index]))
        self._weights = torch.from_numpy(balance(everything.labels[index], everything.sources[index]))
        self._small: tuple[int, Tensor] | None = None

    def draw(self, _epoch: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """The training part at a size."""
        if self._small is None or self._small[0] != size:
            self._small = (size, shrink(self.films.pixels[self.films.where("train")], size))
        return self._small[1], self._labels, self._weights

    def validate(self, network: nn.Module, size: int) -> float:
        """Mean AUROC over NIH's findings (whole films) and paediatric pneumonia on the validation part, half each."""
        nih = self.aurocs(network, size, self.films.where("validation", *WHOLE))
        children = self.aurocs(network, size, self.films.where("validation", "paediatric"))
        print(f"validation: NIH {np.nanmean(nih):.4f}, paediatric {np.nanmean(children):.4f}", flush=True)
        return float(np.nanmean([np.nanmean(nih), np.nanmean(children)]))

    def logits(self, network: nn.Module, size: int, index: NDArray[np.intp]) -> NDArray[np.float32]:
        """Logits (n, 14) of the films at ``index``."""
        return logits_of(network, shrink(self.films.pixels[index], size), self.device)

    def aurocs(self, network: nn.Module, size: int, index: NDArray[np.intp]) -> list[float]:
        """AUROC per finding, NaN where a class is missing."""
        logits = self.logits(network, size, index)
        labels = self.films.labels[index]
        known = ~np.isnan(labels)
        return [
            auroc(logits[known[:, f], f], labels[known[:, f], f] == 1) if known[:, f].any() else float("nan")
            for f in range(len(FINDINGS))
        ]

    def calibrate(self, network: nn.Module, size: int) -> list[float]:
        """Platt scaling per finding on the validation part, adults and children with the same weight.

        The intercept goes into the head's bias (a constant that no explainer uses), the slope onto the card as a temperature.
        """
        index = self.films.where("validation", *WHOLE, "paediatric")
        logits, labels = self.logits(network, size, index), self.films.labels[index]
        adult = np.isin(self.films.sources[index], WHOLE)
        temperatures = []
        head: Any = network.head
        for f in range(len(FINDINGS)):
            known = ~np.isnan(labels[:, f])
            weight = np.where(adult, 1 / max(1, (adult & known).sum()), 1 / max(1, (~adult & known).sum()))[known] * known.sum()
            slope, intercept = platt(logits[known, f], labels[known, f] == 1, weight)
            with torch.no_grad():
                head.bias[f] += intercept / slope
            temperatures.append(round(1 / slope, 5))
        return temperatures

    def test(self, network: nn.Module, size: int) -> list[dict[str, Any]]:
        """AUROC with 95% interval per source and finding on the test part, patients that were never trained on."""
        rows = []
        for source in sorted(set(self.films.sources.tolist())):
            index = self.films.where("test", source)
            logits, labels, patients = self.logits(network, size, index), self.films.labels[index], self.films.patients[index]
            values = []
            for f, finding in enumerate(FINDINGS):
                known = ~np.isnan(labels[:, f])
                truth = labels[known, f] == 1
                if truth.sum() < 3 or (~truth).sum() < 3:
                    continue
                interval = auroc_interval(logits[known, f], truth, patients[known])
                rows.append(cards.figure(source, finding, interval))
                values.append(interval)
                told = f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
                print(f"{source:11} {finding:20} {told} positives {interval.positives}")
            enough = [v.value for v in values if v.positives >= 10]
            if len(enough) > 1:
                print(f"{source:11} mean over {len(enough)} findings with at least ten positives: {np.mean(enough):.3f}")
        return rows


def sources(everything: Films) -> list[dict[str, Any]]:
    """The card's data rows: images and patients of the training part per source."""
    rows = []
    for source in sorted(set(everything.sources.tolist())):
        index = everything.where("train", source)
        patients = len(set(everything.patients[index].tolist()))
        rows.append({"name": source, "images": len(index), "patients": patients, "terms": films.TERMS[source]})
    return rows


def card(run: dict[str, Any], size: int, temperature: list[float]) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": run["name"],
        "title": "Compact chest network",
        "summary": "A small residual network for frontal chest films, trained on public films of adults and children.",
        "architecture": "compact-residual",
        "findings": list(FINDINGS),
        "modalities": ["CR", "DX", "DR", "RG", "XR"],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": True,
        "input_size": size,
        "explained_layer": "features",
        "temperature": temperature,
        "intended_use": "Research on explanations: comparing what a network says with where it looks. Not for clinical use.",
        "banner": "",
        "guard": "chest-guard",
        "terms": "Weights: research, with credit to Wang et al. 2017 (NIH ChestX-ray14) and Kermany et al. 2018 (CC BY 4.0).",
        "limits": [
            "NIH's labels were read from reports by a program and are wrong in about one of ten cases.",
            "Trained on frontal films only; a lateral film, another body part or a photo gets a number that means nothing.",
            "Pneumonia is learned mostly from young children; a figure on children says little about adults.",
            "Probabilities are calibrated to the validation part's prevalence; another hospital has another one.",
            "Tubes, lines, side markers and borders can sway the answer: that is what the maps are for.",
        ],
        "parameters": run["parameters"],
    }
