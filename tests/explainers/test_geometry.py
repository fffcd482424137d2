"""Where maps of inner layers lie: impulse tests. The centre of what a cell answers to lies where the layer's extent says.

Weights are positive and random and batch normalisation does nothing, so that a cell's answer to the film has no sign and no
side: its centre is that of the receptive field, up to what the film's border cuts off.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from app import explainers
from app.adoption.recognition import LAYERS
from app.classifiers.classifier import Classifier
from app.classifiers.networks import build
from app.classifiers.preprocessing import Fit, Preprocessing
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Extent, Image, Window
from app.explainers.geometry import Field, field
from app.explainers.methods.lrp import LRP
from app.explainers.stages import stages
from app.explainers.tape import tape
from tests.explainers.families import FAMILIES, FINDINGS, classifier, series

PLAIN = Preprocessing(stretch="full", scale=(0.0, 1.0))
CARDS = {card.name: card for card in Registry(Settings().models).cards()}


def positive(network: nn.Module, seed: int = 0) -> nn.Module:
    """Positive random weights that sum to one, and no batch normalisation to speak of."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            weight = torch.rand(module.weight.shape, generator=generator) + 0.5
            module.weight.data = weight / weight.flatten(1).sum(1).view(-1, *[1] * (weight.dim() - 1))
            if module.bias is not None:
                module.bias.data.zero_()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()


def reader(network: nn.Module, layer: str, size: int) -> Classifier:
    """A classifier around a network whose films are prepared without a stretch of their own."""
    made = classifier(positive(network), layer, size)
    return replace(made, card=replace(made.card, preprocessing=PLAIN))


def noise(rows: int, columns: int, number: int = 0) -> Image:
    """A film of noise, on which every maximum is as likely here as there."""
    pixels = np.random.default_rng(number).integers(500, 3500, (rows, columns)).astype(np.uint16)
    return Image(f"1.9.{number}", 0, pixels, windows=(Window(2048, 4096, "LINEAR"),))


def answered(own: Classifier, layer: str, images: Sequence[Image], cells: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The centre of what some cells of a layer answer to on the first of the images, (y, x) in its pixels."""
    trace = explainers.record(own, series(*images))
    value = trace.layer(layer)
    answer = torch.stack([value[0, :, row, column].sum() for row, column in cells]).sum()
    (gradient,) = torch.autograd.grad(answer, trace.input)
    weight = gradient[0, 0].double().abs()
    places = torch.arange(weight.shape[0], dtype=torch.float64)
    y, x = (float((places * weight.sum(1 - axis)).sum() / weight.sum()) for axis in (0, 1))
    square, size = own.extent(images[0]), weight.shape[0]
    scale = (square.bottom - square.top) / size
    return square.top + (y + 0.5) * scale, square.left + (x + 0.5) * scale


def claimed(extent: Extent, shape: tuple[int, ...], cells: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Where an extent says that these cells lie, on average, (y, x) in image pixels."""
    rows, columns = np.array(cells).mean(0)
    down, across = (extent.bottom - extent.top) / shape[0], (extent.right - extent.left) / shape[1]
    return extent.top + (rows + 0.5) * down, extent.left + (columns + 0.5) * across


def middle(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Four cells around the middle of a map, where the border cuts least off."""
    return [(shape[0] // 2 - down, shape[1] // 2 - across) for down in (0, 1) for across in (0, 1)]


def compact(name: str = "chest-compact") -> nn.Module:
    return build("compact-residual", 3, CARDS[name].parameters)


def lite() -> nn.Module:
    """EfficientNet-Lite without the ceiling of its activations: positive weights would press every value against it."""
    network = build("efficientnet-lite0", 3, {})
    for path, module in list(network.named_modules()):
        if isinstance(module, nn.ReLU6):
            network.set_submodule(path, nn.ReLU())
    return network


NETWORKS: dict[str, tuple[Callable[[], nn.Module], str, int, float]] = {
    "chest": (lambda: compact("chest"), "features", 224, 7.5),
    "chest-compact": (compact, "features", 224, 7.5),
    "chest-compact, odd": (compact, "features", 255, 7.47),
    "resnet-18": (lambda: build("resnet-18", 3, {}), LAYERS["resnet-18"], 384, 15.5),
    "resnet-18, odd": (lambda: build("resnet-18", 3, {}), LAYERS["resnet-18"], 385, 14.31),
    "resnet-50": (lambda: build("resnet-50", 3, {}), LAYERS["resnet-50"], 448, 15.5),
    "densenet-121": (lambda: build("densenet-121", 3, {}), LAYERS["densenet-121"], 448, 1.5),
    "efficientnet-b0": (lambda: build("efficientnet-b0", 3, {}), LAYERS["efficientnet-b0"], 448, 15.5),
    "efficientnet-lite0": (lite, LAYERS["efficientnet-lite0"], 448, 15.5),
    "convnext-tiny": (lambda: build("convnext-tiny", 3, {}), LAYERS["convnext-tiny"], 224, 0.0),
    "basic": (FAMILIES["basic"], "features", 96, 3.5),
    "squeeze": (FAMILIES["squeeze"], "features", 96, 3.5),
    "dense": (FAMILIES["dense"], "features", 96, 1.5),
    "plain": (FAMILIES["plain"], "features", 96, 0.0),
}
"""Network, explained layer, the input's side, and how far its first cell lies from where a stretched map would have it."""


@pytest.mark.parametrize("name", NETWORKS)
def test_a_cell_lies_where_the_centre_of_its_answer_lies(name: str) -> None:
    make, layer, size, _ = NETWORKS[name]
    own = reader(make(), layer, size)
    film = noise(size, size)
    (found,) = explainers.load("gradcam").explain(own, explainers.record(own, series(film)), [FINDINGS[0]])
    cells = middle(found.values.shape[1:])
    assert answered(own, layer, [film], cells) == pytest.approx(claimed(found.extent, found.values.shape[1:], cells), abs=1.0)


@pytest.mark.parametrize("name", NETWORKS)
def test_how_far_a_map_lies_from_one_that_is_stretched_over_the_film(name: str) -> None:
    make, layer, size, away = NETWORKS[name]
    own = reader(make(), layer, size)
    film = noise(size, size)
    trace = explainers.record(own, series(film))
    (found,) = explainers.load("gradcam").explain(own, trace, [FINDINGS[0]])
    first, stretched = (claimed(one, found.values.shape[1:], [(0, 0)]) for one in (found.extent, own.extent(film)))
    assert np.subtract(stretched, first) == pytest.approx([away, away], abs=0.01 if size % 2 else 1e-6)
    assert (found.extent.reach or found.extent) == own.extent(film), "it is drawn over all that the network read"
    if name not in ("plain", "convnext-tiny"):  # CAM is not defined for these
        (cam,) = explainers.load("cam").explain(own, trace, [FINDINGS[0]])
        assert cam.extent == found.extent


@pytest.mark.parametrize(("rows", "columns"), [(300, 200), (200, 333), (224, 224)])
@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_on_tall_and_wide_films_too(rows: int, columns: int, fit: Fit) -> None:
    own = reader(compact(), "features", 224)
    own = replace(own, card=replace(own.card, preprocessing=replace(PLAIN, fit=fit)))
    film = noise(rows, columns)
    (found,) = explainers.load("cam").explain(own, explainers.record(own, series(film)), [FINDINGS[0]])
    cells = middle(found.values.shape[1:])
    pixel = (own.extent(film).right - own.extent(film).left) / 224
    told = claimed(found.extent, found.values.shape[1:], cells)
    assert answered(own, "features", [film], cells) == pytest.approx(told, abs=pixel)


def test_maps_lie_as_right_behind_activations_that_have_a_ceiling() -> None:
    layer, film = LAYERS["efficientnet-lite0"], noise(448, 448)
    trace = explainers.record(reader(build("efficientnet-lite0", 3, {}), layer, 448), series(film))
    found = field(trace.tape, trace.place(layer))
    assert found == Field(0.0, 0.0, 32.0, 32.0)


@pytest.mark.parametrize(("rows", "columns"), [(300, 220), (220, 300)])
def test_a_bright_spot_on_the_film_is_where_the_map_rises(rows: int, columns: int) -> None:
    own = reader(compact(), "features", 224)
    base = np.full((rows, columns), 1000, np.uint16)

    def cam(pixels: NDArray[np.uint16]) -> tuple[NDArray[np.float32], Extent]:
        film = Image("1.9.9", 0, pixels, windows=(Window(2048, 4096, "LINEAR"),))
        (found,) = explainers.load("cam").explain(own, explainers.record(own, series(film)), [FINDINGS[0]])
        return found.values[0], found.extent

    base[0, 0] = 1001  # a film that is the same everywhere has no map
    before, extent = cam(base)
    away = []
    for step in range(6):
        y, x = 110 + 7 * step, 105 + 5 * step
        spotted = base.copy()
        spotted[y : y + 5, x : x + 5] = 4000
        rise = cam(spotted)[0] - before
        rise = np.where(rise > 0.02 * rise.max(), rise, 0)
        cells = np.argwhere(rise > 0)
        each = [claimed(extent, rise.shape, [(int(r), int(c))]) for r, c in cells]
        centre = np.average(each, axis=0, weights=rise[rise > 0])
        away.append(centre - (y + 2.5, x + 2.5))
    assert np.abs(np.mean(away, axis=0)).max() < 2 * max(rows, columns) / 224, away


@pytest.mark.parametrize(("encoder", "size", "away"), [("compact", 128, 7.5), ("alexnet", 256, None), ("resnet-18", 256, 15.5)])
def test_a_network_of_stacks(encoder: str, size: int, away: float | None) -> None:
    card = CARDS["knee-phantom"]
    parameters = card.members[0].parameters if encoder == "compact" else {"encoder": encoder}
    network = build("stack", 3, dict(parameters))
    if encoder == "alexnet":  # nothing passes by its maxima, and whose turn it is would need hundreds of films to even out
        for path, module in list(network.named_modules()):
            if isinstance(module, nn.MaxPool2d):
                network.set_submodule(path, nn.AvgPool2d(3, 2))
    own = reader(network, "encoder", size)
    images = [noise(size, size, number) for number in range(3)]
    for method in ("cam", "gradcam"):
        found = explainers.load(method).explain(own, explainers.record(own, series(*images)), [FINDINGS[0]])
        shape = found[0].values.shape[1:]
        cells = middle(shape)
        told = claimed(found[0].extent, shape, cells)
        assert answered(own, "encoder", images, cells) == pytest.approx(told, abs=1.0)
        assert len({layer.extent for layer in found}) == 1
        if away is not None:
            stretched = claimed(own.extent(images[0]), shape, cells)
            assert np.subtract(stretched, told) == pytest.approx([away, away])


class Ones(nn.Module):
    """One call on a film, or several, without any weights that differ."""

    def __init__(self, call: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(x)


def conv(x: Tensor, kernel: int, **how: Any) -> Tensor:
    """An odd kernel is two places wider than it is high."""
    made: Tensor = F.conv2d(x, x.new_ones(1, x.shape[1], kernel, kernel + 2 * (kernel % 2)), **how)
    return made


CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "even kernel, stride": lambda x: conv(x, 4, stride=3, padding=1),
    "dilated": lambda x: conv(x, 3, stride=2, padding=1, dilation=3),
    "same": lambda x: conv(x, 4, padding="same", dilation=3),
    "valid": lambda x: conv(x, 5, padding="valid", stride=2),
    "padded to one side": lambda x: conv(F.pad(x, (0, 1, 2, 3)), 3, stride=2),
    "average pool": lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
    "average pool of its own stride": lambda x: F.avg_pool2d(x, (2, 3)),
    "adaptive pool": lambda x: F.adaptive_avg_pool2d(x, 9),
    "nearest": lambda x: F.interpolate(conv(x, 3, stride=3), scale_factor=3),
    "bilinear": lambda x: F.interpolate(conv(x, 3, stride=2), size=(34, 34), mode="bilinear", align_corners=False),
    "corners": lambda x: F.interpolate(x, size=(45, 45), mode="bilinear", align_corners=True),
    "transposed": lambda x: F.conv_transpose2d(conv(x, 2, stride=2), x.new_ones(1, 1, 4, 4), stride=2, padding=1),
    "channels last": lambda x: (
        F.linear(conv(x, 2, stride=2).permute(0, 2, 3, 1), x.new_ones(1, 1)).transpose(1, 3).transpose(2, 3)
    ),
    "a gate": lambda x: conv(x, 3, stride=2) * torch.sigmoid(x.mean((2, 3), keepdim=True)),
    "branches": lambda x: torch.cat([conv(x, 3, stride=2)[:, :, 1:16, 1:15], conv(x, 7, stride=2)], 1),
    "every third": lambda x: conv(x, 3)[:, :, 1::3, 2::3],
    "half of the channels": lambda x: torch.cat([x, x], 1).chunk(2, 1)[1] + x,
}


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("name", CALLS)
def test_every_call_has_its_rule(name: str) -> None:
    film = torch.rand(1, 1, 36, 36, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    recorded = tape(Ones(CALLS[name]), film.clone())
    value = recorded.values[recorded.output]
    place = field(recorded, recorded.output)
    assert place is not None
    row, column = value.shape[2] // 2, value.shape[3] // 2
    (gradient,) = torch.autograd.grad(value[0, :, row - 1 : row + 2, column - 1 : column + 2].sum(), film)
    weight = gradient[0, 0]
    weight = torch.where(weight.abs() > 1e-3 * weight.abs().max(), weight, 0)
    y, x = (float((torch.arange(36.0) * weight.sum(1 - axis)).sum() / weight.sum()) for axis in (0, 1))
    assert (y, x) == pytest.approx((place.start_y + row * place.stride_y, place.start_x + column * place.stride_x), abs=0.35)


def test_branches_that_begin_apart_meet_in_the_middle() -> None:
    recorded = tape(Ones(lambda x: F.avg_pool2d(x, 2) + F.conv2d(x, x.new_ones(1, 1, 3, 3), stride=2, padding=1)), ones())
    assert field(recorded, recorded.output) == Field(0.25, 0.25, 2.0, 2.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.flatten(1).sum(1, keepdim=True),
        lambda x: F.linear(x, x.new_ones(5, 36)),
        lambda x: torch.flip(x, (3,)),
        lambda x: x.reshape(1, 1, 18, 72),
        lambda x: F.avg_pool2d(x, 2) + torch.flip(F.avg_pool2d(x, 2), (3,)),
        lambda x: torch.cat([x, x], 3),
        lambda x: F.interpolate(F.avg_pool2d(x, 2), size=(17, 17)) + F.avg_pool2d(x, 4, 2),
    ],
)
def test_what_has_no_place_has_none(call: Callable[[Tensor], Tensor]) -> None:
    recorded = tape(Ones(call), ones())
    assert field(recorded, recorded.output) is None


def ones() -> Tensor:
    return torch.ones(1, 1, 36, 36).requires_grad_().clone()


def test_the_stages_of_a_filmstrip_know_their_places() -> None:
    own = reader(FAMILIES["basic"](), "features", 96)
    found = stages(LRP(), explainers.record(own, series(noise(96, 96))), FINDINGS[0])
    assert {stage.field is None for stage in found if not stage.spatial} == {True}
    inner = [stage for stage in found[:-1] if stage.spatial]
    assert inner
    for stage in inner:
        assert stage.field is not None
        assert stage.field.stride_y == 96 / stage.values.shape[0], stage.name
        assert stage.field.start_y == 0, stage.name
    assert (found[-1].name, found[-1].field) == ("film", None)
