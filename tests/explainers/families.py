"""Small random networks, one of each family that the explainers must be right on, and films to read with them."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from app.classifiers.attending.gated import CompactGated
from app.classifiers.attending.squeezed import CompactSqueezed
from app.classifiers.attending.stacked import AttendingStack, SliceHead
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.compact import CompactResidual, CompactTwin
from app.classifiers.masked import CompactMasked, MaskedHead, floored
from app.config import Settings
from app.domain import Image, Series

FINDINGS = ("Effusion", "Mass", "Nodule")
SIZE = 32


class Plain(nn.Module):
    """VGG-like: convolutions with biases, max pools, and two linear layers."""

    def __init__(self, activation: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), activation(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), activation(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=2), activation(),
        )  # fmt: skip
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.classifier = nn.Sequential(nn.Linear(128, 16), activation(), nn.Dropout(0.5), nn.Linear(16, len(FINDINGS)))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))  # type: ignore[no-any-return]


class Basic(nn.Module):
    """ResNet's basic block as torchvision writes it: one in-place ReLU used twice, and ``out += identity``."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += identity
        return self.relu(out)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """ResNet's bottleneck, with functional ReLUs; with ``squeeze`` a squeeze-and-excitation gate before the sum."""

    def __init__(self, inputs: int, width: int, stride: int, squeeze: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 2 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(2 * width)
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, 2 * width, 1, stride, bias=False), nn.BatchNorm2d(2 * width))
        self.gate = (
            nn.Sequential(nn.Linear(2 * width, 3), nn.SiLU(), nn.Linear(3, 2 * width), nn.Sigmoid()) if squeeze else None
        )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = F.relu(self.bn2(self.conv2(out)), True)
        out = self.bn3(self.conv3(out))
        if self.gate is not None:
            out = out * self.gate(out.mean((2, 3)))[:, :, None, None]
        return torch.relu_(out + self.shortcut(x))


class Residual(nn.Module):
    """A residual network of the given blocks."""

    def __init__(self, *blocks: nn.Module, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, 2, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.features = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, len(FINDINGS))

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        return self.fc(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))  # type: ignore[no-any-return]


class DenseLayer(nn.Module):
    """BN → ReLU → 1×1 conv → BN → ReLU → 3×3 conv on everything so far."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, 2 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * growth)
        self.conv2 = nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False)

    def forward(self, seen: list[Tensor]) -> Tensor:
        x = self.conv1(F.relu(self.norm1(torch.cat(seen, 1))))
        return self.conv2(F.relu(self.norm2(x), inplace=True))  # type: ignore[no-any-return]


class Dense(nn.Module):
    """DenseNet: two dense blocks, a transition whose average pool sees mixed signs, functional ReLU and pooling at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        self.block1 = nn.ModuleList([DenseLayer(8, 6), DenseLayer(14, 6)])
        self.transition = nn.Sequential(
            nn.BatchNorm2d(20), nn.ReLU(inplace=True), nn.Conv2d(20, 10, 1, bias=False), nn.AvgPool2d(2, 2)
        )
        self.block2 = nn.ModuleList([DenseLayer(10, 6), DenseLayer(16, 6)])
        self.features = nn.BatchNorm2d(22)
        self.classifier = nn.Linear(22, len(FINDINGS))

    def forward(self, x: Tensor) -> Tensor:
        x = self.transition(self._block(self.block1, self.stem(x)))
        x = F.relu(self.features(self._block(self.block2, x)), inplace=True)
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))  # type: ignore[no-any-return]

    @staticmethod
    def _block(layers: nn.ModuleList, x: Tensor) -> Tensor:
        seen = [x]
        for layer in layers:
            seen.append(layer(seen))
        return torch.cat(seen, 1)


class Attention(nn.Module):
    """An attention-gated network (Schlemper 2019): a coarse signal gates a finer map, both are pooled and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(1, 6, 3, 2, 1), nn.ReLU(), nn.Conv2d(6, 8, 3, 1, 1), nn.ReLU())
        self.features = nn.Sequential(nn.Conv2d(8, 10, 3, 2, 1, bias=False), nn.BatchNorm2d(10), nn.ReLU())
        self.theta = nn.Conv2d(8, 4, 1)
        self.phi = nn.Conv2d(10, 4, 1)
        self.psi = nn.Conv2d(4, 1, 1)
        self.head = nn.Linear(18, len(FINDINGS))

    def forward(self, x: Tensor) -> Tensor:
        fine = self.fine(x)
        coarse = self.features(fine)
        signal = F.interpolate(self.phi(coarse), size=fine.shape[2:], mode="bilinear", align_corners=False)
        attention = torch.sigmoid(self.psi(F.relu(self.theta(fine) + signal)))
        attended = (attention * fine).sum((2, 3)) / attention.sum((2, 3))
        return self.head(torch.cat([attended, coarse.mean((2, 3))], 1))  # type: ignore[no-any-return]


class Stack(nn.Module):
    """MRNet (Bien 2018): every slice through the same network, the maximum over slices, one answer for the stack."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(6, 8, 3, 1, 1), nn.ReLU()
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(8, len(FINDINGS))

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.features(x.repeat(1, 3, 1, 1))).view(x.size(0), -1)
        return self.classifier(torch.max(x, 0, keepdim=True)[0])  # type: ignore[no-any-return]


FAMILIES: dict[str, Callable[[], nn.Module]] = {
    "compact": lambda: CompactResidual(len(FINDINGS), (6, 8), (1, 2), blocks=1),
    "masked": lambda: CompactMasked(len(FINDINGS), (6, 8), (1, 2), blocks=1, cells=4),
    "gated": lambda: CompactGated(len(FINDINGS), (6, 8, 8, 10), (1, 2, 1, 2), blocks=1),
    "squeezed": lambda: CompactSqueezed(len(FINDINGS), (6, 8), (1, 2), blocks=1, reduction=2, spatial=True),
    "compact twin": lambda: CompactTwin(len(FINDINGS), (6, 8), (1, 2), blocks=1),
    "plain": Plain,
    "basic": lambda: Residual(Basic(8, 8, 1), Basic(8, 12, 2), channels=12),
    "bottleneck": lambda: Residual(Bottleneck(8, 8, 1), Bottleneck(16, 10, 2), channels=20),
    "dense": Dense,
    "squeeze": lambda: Residual(Bottleneck(8, 8, 1, squeeze=True), Bottleneck(16, 10, 2, squeeze=True), channels=20),
    "attention": Attention,
    "stack": Stack,
    "attending stack": lambda: AttendingStack(len(FINDINGS), widths=(6, 8, 8, 10), strides=(1, 2, 1, 2), blocks=1),
}
STACKS = ("stack", "attending stack")
"""The families that read all slices of a stack for one answer."""
EXPLAINED = {"attending stack": "encoder"}
"""The layer that is explained, where it is not the one called so elsewhere."""
OWN = {
    "masked": "compact-masked",
    "gated": "compact-gated",
    "squeezed": "compact-squeezed",
    "attending stack": "stack-attending",
}
"""The architecture of a family that has methods of its own."""
POOLED = ("compact", "gated", "squeezed", "basic", "bottleneck", "dense", "squeeze", "attending stack")
"""The families that end in global average pooling and linear layers."""


def randomise(network: nn.Module, seed: int) -> nn.Module:
    """Random weights, and statistics and scales of batch normalisation as after training: of either sign, none of them 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan = module.weight[0].numel()
                module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * (2 / fan) ** 0.5)
                if module.bias is not None:
                    module.bias.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
            elif isinstance(module, MaskedHead):
                for part in (module.weight, module.whole):
                    part.copy_(torch.randn(part.shape, generator=generator) * (1 / part.shape[1]) ** 0.5)
                module.masks.copy_(floored(torch.rand(module.masks.shape, generator=generator), 0.3))
            elif isinstance(module, SliceHead):
                module.own.copy_(torch.randn(module.own.shape, generator=generator) * (1 / module.own.shape[1]) ** 0.5)
                module.bias.copy_(torch.randn(module.bias.shape, generator=generator) * 0.1)
            elif isinstance(module, nn.BatchNorm2d):
                size = module.weight.shape
                module.weight.copy_(torch.rand(size, generator=generator) * 1.2 - 0.2)
                module.bias.copy_(torch.randn(size, generator=generator) * 0.2)
                module.running_mean.copy_(torch.randn(size, generator=generator) * 0.2)  # type: ignore[union-attr]
                module.running_var.copy_(torch.rand(size, generator=generator) + 0.5)  # type: ignore[union-attr]
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()


def classifier(network: nn.Module, explained_layer: str = "features", size: int = SIZE) -> Classifier:
    """A classifier around a network, with a card that says only what the explainers read."""
    card = Card(
        name="tiny",
        title="Tiny",
        summary="",
        architecture="",
        parameters={},
        findings=FINDINGS,
        modalities=("DX",),
        body_parts=("CHEST",),
        phantom=False,
        default=True,
        input_size=size,
        explained_layer=explained_layer,
        temperature=(1.0,) * len(FINDINGS),
        sha256="0" * 64,
        data=(),
        figures=(),
        limits=(),
        terms="",
        intended_use="",
        banner="",
        folder=Settings().models / "tiny",  # beside the masks that ship
    )
    return Classifier(card=card, network=network, device=torch.device("cpu"))


def family(name: str, seed: int = 0) -> Classifier:
    """A classifier with a random network of a family."""
    return classifier(randomise(FAMILIES[name](), seed), EXPLAINED.get(name, "features"))


@dataclass(frozen=True, eq=False)
class Exact(Classifier):
    """A classifier in double precision.

    What a definition promises is checked with this one. In float32 two orders of the same sum differ by 1e-7, every processor
    has its own order, and where a ReLU or a maximum then falls the other way a gradient is another one altogether."""

    def prepare(self, series: Series) -> Tensor:
        """As the classifier itself, float64."""
        return super().prepare(series).double()


def exact(reader: Classifier) -> Exact:
    """The same classifier in double precision."""
    return Exact(card=reader.card, network=copy.deepcopy(reader.network).double(), device=reader.device)


def film(seed: int, rows: int = 40, columns: int = 32) -> Image:
    """A film of smooth random blobs, 12 bits."""
    noise = torch.randn(1, 1, 9, 9, generator=torch.Generator().manual_seed(seed))
    smooth = F.interpolate(noise, size=(rows, columns), mode="bicubic")[0, 0].numpy()
    return Image(f"1.2.{seed}", 0, np.clip(smooth * 600 + 2000, 0, 4095).astype(np.uint16))


def even(value: int) -> Image:
    """A film that is the same everywhere."""
    return Image(f"1.3.{value}", 0, np.full((40, 32), value, np.uint16))


def series(*images: Image) -> Series:
    """A series of images."""
    return Series("1.2", "DX", images)
