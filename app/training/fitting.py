"""One training loop for every network: stages of growing resolution, masked weighted loss, averaged weights, resumable.

Knows arrays and networks; where films come from and what a card says is other modules' business.
"""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app.training.augmentation import augment

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
    """A run: the network, its averaged copy, and where checkpoints and the log go."""

    network: nn.Module
    average: nn.Module
    folder: Path
    device: torch.device
    seed: int
    average_decay: float = 0.998
    augmented: bool = True

    def run(self, stages: list[Stage], draw: Draw, validate: Callable[[nn.Module, int], float]) -> None:
        """Train through all stages, with a checkpoint and a line of the log per epoch. Continues where a run stopped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        done = self._resume()
        epoch = 0
        for stage in stages:
            optimiser = torch.optim.AdamW(self.network.parameters(), lr=stage.rate, weight_decay=0.02)
            for index in range(stage.epochs):
                epoch += 1
                if epoch <= done:
                    continue
                started = time.monotonic()
                torch.manual_seed(self.seed * 10_000 + epoch)
                loss = self._epoch(epoch, index, stage, optimiser, draw)
                figure = validate(self.average, stage.size)
                self._checkpoint(epoch)
                self._log(epoch, stage.size, loss, figure, time.monotonic() - started)

    def _epoch(self, epoch: int, index: int, stage: Stage, optimiser: torch.optim.Optimizer, draw: Draw) -> float:
        films, labels, weights = draw(epoch, stage.size)
        random = torch.Generator().manual_seed(self.seed * 10_000 + epoch)
        order = torch.randperm(len(films), generator=random)
        batches = [b for b in torch.split(order, stage.batch) if len(b) > 1]  # batch normalisation needs two
        total, steps, started = 0.0, len(batches), time.monotonic()
        self.network.train()
        for step, batch in enumerate(batches):
            rate = one_cycle((index + step / steps) / stage.epochs) * stage.rate
            for group in optimiser.param_groups:
                group["lr"] = rate
            x = films[batch][:, None].float() / 255
            if self.augmented:
                x = augment(x, random)
            x = ((x - 0.5) * 4).to(self.device, memory_format=torch.channels_last)
            loss = self._step(x, labels[batch].to(self.device), weights[batch].to(self.device), optimiser)
            total += loss
            if step % 50 == 49:
                left = (time.monotonic() - started) / (step + 1) * (steps - step - 1)
                print(
                    f"epoch {epoch} step {step + 1}/{steps} loss {total / (step + 1):.4f} epoch ends in {left:.0f} s",
                    flush=True,
                )
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

    def _checkpoint(self, epoch: int) -> None:
        state = {"epoch": epoch, "network": self.network.state_dict(), "average": self.average.state_dict()}
        partial = self.folder / "checkpoint.partial"
        torch.save(state, partial)
        partial.replace(self.folder / "checkpoint.pt")

    def _resume(self) -> int:
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return 0
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        print(f"continuing after epoch {state['epoch']}", flush=True)
        return int(state["epoch"])

    def _log(self, epoch: int, size: int, loss: float, figure: float, seconds: float) -> None:
        path = self.folder / "metrics.csv"
        new = not path.is_file()
        with path.open("a", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            if new:
                lines.writerow(["epoch", "size", "loss", "validation", "seconds"])
            lines.writerow([epoch, size, f"{loss:.5f}", f"{figure:.5f}", f"{seconds:.1f}"])
        print(f"epoch {epoch} done: size {size}, loss {loss:.4f}, validation {figure:.4f}, {seconds:.0f} s", flush=True)


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
