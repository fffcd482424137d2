"""A film in the canonical frame, and what lies over it carried along: the same grey values, the same map, another grid."""

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.anatomy.pose import Pose
from app.domain import Extent, Image, Layer, frozen

ALIGNED = 512
"""Side of the aligned film, in pixels of its own."""
MAP = 256
"""Side of a map on it."""


def values(image: Image, pose: Pose) -> NDArray[np.float32]:
    """The film's modality values in the canonical frame, float32 (512, 512), air around it."""
    plain = image.values()
    air = float(plain.max() if image.photometric == "MONOCHROME1" else plain.min())
    return pose.warp(plain, Extent(0, 0, image.columns, image.rows), ALIGNED, fill=air)


def film(image: Image, pose: Pose) -> Image:
    """The aligned film as an image (512, 512), which is windowed as the film is and has no spacing of its own."""
    whole = Extent(0, 0, image.columns, image.rows)
    air = float(image.stored.max() if image.photometric == "MONOCHROME1" else image.stored.min())
    moved = np.rint(pose.warp(image.stored, whole, ALIGNED, fill=air)).astype(image.stored.dtype)
    stored = frozen(cast("NDArray[np.uint16]", moved))
    return replace(image, stored=stored, pixel_spacing=None, spacing_kind="unknown", field=None)


def layer(over: Layer, pose: Pose) -> Layer:
    """A film's layer over its aligned film; classes stay classes, and nothing lies where nothing of it was drawn."""
    nearest = over.scale == "classes"
    moved = [pose.warp(plane, over.extent, MAP, nearest=nearest) for plane in over.values]
    return replace(over, values=frozen(np.stack(moved)), extent=Extent(0, 0, ALIGNED, ALIGNED))
