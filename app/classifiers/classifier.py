"""A classifier: a card, its network, and the one way a film goes in."""

import copy
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app import __version__
from app.anatomy.pose import CANONICAL
from app.classifiers import exposed, likely
from app.classifiers.card import Card
from app.classifiers.preprocessing import Preprocessing
from app.domain import Answer, Extent, Image, Score, Series
from app.grey import grey, resample

FINE = 256
"""Side of the square in which a film is laid into the canonical pose, and of a map that is carried back from it."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """One implementation for every network; variety lives in ``models/``. ``network`` is in eval mode and returns logits.

    ``laid`` says how the chest lies on a film that does not say so itself, for a network that reads films in the canonical
    pose; without it such films have the mean pose."""

    card: Card
    network: nn.Module
    device: torch.device
    laid: Callable[[Image], Image] | None = None

    def on_cpu(self) -> "Classifier":
        """The same on the CPU, for when a GPU is out of memory: this one's network stays where it is, and nothing more is asked
        of the GPU."""
        held = {id(one): nn.Parameter(one.detach().cpu(), one.requires_grad) for one in self.network.parameters()}
        moved = {id(one): one.detach().cpu() for one in self.network.buffers()}
        network = copy.deepcopy(self.network, {**held, **moved})
        return replace(self, network=network, device=torch.device("cpu"))

    def prepare(self, series: Series) -> Tensor:
        """Every image of a series as the network wants it: float32 (slices, channels, size, size) on its device."""
        return self.channels(self.planes(series))

    def planes(self, series: Series) -> Tensor:
        """Every image as one grey plane in the card's scale, float32 (slices, 1, size, size) on the classifier's device."""
        how, size = self.card.preprocessing, self.card.input_size
        if how.stretch == "stack":
            grey_, tall = stretched(series), [image.tall for image in series.images]
            slices = (squared(slice_, high) for slice_, high in zip(grey_, tall, strict=True))
            return torch.stack([prepare_plane(slice_, size, how) for slice_ in slices]).to(self.device)
        if how.frame == "canonical":
            return torch.stack([self._upright(image) for image in series.images]).to(self.device)
        films = (squared(torch.from_numpy(np.array(grey(self.read_of(image)))), image.tall) for image in series.images)
        return torch.stack([prepare_plane(film, size, how) for film in films]).to(self.device)

    def _upright(self, image: Image) -> Tensor:
        """An image in the canonical frame, (1, size, size); black where nothing of it is."""
        (image,) = self.held(Series("", "", (image,))).images
        how, size = self.card.preprocessing, self.card.input_size
        film = squared(torch.from_numpy(np.array(grey(self.read_of(image)))), image.tall)
        plane = prepare_plane(film, FINE, how)[0].numpy()
        return torch.from_numpy(likely.pose_of(image).warp(plane, self._square(image), size, fill=how.scale[0]))[None]

    def channels(self, planes: Tensor) -> Tensor:
        """Grey planes (slices, 1, h, w) as the network's input: copied to each channel, less its mean, by its deviation."""
        how = self.card.preprocessing
        planes = planes.expand(-1, how.channels, -1, -1)
        if how.mean:
            mean, std = (planes.new_tensor(numbers).view(1, -1, 1, 1) for numbers in (how.mean, how.std))
            planes = (planes - mean) / std
        return planes.to(memory_format=torch.channels_last)

    def extent(self, image: Image) -> Extent:
        """What the network's input covers, in image pixels: padded to a square it reaches outside the film, or outside the
        exposed field where the network reads that alone. Of a network that reads films in the canonical pose, the upright
        rectangle around that frame."""
        return likely.pose_of(image).window() if self.upright else self._square(image)

    @property
    def upright(self) -> bool:
        """Whether the network reads films in the canonical pose, so that its maps have to be carried back."""
        return self.card.preprocessing.frame == "canonical"

    def frame(self, image: Image) -> Extent:
        """The rectangle that the network's input covers, in the place where maps are computed: the canonical frame in its own
        cells, else `extent`."""
        return CANONICAL if self.upright else self.extent(image)

    def on_film(self, image: Image, values: NDArray[np.float32], lies: Extent) -> tuple[NDArray[np.float32], Extent]:
        """A map (rows, columns) that lies somewhere in `frame`, where it lies on the film: as it is, or carried back from the
        canonical frame onto a grid of its own. Nothing lies where the network read nothing."""
        if not self.upright:
            return values, lies
        pose = likely.pose_of(image)
        window = pose.window()
        return pose.carry_back(values, window, (FINE, FINE), lies=lies), window

    def on_input(self, image: Image, values: NDArray[np.float32], lies: Extent) -> NDArray[np.float32]:
        """A map (rows, columns) over a rectangle of the film on the grid of what the network read, (size, size)."""
        size = self.card.input_size
        if self.upright:
            return likely.pose_of(image).warp(values, lies, size)
        square = self.extent(image)
        across, down = size / (square.right - square.left), size / (square.bottom - square.top)
        return resample(values, lies.seen_from(square.left, square.top, across, down), (size, size))

    def _square(self, image: Image) -> Extent:
        how = self.card.preprocessing
        if how.field == "film":
            return _extent(how, (image.rows, image.columns), image.tall)
        top, left, bottom, right = exposed.field_of(image)
        return _extent(how, (bottom - top, right - left), image.tall).seen_from(-left, -top, 1, 1)

    def read_of(self, image: Image) -> Image:
        """What the network reads of an image: all of it, or the exposed field as an image of its own."""
        return exposed.cropped(image) if self.card.preprocessing.field == "exposed" else image

    def held(self, series: Series) -> Series:
        """The series with every image's exposed field, and how the chest lies, written into it, where the network reads by
        these: what is edited in the images then moves nothing."""
        images = series.images
        if self.card.preprocessing.field != "film":
            images = tuple(exposed.held(image) for image in images)
        if self.upright and self.laid is not None:
            images = tuple(self.laid(image) if image.pose is None else image for image in images)
        return series if images is series.images else replace(series, images=images)

    @torch.inference_mode()
    def predict(self, series: Series) -> tuple[Answer, ...]:
        """One answer per image of a series, each a film of its own."""
        started = time.perf_counter()
        logits = self.network(self.prepare(series)).float().cpu()
        return self.predictions(logits, series, time.perf_counter() - started)

    @torch.inference_mode()
    def predict_films(self, films: Sequence[Series]) -> tuple[Answer, ...]:
        """One answer per film, each a series of one image, of whatever size: prepared by itself, then all in one batch."""
        started = time.perf_counter()
        logits = self.network(self.channels(torch.cat([self.planes(film) for film in films]))).float().cpu()
        seconds = (time.perf_counter() - started) / len(films)
        return tuple(
            answer for place, film in enumerate(films) for answer in self.predictions(logits[place : place + 1], film, seconds)
        )

    def probabilities(self, logits: Tensor) -> Tensor:
        """Logits (…, findings) as probabilities: the sigmoid of each by its temperature, then the finding's operating point
        moved to one half, linearly on either side of it, as torchxrayvision does (Cohen 2022). A point of 0.5 changes nothing.
        """
        plain = torch.sigmoid(logits / logits.new_tensor(self.card.temperature))
        if all(point == 0.5 for point in self.card.operating_points):
            return plain
        points = logits.new_tensor(self.card.operating_points)
        return torch.where(plain < points, plain / (2 * points), 1 - (1 - plain) / (2 * (1 - points)))

    def predictions(self, logits: Tensor, series: Series, seconds: float) -> tuple[Answer, ...]:
        """Answers from logits (slices, findings) that were computed elsewhere: in a trace shared with the explainers."""
        logits = logits.detach().float().cpu()
        probabilities = self.probabilities(logits).tolist()
        plain = logits.tolist()
        return tuple(
            Answer.of_film(
                image.stack,
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


OBLONG = 0.02
"""By how much pixels may be no squares and are yet taken for some."""


def square_shape(rows: int, columns: int, tall: float) -> tuple[int, int]:
    """Rows and columns of an image once its pixels, ``tall`` times as high as wide, are squares: as many as there are along the
    longer side of a pixel, more along the other, so that nothing is lost."""
    if abs(tall - 1) <= OBLONG:
        return rows, columns
    return (round(rows * tall), columns) if tall > 1 else (rows, round(columns / tall))


def squared(film: Tensor, tall: float) -> Tensor:
    """A film (rows, columns) with square pixels, bilinear; as it is where they are."""
    shape = square_shape(film.shape[0], film.shape[1], tall)
    if shape == tuple(film.shape):
        return film
    return F.interpolate(film[None, None].float(), size=shape, mode="bilinear", align_corners=False)[0, 0]


def _extent(how: Preprocessing, shape: tuple[int, int], tall: float) -> Extent:
    """What a network sees of so many rows and columns, in their pixels."""
    rows, columns = shape
    high, wide = square_shape(rows, columns, tall)
    return how.extent(high, wide).seen_from(0, 0, columns / wide, rows / high)


def prepare_plane(film: Tensor, size: int, how: Preprocessing = Preprocessing()) -> Tensor:  # noqa: B008 - frozen
    """A film in grey [0, 1], (rows, columns), to (1, size, size) in the scale of ``how``.

    Cropped to the square in its middle where ``how`` says so; stretched between its own 1st and 99th percentile or left as it
    is; padded with black to a square (exactly as `Classifier.extent` says); resized with anti-aliasing; and scaled. A constant
    film that is to be stretched becomes the middle of the scale, which is 0 by default.
    """
    square = how.extent(*film.shape)
    left, top = int(square.left), int(square.top)
    side = int(square.right) - left
    film = film[max(top, 0) : top + side, max(left, 0) : left + side].float()
    rows, columns = film.shape
    low, high = ends(film, size) if how.stretch == "percentiles" else (0.0, 1.0)
    black, white = how.scale
    if high - low <= 1e-6:
        return torch.full((1, size, size), (black + white) / 2)
    stretched = (film[None, None].clamp(low, high) - low) / (high - low)
    above, beside = max(-top, 0), max(-left, 0)
    padded = F.pad(stretched, (beside, side - columns - beside, above, side - rows - above))
    plane = F.interpolate(padded, size=(size, size), mode="bilinear", antialias=True, align_corners=False)[0]
    return (plane - 0.5) * (white - black) + (black + white) / 2


def stretched(series: Series) -> Iterator[Tensor]:
    """Every slice in grey [0, 1], (rows, columns): modality values between 1st and 99.5th percentile of the whole stack.

    Not the header's window: what a reader likes to see says nothing about what a network was trained on. A constant stack is
    all black."""
    low, high = stack_ends(series)
    for image in series.images:
        grey = np.clip((image.values() - low) / max(high - low, 1e-6), 0, 1)
        yield torch.from_numpy(1 - grey if image.photometric == "MONOCHROME1" else grey)


def stack_ends(series: Series) -> tuple[float, float]:
    """The 1st and the 99.5th percentile of a whole stack's modality values."""
    sample = [
        image.values()[:: max(1, image.stored.shape[0] // 256), :: max(1, image.stored.shape[1] // 256)]
        for image in series.images
    ]
    low, high = np.percentile(np.concatenate([values.ravel() for values in sample]), (1, 99.5)).tolist()
    return low, high


def ends(film: Tensor, size: int) -> tuple[float, float]:
    """The 1st and the 99th percentile of a film, at about the size that the network reads."""
    rows, columns = film.shape
    film = film[None, None]
    sample = F.interpolate(film, size=(min(rows, size), min(columns, size)), mode="bilinear", antialias=True).flatten()
    low, high = torch.quantile(sample, torch.tensor([0.01, 0.99])).tolist()
    return low, high


def versions() -> dict[str, str]:
    """What computed a result: product, torch and Python."""
    return {"whylight": __version__, "torch": torch.__version__, "python": platform.python_version()}
