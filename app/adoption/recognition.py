"""Finds out what a state dict is: which architecture, how many outputs and input channels, under which names.

Only what tensors' names and shapes say for certain is taken, and every change of a name is told. What they cannot say (the
order of the findings, how films were prepared) is left to whoever adds the network.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.adoption.checkpoint import State
from app.classifiers.networks import build
from app.errors import ModelError

DENSE = {(6, 12, 24, 16): "densenet-121", (6, 12, 32, 32): "densenet-169", (6, 12, 48, 32): "densenet-201"}
RESIDUAL = {(2, 2, 2, 2): "resnet-18", (3, 4, 6, 3): "resnet-34"}
BOTTLENECK = {(3, 4, 6, 3): "resnet-50", (3, 4, 23, 3): "resnet-101"}
EFFICIENT = ("efficientnet-b0", "efficientnet-lite0")
CONVNEXT = "convnext-tiny"
_RESNETS = (*RESIDUAL.values(), *BOTTLENECK.values())
HEADS = {
    **dict.fromkeys(DENSE.values(), "classifier"),
    **dict.fromkeys(_RESNETS, "fc"),
    **dict.fromkeys(EFFICIENT, "classifier.1"),
    CONVNEXT: "classifier.2",
}
"""The architectures that are taken in, and the name of their last linear layer."""
LAYERS = {
    **dict.fromkeys(DENSE.values(), "relu"),
    **dict.fromkeys(_RESNETS, "layer4"),
    **dict.fromkeys((*EFFICIENT, CONVNEXT), "features"),
}
"""The module whose output is pooled, so that Grad-CAM looks where CAM does."""
FIRST = {
    **dict.fromkeys(DENSE.values(), "features.conv0.weight"),
    **dict.fromkeys(_RESNETS, "conv1.weight"),
    **dict.fromkeys((*EFFICIENT, CONVNEXT), "features.0.0.weight"),
}
"""The convolution that reads the film."""
SUPPORTED = (
    "DenseNet-121 (also torchxrayvision's), -169, -201, ResNet-18, -34, -50, -101, EfficientNet-B0, EfficientNet-Lite0, "
    "ConvNeXt-Tiny, by torchvision's names; EfficientNets also by timm's"
)
OLD_DENSE = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")
"""torchvision before 2018, and with it CheXNet's published weights: ``norm.1`` for what is ``norm1`` now."""
ANCHORS = ("features.conv0.weight", "layer1.0.conv1.weight", "features.0.0.weight", "conv_stem.weight")
TIMM = re.compile(r"blocks\.(\d+)\.(\d+)\.(conv_dw|conv_pw|conv_pwl|bn1|bn2|bn3|se\.conv_reduce|se\.conv_expand)\.(.+)")
TIMM_ENDS = {"conv_stem": "features.0.0", "bn1": "features.0.1", "conv_head": "features.8.0", "bn2": "features.8.1"}


@dataclass(frozen=True, slots=True, eq=False)
class Recognised:
    """``state`` has exactly the names and shapes that the architecture wants. ``thresholds`` is torchxrayvision's buffer of
    operating points (outputs,), NaN for outputs that were never trained; None where there is none."""

    architecture: str
    outputs: int
    channels: int
    state: State
    thresholds: Tensor | None
    told: tuple[str, ...]


def recognise(state: State, wanted: str = "") -> Recognised:
    """What a state dict is. ModelError when it is none of the architectures, another one than is wanted, or does not fit."""
    told: list[str] = []
    state = _without_prefix(state, told)
    state = _from_timm(_renamed(state, told), told)
    architecture = _architecture(state)
    if wanted and wanted != architecture:
        raise ModelError(
            "The weights are those of a %(found)s, not of a %(wanted)s. Without --architecture it is read off the weights.",
            {"found": architecture, "wanted": wanted},
        )
    state = _with_plain_head(state, HEADS[architecture], told)
    thresholds = state.pop("op_threshs", None)
    channels = int(_needed(state, FIRST[architecture]).shape[1])
    outputs = int(_needed(state, f"{HEADS[architecture]}.weight").shape[0])
    if channels not in (1, 3):
        raise ModelError(
            "The weights take %(channels)s input channels; films have 1, or 3 of the same.", {"channels": channels}
        )
    if thresholds is not None and thresholds.shape != (outputs,):
        raise ModelError("The buffer op_threshs does not have one number per output.")
    _check(state, build(architecture, outputs, {}, channels).state_dict(), architecture, told)
    return Recognised(architecture, outputs, channels, state, thresholds, tuple(told))


def _without_prefix(state: State, told: list[str]) -> State:
    """Names without what wrappers put before them all (``module.``, ``model.``, ``densenet121.``): what stands before an entry
    that every network of the family has, provided that it stands there once."""
    found = [name.removesuffix(anchor) for anchor in ANCHORS for name in state if name.endswith(anchor)]
    prefixes = {prefix for prefix in found if not prefix or prefix.endswith(".")}
    if len(prefixes) != 1 or "" in prefixes:
        return state
    (prefix,) = prefixes
    told.append(f"the prefix “{prefix}” was dropped from the names")
    return {name.removeprefix(prefix): value for name, value in state.items()}


def _renamed(state: State, told: list[str]) -> State:
    """Names of old DenseNets as they are written now, if there is no new name already that an old one would become."""
    renamed = {name: OLD_DENSE.sub(r"\1\2", name) for name in state}
    if len(set(renamed.values())) != len(renamed) or all(old == new for old, new in renamed.items()):
        return state
    told.append("names of an older torchvision (“norm.1”) were written as they are now (“norm1”)")
    return {renamed[name]: value for name, value in state.items()}


def _from_timm(state: State, told: list[str]) -> State:
    """An EfficientNet's names as torchvision writes them: what a block does first, second and so on is a number there."""
    if "conv_stem.weight" not in state:
        return state
    gated = any(".se." in name for name in state)

    def written(name: str) -> str:
        if match := TIMM.fullmatch(name):
            stage, block, part, rest = match.groups()
            wide = int(stage) > 0
            last = 1 + wide + gated
            places = {"conv_pw": "0.0" if wide else f"{last}.0", "conv_dw": f"{int(wide)}.0", "conv_pwl": f"{last}.0"}
            places |= {"bn1": "0.1", "bn2": "1.1" if wide else f"{last}.1", "bn3": f"{last}.1"}
            places |= {"se.conv_reduce": f"{1 + wide}.fc1", "se.conv_expand": f"{1 + wide}.fc2"}
            return f"features.{int(stage) + 1}.{block}.block.{places[part]}.{rest}"
        first, _, rest = name.partition(".")
        return f"{TIMM_ENDS[first]}.{rest}" if first in TIMM_ENDS else name

    told.append("timm's names (“conv_stem”) were written as torchvision does (“features.0.0”)")
    return {written(name): value for name, value in state.items()}


def _architecture(state: State) -> str:
    """By the number of blocks and layers; ModelError with what is supported."""
    dense = _counts(state, r"features\.denseblock(\d+)\.denselayer(\d+)\.conv1\.weight", first=1)
    if dense in DENSE:
        return DENSE[dense]
    residual = _counts(state, r"layer(\d+)\.(\d+)\.conv1\.weight", first=0)
    bottleneck = "layer1.0.conv3.weight" in state
    if residual in (known := BOTTLENECK if bottleneck else RESIDUAL):
        return known[residual]
    if _counts(state, r"features\.(\d+)\.(\d+)\.block\.0\.0\.weight", first=0) == (1, 2, 2, 3, 3, 4, 1):
        return EFFICIENT["features.1.0.block.1.fc1.weight" not in state]
    if _counts(state, r"features\.(\d+)\.(\d+)\.block\.5\.weight", first=0, step=2) == (3, 3, 9, 3):
        return CONVNEXT
    if dense or residual:
        what = f"a DenseNet of {dense} layers" if dense else f"a ResNet of {residual} blocks{', bottlenecks' * bottleneck}"
    else:
        what = "unknown; its first names are " + (_some(state) or "none")
    raise ModelError(
        "The architecture of these weights is not supported (%(what)s). Supported: %(known)s.",
        {"what": what, "known": SUPPORTED},
    )


def _counts(state: State, pattern: str, first: int, step: int = 1) -> tuple[int, ...]:
    """How many layers each block has, of names that number blocks from 1 by ``step`` and layers from ``first``; () unless they
    are numbered without gaps."""
    seen: dict[int, set[int]] = {}
    for name in state:
        if match := re.fullmatch(pattern, name):
            seen.setdefault(int(match.group(1)), set()).add(int(match.group(2)))
    whole = sorted(seen) == list(range(1, step * len(seen) + 1, step)) and all(
        sorted(layers) == list(range(first, first + len(layers))) for layers in seen.values()
    )
    return tuple(len(seen[block]) for block in sorted(seen)) if whole else ()


def _with_plain_head(state: State, head: str, told: list[str]) -> State:
    """A head that stands in another sequence than the architecture's (``classifier.0`` before a sigmoid, ``fc.1`` behind
    dropout, or in none) under its own name, if it is the only layer with weights there."""
    named = re.compile(rf"({head.partition('.')[0]}(?:\.\d+)*)\.weight")
    found = [match.group(1) for name, value in state.items() if (match := named.fullmatch(name)) and value.dim() == 2]
    others = sorted(set(found) - {head})
    if len(others) > 1:
        raise ModelError(
            "The weights end in several layers (%(layers)s); only one linear layer behind global average pooling is supported.",
            {"layers": ", ".join(others)},
        )
    if not others or f"{head}.weight" in state:
        return state
    (other,) = others
    told.append(f"the last layer is “{other}” in the file; its logits are taken, whatever followed it")
    moved = {f"{other}.{part}": f"{head}.{part}" for part in ("weight", "bias")}
    return {moved.get(name, name): value for name, value in state.items()}


def _needed(state: State, name: str) -> Tensor:
    found = state.get(name)
    if found is None or found.dim() < 2:
        raise ModelError("The weights have no “%(name)s” of a usable shape.", {"name": name})
    return found


def _check(state: State, wanted: State, architecture: str, told: list[str]) -> None:
    """Exactly the names and shapes that are wanted, and finite numbers. Batch counters, which old files lack, are added."""
    counters = [name for name in wanted if name.endswith("num_batches_tracked") and name not in state]
    if counters:
        state.update(dict.fromkeys(counters, torch.tensor(0)))
        told.append("the counters num_batches_tracked, which old files lack and nobody reads, were set to 0")
    missing, unexpected = [n for n in wanted if n not in state], [n for n in state if n not in wanted]
    if missing or unexpected:
        raise ModelError(
            "The weights are not those of a %(architecture)s. Missing: %(missing)s. Unexpected: %(unexpected)s.",
            {"architecture": architecture, "missing": _some(missing) or "none", "unexpected": _some(unexpected) or "none"},
        )
    for name, value in state.items():
        if value.shape != wanted[name].shape:
            raise ModelError(
                "“%(name)s” has the shape %(found)s; a %(architecture)s has %(wanted)s there.",
                {
                    "name": name,
                    "found": str(tuple(value.shape)),
                    "architecture": architecture,
                    "wanted": str(tuple(wanted[name].shape)),
                },
            )
        if not bool(torch.isfinite(value).all()):
            raise ModelError("“%(name)s” holds numbers that are not finite.", {"name": name})


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")
