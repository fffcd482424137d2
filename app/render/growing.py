"""How an attention map grew: the same film under the map of one epoch after the other, as one strip."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from app.render.colours import table

SIDE = 160
"""Pixels of one picture of the strip."""
OPACITY = 0.55
COLOURS = "viridis"


def strip_png(film: NDArray[np.uint8], maps: Sequence[NDArray[np.uint8]]) -> bytes:
    """A strip of as many pictures as there are maps, each the film (h, w) under a map (rows, columns) of 0…255, as a PNG."""
    under = np.asarray(Picture.fromarray(film).resize((SIDE, SIDE), Picture.Resampling.BICUBIC), np.float32)[..., None]
    colours = table(COLOURS)[:, :3].astype(np.float32)
    pictures = []
    for values in maps:
        level = np.asarray(Picture.fromarray(values).resize((SIDE, SIDE), Picture.Resampling.BILINEAR))
        pictures.append(under * (1 - OPACITY) + colours[level] * OPACITY)
    made = io.BytesIO()
    Picture.fromarray(np.clip(np.concatenate(pictures, 1), 0, 255).astype(np.uint8)).save(made, "PNG", compress_level=4)
    return made.getvalue()
