"""Network architectures by name. Weights come from ``models/<name>/weights.safetensors``, never from here.

Every network takes float32 (batch, channels, height, width) and returns logits (batch, findings); "stack" and
"stack-attending" take the slices of one stack for their batch and return (1, findings), "attention-unet" returns a plane of
logits per finding, "autoencoder" a film and "la-gan" an edit of films. No activation works in place: it would overwrite what an
explainer reads. Where the relevance engine has no rule for a module, LRP and RAP say so.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from app.classifiers.attending.gated import CompactGated
from app.classifiers.attending.glimpsed import GlimpseNetwork
from app.classifiers.attending.guided import CompactGuided
from app.classifiers.attending.squeezed import CompactSqueezed
from app.classifiers.attending.stacked import AttendingStack
from app.classifiers.attention_unet import AnatomyNetwork
from app.classifiers.autoencoder import Autoencoder
from app.classifiers.compact import CompactResidual, CompactTwin
from app.classifiers.convnext import ConvNeXt
from app.classifiers.dense import DenseNet
from app.classifiers.efficient import EfficientNet
from app.classifiers.film_guard import FilmGuard
from app.classifiers.generator import Generator
from app.classifiers.masked import CompactMasked
from app.classifiers.residual import Basic, Bottleneck, ResNet
from app.classifiers.stack import StackNetwork
from app.errors import ModelError

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "attention-unet": AnatomyNetwork,
    "autoencoder": Autoencoder,
    "compact-gated": CompactGated,
    "compact-guided": CompactGuided,
    "compact-masked": CompactMasked,
    "compact-residual": CompactResidual,
    "compact-squeezed": CompactSqueezed,
    "compact-twin": CompactTwin,
    "convnext-tiny": ConvNeXt,
    "densenet-121": DenseNet,
    "densenet-169": partial(DenseNet, blocks=(6, 12, 32, 32)),
    "densenet-201": partial(DenseNet, blocks=(6, 12, 48, 32)),
    "efficientnet-b0": EfficientNet,
    "efficientnet-lite0": partial(EfficientNet, lite=True),
    "film-guard": FilmGuard,
    "glimpses": GlimpseNetwork,
    "la-gan": Generator,
    "resnet-18": partial(ResNet, block=Basic, blocks=(2, 2, 2, 2)),
    "resnet-34": partial(ResNet, block=Basic, blocks=(3, 4, 6, 3)),
    "resnet-50": partial(ResNet, block=Bottleneck, blocks=(3, 4, 6, 3)),
    "resnet-101": partial(ResNet, block=Bottleneck, blocks=(3, 4, 23, 3)),
    "stack": StackNetwork,
    "stack-attending": AttendingStack,
}
"""Name on the card → constructor, called with ``findings``, the card's parameters and, where there are three, ``channels``."""


def build(architecture: str, findings: int, parameters: dict[str, Any], channels: int = 1) -> nn.Module:
    """An untrained network in eval mode, channels-last; ModelError for an unknown name or parameters that do not fit."""
    if architecture not in ARCHITECTURES:
        raise ModelError(
            "The architecture “%(name)s” is not known. Known: %(known)s.",
            {"name": architecture, "known": ", ".join(sorted(ARCHITECTURES))},
        )
    wanted = parameters if channels == 1 else {**parameters, "channels": channels}
    try:
        network = ARCHITECTURES[architecture](findings=findings, **wanted)
    except (TypeError, ValueError) as error:
        raise ModelError(
            "The parameters of “%(name)s” do not fit: %(error)s.", {"name": architecture, "error": str(error)}
        ) from error
    return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
