"""`train counterfactual` for a network of stacks: a generator that changes the slices of one plane, from pairs of drawn knees.

There is no critic: a pair knows how the knee looks without the finding. First slices alone, then whole stacks, of which the
network says what it says now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image as Picture
from torch import Tensor

from app.anatomy.knee_limits import KNEE_LIMITS
from app.classifiers.card import Card
from app.classifiers.generator import Generator, applied
from app.classifiers.loading import load, load_exam, pick_device
from app.classifiers.networks import build
from app.domain import Plane
from app.training import cards, provenance
from app.training.counterfactual import knees
from app.training.counterfactual.fitting import Fitting, Stage, Weights, rough
from app.training.counterfactual.stacks import ExplainedPlane, Looking, Stack, StackPair, scales
from app.training.record import Values, began_with

DIRECTION = -1
"""Healthy lies there, and only there pairs tell how a knee looks."""
CHANGED = 0.02
TINT = 0.12
"""How much brighter or darker a stack may be than it was drawn."""
PICTURED = 6
APART = ("title", "summary", "limits", "default")
"""Entries of a config that change nothing about how the generator is fitted."""


@dataclass(frozen=True, eq=False)
class StackLesson:
    """Pairs to learn from; ``others`` (findings,) 1 where a logit of the plane is to stay; ``spreads`` (findings,)."""

    pairs: Sequence[StackPair]
    others: Tensor
    spreads: Tensor


@dataclass(frozen=True, eq=False)
class Change:
    """A stack changed at its places: the slices there as they were and as they are made, both (n, side, side), what the
    generator did, and the network's logits after, (findings,)."""

    before: Tensor
    made: Tensor
    roughness: Tensor
    logits: Tensor


def changed(generator: Generator, explained: ExplainedPlane, stack: Stack) -> Change:
    """What a generator makes of a stack, differentiable."""
    films, limits = stack.seen(stack.bounds.places, generator.beside)
    needed = generator.needed(stack.logits[explained.column, None], 0, DIRECTION).expand(len(films))
    parts = generator((films - 0.5) * 4, limits, 0, DIRECTION, needed)
    before = films[:, generator.beside, None]
    made = applied(before, parts)[:, 0]
    places = torch.tensor(stack.bounds.places)
    slices = stack.bounds.square.laid(stack.grey[places], made)
    pooled = stack.pooled.index_copy(0, places, explained.pooled(slices).float())
    return Change(before[:, 0], made, rough(parts), explained.logits(pooled))


class StackFit(Fitting[StackLesson, ExplainedPlane]):
    """A run over stacks."""

    @staticmethod
    def side(lesson: StackLesson) -> int:
        """The side of what the generator reads."""
        return lesson.pairs[0].ill.bounds.square.side

    def _step(
        self, stage: Stage, lesson: StackLesson, optimisers: list[torch.optim.Optimizer], random: torch.Generator
    ) -> None:
        self.generator.train()
        if torch.rand((), generator=random) < stage.pairs:
            loss = self._slices(stage.batch, lesson, random)
        else:
            loss = self._stacks(max(1, stage.batch // 8), lesson, random)
        self._descend(loss, optimisers[0])

    def _slices(self, count: int, lesson: StackLesson, random: torch.Generator) -> Tensor:
        """The loss of slices of pairs: those with the finding become those without it, which themselves stay."""
        ill: list[Tensor] = []
        wanted, bounds, needed = list(ill), list(ill), list(ill)
        for number in torch.randint(len(lesson.pairs), (count + count // 2,), generator=random).tolist():
            pair = lesson.pairs[number]
            stack = pair.ill if len(ill) < count else pair.well
            place = stack.bounds.places[int(torch.randint(len(stack.bounds.places), (), generator=random))]
            films, limits = stack.seen((place,), self.generator.beside)
            turned = films.flip(1) if torch.rand((), generator=random) < 0.5 else films  # a left knee is a right one
            tint = 1 + TINT * (2 * torch.rand((), generator=random) - 1)
            ill.append(turned * tint)
            wanted.append(stack.bounds.square.cut(pair.well.pixels[place, None]).float() / 255 * tint)
            bounds.append(limits)
            needed.append(self.generator.needed(stack.logits[self.explained.column, None], 0, DIRECTION))
        films, truth = torch.cat(ill).clamp(0, 1), torch.stack(wanted).clamp(0, 1)
        with torch.autocast(self.device.type, torch.bfloat16):
            parts = self.generator((films - 0.5) * 4, torch.cat(bounds), 0, DIRECTION, torch.cat(needed))
        before = films[:, self.generator.beside, None]
        made = applied(before, parts)
        away, stays = self._away(before[:count], made[:count], truth[:count]), (made[count:] - truth[count:]).abs().mean()
        self._tell(pair=away, pair_before=self._away(before[:count], before[:count], truth[:count]), identity=stays)
        return self.weights.pair * away + self.weights.identity * stays + self.weights.smooth * rough(parts)

    def _stacks(self, count: int, lesson: StackLesson, random: torch.Generator) -> Tensor:
        """The loss of whole stacks: the network is to answer otherwise, by the change that the pair knows."""
        column, total = self.explained.column, torch.zeros(())
        for number in torch.randint(len(lesson.pairs), (count,), generator=random).tolist():
            pair = lesson.pairs[number]
            with torch.autocast(self.device.type, torch.bfloat16):
                found = changed(self.generator, self.explained, pair.ill)
            truth = pair.ill.bounds.square.cut(pair.well.grey[torch.tensor(pair.ill.bounds.places)])
            short = (found.logits[column] - self.generator.goal(0, DIRECTION)).clamp(min=0) / self.generator.scales[0, 1]
            moved = ((found.logits - pair.ill.logits).abs() / lesson.spreads * lesson.others).mean()
            away = self._away(found.before, found.made, truth)
            loss = self.weights.classifier * short + self.weights.others * moved + self.weights.pair * away
            total = total + loss + self.weights.smooth * found.roughness
            self._tell(answer=short, whole=away)
        return total / count

    @staticmethod
    def _away(before: Tensor, made: Tensor, truth: Tensor) -> Tensor:
        """How far what was made lies from the truth; ten times where the finding is."""
        return ((made - truth).abs() * (1 + 9 * ((before - truth).abs() > CHANGED).float())).mean()


def train(
    run: dict[str, Any], out: Path, runs: Path, *, device: str = "auto", most: int | None = None, fresh: bool = False
) -> None:
    """Draw the knees, ask the network, fit, watch, write the model folder. A run that was stopped goes on."""
    where = pick_device(device)
    exam = load_exam(Card.read(out.parent / run["explains"]), where)
    (finding,) = run["findings"]
    explained = ExplainedPlane(exam, cast(Plane, run["plane"]), finding["name"])
    anatomy = load(Card.read(out.parent / run["anatomy"]), where)
    looking = Looking(explained, anatomy, KNEE_LIMITS.index(finding["within"]), int(run["pixels"]))
    counts = [n if most is None else min(n, most) for n in (int(run["pairs"]), int(run["watched"]))]
    first, parts = int(run["first_seed"]), []
    for start, count in zip((first, first + 100_000), counts, strict=True):
        drawn = knees.pairs(range(start, start + count), explained.plane, explained.finding, explained.size, runs / "films")
        parts.append(looking.pairs(drawn, count, runs / "films"))
    learned, watched = parts
    print(f"{len(learned)} pairs to learn from, {len(watched)} to watch", flush=True)
    torch.manual_seed(int(run["seed"]))
    generators = [cast(Generator, build("la-gan", 1, parameters(run))).to(where) for _ in range(2)]
    for one in generators:
        one.scales.copy_(scales(explained, learned))
    generators[1].load_state_dict(generators[0].state_dict())
    names = explained.member.card.findings
    kept = torch.tensor([float(name not in (explained.finding, *finding.get("related", ()))) for name in names])
    spreads = torch.stack([stack.logits for pair in learned for stack in (pair.ill, pair.well)]).std(0).clamp(min=1e-3)
    folder = runs / provenance.named(out)
    about = began_with({**{key: value for key, value in run.items() if key not in APART}, "stacks": [len(learned)]})
    fit = StackFit(
        generator=generators[0],
        average=generators[1],
        critic=None,
        explained=explained,
        weights=Weights(**run.get("weights", {})),
        folder=folder,
        device=where,
        seed=int(run["seed"]),
        about=about,
        fresh=fresh,
    )

    def validate(generator: Generator, epoch: int) -> Values:
        return watch(generator, explained, watched, folder / f"epoch-{epoch:04d}.png")

    fit.run([Stage(**stage) for stage in run["stages"]], StackLesson(learned, kept, spreads), validate)
    write(out, fit.average.eval(), run, explained, len(learned))
    print(f"written: {out}", flush=True)


def parameters(run: dict[str, Any]) -> dict[str, Any]:
    """The generator's, as its card has them."""
    ways, within = ([one[key] for one in run["findings"]] for key in ("way", "within"))
    return {**run["parameters"], "ways": ways, "within": within, "limits": list(KNEE_LIMITS)}


@torch.no_grad()
def watch(generator: Generator, explained: ExplainedPlane, pairs: Sequence[StackPair], picture: Path) -> Values:
    """Figures of an epoch on watched pairs, and a picture of some slices: as they are, as they are made, of the same knee
    without the finding, and the signed difference (grey is none)."""
    generator.eval()
    column, goal = explained.column, generator.goal(0, DIRECTION)
    flips, pixels, kept, nearer, bands = [], [], [], [], []
    for pair in pairs:
        ill, well = (changed(generator, explained, one) for one in (pair.ill, pair.well))
        flips.append(float(ill.logits[column] <= goal))
        pixels.append(float(((ill.made - ill.before).abs() > CHANGED).float().mean()))
        kept.append(float((well.logits[column] - pair.well.logits[column]).abs() / generator.scales[0, 2]))
        twin = pair.ill.bounds.square.cut(pair.well.grey[torch.tensor(pair.ill.bounds.places)])
        away = (ill.before - twin).abs()
        nearer.append(float((ill.made - twin).abs().sum() / away.sum()))
        place = int(away.sum((1, 2)).argmax())
        rows = (ill.before[place], ill.made[place], twin[place], (ill.made - ill.before)[place] + 0.5)
        bands.append(np.concatenate([row.clamp(0, 1).numpy() for row in rows]))
    picture.parent.mkdir(parents=True, exist_ok=True)
    if bands:
        Picture.fromarray((np.concatenate(bands[:PICTURED], 1) * 255).astype(np.uint8)).save(picture)
    told = {"flip": flips, "pixels": pixels, "kept": kept, "nearer": nearer}
    return {**{name: float(np.mean(values)) for name, values in told.items()}, "validation": float(np.mean(flips))}


def write(out: Path, generator: Generator, run: dict[str, Any], explained: ExplainedPlane, pairs: int) -> None:
    """The model folder: card and weights."""
    own = explained.exam.card
    terms = "Apache-2.0, like the program that drew the phantoms."
    entries = {
        "name": out.name,
        "kind": "counterfactual",
        "title": run["title"],
        "summary": run["summary"],
        "architecture": "la-gan",
        "findings": [explained.finding],
        "modalities": [],
        "body_parts": list(own.body_parts),
        "phantom": True,
        "default": bool(run.get("default", True)),
        "explains": own.name,
        "explains_sha256": own.sha256,
        "plane": explained.plane,
        "input_size": int(run["pixels"]),
        "explained_layer": "decoders",
        "intended_use": "Research on explanations: what would have to change for another answer. Not for clinical use.",
        "banner": "",
        "terms": terms,
        "limits": list(run["limits"]),
        "parameters": parameters(run),
        "preprocessing": {"stretch": "stack"},
    }
    rows = [{"name": "phantoms", "images": 2 * pairs, "patients": pairs, "terms": terms}]
    cards.write(out, generator, entries, {"data": rows, "figures": []})
