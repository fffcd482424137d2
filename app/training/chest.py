"""`train chest`: a network for frontal chest films from real films of several sources, and its card with honest figures."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn

from app.classifiers.attending import attends, described
from app.classifiers.card import Card
from app.classifiers.loading import load, pick_device
from app.classifiers.segmenter import Segmenter
from app.errors import InputError
from app.evaluation.predictions import auroc, platt
from app.training import attended, cards, describing, halves, layouts, measuring, provenance, targets, views
from app.training.attending import aim_of
from app.training.collection import Layout
from app.training.films import SOURCES
from app.training.fitting import Fit, Lesson, Stage, after, logits_of, shrink
from app.training.heads import Pooled, Refit, pooled, refit
from app.training.material import Material
from app.training.members import answering, begun, last
from app.training.record import Record, Values, began_with
from app.training.unlearning import Unlearning

APART = (
    "seeds", "refit", "outside", "looked_at", "looked_at_summary", "title", "summary", "default", "second_to", "limits",
    "reads", "opens_with",
)  # fmt: skip
"""Entries of a config that change nothing about how one network is fitted."""


@dataclass(frozen=True)
class Task:
    """What is to be done: the config as read, and where results, checkpoints and networks go."""

    run: dict[str, Any]
    out: Path
    runs: Path
    device: torch.device
    fresh: bool = False

    @property
    def name(self) -> str:
        """The network's name: its folder's."""
        return provenance.named(self.out)

    @property
    def recipe(self) -> targets.Recipe:
        """How labels become targets."""
        return targets.Recipe(**self.run.get("recipe", {}))

    @property
    def last(self) -> tuple[Refit, targets.Recipe] | None:
        """How the last layer is fitted anew at the end, and how labels become targets for that: no helper question has an
        output there. None where the config has no entry ``refit``."""
        if "refit" not in self.run:
            return None
        how = Refit.of(self.run["refit"])
        return how, replace(self.recipe, helpers=0.0, within=self.recipe.within if how.within is None else how.within)


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
    trunk: int | None = None,
    so_far: bool = False,
) -> None:
    """Run a training config: read, fit every trunk, join them, calibrate on the validation part, test, write the model folder.

    ``trunk`` (from 1) fits only that one and writes nothing, so that several processes can share the work; the run without it
    goes on from there. ``so_far`` fits nothing and writes the networks as their runs stand, which may be going on: a card that
    says so, of the sources that were learned from until now."""
    run = tomllib.loads(config.read_text(encoding="utf-8"))
    run = run if layout == "ours" else elsewhere(run)
    task = Task(run, out, runs, pick_device(device), fresh)
    provenance.named(out)
    material = material_of(task, data, layout, most)
    collection = material.collection
    trainer = Trainer(material, task)
    numbers = range(1, len(run["seeds"]) + 1) if trunk is None else [trunk]
    stood = trainer.stands() if so_far else None
    members = [trainer.member(number) for number in numbers] if stood is None else stood.members
    if trunk is not None and stood is None:
        return
    size = int(run["stages"][-1]["size"]) if stood is None else stood.size
    network = trainer.refit(answering(members, len(material.answers)), size, None if stood is None else stood.sources)
    rows = attended.settled(network, lambda one: trainer.validate(one, size)["validation"], lambda one: trainer.told(one, size))
    temperature = trainer.calibrate(network, size)
    measured = trainer.test(network, size, temperature)
    points = trainer.operating(network, size, temperature)
    outside = run.get("outside", ()) if stood is None else ()
    without = [row for entry in outside for row in trainer.left_out(network, size, entry)]
    run = run | {"parameters": described(network, run["parameters"])}
    entries = {**describing.card(run, material.answers, size, temperature, trunks=len(members)), "name": task.name}
    if layout != "ours":
        entries |= provenance.entries(collection) | {"findings": list(material.answers)}
    if stood is not None:
        entries |= describing.unfinished(entries, stood.epochs, stood.planned, sorted(stood.sources))
    tables = {
        "data": [row for row in provenance.rows(collection) if stood is None or row["name"] in stood.sources],
        "figures": measured.figures,
        "calibration": measured.calibration,
        "operating": points.rows,
        "outside": without,
        "looked_at": [cards.looked_at(**call) for call in run.get("looked_at", ())],
    }
    cards.write(out, network, entries, tables)
    cards.curves(out, measured.roc, measured.reliability, points.curves)
    if stood is None:
        epochs = sum(int(stage["epochs"]) for stage in run["stages"])
        attended.write(out, rows, network, runs / task.name / "trunk-1", epochs=epochs, size=size)
    print(f"written: {out}", flush=True)


def material_of(task: Task, data: Path, layout: Layout, most: int | None) -> Material:
    """The films that a config learns from, decoded; says aloud what there is."""
    run, runs = task.run, task.runs
    collection = layouts.read(data, layout, run.get("sources", SOURCES), run.get("findings", ()))
    masks = data if layout == "ours" and any(stage.get("lungs_only") or stage.get("inserted") for stage in every(run)) else None
    collection = collection if most is None else collection.thinned(most)
    print("\n".join((collection.told(), *(f"note: {note}" for note in collection.notes))), flush=True)
    masks = None if most is not None and collection.trial else masks
    segmenter = Segmenter.of(load(Card.read(task.out.parent / run["aligned"]), task.device)) if "aligned" in run else None
    field = run.get("field", "film")
    material = Material.read(collection, int(run["pixels"]), runs / "films", masks, field=field, segmenter=segmenter)
    return halves.halved(material, run.get("half", ""))


def elsewhere(run: dict[str, Any]) -> dict[str, Any]:
    """A config for other films than ours: every stage learns from all of them, none of our sources can be left out, and it is
    no second opinion beside a network that learned from ours."""
    stages = [{key: value for key, value in stage.items() if key != "sources"} for stage in run["stages"]]
    return {key: value for key, value in run.items() if key not in ("outside", "second_to")} | {"stages": stages}


def every(run: dict[str, Any]) -> list[dict[str, Any]]:
    """All stages of a config, those of networks that are only measured too."""
    return [*run["stages"], *(stage for entry in run.get("outside", ()) for stage in entry.get("stages", ()))]


@dataclass(frozen=True)
class Stood:
    """Runs as they stand: their averaged networks, at which size they were last fitted, after how many of the planned epochs,
    and the sources that they have learned from."""

    members: list[nn.Module]
    size: int
    epochs: int
    planned: int
    sources: set[str]


class Trainer:
    """Fits the members, and measures what came out."""

    def __init__(self, material: Material, task: Task) -> None:
        self.films, self.task = material, task
        self._lesson: tuple[Stage, Lesson] | None = None

    def member(self, number: int) -> nn.Module:
        """One trunk with its head, helper questions included: fitted by the config's stages, or as its checkpoint has it."""
        seed = int(self.task.run["seeds"][number - 1])
        return self._fitted(f"trunk-{number}", seed, self.task.run["stages"])

    def stands(self) -> Stood:
        """Every member as its checkpoint has it. InputError when a run has none."""
        stages = [Stage.of(stage) for stage in self.task.run["stages"]]
        members, least = [], sum(stage.epochs for stage in stages)
        for number, seed in enumerate(self.task.run["seeds"], start=1):
            record = Record(self._folder(f"trunk-{number}"), self._about(seed, self.task.run["stages"]), {})
            state = record.peek()
            if state is None:
                raise InputError("The run “%(name)s” has no checkpoint yet.", {"name": f"{self.task.name}/trunk-{number}"})
            network = self._network(seed)
            network.load_state_dict(state["average"])
            members.append(network)
            least = min(least, int(state["epoch"]))
        each = [stage for stage in stages for _ in range(stage.epochs)]
        sources = {source for stage in each[:least] for source in stage.sources or self.films.sources.tolist()}
        return Stood(members, each[least - 1].size, least, len(each), sources)

    def _folder(self, name: str) -> Path:
        return self.task.runs / self.task.name / name

    def _about(self, seed: int, stages: list[dict[str, Any]]) -> dict[str, str]:
        run = {key: value for key, value in self.task.run.items() if key not in APART}
        return began_with({**run, "seed": seed, "stages": stages}, self.films.collection.films)

    def _network(self, seed: int) -> nn.Module:
        asked = (*self.films.answers, *(targets.HELPERS if self.task.recipe.helpers else ()))
        return begun(self.task.run, asked, seed, self.task.out.parent).to(self.task.device)

    def _fitted(self, name: str, seed: int, stages: list[dict[str, Any]]) -> nn.Module:
        network, average = self._network(seed), self._network(seed)
        strength = self.task.recipe.unlearn
        fit = Fit(
            network,
            average,
            self._folder(name),
            self.task.device,
            seed,
            change=views.change,
            penalty=Unlearning(strength) if strength else None,
            aim=aim_of(network),
            average_decay=float(self.task.run.get("decay", Fit.average_decay)),
            watched=attends(network),
            about=self._about(seed, stages),
            fresh=self.task.fresh,
        )
        print(f"{name}:", flush=True)
        fit.run([Stage.of(stage) for stage in stages], self.draw, self.validate)
        return average

    def draw(self, _epoch: int, stage: Stage) -> Lesson:
        """The training part of the stage's sources at its size."""
        if self._lesson is None or self._lesson[0] != stage:
            self._lesson = None  # the last stage's films go before the next one's come
            self._lesson = (stage, self.films.lesson(stage, self.task.recipe))
        return self._lesson[1]

    def validate(self, network: nn.Module, size: int) -> Values:
        """Mean AUROC over the findings on the validation part, the groups weighing the same; and each source's.

        In bfloat16: twice as fast, and a figure to watch needs no more."""
        index = self.films.where("validation")
        with torch.autocast(self.task.device.type, torch.bfloat16):
            logits = self.logits(network, size, index)
        sources = self.films.sources[index]

        def of(*chosen: str) -> float:
            rows = np.isin(sources, chosen)
            return mean(aurocs(logits[rows], self.films.labels[index[rows]]))

        headline = mean([of(*group) for group in self.films.groups()])
        return {**{source: of(source) for source in sorted(set(sources.tolist()))}, "validation": headline}

    def logits(self, network: nn.Module, size: int, index: NDArray[np.intp]) -> NDArray[np.float32]:
        """Logits (n, answers) of the films at ``index``."""
        found = logits_of(network, shrink(self.films.pixels[index], size), self.task.device)
        return found[:, : len(self.films.answers)]

    def refit(self, network: nn.Module, size: int, seen: set[str] | None = None) -> nn.Module:
        """The network with its last layer fitted anew, where the config has an entry ``refit``: on the training films of that
        entry's sources, of those it has ``seen`` unless that is None."""
        if self.task.last is None:
            return network
        how, recipe = self.task.last
        sources = [s for s in how.sources or sorted(set(self.films.sources.tolist())) if seen is None or s in seen]
        index = self.films.where("train", *sources)
        chosen = [self.films.collection.films[i] for i in index]
        wanted, weights = targets.targets(chosen, self.films.answers, recipe)
        projection = targets.helpers(chosen)[:, targets.HELPERS.index("anteroposterior")]
        films = Pooled(
            pooled(network, shrink(self.films.pixels[index], size), self.task.device),
            torch.from_numpy(wanted),
            torch.from_numpy(weights),
            torch.from_numpy(self.films.labels[index] == 0),
            torch.from_numpy(projection.copy()),
            torch.from_numpy(np.unique(self.films.sources[index], return_inverse=True)[1].astype(np.int64)),
            self.films.answers,
        )
        head: nn.Linear = network.head  # type: ignore[assignment]
        network.head = refit(head.cpu(), films, how).to(self.task.device)
        return network

    def calibrate(self, network: nn.Module, size: int) -> list[float]:
        """Platt scaling per finding on the validation part, every source with the same weight: which of them a hospital's films
        are like is not known.

        The intercept goes into the head's bias (a constant that no explainer uses), the slope onto the card as a temperature.
        A finding that is never or always there is left as it is.
        """
        logits, labels, weights = self.told(network, size)
        temperatures = []
        head: Any = last(network)
        for f in range(labels.shape[1]):
            known = ~np.isnan(labels[:, f])
            if len(set(labels[known, f].tolist())) < 2:
                temperatures.append(1.0)
                continue
            slope, intercept = platt(logits[known, f], labels[known, f] == 1, weights[known, f])
            with torch.no_grad():
                head.bias[f] += intercept / slope
            temperatures.append(round(1 / slope, 5))
        return temperatures

    def _evenly(self, groups: Sequence[Sequence[str]]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The validation films of groups of sources, and weights (films, answers) by which every group counts the same."""
        index = self.films.where("validation", *(source for group in groups for source in group))
        known = ~np.isnan(self.films.labels[index])
        members = [np.isin(self.films.sources[index], group)[:, None] for group in groups]
        each = [np.where(member, 1 / np.maximum(1, (member & known).sum(0)), 0) for member in members]
        return index, np.sum(each, 0) * known.sum(0)

    def operating(self, network: nn.Module, size: int, temperature: list[float]) -> measuring.Points:
        """From which probability on each finding is called, chosen on the validation part, and what that does on the test
        part of every source."""
        index, weights = self._evenly(self.films.groups())
        validation = measuring.Answers(
            "validation", self.logits(network, size, index), self.films.labels[index], self.films.patients[index]
        )
        tested = [self.answered(network, size, source) for source in sorted(set(self.films.sources.tolist()))]
        return measuring.operating(validation, weights, tested, temperature, self.films.answers)

    def told(self, network: nn.Module, size: int) -> attended.Told:
        """What a network says of the validation part, by which it is calibrated."""
        index, weights = self._evenly([(source,) for source in sorted(set(self.films.sources.tolist()))])
        return self.logits(network, size, index), self.films.labels[index], weights

    def answered(self, network: nn.Module, size: int, source: str) -> measuring.Answers:
        """What a network says about a source's test part, patients that were never trained on."""
        index = self.films.where("test", source)
        published = targets.published([self.films.collection.films[i] for i in index], self.films.answers)
        return measuring.Answers(
            source,
            self.logits(network, size, index),
            self.films.labels[index],
            self.films.patients[index],
            None if np.isnan(published).all() else published,
        )

    def test(self, network: nn.Module, size: int, temperature: list[float]) -> measuring.Measured:
        """Every figure of every source's test part; RSNA's opacities, which nothing is trained on, apart."""
        measured = measuring.Measured()
        for source in sorted(set(self.films.sources.tolist())):
            answered = self.answered(network, size, source)
            measured += measuring.measure(answered, temperature, self.films.answers)
            opacities = self.opacities(answered)
            if opacities is not None:
                measured += measuring.figures(opacities, self.films.answers, 1000)
        print("\n".join(measuring.told(measured)), flush=True)
        return measured

    def opacities(self, answered: measuring.Answers) -> measuring.Answers | None:
        """Opacity against checked normal of a source's test part; None where nobody looked."""
        opacity = [self.films.collection.films[i].opacity for i in self.films.where("test", answered.source)]
        return measuring.opacities(answered, np.array(opacity, np.float32), self.films.answers)

    def left_out(self, network: nn.Module, size: int, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of leave-one-source-out. The network without the source is a run of its own (``stages``), or the members as
        they stood after a stage that had not seen it yet (``after_stage``)."""
        answers, members = len(self.films.answers), range(1, len(self.task.run["seeds"]) + 1)
        if "stages" in entry:
            stages = entry["stages"]
            other = answering([self._fitted(f"without-{entry['left_out']}", 1, stages)], answers)
        else:
            stages = self.task.run["stages"][: entry["after_stage"]]
            other = answering([self._after(number, entry["after_stage"]) for number in members], answers)
        seen = {source for stage in stages for source in stage.get("sources", SOURCES)}
        other = self.refit(other, int(stages[-1]["size"]), seen)
        if seen & set(entry["tested_on"]):
            raise ValueError(f"{entry['left_out']} was learned from, so it was not left out")
        learned = self._learned(stages)
        rows = []
        for source in entry["tested_on"]:
            both = self.answered(network, size, source), self.answered(other, int(stages[-1]["size"]), source)
            for inside, without in (both, tuple(map(self.opacities, both))):
                if inside is not None and without is not None:
                    rows += measuring.left_out(entry["left_out"], inside, without, self.films.answers)
        return [row for row in rows if row["finding"] in learned]

    def _learned(self, stages: list[dict[str, Any]]) -> set[str]:
        """The answers that the stages' sources teach: a network is not measured on what nobody told it."""
        index = np.concatenate([self.films.where("train", *stage.get("sources", ())) for stage in stages])
        taught = ~np.isnan(self.films.labels[index]).all(0)
        return {answer for answer, known in zip(self.films.answers, taught, strict=True) if known}

    def _after(self, number: int, stage: int) -> nn.Module:
        network = self._network(0)
        network.load_state_dict(load_file(after(self.task.runs / self.task.name / f"trunk-{number}", stage)))
        return network


def aurocs(logits: NDArray[np.float32], labels: NDArray[np.float32]) -> list[float]:
    """AUROC per answer, NaN where a class is missing. Both (n, answers)."""
    known = ~np.isnan(labels)
    return [
        auroc(logits[known[:, f], f], labels[known[:, f], f] == 1) if known[:, f].any() else float("nan")
        for f in range(labels.shape[1])
    ]


def mean(values: list[float]) -> float:
    """The mean of the figures that are defined; NaN when none is."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
