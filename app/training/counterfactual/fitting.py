"""A generator against its critic and the network that it explains: losses, steps, a run that can be killed and goes on.

An epoch is a number of steps, after which there are figures of validation films, a sheet of pictures and a checkpoint. Chance
is drawn anew for every epoch, so that a run that goes on ends where one that was never stopped does.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from app.classifiers.critic import Critic
from app.classifiers.generator import Generator, Parts, applied
from app.training.averaging import follow
from app.training.counterfactual.critic import penalty
from app.training.counterfactual.stock import Explained, Pairs, Side, Stock, alike
from app.training.fitting import one_cycle
from app.training.progress import Progress, clock
from app.training.record import Record, Values, environment

DECAY = 0.995
"""Of the averaged generator, which is the one that is written."""
BOTH_WAYS = 0.75
"""The share of steps towards healthy; the others go the other way."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much: the answer (``classifier``), looking like a film (``adversarial``), how much is changed (``size``,
    L1), how evenly (``smooth``, total variation of what is added and of the flow), films that are to stay (``identity``), other
    findings' logits (``others``), the critic's gradient (``penalty``), the truth of pairs (``pair``). What worked in trials."""

    classifier: float = 3.0
    adversarial: float = 0.25
    size: float = 8.0
    smooth: float = 5.0
    identity: float = 30.0
    others: float = 0.2
    penalty: float = 10.0
    pair: float = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """``epochs`` of ``steps`` each; ``pairs`` is the share of steps that learn from pairs, 1 before there is a critic."""

    epochs: int
    steps: int
    batch: int
    rate: float = 1e-3
    critic_rate: float = 6e-4
    pairs: float = 0.0


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a run learns from. ``sides`` by (finding, direction); ``healthy_is`` −1 or +1 per finding: which way healthy lies;
    ``others`` (findings, answers) 1 where a logit is to stay while a finding is changed."""

    stock: Stock
    pairs: Pairs
    sides: Mapping[tuple[int, int], Side]
    healthy_is: tuple[int, ...]
    others: Tensor
    spreads: Tensor


Validate = Callable[[Generator, int], Values]
"""(generator, epoch) → figures of the validation part; may draw pictures as well."""

L = TypeVar("L")
E = TypeVar("E")


@dataclass
class Fitting(Generic[L, E]):
    """A run: generator, its averaged copy, critic where there is one, the network that it explains, and where checkpoints and
    the log go. What a step learns from a lesson is a subclass's."""

    generator: Generator
    average: Generator
    critic: Critic | None
    explained: E
    weights: Weights
    folder: Path
    device: torch.device
    seed: int
    about: dict[str, str] = field(default_factory=dict)
    fresh: bool = False
    told: dict[str, list[float]] = field(default_factory=dict)
    steps: int = 0

    def run(self, stages: list[Stage], lesson: L, validate: Validate) -> None:
        """Through all stages; continues where a run stopped."""
        record = Record(self.folder, self.about, environment(self.device))
        state = record.begin(self.fresh)
        done = self._restore(state)
        each = [(stage, index) for stage in stages for index in range(stage.epochs)]
        costs = [stage.steps * stage.batch for stage, _ in each]
        progress = Progress("run", sum(costs), sum(costs[:done]))
        optimisers = self._optimisers(each[0][0] if each else Stage(0, 0, 0))
        if state is not None:
            progress.say(f"continuing after epoch {done} of {len(each)}")
            for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(kept)
        for epoch, (stage, index) in enumerate(each[done:], start=done + 1):
            started = time.monotonic()
            random = torch.Generator().manual_seed(self.seed * 10_000 + epoch)
            torch.manual_seed(self.seed * 10_000 + epoch)
            self.told = {}
            for step in range(stage.steps):
                done_share = one_cycle((index + step / stage.steps) / stage.epochs)
                for optimiser, rate in zip(optimisers, (stage.rate, stage.critic_rate), strict=False):
                    for group in optimiser.param_groups:
                        group["lr"] = rate * done_share
                self._step(stage, lesson, optimisers, random)
                progress.advance(stage.batch, f"epoch {epoch}, " + self._said())
            figures = {
                **{name: sum(values) / len(values) for name, values in self.told.items()},
                **validate(self.average, epoch),
            }
            row = {"epoch": epoch, "size": self.side(lesson), "seconds": time.monotonic() - started}
            record.keep({**row, **figures}, self._state(epoch, optimisers))
            named = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
            progress.say(f"epoch {epoch} of {len(each)}: {named}, {clock(row['seconds'])}")

    @staticmethod
    def side(lesson: L) -> int:
        """The side of what the generator reads."""
        raise NotImplementedError

    def _said(self) -> str:
        return ", ".join(f"{name} {values[-1]:.2f}" for name, values in self.told.items())

    def _step(self, stage: Stage, lesson: L, optimisers: list[torch.optim.Optimizer], random: torch.Generator) -> None:
        raise NotImplementedError

    def _descend(self, loss: Tensor, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.generator.parameters(), 2.0)
        optimiser.step()
        self._tell(loss=loss)
        follow(self.generator, self.average, min(DECAY, self.steps / (self.steps + 10)))
        self.steps += 1

    def _tell(self, **values: Tensor) -> None:
        for name, value in values.items():
            self.told.setdefault(name, []).append(float(value.detach()))

    def _optimisers(self, stage: Stage) -> list[torch.optim.Optimizer]:
        learning = [(self.generator, stage.rate), *([(self.critic, stage.critic_rate)] if self.critic else [])]
        return [torch.optim.Adam(one.parameters(), lr=rate, betas=(0.5, 0.9)) for one, rate in learning]

    @property
    def _networks(self) -> dict[str, nn.Module]:
        critic: dict[str, nn.Module] = {"critic": self.critic} if self.critic else {}
        return {"generator": self.generator, "average": self.average, **critic}

    def _state(self, epoch: int, optimisers: list[torch.optim.Optimizer]) -> dict[str, Any]:
        networks = {name: network.state_dict() for name, network in self._networks.items()}
        return {
            "epoch": epoch,
            "steps": self.steps,
            **networks,
            "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        }

    def _restore(self, state: dict[str, Any] | None) -> int:
        if state is None:
            return 0
        for name, network in self._networks.items():
            network.load_state_dict(state[name])
        self.steps = int(state["steps"])
        return int(state["epoch"])


class Fit(Fitting[Lesson, Explained]):
    """A run over films, against a critic."""

    @staticmethod
    def side(lesson: Lesson) -> int:
        """The films' side."""
        return int(lesson.stock.films.shape[-1])

    def _step(self, stage: Stage, lesson: Lesson, optimisers: list[torch.optim.Optimizer], random: torch.Generator) -> None:
        self.generator.train()
        if len(lesson.pairs.ill) and torch.rand((), generator=random) < stage.pairs:
            self._descend(self._paired(stage, lesson, random), optimisers[0])
            return
        findings = len(lesson.healthy_is)
        finding = int(torch.randint(findings, (), generator=random))
        direction = lesson.healthy_is[finding] * (1 if torch.rand((), generator=random) < BOTH_WAYS else -1)
        side = lesson.sides[finding, direction]
        index = _some(side.change, stage.batch, random)
        kept = _some(side.keep, max(2, stage.batch // 2), random)
        made, loss = self._changed(lesson, finding, direction, index, kept)
        group = 2 * finding + (direction > 0)
        assert self.critic is not None  # noqa: S101 - for the type
        with torch.autocast(self.device.type, torch.bfloat16):
            told = self.critic((made - 0.5) * 4)[:, group].float()
        self._descend(loss - self.weights.adversarial * told.mean(), optimisers[0])
        real, _ = lesson.stock.batch(alike(lesson.stock, index, side.like, random), self.device)
        self._criticise((real - 0.5) * 4, (made.detach() - 0.5) * 4, group, optimisers[1], random)

    def _changed(self, lesson: Lesson, finding: int, direction: int, index: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Films at ``index`` changed, (b, 1, S, S), and the loss but for the critic's; those at ``kept`` are to stay."""
        weights, number = self.weights, len(index)
        both = torch.cat([index, kept])
        films, limits = lesson.stock.batch(both, self.device)
        column = self.explained.columns[finding]
        before = lesson.stock.logits[both].to(self.device)
        needed = self.generator.needed(before[:, column], finding, direction)
        with torch.autocast(self.device.type, torch.bfloat16):
            parts = self.generator((films - 0.5) * 4, limits, finding, direction, needed)
            made = applied(films, parts)
            after = self.explained.logits(made[:number])
        change = (made - films).abs().flatten(1).mean(1)
        short = direction * (self.generator.goal(finding, direction) - after[:, column])
        answer = (short.clamp(min=0) / self.generator.scales[finding, 1]).mean()
        moved = ((after - before[:number]).abs() / lesson.spreads.to(self.device)) * lesson.others[finding].to(self.device)
        loss = (
            weights.classifier * answer
            + weights.size * change[:number].mean()
            + weights.identity * change[number:].mean()
            + weights.others * moved.mean()
            + weights.smooth * rough(parts)
        )
        self._tell(answer=answer, change=change[:number].mean(), identity=change[number:].mean())
        return made[:number], loss

    def _paired(self, stage: Stage, lesson: Lesson, random: torch.Generator) -> Tensor:
        """The loss of pairs of one finding: from the film with it to the one without, which itself is to stay."""
        findings = torch.unique(lesson.pairs.finding)
        finding = int(findings[torch.randint(len(findings), (), generator=random)])
        rows = _some(torch.nonzero(lesson.pairs.finding == finding)[:, 0], stage.batch, random)
        direction = lesson.healthy_is[finding]
        ill, limits = lesson.stock.batch(lesson.pairs.ill[rows], self.device)
        well, their_limits = lesson.stock.batch(lesson.pairs.well[rows], self.device)
        half = max(2, len(rows) // 2)
        column = self.explained.columns[finding]
        before = torch.cat([lesson.stock.logits[lesson.pairs.ill[rows]], lesson.stock.logits[lesson.pairs.well[rows[:half]]]])
        needed = self.generator.needed(before[:, column].to(self.device), finding, direction)
        films, bounds = torch.cat([ill, well[:half]]), torch.cat([limits, their_limits[:half]])
        with torch.autocast(self.device.type, torch.bfloat16):
            parts = self.generator((films - 0.5) * 4, bounds, finding, direction, needed)
            made = applied(films, parts)
        where = ((ill - well).abs() > 0.02).float()
        away = ((made[: len(rows)] - well).abs() * (1 + 9 * where)).mean()
        stays = (made[len(rows) :] - well[:half]).abs().mean()
        self._tell(pair=away, pair_before=((ill - well).abs() * (1 + 9 * where)).mean())
        return self.weights.pair * away + self.weights.identity * stays + self.weights.smooth * rough(parts)

    def _criticise(
        self, real: Tensor, made: Tensor, group: int, optimiser: torch.optim.Optimizer, random: torch.Generator
    ) -> None:
        assert self.critic is not None  # noqa: S101 - for the type
        with torch.autocast(self.device.type, torch.bfloat16):
            told = self.critic(torch.cat([real, made]))[:, group].float()
        apart = told[: len(real)].mean() - told[len(real) :].mean()
        loss = -apart + self.weights.penalty * penalty(self.critic, real, made, group, random)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        self._tell(apart=apart)


def rough(parts: Parts) -> Tensor:
    """The total variation of what is added and of the flow: the mean absolute step from a cell to the next; of the flow ten
    times that, since its values are small. Not of the attention by itself: while nothing is added yet, nothing but that would
    move it, and it closes before anything was learned."""
    return _steps(parts.change()) + 10 * _steps(parts.flow)


def _steps(plane: Tensor) -> Tensor:
    return (plane[..., 1:, :] - plane[..., :-1, :]).abs().mean() + (plane[..., 1:] - plane[..., :-1]).abs().mean()


def _some(places: Tensor, count: int, random: torch.Generator) -> Tensor:
    return places[torch.randint(len(places), (count,), generator=random)]
