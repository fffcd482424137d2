"""What a segmentation network says of the slices of an exam's stack: a code per cell, slice by slice."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.classifiers.attention_unet import STRUCTURES, AnatomyNetwork
from app.classifiers.classifier import Classifier
from app.errors import ModelError

SIDE = 128
AT_ONCE = 8
"""Slices that go through at once: more gains nothing on a CPU and takes memory."""


@torch.inference_mode()
def codes_of(network: AnatomyNetwork, planes: Tensor) -> NDArray[np.uint8]:
    """Codes uint8 (slices, side, side) of prepared planes (slices, 1, side, side)."""
    found = [network(chunk)[:, :STRUCTURES].argmax(1).to(torch.uint8) for chunk in torch.split(planes, AT_ONCE)]
    return torch.cat(found).cpu().numpy()


def codes(loaded: Classifier, planes: Tensor) -> NDArray[np.uint8]:
    """The same by a loaded network. ModelError when it is none of these."""
    if not isinstance(loaded.network, AnatomyNetwork):
        raise ModelError("“%(name)s” is no segmentation network.", {"name": loaded.card.name})
    return codes_of(loaded.network, loaded.channels(planes))
