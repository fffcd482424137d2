"""State dicts as people have them, generated: names and shapes of torchvision's networks, written out here a second time, and a
forward pass on them with nothing but torch's functions. The product's own architectures are measured against these.
"""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from tests import checkpoints_mobile as mobile

State = dict[str, Tensor]
STAGES = {"resnet-18": (2, 2, 2, 2), "resnet-34": (3, 4, 6, 3), "resnet-50": (3, 4, 6, 3), "resnet-101": (3, 4, 23, 3)}
BOTTLENECKS = {"resnet-50", "resnet-101"}
DENSE = {"densenet-121": (6, 12, 24, 16), "densenet-169": (6, 12, 32, 32), "densenet-201": (6, 12, 48, 32)}
HEADS = {"densenet": "classifier", "resnet": "fc", "efficientnet": "classifier.1", "convnext": "classifier.2"}


class _Maker:
    """Random entries, as after training: no statistic of a batch normalisation is 0 or 1."""

    def __init__(self, seed: int) -> None:
        self.random = torch.Generator().manual_seed(seed)
        self.state: State = {}

    def conv(self, name: str, outputs: int, inputs: int, size: int, bias: bool = False) -> None:
        weight = torch.randn(outputs, inputs, size, size, generator=self.random)
        self.state[f"{name}.weight"] = weight * (2 / (inputs * size * size)) ** 0.5
        if bias:
            self.state[f"{name}.bias"] = torch.randn(outputs, generator=self.random) * 0.1

    def norm(self, name: str, width: int) -> None:
        self.state[f"{name}.weight"] = torch.rand(width, generator=self.random) * 0.8 + 0.4
        self.state[f"{name}.bias"] = torch.randn(width, generator=self.random) * 0.1
        self.state[f"{name}.running_mean"] = torch.randn(width, generator=self.random) * 0.1
        self.state[f"{name}.running_var"] = torch.rand(width, generator=self.random) + 0.5
        self.state[f"{name}.num_batches_tracked"] = torch.tensor(1000)

    def linear(self, name: str, outputs: int, inputs: int) -> None:
        self.state[f"{name}.weight"] = torch.randn(outputs, inputs, generator=self.random) * inputs**-0.5
        self.state[f"{name}.bias"] = torch.randn(outputs, generator=self.random) * 0.1


def resnet(name: str, outputs: int, channels: int = 3, seed: int = 0) -> State:
    """The state dict of a torchvision ResNet."""
    make, bottleneck = _Maker(seed), name in BOTTLENECKS
    make.conv("conv1", 64, channels, 7)
    make.norm("bn1", 64)
    inputs = 64
    for stage, index, width, stride in _blocks(STAGES[name]):
        at, wide = f"layer{stage}.{index}", width * (4 if bottleneck else 1)
        sizes = (
            ((width, inputs, 1), (width, width, 3), (wide, width, 1)) if bottleneck else ((width, inputs, 3), (wide, width, 3))
        )
        for number, size in enumerate(sizes, 1):
            make.conv(f"{at}.conv{number}", *size)
            make.norm(f"{at}.bn{number}", size[0])
        if stride == 2 or inputs != wide:
            make.conv(f"{at}.downsample.0", wide, inputs, 1)
            make.norm(f"{at}.downsample.1", wide)
        inputs = wide
    make.linear("fc", outputs, inputs)
    return make.state


def densenet(outputs: int, channels: int = 3, seed: int = 0, name: str = "densenet-121") -> State:
    """The state dict of a torchvision DenseNet; with one channel and 18 outputs that of a torchxrayvision DenseNet-121."""
    make, sizes = _Maker(seed), DENSE[name]
    make.conv("features.conv0", 64, channels, 7)
    make.norm("features.norm0", 64)
    width = 64
    for block, layers in enumerate(sizes, 1):
        for layer in range(1, layers + 1):
            at = f"features.denseblock{block}.denselayer{layer}"
            make.norm(f"{at}.norm1", width)
            make.conv(f"{at}.conv1", 128, width, 1)
            make.norm(f"{at}.norm2", 128)
            make.conv(f"{at}.conv2", 32, 128, 3)
            width += 32
        if block < len(sizes):
            make.norm(f"features.transition{block}.norm", width)
            make.conv(f"features.transition{block}.conv", width // 2, width, 1)
            width //= 2
    make.norm("features.norm5", width)
    make.linear("classifier", outputs, width)
    return make.state


def make(name: str, outputs: int, channels: int = 3, seed: int = 0) -> State:
    """The state dict of an architecture by the product's name for it."""
    match name.partition("-")[0]:
        case "densenet":
            return densenet(outputs, channels, seed, name)
        case "efficientnet":
            return mobile.efficientnet(_Maker(seed), outputs, channels, lite=name.endswith("lite0"))
        case "convnext":
            return mobile.convnext(_Maker(seed), outputs, channels)
        case _:
            return resnet(name, outputs, channels, seed)


def head(name: str) -> str:
    """The name of the last linear layer."""
    return HEADS[name.partition("-")[0]]


@torch.inference_mode()
def reference(name: str, state: State, x: Tensor) -> Tensor:
    """Films (batch, channels, h, w) → logits, straight from the state dict."""
    match name.partition("-")[0]:
        case "densenet":
            return _dense(state, x, DENSE[name])
        case "efficientnet":
            return mobile.efficient_logits(state, x)
        case "convnext":
            return mobile.convnext_logits(state, x)
        case _:
            return _residual(name, state, x)


def _residual(name: str, state: State, x: Tensor) -> Tensor:
    x = F.max_pool2d(F.relu(_norm(state, "bn1", F.conv2d(x, state["conv1.weight"], None, 2, 3))), 3, 2, 1)
    for stage, index, _, stride in _blocks(STAGES[name]):
        at = f"layer{stage}.{index}"
        beside = x
        if f"{at}.downsample.0.weight" in state:
            beside = _norm(state, f"{at}.downsample.1", F.conv2d(x, state[f"{at}.downsample.0.weight"], None, stride))
        if name in BOTTLENECKS:
            x = F.relu(_norm(state, f"{at}.bn1", F.conv2d(x, state[f"{at}.conv1.weight"])))
            x = F.relu(_norm(state, f"{at}.bn2", F.conv2d(x, state[f"{at}.conv2.weight"], None, stride, 1)))
            x = _norm(state, f"{at}.bn3", F.conv2d(x, state[f"{at}.conv3.weight"]))
        else:
            x = F.relu(_norm(state, f"{at}.bn1", F.conv2d(x, state[f"{at}.conv1.weight"], None, stride, 1)))
            x = _norm(state, f"{at}.bn2", F.conv2d(x, state[f"{at}.conv2.weight"], None, 1, 1))
        x = F.relu(x + beside)
    return F.linear(x.mean((2, 3)), state["fc.weight"], state["fc.bias"])


def _dense(state: State, x: Tensor, sizes: Sequence[int]) -> Tensor:
    x = F.relu(_norm(state, "features.norm0", F.conv2d(x, state["features.conv0.weight"], None, 2, 3)))
    x = F.max_pool2d(x, 3, 2, 1)
    for block, layers in enumerate(sizes, 1):
        for layer in range(1, layers + 1):
            at = f"features.denseblock{block}.denselayer{layer}"
            new = F.conv2d(F.relu(_norm(state, f"{at}.norm1", x)), state[f"{at}.conv1.weight"])
            new = F.conv2d(F.relu(_norm(state, f"{at}.norm2", new)), state[f"{at}.conv2.weight"], None, 1, 1)
            x = torch.cat([x, new], 1)
        if block < len(sizes):
            at = f"features.transition{block}"
            x = F.avg_pool2d(F.conv2d(F.relu(_norm(state, f"{at}.norm", x)), state[f"{at}.conv.weight"]), 2, 2)
    x = F.relu(_norm(state, "features.norm5", x)).mean((2, 3))
    return F.linear(x, state["classifier.weight"], state["classifier.bias"])


def _norm(state: State, at: str, x: Tensor) -> Tensor:
    mean, variance, weight, bias = (
        state[f"{at}.{part}"].view(1, -1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight + bias


def _blocks(stages: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Stage from 1, index from 0, width and stride of every residual block."""
    for stage, count in enumerate(stages, 1):
        for index in range(count):
            yield stage, index, 32 * 2**stage, 2 if index == 0 and stage > 1 else 1
