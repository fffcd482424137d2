"""What trainable attention shows of itself on a film: α of gates, weighed channels, a first look and its crop, glimpses.

Maps of the networks of `app.classifiers.attending`, as the methods of this room hand them out. But for single channels none is
relevance: it says where a network looked, not what spoke for an answer. Knows traces and those networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from app.classifiers.attending.glimpsed import COARSE, FINE, GlimpseNetwork
from app.classifiers.attending.guided import Branches, CompactGuided, region
from app.classifiers.attending.squeezed import CompactSqueezed, Weighed
from app.domain import Extent, Image
from app.domain.looking import BRANCH, CHANNEL, FRAME, OPEN, STEP, WINDOWS
from app.errors import NotExplainable
from app.explainers.base import Relevance
from app.explainers.geometry import Field, field
from app.explainers.trace import Trace

SAME = "The same map for every finding: what is looked at knows no finding."


def of_place(trace: Trace, path: str, targets: Sequence[int]) -> Relevance:
    """α of a gate, as it stands: (targets, slices, h, w) in [0, 1], the same for every target."""
    alpha = trace.layer(path).detach()[:, 0]
    maps = alpha[None].expand(len(targets), -1, -1, -1)
    return Relevance(maps, field=field(trace.tape, trace.place(path)), notes=(SAME,))


def gate(trace: Trace, number: int, targets: Sequence[int]) -> Relevance:
    """α of one of the gates, the finest is 0: of films or of every slice of a stack; NotExplainable for a network without."""
    for owner in ("features", "encoder.features"):
        if f"{owner}.gates.{number}" in trace.tape.places:
            return of_place(trace, f"{owner}.gates.{number}", targets)
    raise NotExplainable("needs a network with attention gates")


def places(trace: Trace, targets: Sequence[int]) -> Relevance:
    """How the last stage's places are weighed; NotExplainable for a network that weighs its channels alone."""
    last = _last(trace)
    if not isinstance(last, Weighed) or last.places is None:
        raise NotExplainable("needs a network that weighs places beside its channels")
    network = trace.classifier.network
    return of_place(trace, f"features.{len(network.features) - 1}.places", targets)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """The last stage's channels of a network that weighs them. ``gates`` (slices, channels); ``means`` (slices, channels), of
    the weighed maps; ``carried`` (targets, slices, channels): gate × weight × mean, which add up to the answer less its bias;
    ``maps`` (slices, channels, h, w), weighed; ``weights`` (targets, channels)."""

    gates: Tensor
    means: Tensor
    carried: Tensor
    maps: Tensor
    weights: Tensor
    place: Field | None

    def leading(self, target: int, film: int, rank: int) -> int:
        """The channel that speaks most for a target, from 0, or the second, and so on."""
        return int(self.carried[target, film].argsort(descending=True)[rank])


def channels(trace: Trace, targets: Sequence[int]) -> Channels:
    """See the class; NotExplainable for a network that weighs no channels."""
    network = trace.classifier.network
    if not isinstance(network, CompactSqueezed):
        raise NotExplainable("needs a network that weighs its channels")
    last = len(network.features) - 1
    maps = trace.layer("features").detach()
    gates = trace.layer(f"features.{last}.channels").detach()[:, :, 0, 0]
    means, weights = maps.mean((2, 3)), network.head.weight.detach()[list(targets)]
    return Channels(gates, means, weights[:, None] * means[None], maps, weights, field(trace.tape, trace.place("features")))


def channel(trace: Trace, targets: Sequence[int], rank: int) -> Relevance:
    """What one channel adds to the answer, cell by cell: the one that speaks most for each target, or the second, and so on.
    The map's sum is its part of the answer."""
    found = channels(trace, targets)
    films = range(trace.slices)
    chosen = torch.tensor([[found.leading(t, film, rank) for film in films] for t in range(len(targets))])
    maps = torch.stack(
        [torch.stack([found.weights[t, k] * found.maps[film, k] for film, k in enumerate(row)]) for t, row in enumerate(chosen)]
    )
    figures = tuple(_told(found, t, int(row[0]), _last(trace)) for t, row in enumerate(chosen))
    return Relevance(maps / maps[0, 0].numel(), field=found.place, figures=figures)


def _told(found: Channels, t: int, k: int, last: torch.nn.Module) -> dict[str, float]:
    """A channel of the first film in figures, by `CHANNEL`: its number, gate, weight, the mean of what it found before it was
    weighed, their product, and the whole answer less its bias. No gate where places are weighed too: then it is no factor by
    itself, and the mean is that of the weighed map."""
    gate, weight, mean = float(found.gates[0, k]), float(found.weights[t, k]), float(found.means[0, k])
    product, answer = float(found.carried[t, 0, k]), float(found.carried[t, 0].sum(dtype=torch.float64))
    both = isinstance(last, Weighed) and last.places is not None
    alone = {} if both else {CHANNEL[1]: gate}
    own = mean if both else mean / max(gate, 1e-6)
    return {CHANNEL[0]: float(k), **alone, **dict(zip(CHANNEL[2:], (weight, own, product, answer), strict=True))}


def _last(trace: Trace) -> torch.nn.Module:
    network = trace.classifier.network
    return network.features[-1] if isinstance(network, CompactSqueezed) else network


def weighed(trace: Trace, targets: Sequence[int], count: int) -> Relevance:
    """The mean map of the channels whose gates are widest open on this film, scaled to 0…1; the same for every target."""
    found = channels(trace, targets)
    top = found.gates.topk(count, 1)
    maps = torch.stack([found.maps[film, chosen].mean(0) for film, chosen in enumerate(top.indices)])
    maps = maps / maps.amax((1, 2), keepdim=True).clamp(min=1e-6)
    gates = {OPEN % {"number": k}: g for k, g in zip(top.indices[0].tolist(), top.values[0].tolist(), strict=True)}
    return Relevance(
        maps[None].expand(len(targets), -1, -1, -1), field=found.place, notes=(SAME,), figures=(gates,) * len(targets)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A film that was looked at twice: the branches, and which rectangle of the film was cropped."""

    branches: Branches
    crop: Extent
    network: CompactGuided


def looked(trace: Trace) -> Looked:
    """See the class; NotExplainable for a network that crops nothing, or several films at once."""
    network = trace.classifier.network
    if not isinstance(network, CompactGuided):
        raise NotExplainable("needs a network that crops what it looks at again")
    if trace.slices != 1:
        raise NotExplainable("needs one film at a time")
    with torch.no_grad():
        found = network.branches(trace.input.detach())
    return Looked(found, on_image(trace, found.boxes[0]), network)


def on_image(trace: Trace, box: tuple[float, float, float, float]) -> Extent:
    """A rectangle (top, left, bottom, right) in pixels of the network's input, in pixels of the one image."""
    top, left, bottom, right = box
    (image,) = trace.series.images
    square, size = trace.classifier.frame(image), trace.input.shape[-1]
    across, down = (square.right - square.left) / size, (square.bottom - square.top) / size
    return Extent(
        square.left + left * across, square.top + top * down, square.left + right * across, square.top + bottom * down
    )


def first_look(trace: Trace, targets: Sequence[int]) -> Relevance:
    """H_g, (targets, 1, h, w) in [0, 1], with every branch's probability of every finding and the crop among the figures."""
    found = looked(trace)
    maps = found.branches.heat[None].expand(len(targets), -1, -1, -1)
    numbers = branch_figures(trace, found) | frame_figures(found.crop)
    place = field(trace.tape, trace.place("whole"))
    return Relevance(maps, field=place, notes=(SAME,), figures=(numbers,) * len(targets))


def parted(trace: Trace, targets: Sequence[int]) -> Relevance:
    """The region that was kept of H_g, as classes (targets, 1, side, side): 1 where it is."""
    found = looked(trace)
    side = trace.input.shape[-1]
    mask = torch.from_numpy(region(found.branches.heat[0], side, found.network.threshold).astype(np.float32))
    numbers = frame_figures(found.crop)
    return Relevance(mask[None, None].expand(len(targets), -1, -1, -1), notes=(SAME,), figures=(numbers,) * len(targets))


def crop(trace: Trace, targets: Sequence[int]) -> Relevance:
    """What the second branch saw, in the film's own values, drawn over all of the film: (targets, 1, 256, 256)."""
    found = looked(trace)
    (image,) = trace.series.images
    values = resampled(image, found.crop, CROP)
    maps = values[None, None].expand(len(targets), -1, -1, -1)
    return Relevance(
        maps, notes=(SAME,), figures=(frame_figures(found.crop),) * len(targets), lies=(shown_in(image, found.crop),)
    )


CROP = 256
"""The side of a crop as it is shown."""


def shown_in(image: Image, crop_: Extent) -> Extent:
    """Where a crop is shown: as large as fits into the square that covers all of an image, in its own proportions."""
    whole = Extent.covering(image.rows, image.columns)
    wide, high, side = crop_.right - crop_.left, crop_.bottom - crop_.top, whole.right - whole.left
    across, down = side * min(1, wide / high), side * min(1, high / wide)
    left, top = (whole.left + whole.right - across) / 2, (whole.top + whole.bottom - down) / 2
    return Extent(left, top, left + across, top + down)


def resampled(image: Image, extent: Extent, side: int) -> Tensor:
    """Modality values of a rectangle of an image, (side, side), bilinear; the nearest of the film's outside it."""
    values = torch.from_numpy(np.asarray(image.values(), np.float32))[None, None]
    rows, columns = values.shape[-2:]
    steps = (torch.arange(side) + 0.5) / side
    x = (extent.left + steps * (extent.right - extent.left)) / columns * 2 - 1
    y = (extent.top + steps * (extent.bottom - extent.top)) / rows * 2 - 1
    down, across = torch.meshgrid(y, x, indexing="ij")
    grid = torch.stack([across, down], -1)[None].float()
    return F.grid_sample(values, grid, mode="bilinear", padding_mode="border", align_corners=False)[0, 0]


def branch_figures(trace: Trace, found: Looked) -> dict[str, float]:
    """The probabilities of the film's and the crop's own answers, by "whole: finding" and "crop: finding"."""
    names = trace.classifier.card.findings
    whole, part = (torch.sigmoid(logits[0].float()).tolist() for logits in (found.branches.whole, found.branches.part))
    return {BRANCH["whole"] % {"finding": name}: p for name, p in zip(names, whole, strict=True)} | {
        BRANCH["crop"] % {"finding": name}: p for name, p in zip(names, part, strict=True)
    }


def frame_figures(extent: Extent) -> dict[str, float]:
    """A crop's rectangle in pixels of the image, by name."""
    return dict(zip(FRAME, (extent.left, extent.top, extent.right, extent.bottom), strict=True))


def glimpses(trace: Trace, targets: Sequence[int]) -> Relevance:
    """How many of the fine windows lay on each place, over their number: (targets, 1, side, side). The figures hold the path:
    of each glimpse its middle in pixels of the image and the target's probability after it; and the sides of both windows."""
    network = trace.classifier.network
    if not isinstance(network, GlimpseNetwork):
        raise NotExplainable("needs a network that sees by glimpses")
    if trace.slices != 1:
        raise NotExplainable("needs one film at a time")
    with torch.no_grad():
        path = network.path(trace.input.detach())
    side = trace.input.shape[-1]
    centres = (path.places[0] + 1) / 2 * side
    steps = torch.arange(side) + 0.5
    half = FINE * side / 2
    inside = [((steps - c[1]).abs() < half)[:, None] & ((steps - c[0]).abs() < half)[None] for c in centres]
    seen = torch.stack(inside).float().mean(0)
    probabilities = trace.classifier.probabilities(path.logits[0].float().cpu())
    figures = tuple(_path_figures(trace, centres, probabilities[:, target]) for target in targets)
    return Relevance(seen[None, None].expand(len(targets), -1, -1, -1), notes=(SAME,), figures=figures)


def _path_figures(trace: Trace, centres: Tensor, probabilities: Tensor) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, ((x, y), p) in enumerate(zip(centres.tolist(), probabilities.tolist(), strict=True), start=1):
        at = on_image(trace, (y, x, y, x))
        values = (at.left, at.top, p)
        found |= {name % {"number": number}: value for name, value in zip(STEP, values, strict=True)}
    side = trace.input.shape[-1]
    for name, share in zip(WINDOWS, (FINE, COARSE), strict=True):
        window = on_image(trace, (0, 0, share * side, share * side))
        found[name] = window.right - window.left
    return found
