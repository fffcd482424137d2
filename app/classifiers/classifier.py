"""A classifier: a card, its network, and the one way a film goes in and a map comes back."""

import platform
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app import __version__
from app.classifiers.card import Card
from app.domain import Extent, Image, Prediction, Score, Series
from app.grey import grey


@dataclass(frozen=True, eq=False)
class Classifier:
    """One implementation for every network; variety lives in ``models/``. ``network`` is in eval mode and returns logits."""

    card: Card
    network: nn.Module
    device: torch.device

    def prepare(self, series: Series) -> Tensor:
        """Every image of a series as the network wants it: float32 (slices, 1, size, size) on the classifier's device."""
        planes = [self._plane(grey(image)) for image in series.images]
        return torch.stack(planes).to(self.device, memory_format=torch.channels_last)

    def _plane(self, film: NDArray[np.float32]) -> Tensor:
        return prepare_plane(torch.from_numpy(np.array(film)), self.card.input_size)

    def extent(self, image: Image) -> Extent:
        """What the network's input covers, in image pixels: the film padded to a square, so it may reach outside."""
        rows, columns = image.stored.shape
        side = max(rows, columns)
        left, top = (columns - side) / 2, (rows - side) / 2
        return Extent(left=left, top=top, right=left + side, bottom=top + side)

    def restore(self, heat: NDArray[np.float32], series: Series) -> tuple[NDArray[np.float32], ...]:
        """Maps (slices, h, w) back onto each image's own grid, float32 (rows, columns), bilinear; padding is cut off."""
        return tuple(
            resample(plane, self.extent(image), image.stored.shape) for plane, image in zip(heat, series.images, strict=True)
        )

    @torch.inference_mode()
    def predict(self, series: Series) -> tuple[Prediction, ...]:
        """One prediction per image of a series."""
        started = time.perf_counter()
        logits = self.network(self.prepare(series)).float().cpu()
        return self.predictions(logits, series, time.perf_counter() - started)

    def predictions(self, logits: Tensor, series: Series, seconds: float) -> tuple[Prediction, ...]:
        """Predictions from logits (slices, findings) that were computed elsewhere: in a trace shared with the explainers."""
        temperature = torch.tensor(self.card.temperature)
        probabilities = torch.sigmoid(logits.detach().float().cpu() / temperature).tolist()
        plain = logits.detach().float().cpu().tolist()
        return tuple(
            Prediction(
                sop_instance_uid=image.sop_instance_uid,
                frame=image.frame,
                model=self.card.name,
                model_sha256=self.card.sha256,
                scores=tuple(
                    Score(finding=finding, probability=p, logit=z)
                    for finding, p, z in zip(self.card.findings, probabilities[index], plain[index], strict=True)
                ),
                device=str(self.device),
                versions=versions(),
                seconds=seconds / len(series.images),
            )
            for index, image in enumerate(series.images)
        )


def prepare_plane(film: Tensor, size: int) -> Tensor:
    """A film in grey [0, 1], (rows, columns), to (1, size, size): padded to a square, resized with anti-aliasing, and stretched
    between its own 1st and 99th percentile to about −2 … 2. A constant film becomes zeros."""
    rows, columns = film.shape
    side = max(rows, columns)
    scale = size / side
    inner = (max(1, round(rows * scale)), max(1, round(columns * scale)))
    small = F.interpolate(film[None, None].float(), size=inner, mode="bilinear", antialias=True, align_corners=False)[0, 0]
    sample = small.flatten()
    low, high = torch.quantile(sample, torch.tensor([0.01, 0.99])).tolist()
    small = (small - low).clamp(0, high - low) / (high - low) if high - low > 1e-6 else torch.full_like(small, 0.5)
    top, left = (size - inner[0]) // 2, (size - inner[1]) // 2
    plane = torch.full((1, size, size), 0.0 if high - low > 1e-6 else 0.5)
    plane[0, top : top + inner[0], left : left + inner[1]] = small
    return (plane - 0.5) * 4.0


def resample(values: NDArray[np.float32], extent: Extent, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A map (h, w) that covers ``extent``, on an image grid (rows, columns): bilinear between cell centres, clamped at the edge
    cells, 0 outside the extent."""
    rows, columns = shape
    height, width = values.shape
    y = (np.arange(rows) + 0.5 - extent.top) * height / (extent.bottom - extent.top) - 0.5
    x = (np.arange(columns) + 0.5 - extent.left) * width / (extent.right - extent.left) - 0.5
    out = _linear(_linear(values.astype(np.float32), y, axis=0), x, axis=1)
    seen = np.outer((y >= -0.5) & (y <= height - 0.5), (x >= -0.5) & (x <= width - 0.5))
    return np.where(seen, out, 0.0).astype(np.float32)


def _linear(values: NDArray[np.float32], at: NDArray[np.float64], axis: int) -> NDArray[np.float32]:
    size = values.shape[axis]
    low = np.clip(np.floor(at).astype(np.int64), 0, size - 1)
    high = np.minimum(low + 1, size - 1)
    share = np.clip(at - low, 0.0, 1.0).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None, :]
    return np.asarray(np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share, dtype=np.float32)


def versions() -> dict[str, str]:
    """What computed a result: product, torch and Python."""
    return {"whylight": __version__, "torch": torch.__version__, "python": platform.python_version()}
