"""What trainable attention is told by beside figures: the curve of a crop's threshold, and how the maps grew while it learned.

Written beside a network's weights as ``attention.json`` (`app.classifiers.shown` reads it).
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from app.classifiers.attending import attends
from app.classifiers.attending.guided import CompactGuided
from app.classifiers.attending.told import looks
from app.classifiers.classifier import prepare_plane
from app.classifiers.preprocessing import Preprocessing
from app.classifiers.shown import ATTENTION
from app.evaluation.predictions import platt
from app.phantoms import chest as phantoms
from app.training.fitting import at_epoch, moments

ALIKE = 0.001
"""Mean AUROCs so close to the best are taken for as good: between them chance decides, and a wide crop misses less."""
BRANCHES = ("whole", "part")
"""Those that answer beside the network's own answer."""
THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(13))
SUBJECTS = ((71, "Nodule"), (72, "Mass"), (75, "Effusion"), (74, "Cardiomegaly"))
"""Phantoms on which it is shown how attention grew: seed and finding."""

Worth = Callable[[nn.Module], float]
"""A network's figure on the validation part."""


Told = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]
"""Validation films' logits, labels (NaN where nobody says) and weights, all (films, findings)."""


def settled(network: nn.Module, worth: Worth, told: Callable[[nn.Module], Told]) -> list[dict[str, float]]:
    """What a network that crops needs once it is fitted: a threshold, and both looks' own answers calibrated.

    Of the thresholds that answer about as well as the best on the validation part, the lowest is taken, whose crops are the
    widest. A row per threshold that was tried; [] for other networks. ``told`` is what a network says of the validation part.
    """
    if not isinstance(network, CompactGuided):
        return []
    rows = []
    for threshold in THRESHOLDS:
        network.threshold = threshold
        rows.append({"threshold": threshold, "validation": round(worth(network), 4)})
        print(f"threshold {threshold:.2f}: validation {rows[-1]['validation']:.4f}", flush=True)
    best = max(row["validation"] for row in rows)
    network.threshold = min(row["threshold"] for row in rows if row["validation"] >= best - ALIKE)
    for branch in BRANCHES:
        calibrate(network, branch, *told(Alone(network, branch)))
    return rows


class Alone(nn.Module):
    """One branch of a network that crops, answering by itself: films in, its logits out."""

    def __init__(self, network: CompactGuided, branch: str) -> None:
        super().__init__()
        self.network, self.branch = network, branch

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 1, h, w) → (batch, findings)."""
        return getattr(self.network.branches(x), self.branch)  # type: ignore[no-any-return]


@torch.no_grad()
def calibrate(
    network: CompactGuided, branch: str, logits: NDArray[np.float32], labels: NDArray[np.float32], weights: NDArray[np.float64]
) -> None:
    """Platt scaling of a branch's own answer within its last layer, so that the sigmoid of its logit is a probability. All
    (films, findings); labels NaN where nobody says. A finding that is never or always there is left as it is."""
    head: nn.Linear = getattr(network, f"{branch}_head")
    for f in range(labels.shape[1]):
        known = ~np.isnan(labels[:, f])
        if len(set(labels[known, f].tolist())) < 2:
            continue
        slope, intercept = platt(logits[known, f], labels[known, f] == 1, weights[known, f])
        head.weight[f] *= slope
        head.bias[f] = head.bias[f] * slope + intercept


def subjects(size: int) -> tuple[Tensor, list[dict[str, Any]]]:
    """The phantoms as networks see them, (n, 1, size, size), and what each is, with its film as it is shown (uint8)."""
    films, told = [], []
    for seed, finding in SUBJECTS:
        drawn = phantoms.draw(seed, [finding], size=size, devices_too=False, marker=False)
        plane = prepare_plane(torch.from_numpy(drawn.pixels / 4095.0), size, Preprocessing())
        films.append(plane)
        told.append({"seed": seed, "finding": finding, "film": _bytes(plane[0].numpy() / 4 + 0.5)})
    return torch.stack(films), told


def grown(network: nn.Module, folder: Path, epochs: int, size: int) -> dict[str, Any]:
    """The attention's maps on `SUBJECTS` at the epochs of a run that were kept, from before the first to the last; {} for a
    network whose attention has no places. ``network`` is left as it was."""
    films, told = subjects(size)
    if not looks(network, films):
        return {}
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    shown = []
    try:
        for epoch in moments(epochs):
            own = load_file(at_epoch(folder, epoch))
            now = network.state_dict()
            network.load_state_dict(
                {name: value for name, value in own.items() if now[name].shape == value.shape}, strict=False
            )
            maps = {name: [_bytes(one) for one in values.numpy()] for name, values in looks(network, films).items()}
            shown.append({"epoch": epoch, "maps": maps})
    finally:
        network.load_state_dict(kept)
    return {"subjects": told, "epochs": shown}


def write(
    out: Path, thresholds: Sequence[dict[str, float]], network: nn.Module, folder: Path, *, epochs: int, size: int
) -> None:
    """The file, where there is something to tell. ``folder`` is the run's."""
    growth = grown(network, folder, epochs, size) if attends(network) else {}
    told = {name: value for name, value in (("thresholds", list(thresholds)), ("growth", growth)) if value}
    if told:
        (out / ATTENTION).write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")


def _bytes(values: NDArray[np.floating]) -> list[list[int]]:
    """Values in 0…1 as whole numbers up to 255."""
    found: list[list[int]] = np.clip(np.rint(np.asarray(values) * 255), 0, 255).astype(int).tolist()
    return found
