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
from app.training.progress import Progress, clock
from app.training.record import Record, Values, environment

Validate = Callable[[nn.Module, int], Values]
"""(network, size) → figures of the validation part by name; "validation" is the one that sums them up."""
Draw = Callable[[int, int], tuple[Tensor, Tensor, Tensor]]
"""(epoch, size) → films uint8 (n, size, size), labels float32 (n, findings), weights float32 (n, findings; 0 where unknown)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs at one resolution; ``rate`` is the peak of a one-cycle learning rate over the stage."""

    size: int
    epochs: int
    batch: int
    rate: float


@dataclass
class Fit:
    """A run: the network, its averaged copy, and where checkpoints and the log go.

    ``about`` is what the run is begun with (`record.began_with`): it is not continued with anything else, unless ``fresh``,
    which forgets what was there.
    """

    network: nn.Module
    average: nn.Module
    folder: Path
    device: torch.device
    seed: int
    average_decay: float = 0.998
    augmented: bool = True
    about: dict[str, str] = field(default_factory=dict)
    fresh: bool = False

    def run(self, stages: list[Stage], draw: Draw, validate: Validate) -> None:
        """Train through all stages, with a checkpoint and a row of figures per epoch. Continues where a run stopped."""
        record = Record(self.folder, self.about, environment(self.device))
        state = record.begin(self.fresh)
        done = self._restore(state)
        sizes = [stage.size for stage in stages for _ in range(stage.epochs)]  # an epoch costs about its films' area
        progress = Progress("run", sum(size**2 for size in sizes), sum(size**2 for size in sizes[:done]))
        if state is not None:
            progress.say(f"continuing after epoch {done} of {len(sizes)}")
        epoch = 0
        for stage in stages:
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
                row = {"epoch": epoch, "size": stage.size, "rate": rate, "loss": loss, "seconds": seconds}
                record.keep({**row, **figures, **row}, self._state(epoch, optimiser))  # a source may be called “loss”
                named = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
                progress.say(f"epoch {epoch} of {len(sizes)}: size {stage.size}, loss {loss:.4f}, {named}, {clock(seconds)}")

    def _epoch(
        self, epoch: int, index: int, stage: Stage, optimiser: torch.optim.Optimizer, draw: Draw, *, progress: Progress
    ) -> float:
        films, labels, weights = draw(epoch, stage.size)
        random = torch.Generator().manual_seed(self.seed * 10_000 + epoch)
        order = torch.randperm(len(films), generator=random)
        batches = [b for b in torch.split(order, stage.batch) if len(b) > 1]  # batch normalisation needs two
        total, steps = 0.0, len(batches)
        self.network.train()
        for step, batch in enumerate(batches):
            rate = one_cycle((index + step / steps) / stage.epochs) * stage.rate
            for group in optimiser.param_groups:
                group["lr"] = rate
            x = films[batch][:, None].float() / 255
            if self.augmented:
                x = augment(x, random)
            x = (x - 0.5) * 4
            if self.device.type == "cuda":
                x = x.pin_memory()
            x = x.to(self.device, memory_format=torch.channels_last, non_blocking=True)
            loss = self._step(x, labels[batch].to(self.device), weights[batch].to(self.device), optimiser)
            total += loss
            rest = progress.left(stage.size**2 * (1 - (step + 1) / steps))
            progress.advance(stage.size**2 / steps, f"epoch {epoch}, loss {total / (step + 1):.4f}, it ends in {clock(rest)}")
        return total / max(steps, 1)

    def _step(self, x: Tensor, labels: Tensor, weights: Tensor, optimiser: torch.optim.Optimizer) -> float:
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.network(x)
        loss = masked_loss(logits.float(), labels, weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        optimiser.step()
        with torch.no_grad():
            theirs = self.network.state_dict()
            for name, mine in self.average.state_dict().items():
                if mine.is_floating_point():
                    mine.lerp_(theirs[name], 1 - self.average_decay)
                else:
                    mine.copy_(theirs[name])
        return float(loss.detach())

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


def one_cycle(done: float) -> float:
    """Learning rate as a share of its peak: up linearly over the first 15% of a stage, down to 2% by a cosine."""
    if done < 0.15:
        return 0.1 + 0.9 * done / 0.15
    return 0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * (done - 0.15) / 0.85)))


def masked_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy, weighted per film and finding; weight 0: "this source does not say". All (n, findings)."""
    each = F.binary_cross_entropy_with_logits(logits, labels, weights, reduction="sum")
    return each / weights.sum().clamp(min=1e-6)


def balance(labels: NDArray[np.float32], groups: NDArray[np.str_], most: float = 12.0) -> NDArray[np.float32]:
    """Weights (n, findings) that give positives and negatives the same sum within each group (source).

    A source by itself then tells nothing of a finding. A positive weighs ``most`` at most, an unknown label (NaN) 0.
    """
    weights = np.zeros_like(labels)
    for group in np.unique(groups):
        rows = groups == group
        known = ~np.isnan(labels[rows])
        positive = known & (labels[rows] == 1)
        share = positive.sum(0) / np.maximum(known.sum(0), 1)
        up = np.minimum(0.5 / np.maximum(share, 1e-6), most)
        down = np.minimum(0.5 / np.maximum(1 - share, 1e-6), most)
        weights[rows] = np.where(positive, up, np.where(known, down, 0.0))
    return weights


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
