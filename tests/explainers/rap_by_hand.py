"""RAP a second time: slow, in plain loops over neurons, float64, straight from the formulas. Shares no code with the engine.

Each family's walk is written out by hand. Relevance is (channels, h, w) or (neurons,) of one film and one finding.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.explainers.families import Basic, Bottleneck, Dense, DenseLayer, Plain, Residual

Array = NDArray[np.float64]


def seed(x: Array, weight: Array) -> Array:
    """``|c_i| / Σ|c|``."""
    c = np.abs(x * weight)
    return np.asarray(c / c.sum())


def shift(c: Array, r: Array) -> Array:
    """Uniform shifting over active neurons."""
    active = int((c != 0).sum())
    return c if active == 0 else np.where(c != 0, c - (c.sum() - r.sum()) / active, 0.0)


def linear(layer: nn.Linear, x: Array, r: Array) -> Array:
    """Criterion of relevant neuron for a linear layer."""
    weight = layer.weight.detach().numpy()
    c = np.zeros_like(x)
    for j in range(len(r)):
        if r[j] == 0:
            continue
        positive, negative = x * np.maximum(weight[j], 0), x * np.maximum(-weight[j], 0)
        p, n = positive.sum(), negative.sum()
        s = n / (p + n) if p + n else 0.0
        c += positive * r[j] / p if p else 0
        c += negative * s * r[j] / n if n else 0
    return shift(c, r)


def windows(conv: nn.Conv2d, x: Array, r: Array) -> list[tuple[tuple[slice, slice, slice], int, float]]:
    """For each relevant output neuron: where its receptive field lies in the padded input, its channel, its relevance."""
    (kh, kw), (sh, sw), (dh, dw) = conv.kernel_size, conv.stride, conv.dilation
    per_group_in, per_group_out = conv.in_channels // conv.groups, conv.out_channels // conv.groups
    found = []
    for o, y, z in zip(*np.nonzero(r), strict=True):
        g = o // per_group_out
        place = (
            slice(g * per_group_in, (g + 1) * per_group_in),
            slice(y * sh, y * sh + dh * (kh - 1) + 1, dh),
            slice(z * sw, z * sw + dw * (kw - 1) + 1, dw),
        )
        found.append((place, int(o), float(r[o, y, z])))
    return found


def padded(conv: nn.Conv2d, x: Array) -> Array:
    assert not isinstance(conv.padding, str)
    (ph, pw) = conv.padding
    return np.pad(x, ((0, 0), (ph, ph), (pw, pw)))


def cropped(conv: nn.Conv2d, x: Array, like: Array) -> Array:
    assert not isinstance(conv.padding, str)
    (ph, pw) = conv.padding
    return x[:, ph : ph + like.shape[1], pw : pw + like.shape[2]]


def conv(layer: nn.Conv2d, x: Array, r: Array) -> Array:
    """Criterion of relevant neuron for a convolution."""
    weight = layer.weight.detach().numpy()
    inside = padded(layer, x)
    c = np.zeros_like(inside)
    for place, o, r_j in windows(layer, x, r):
        positive, negative = inside[place] * np.maximum(weight[o], 0), inside[place] * np.maximum(-weight[o], 0)
        p, n = positive.sum(), negative.sum()
        s = n / (p + n) if p + n else 0.0
        above, below = max(r_j, 0.0), min(r_j, 0.0)
        c[place] += positive * above / p if p else 0
        c[place] += negative * (s * above + (1 + s) * below) / n if n else 0
    return shift(cropped(layer, c, x), r)


def first(layer: nn.Conv2d, x: Array, r: Array) -> Array:
    """z^B with the film's own bounds; outside the film the bounds are 0, like the film."""
    weight = layer.weight.detach().numpy()
    inside = padded(layer, x)
    low, high = padded(layer, np.full_like(x, x.min())), padded(layer, np.full_like(x, x.max()))
    c = np.zeros_like(inside)
    for place, o, r_j in windows(layer, x, r):
        w = weight[o]
        part = inside[place] * w - low[place] * np.maximum(w, 0) - high[place] * np.minimum(w, 0)
        c[place] += part * r_j / part.sum() if part.sum() else 0
    return cropped(layer, c, x)


def max_pool(x: Array, r: Array, size: int, stride: int, padding: int) -> Array:
    """Winner takes all; the first one of equals."""
    inside = np.pad(x, ((0, 0), (padding, padding), (padding, padding)), constant_values=-np.inf)
    c = np.zeros_like(inside)
    for k, y, z in np.ndindex(*r.shape):
        field = inside[k, y * stride : y * stride + size, z * stride : z * stride + size]
        dy, dz = np.unravel_index(field.argmax(), field.shape)
        c[k, y * stride + dy, z * stride + dz] += r[k, y, z]
    return c[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]


def average_pool(x: Array, r: Array, faithful: bool) -> Array:
    """Windows that tile the input: share by |x|, or by x in the faithful mode."""
    c = np.zeros_like(x)
    size_y, size_z = x.shape[1] // r.shape[1], x.shape[2] // r.shape[2]
    for k, y, z in np.ndindex(*r.shape):
        place = (k, slice(y * size_y, (y + 1) * size_y), slice(z * size_z, (z + 1) * size_z))
        part = x[place] if faithful else np.abs(x[place])
        c[place] = part * r[k, y, z] / part.sum() if part.sum() else 0
    return c


def add(a: Array, b: Array, r: Array, faithful: bool) -> tuple[Array, Array]:
    """Share by |a|/(|a|+|b|), or by a/(a+b) in the faithful mode."""
    size_a, size_b = (a, b) if faithful else (np.abs(a), np.abs(b))
    total = np.where(size_a + size_b == 0, 1, size_a + size_b)
    return np.asarray(r * size_a / total), np.asarray(r * size_b / total)


@dataclass(frozen=True)
class ByHand:
    """RAP of one film and one finding."""

    network: nn.Module
    target: int
    faithful: bool = False

    def map(self, film: Tensor) -> Array:
        """The map (h, w) for a film (1, 1, h, w)."""
        network = copy.deepcopy(self.network).double()
        x = film.detach().double()
        with torch.no_grad():
            if isinstance(network, Plain):
                return np.asarray(self.plain(network, x).sum(0))
            if isinstance(network, Residual):
                return np.asarray(self.residual(network, x).sum(0))
            assert isinstance(network, Dense)
            return np.asarray(self.dense(network, x).sum(0))

    def plain(self, network: Plain, x: Tensor) -> Array:
        values = [x]
        for layer in network.features:
            values.append(layer(values[-1].clone()))
        pooled = network.pool(values[-1])
        hidden = F.relu(network.classifier[0](pooled.flatten(1)))
        r = seed(one(hidden), network.classifier[3].weight.numpy()[self.target])  # type: ignore[operator]
        r = linear(network.classifier[0], one(pooled.flatten(1)), r)  # type: ignore[arg-type]
        r = average_pool(one(values[-1]), r.reshape(one(pooled).shape), self.faithful)
        for layer, value in zip(reversed(network.features), reversed(values[:-1]), strict=True):
            if isinstance(layer, nn.MaxPool2d):
                r = max_pool(one(value), r, 2, 2, 0)
            elif isinstance(layer, nn.Conv2d):
                r = first(layer, one(value), r) if value is x else conv(layer, one(value), r)
        return r

    def residual(self, network: Residual, x: Tensor) -> Array:
        stem = F.relu(network.bn1(network.conv1(x)))
        values = [network.maxpool(stem)]
        for block in network.features:
            values.append(block(values[-1].clone()))
        r = seed(one(values[-1].mean((2, 3))), network.fc.weight.numpy()[self.target])
        r = average_pool(one(values[-1]), r.reshape(-1, 1, 1), self.faithful)
        for block, value in zip(reversed(network.features), reversed(values[:-1]), strict=True):
            r = self.basic(block, value, r) if isinstance(block, Basic) else self.bottleneck(block, value, r)  # type: ignore[arg-type]
        return first(network.conv1, one(x), max_pool(one(stem), r, 3, 2, 1))

    def basic(self, block: Basic, x: Tensor, r: Array) -> Array:
        middle = F.relu(block.bn1(block.conv1(x)))
        main = block.bn2(block.conv2(middle))
        side = x if block.downsample is None else block.downsample(x)
        r_main, r_side = add(one(main), one(side), r, self.faithful)
        if block.downsample is not None:
            r_side = conv(block.downsample[0], one(x), r_side)  # type: ignore[index]
        return conv(block.conv1, one(x), conv(block.conv2, one(middle), r_main)) + r_side

    def bottleneck(self, block: Bottleneck, x: Tensor, r: Array) -> Array:
        narrow = F.relu(block.bn1(block.conv1(x)))
        wide = F.relu(block.bn2(block.conv2(narrow)))
        main, side = block.bn3(block.conv3(wide)), block.shortcut(x)
        r_main, r_side = add(one(main), one(side), r, self.faithful)
        r_main = conv(block.conv2, one(narrow), conv(block.conv3, one(wide), r_main))
        r_side = conv(block.shortcut[0], one(x), r_side)  # type: ignore[arg-type]
        return conv(block.conv1, one(x), r_main) + r_side

    def dense(self, network: Dense, x: Tensor) -> Array:
        stem = F.relu(network.stem[1](network.stem[0](x)))
        start = network.stem[3](stem)
        seen1 = self.seen(network.block1, start)
        active = F.relu(network.transition[0](torch.cat(seen1, 1)))
        mixed = network.transition[2](active)
        seen2 = self.seen(network.block2, F.avg_pool2d(mixed, 2))
        last = F.relu(network.features(torch.cat(seen2, 1)))
        r = seed(one(last.mean((2, 3))), network.classifier.weight.numpy()[self.target])
        r = average_pool(one(last), r.reshape(-1, 1, 1), self.faithful)
        r = average_pool(one(mixed), self.dense_block(network.block2, seen2, r), self.faithful)
        r = self.dense_block(network.block1, seen1, conv(network.transition[2], one(active), r))  # type: ignore[arg-type]
        return first(network.stem[0], one(x), max_pool(one(stem), r, 3, 2, 1))  # type: ignore[arg-type]

    @staticmethod
    def seen(layers: nn.ModuleList, x: Tensor) -> list[Tensor]:
        seen = [x]
        for layer in layers:
            seen.append(layer(seen))
        return seen

    @staticmethod
    def dense_block(layers: nn.ModuleList, seen: list[Tensor], r: Array) -> Array:
        cuts = np.cumsum([value.shape[1] for value in seen])[:-1]
        parts = list(np.split(r, cuts))
        for index in range(len(layers) - 1, -1, -1):
            layer = layers[index]
            assert isinstance(layer, DenseLayer)
            before = F.relu(layer.norm1(torch.cat(seen[: index + 1], 1)))
            middle = F.relu(layer.norm2(layer.conv1(before)))
            back = conv(layer.conv1, one(before), conv(layer.conv2, one(middle), parts[index + 1]))
            for k, part in enumerate(np.split(back, cuts[:index])):
                parts[k] = parts[k] + part
        return parts[0]


def one(value: Tensor) -> Array:
    """The first slice of a value as an array."""
    return np.asarray(value[0].numpy(), np.float64)
