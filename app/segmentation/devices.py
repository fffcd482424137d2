"""Where tubes and wires may lie on a chest film, as a network says that learned drawn ones."""

import numpy as np
import torch
from numpy.typing import NDArray

from app.classifiers.attention_unet import AnatomyNetwork
from app.classifiers.classifier import Classifier
from app.domain import Image, Series
from app.errors import ModelError


@torch.inference_mode()
def shares(loaded: Classifier, image: Image) -> NDArray[np.float32]:
    """How probable it is at each place, float32 (side, side) over `Classifier.extent` of the film. ModelError when the network
    is none of these."""
    if not isinstance(loaded.network, AnatomyNetwork) or loaded.network.out.out_channels != 1:
        raise ModelError("“%(name)s” is no segmentation network.", {"name": loaded.card.name})
    logits = loaded.network(loaded.prepare(Series("", "", (image,))))
    return np.asarray(torch.sigmoid(logits[0, 0].float()).cpu().numpy(), np.float32)
