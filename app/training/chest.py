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
from app.training import cards, layouts, provenance
from app.training.collection import Collection, Layout
from app.training.decoding import pixels
from app.training.films import SOURCES
from app.training.fitting import Fit, Stage, balance, logits_of, shrink
from app.training.record import Values, began_with

WHOLE = ("nih", "nih_small")
"""The sources whose films are whole: what a hospital sends; NIH figures and calibration come from these."""


@dataclass(frozen=True)
class Films:
    """Everything read: pixels uint8 (n, size, size), labels float32 (n, findings) with NaN, and part, source and patient per
    film. The pixels are mapped from a file, and each part is a slice of them: a big collection need not fit the memory."""

    collection: Collection
    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]
    parts: NDArray[np.str_]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]

    @classmethod
    def read(cls, collection: Collection, size: int, folder: Path) -> "Films":
        """The films of a collection at ``size``, without those that cannot be read; decoded ones are kept in ``folder``."""
        decoded = pixels(collection.films, size, folder)
        collection = collection.without(decoded.unread)
        if decoded.unread:
            print(f"note: {collection.notes[-1]}", flush=True)
        records = collection.films
        return cls(
            collection,
            decoded.pixels,
            np.array([film.labels for film in records], np.float32),
            np.array([film.part for film in records]),
            np.array([film.source for film in records]),
            np.array([film.patient for film in records]),
        )

    def groups(self) -> list[tuple[str, ...]]:
        """Sources whose figures and calibration weigh the same: adults' whole films and children; elsewhere each source."""
        if self.collection.layout == "ours":
            return [group for group in (WHOLE, ("paediatric",)) if np.isin(self.sources, group).any()]
        return [(source,) for source in sorted(set(self.sources.tolist()))]

    def train(self) -> NDArray[np.uint8]:
        """The pixels of the training part, which comes first: a view."""
        return self.pixels[: int((self.parts == "train").sum())]

    def where(self, part: str, *sources: str) -> NDArray[np.intp]:
        """Indices of the films of a part, of the sources named (all when none is)."""
        chosen = self.parts == part
        return np.flatnonzero(chosen & np.isin(self.sources, sources) if sources else chosen)


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
    """Run a training config: read, fit, calibrate on the validation part, test on the test part, write the model folder."""
    name = provenance.named(out)
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    torch.set_flush_denormal(True)
    torch.manual_seed(int(run["seed"]))
    where = pick_device(device)
    collection = layouts.read(data, layout, run.get("sources", SOURCES), run.get("findings", ()))
    collection = collection if most is None else collection.thinned(most)
    print("\n".join((collection.told(), *(f"note: {note}" for note in collection.notes))), flush=True)
    everything = Films.read(collection, int(run["pixels"]), runs / "films")
    collection = everything.collection
    findings = collection.findings
    network, average = (build("compact-residual", len(findings), run["parameters"]).to(where) for _ in range(2))
    average.load_state_dict(network.state_dict())
    about = began_with(run, collection.films)
    fit = Fit(network, average, runs / name, where, int(run["seed"]), about=about, fresh=fresh)
    trainer = Trainer(everything, where)
    fit.run([Stage(**stage) for stage in run["stages"]], trainer.draw, trainer.validate)
    size = int(run["stages"][-1]["size"])
    temperature = trainer.calibrate(average, size)
    figures = trainer.test(average, size)
    entries = {**card(run, size, temperature), "name": name}
    if layout != "ours":
        entries |= provenance.entries(collection)
    cards.write(out, average, entries, {"data": provenance.rows(collection), "figures": figures})
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
            self._small = (size, shrink(self.films.train(), size))
        return self._small[1], self._labels, self._weights

    def validate(self, network: nn.Module, size: int) -> Values:
        """Mean AUROC over the findings on the validation part, the groups weighing the same; and each source's."""
        index = self.films.where("validation")
        logits, sources = self.logits(network, size, index), self.films.sources[index]

        def of(*chosen: str) -> float:
            rows = np.isin(sources, chosen)
            return mean(self.aurocs(logits[rows], self.films.labels[index[rows]]))

        headline = mean([of(*group) for group in self.films.groups()])
        return {**{source: of(source) for source in sorted(set(sources.tolist()))}, "validation": headline}

    def logits(self, network: nn.Module, size: int, index: NDArray[np.intp]) -> NDArray[np.float32]:
        """Logits (n, 14) of the films at ``index``."""
        return logits_of(network, shrink(self.films.pixels[index], size), self.device)

    def aurocs(self, logits: NDArray[np.float32], labels: NDArray[np.float32]) -> list[float]:
        """AUROC per finding, NaN where a class is missing."""
        known = ~np.isnan(labels)
        return [
            auroc(logits[known[:, f], f], labels[known[:, f], f] == 1) if known[:, f].any() else float("nan")
            for f in range(labels.shape[1])
        ]

    def calibrate(self, network: nn.Module, size: int) -> list[float]:
        """Platt scaling per finding on the validation part, the groups (adults and children) with the same weight.

        The intercept goes into the head's bias (a constant that no explainer uses), the slope onto the card as a temperature.
        A finding that is never or always there is left as it is.
        """
        groups = self.films.groups()
        index = self.films.where("validation", *(source for group in groups for source in group))
        logits, labels = self.logits(network, size, index), self.films.labels[index]
        members = [np.isin(self.films.sources[index], group) for group in groups]
        temperatures = []
        head: Any = network.head
        for f in range(labels.shape[1]):
            known = ~np.isnan(labels[:, f])
            if len(set(labels[known, f].tolist())) < 2:
                temperatures.append(1.0)
                continue
            each = [np.where(member, 1 / max(1, (member & known).sum()), 0) for member in members]
            weight = np.sum(each, 0)[known] * known.sum()
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
            for f, finding in enumerate(self.films.collection.findings):
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


def mean(values: list[float]) -> float:
    """The mean of the figures that are defined; NaN when none is."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


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
