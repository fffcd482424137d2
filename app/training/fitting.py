"""One training loop for every network: stages of growing resolution, masked weighted loss, averaged weights, resumable.

Knows arrays and networks; where films come from and what a card says is other modules' business.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app.training.augmentation import augment
from app.training.averaging import follow
from app.training.cards import packed
from app.training.progress import Progress, clock
from app.training.record import Record, Values, environment

Validate = Callable[[nn.Module, int], Values]
"""(network, size) → figures of the validation part by name; "validation" is the one that sums them up."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs at one resolution; ``rate`` is the peak of a one-cycle learning rate over the stage.

    ``sources`` are those learned from, all when empty. ``lungs_only`` is the share of films that are shown without anything
    but their lungs, ``inserted`` the share that gets a lesion drawn in. An epoch shows the share ``portion`` of the films,
    other ones each time: there is a checkpoint per epoch, and epochs should not last too long.
    """

    size: int
    epochs: int
    batch: int
    rate: float
    sources: tuple[str, ...] = ()
    lungs_only: float = 0.0
    inserted: float = 0.0
    portion: float = 1.0

    @property
    def cost(self) -> float:
        """What an epoch costs beside others: about its films' area."""
        return self.portion * self.size**2

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "Stage":
        """A stage as a training config names it."""
        return cls(**{**entry, "sources": tuple(entry.get("sources", ()))})


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an epoch learns from: films uint8 (n, size, size), targets and weights (0 where unknown) float32 (n, questions).

    ``answers`` name the first questions. ``lungs`` is the share of lung per pixel, uint8 (n, s, s) with 255 for all, where
    views need it. ``projection`` (n,) is 1 for AP, 0 for PA and NaN where unknown, ``groups`` (n,) the number of the film's
    source.
    """

    films: Tensor
    targets: Tensor
    weights: Tensor
    answers: tuple[str, ...]
    lungs: Tensor | None = None
    projection: Tensor | None = None
    groups: Tensor | None = None


Draw = Callable[[int, Stage], Lesson]
"""(epoch, stage) → what this epoch learns from."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some films of a lesson: float32 (b, 1, size, size) in [0, 1], with their targets and weights (b, questions); ``index``
    says which of the lesson's they are."""

    films: Tensor
    targets: Tensor
    weights: Tensor
    index: Tensor

    @classmethod
    def of(cls, lesson: Lesson, index: Tensor) -> "Batch":
        """The films at ``index`` (b,)."""
        return cls(lesson.films[index][:, None].float() / 255, lesson.targets[index], lesson.weights[index], index)


Change = Callable[[Batch, Lesson, Stage, torch.Generator], Batch]
"""(batch, lesson, stage, random) → the batch as this stage shows it."""

Penalty = Callable[[Tensor, Batch, Lesson], Tensor]
"""(logits, batch, lesson) → what is added to the loss, a scalar."""

Aim = Callable[[nn.Module, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(network, films as it wants them, targets, weights) → logits (b, questions), and the loss, a scalar."""


def plain(network: nn.Module, x: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of the answer alone."""
    logits = network(x).float()
    return logits, masked_loss(logits, targets, weights)


@dataclass
class Fit:
    """A run: the network, its averaged copy, and where checkpoints and the log go.

    ``about`` is what the run is begun with (`record.began_with`): it is not continued with anything else, unless ``fresh``,
    which forgets what was there. ``watched``: the averaged network is kept as it stands at a few `moments`.
    """

    network: nn.Module
    average: nn.Module
    folder: Path
    device: torch.device
    seed: int
    average_decay: float = 0.998
    augmented: bool = True
    change: Change | None = None
    penalty: Penalty | None = None
    aim: Aim = plain
    about: dict[str, str] = field(default_factory=dict)
    fresh: bool = False
    watched: bool = False

    def run(self, stages: list[Stage], draw: Draw, validate: Validate) -> None:
        """Train through all stages, with a checkpoint and a row of figures per epoch. Continues where a run stopped."""
        record = Record(self.folder, self.about, environment(self.device))
        state = record.begin(self.fresh)
        done = self._restore(state)
        costs = [stage.cost for stage in stages for _ in range(stage.epochs)]
        if not done:
            self._watch(0, len(costs))
        progress = Progress("run", sum(costs), sum(costs[:done]))
        if state is not None:
            progress.say(f"continuing after epoch {done} of {len(costs)}")
        epoch = 0
        for number, stage in enumerate(stages, start=1):
            optimiser = torch.optim.AdamW(self.network.parameters(), lr=stage.rate, weight_decay=0.02)
            for index in range(stage.epochs):
                epoch += 1
                if epoch <= done:
                    if state is not None and epoch == done:
                        optimiser.load_state_dict(state["optimiser"])
                        torch.set_rng_state(state["seeds"])
                    continue
                started = time.monotonic()
                torch.manual_seed(self.seed * 10_000 + epoch)
                loss = self._epoch(epoch, index, stage, optimiser, draw, progress=progress)
                figures = validate(self.average, stage.size)
                seconds = time.monotonic() - started
                rate = float(optimiser.param_groups[0]["lr"])
                if index == stage.epochs - 1:
                    after(self.folder, number).write_bytes(packed(self.average))
                self._watch(epoch, len(costs))
                row = {"epoch": epoch, "size": stage.size, "rate": rate, "loss": loss, "seconds": seconds}
                record.keep({**row, **figures, **row}, self._state(epoch, optimiser))  # a source may be called “loss”
                named = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
                progress.say(f"epoch {epoch} of {len(costs)}: size {stage.size}, loss {loss:.4f}, {named}, {clock(seconds)}")

    def _epoch(
        self, epoch: int, index: int, stage: Stage, optimiser: torch.optim.Optimizer, draw: Draw, *, progress: Progress
    ) -> float:
        lesson = draw(epoch, stage)
        random = torch.Generator().manual_seed(self.seed * 10_000 + epoch)
        order = torch.randperm(len(lesson.films), generator=random)
        order = order[: max(2, round(stage.portion * len(order)))]
        batches = [b for b in torch.split(order, stage.batch) if len(b) > 1]  # batch normalisation needs two
        total, steps = 0.0, len(batches)
        self.network.train()
        for step, chosen in enumerate(batches):
            rate = one_cycle((index + step / steps) / stage.epochs) * stage.rate
            for group in optimiser.param_groups:
                group["lr"] = rate
            batch = Batch.of(lesson, chosen)
            if self.change is not None:
                batch = self.change(batch, lesson, stage, random)
            x = ((augment(batch.films, random) if self.augmented else batch.films) - 0.5) * 4
            if self.device.type == "cuda":
                x = x.pin_memory()
            x = x.to(self.device, memory_format=torch.channels_last, non_blocking=True)
            loss = self._step(x, batch, lesson, optimiser)
            total += loss
            rest = progress.left(stage.cost * (1 - (step + 1) / steps))
            progress.advance(stage.cost / steps, f"epoch {epoch}, loss {total / (step + 1):.4f}, it ends in {clock(rest)}")
        return total / max(steps, 1)

    def _step(self, x: Tensor, batch: Batch, lesson: Lesson, optimiser: torch.optim.Optimizer) -> float:
        with torch.autocast(self.device.type, torch.bfloat16):
            logits, loss = self.aim(self.network, x, batch.targets.to(self.device), batch.weights.to(self.device))
        if self.penalty is not None:
            loss = loss + self.penalty(logits, batch, lesson)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        optimiser.step()
        follow(self.network, self.average, self.average_decay)
        return float(loss.detach())

    def _watch(self, epoch: int, epochs: int) -> None:
        if self.watched and epoch in moments(epochs):
            at_epoch(self.folder, epoch).write_bytes(packed(self.average))

    def _state(self, epoch: int, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
        return {
            "epoch": epoch,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": optimiser.state_dict(),
        }

    def _restore(self, state: dict[str, Any] | None) -> int:
        if state is None:
            return 0
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        return int(state["epoch"])


def after(folder: Path, stage: int) -> Path:
    """Where a run keeps its averaged network as it stood after a stage, counted from 1."""
    return folder / f"after-stage-{stage}.safetensors"


def moments(epochs: int) -> tuple[int, ...]:
    """The epochs at which a run that is watched is kept: before the first, after the last, and three between."""
    return tuple(sorted({round(epochs * quarter / 4) for quarter in range(5)}))


def at_epoch(folder: Path, epoch: int) -> Path:
    """Where a run that is watched keeps its averaged network as it stood after an epoch; 0: before the first."""
    return folder / f"at-epoch-{epoch}.safetensors"


def one_cycle(done: float) -> float:
    """Learning rate as a share of its peak: up linearly over the first 15% of a stage, down to 2% by a cosine."""
    if done < 0.15:
        return 0.1 + 0.9 * done / 0.15
    return 0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * (done - 0.15) / 0.85)))


def masked_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy, weighted per film and finding; weight 0: "this source does not say". All (n, findings)."""
    each = F.binary_cross_entropy_with_logits(logits, labels, weights, reduction="sum")
    return each / weights.sum().clamp(min=1e-6)


@torch.inference_mode()
def logits_of(network: nn.Module, films: Tensor, device: torch.device, batch: int = 128) -> NDArray[np.float32]:
    """Logits (n, findings) for films uint8 (n, size, size), as they are, in float32."""
    network.eval()
    parts = []
    for chunk in torch.split(films, batch):
        x = (chunk[:, None].float() / 255 - 0.5) * 4
        parts.append(network(x.to(device, memory_format=torch.channels_last)).float().cpu())
    return torch.cat(parts).numpy()


def shrink(films: NDArray[np.uint8], size: int) -> Tensor:
    """Films uint8 (n, S, S) at another size, uint8 (n, size, size), by area; the array itself where the size is right."""
    if films.shape[1] == size:
        return torch.from_numpy(films)
    out = torch.empty((len(films), size, size), dtype=torch.uint8)
    for start in range(0, len(films), 512):
        part = torch.from_numpy(films[start : start + 512])[:, None].float()
        out[start : start + 512] = F.interpolate(part, size, mode="bilinear", antialias=True)[:, 0].round().to(torch.uint8)
    return out
