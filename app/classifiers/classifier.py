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
from app.grey import grey, resample


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
        left, top = -((side - columns) // 2), -((side - rows) // 2)
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
    """A film in grey [0, 1], (rows, columns), to (1, size, size).

    Stretched between its own 1st and 99th percentile, padded with black to a square (exactly as `Classifier.extent` says),
    resized with anti-aliasing, and shifted to −2 … 2. A constant film becomes zeros.
    """
    rows, columns = film.shape
    film = film[None, None].float()
    sample = F.interpolate(film, size=(min(rows, size), min(columns, size)), mode="bilinear", antialias=True).flatten()
    low, high = torch.quantile(sample, torch.tensor([0.01, 0.99])).tolist()
    if high - low <= 1e-6:
        return torch.zeros(1, size, size)
    side = max(rows, columns)
    top, left = (side - rows) // 2, (side - columns) // 2
    stretched = (film.clamp(low, high) - low) / (high - low)
    square = F.pad(stretched, (left, side - columns - left, top, side - rows - top))
    plane = F.interpolate(square, size=(size, size), mode="bilinear", antialias=True, align_corners=False)[0]
    return (plane - 0.5) * 4.0


def versions() -> dict[str, str]:
    """What computed a result: product, torch and Python."""
    return {"whylight": __version__, "torch": torch.__version__, "python": platform.python_version()}
