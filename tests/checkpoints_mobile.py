"""State dicts of EfficientNet and ConvNeXt as `tests.checkpoints` makes those of the older families: by torchvision's names, a
second time, and a forward pass with torch's functions alone."""

from collections.abc import Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

State = dict[str, Tensor]
STAGES = (
    (1, 16, 1, 3, 1),
    (2, 24, 6, 3, 2),
    (2, 40, 6, 5, 2),
    (3, 80, 6, 3, 2),
    (3, 112, 6, 5, 1),
    (4, 192, 6, 5, 2),
    (1, 320, 6, 3, 1),
)
"""Blocks, channels, widening, kernel, stride of each stage of EfficientNet-B0."""
NEXT = ((3, 96), (3, 192), (9, 384), (3, 768))
"""Blocks and channels of each stage of ConvNeXt-Tiny."""


class Maker(Protocol):
    """What fills a state dict."""

    state: State
    random: torch.Generator

    def conv(self, name: str, outputs: int, inputs: int, size: int, bias: bool = False) -> None: ...
    def norm(self, name: str, width: int) -> None: ...
    def linear(self, name: str, outputs: int, inputs: int) -> None: ...


def efficientnet(make: Maker, outputs: int, channels: int, lite: bool) -> State:
    """torchvision's EfficientNet-B0; ``lite``: without the gates."""
    make.conv("features.0.0", 32, channels, 3)
    make.norm("features.0.1", 32)
    for at, inputs, width, wide, size, _, shown in blocks():
        names = iter(range(4))
        if wide != inputs:
            number = next(names)
            make.conv(f"{at}.{number}.0", wide, inputs, 1)
            make.norm(f"{at}.{number}.1", wide)
        number = next(names)
        make.conv(f"{at}.{number}.0", wide, 1, size)
        make.norm(f"{at}.{number}.1", wide)
        if not lite:
            number = next(names)
            make.conv(f"{at}.{number}.fc1", shown, wide, 1, bias=True)
            make.conv(f"{at}.{number}.fc2", wide, shown, 1, bias=True)
        number = next(names)
        make.conv(f"{at}.{number}.0", width, wide, 1)
        make.norm(f"{at}.{number}.1", width)
    make.conv("features.8.0", 1280, 320, 1)
    make.norm("features.8.1", 1280)
    make.linear("classifier.1", outputs, 1280)
    for name, value in make.state.items():
        if value.dim() == 4 and ".fc" not in name:  # so that a film's differences reach the end, gates or none
            value.mul_(1.2)
    return make.state


def blocks() -> Iterator[tuple[str, int, int, int, int, int, int]]:
    """Every block: its name, channels in, out and inside, kernel, stride, and how many its gate sees."""
    inputs = 32
    for stage, (count, width, widening, size, stride) in enumerate(STAGES, 1):
        for index in range(count):
            shown = {32: 8}.get(inputs, inputs // 4)
            yield f"features.{stage}.{index}.block", inputs, width, inputs * widening, size, stride if not index else 1, shown
            inputs = width


def efficient_logits(state: State, x: Tensor) -> Tensor:
    """Films → logits of either EfficientNet, by whether there are gates."""
    lite = not any(name.endswith("fc1.weight") for name in state)
    act = F.relu6 if lite else F.silu
    x = act(_norm(state, "features.0.1", F.conv2d(x, state["features.0.0.weight"], None, 2, 1)))
    for at, inputs, width, wide, size, stride, _ in blocks():
        y, number = x, 0
        if wide != inputs:
            y, number = act(_norm(state, f"{at}.0.1", F.conv2d(y, state[f"{at}.0.0.weight"]))), 1
        kernel = state[f"{at}.{number}.0.weight"]
        y = act(_norm(state, f"{at}.{number}.1", F.conv2d(y, kernel, None, stride, size // 2, groups=wide)))
        if not lite:
            number += 1
            gate = [state[f"{at}.{number}.{part}"] for part in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")]
            seen = F.silu(F.conv2d(y.mean((2, 3), keepdim=True), gate[0], gate[1]))
            y = y * torch.sigmoid(F.conv2d(seen, gate[2], gate[3]))
        number += 1
        y = _norm(state, f"{at}.{number}.1", F.conv2d(y, state[f"{at}.{number}.0.weight"]))
        x = x + y if stride == 1 and inputs == width else y
    x = act(_norm(state, "features.8.1", F.conv2d(x, state["features.8.0.weight"])))
    return F.linear(x.mean((2, 3)), state["classifier.1.weight"], state["classifier.1.bias"])


def convnext(make: Maker, outputs: int, channels: int) -> State:
    """torchvision's ConvNeXt-Tiny."""
    before = 0
    for stage, (count, width) in enumerate(NEXT):
        if not stage:
            make.conv("features.0.0", width, channels, 4, bias=True)
            _layer_norm(make, "features.0.1", width)
        else:
            _layer_norm(make, f"features.{2 * stage}.0", before)
            make.conv(f"features.{2 * stage}.1", width, before, 2, bias=True)
        for index in range(count):
            at = f"features.{2 * stage + 1}.{index}"
            make.state[f"{at}.layer_scale"] = torch.rand(width, 1, 1, generator=make.random) * 0.4 + 0.1
            make.conv(f"{at}.block.0", width, 1, 7, bias=True)
            _layer_norm(make, f"{at}.block.2", width)
            make.linear(f"{at}.block.3", 4 * width, width)
            make.linear(f"{at}.block.5", width, 4 * width)
        before = width
    _layer_norm(make, "classifier.0", before)
    make.linear("classifier.2", outputs, before)
    return make.state


def convnext_logits(state: State, x: Tensor) -> Tensor:
    """Films → logits."""
    x = _over_channels(state, "features.0.1", F.conv2d(x, state["features.0.0.weight"], state["features.0.0.bias"], 4))
    for stage, (count, width) in enumerate(NEXT):
        if stage:
            at = f"features.{2 * stage}"
            x = F.conv2d(_over_channels(state, f"{at}.0", x), state[f"{at}.1.weight"], state[f"{at}.1.bias"], 2)
        for index in range(count):
            at = f"features.{2 * stage + 1}.{index}"
            y = F.conv2d(x, state[f"{at}.block.0.weight"], state[f"{at}.block.0.bias"], 1, 3, groups=width)
            y = _over_channels(state, f"{at}.block.2", y).movedim(1, -1)
            y = F.gelu(F.linear(y, state[f"{at}.block.3.weight"], state[f"{at}.block.3.bias"]))
            y = F.linear(y, state[f"{at}.block.5.weight"], state[f"{at}.block.5.bias"]).movedim(-1, 1)
            x = x + state[f"{at}.layer_scale"] * y
    pooled = _over_channels(state, "classifier.0", x.mean((2, 3), keepdim=True)).flatten(1)
    return F.linear(pooled, state["classifier.2.weight"], state["classifier.2.bias"])


def timm(state: State) -> State:
    """An EfficientNet's state dict as timm names it; ``state`` by torchvision's names."""
    lite = not any(name.endswith("fc1.weight") for name in state)
    parts = {
        0: ["conv_dw bn1", *([] if lite else ["se"]), "conv_pw bn2"],
        1: ["conv_pw bn1", "conv_dw bn2", *([] if lite else ["se"]), "conv_pwl bn3"],
    }
    ends = {"features.0.0": "conv_stem", "features.0.1": "bn1", "features.8.0": "conv_head", "features.8.1": "bn2"}
    renamed: State = {}
    for name, value in state.items():
        words = name.split(".")
        if (end := ".".join(words[:3])) in ends:
            renamed[".".join([ends[end], *words[3:]])] = value
        elif words[0] == "classifier":
            renamed[f"classifier.{words[2]}"] = value
        else:
            stage, index, place, rest = int(words[1]) - 1, words[2], int(words[4]), words[5:]
            part = parts[min(stage, 1)][place]
            if part == "se":
                new = ["se", {"fc1": "conv_reduce", "fc2": "conv_expand"}[rest[0]], rest[1]]
            else:
                new = [part.split()[int(rest[0])], *rest[1:]]
            renamed[".".join(["blocks", str(stage), index, *new])] = value
    return renamed


def _layer_norm(make: Maker, name: str, width: int) -> None:
    make.state[f"{name}.weight"] = torch.rand(width, generator=make.random) * 0.8 + 0.4
    make.state[f"{name}.bias"] = torch.randn(width, generator=make.random) * 0.1


def _over_channels(state: State, at: str, x: Tensor) -> Tensor:
    """Layer normalisation over the channels of each place."""
    mean = x.mean(1, keepdim=True)
    spread = ((x - mean) ** 2).mean(1, keepdim=True)
    weight, bias = (state[f"{at}.{part}"].view(1, -1, 1, 1) for part in ("weight", "bias"))
    return (x - mean) / torch.sqrt(spread + 1e-6) * weight + bias


def _norm(state: State, at: str, x: Tensor) -> Tensor:
    mean, variance, weight, bias = (
        state[f"{at}.{part}"].view(1, -1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight + bias
