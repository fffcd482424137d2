"""Healthy phantoms, as what a film or a stack is compared with: films and knees of nobody, drawn from fixed seeds.

They ship with the product as the program that draws them; a network's card holds no film. Drawn once per process and kept.
Knows the phantoms, cards and traces; knows no method.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from app.domain import Image, Plane, Series, Window
from app.errors import NotExplainable
from app.explainers.trace import Trace
from app.phantoms import chest, knee
from app.stacks import plane

FIRST_SEED = 8_000_000
"""No training run and no evaluation draws from here on."""
SIZE = 256
CHEST = frozenset({"CHEST", "THORAX", "LUNG"})


def healthy(trace: Trace, count: int) -> list[Tensor]:
    """``count`` healthy phantoms as the network of a trace reads them, each of the shape of the trace's input.

    NotExplainable where there are none of what the network reads. A stack's have as many slices as it has, of its plane.
    """
    card = trace.classifier.card
    if "MR" in card.modalities and "KNEE" in card.body_parts:
        drawn = _knees(count, trace.slices, _plane(trace.series.images))
    elif CHEST.intersection(card.body_parts):
        drawn = _films(count)
    else:
        raise NotExplainable("needs healthy phantoms of what the network reads, and they are of chest films and knees only")
    prepared = (trace.classifier.prepare(series).to(trace.input) for series in drawn)
    return [film.expand_as(trace.input).contiguous(memory_format=torch.channels_last) for film in prepared]


@lru_cache(maxsize=1)
def _films(count: int) -> tuple[Series, ...]:
    made = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        film = chest.draw(seed, (), size=SIZE, devices_too=False, marker=False)
        image = Image(f"2.25.{seed}", 0, film.pixels, windows=(Window(2048, 4096),))
        made.append(Series(f"2.25.{seed}", "DX", (image,), "CHEST", film.projection))
    return tuple(made)


def _knees(count: int, slices: int, wanted: Plane) -> tuple[Series, ...]:
    made = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        drawn = _knee(seed, slices)
        stack = next((stack for stack in drawn.stacks if stack.plane == wanted), drawn.stacks[0])
        images = tuple(Image(f"2.25.{seed}.{at}", 1, pixels) for at, pixels in enumerate(stack.pixels))
        made.append(Series(f"2.25.{seed}", "MR", images, "KNEE"))
    return tuple(made)


@lru_cache(maxsize=8)
def _knee(seed: int, slices: int) -> knee.KneePhantom:
    return knee.draw(seed, (), size=SIZE, slices=slices)


def _plane(images: Sequence[Image]) -> Plane:
    """The plane of a stack's slices, "" where the header does not say."""
    axes = images[0].axes
    return plane(None if axes is None else np.cross(axes[:3], axes[3:]))
