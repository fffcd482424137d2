"""Films of a training run in the canonical pose, and the masks that lie over them.

A film whose chest cannot be measured, as where nothing but lungs is shown, is laid by the mean pose. Aligned films are kept in
a file beside the decoded ones. Knows films as arrays, segmentation and poses.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from app.anatomy import SIZE, Pose, cleaned
from app.anatomy.masks import Masks
from app.classifiers.masked import floored
from app.classifiers.segmenter import Segmenter
from app.domain import Extent
from app.training.fitting import shrink
from app.training.progress import Progress

RECIPE = 1
"""Counts up when a film is laid otherwise: arrays of before are not used then."""
BATCH = 64

Planes = NDArray[np.uint8]


def aligned(films: Planes, segmenter: Segmenter, folder: Path, name: str) -> tuple[Planes, NDArray[np.bool_]]:
    """Square films uint8 (n, S, S) in the canonical pose, uint8 (n, S, S), air around them black, mapped from a file in
    ``folder``; and which of them have a pose of their own, (n,). ``name`` says which films these are."""
    told = hashlib.sha256(f"{RECIPE} {name} {films.shape} {segmenter.card.sha256}".encode()).hexdigest()[:24]
    whole, measured = folder / f"aligned-{told}.npy", folder / f"aligned-{told}-measured.npy"
    if not (whole.is_file() and measured.is_file()):
        partial = whole.with_suffix(".partial.npy")
        array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=films.shape)
        own = np.zeros(len(films), np.bool_)
        progress = Progress("films aligned", len(films))
        for start in range(0, len(films), BATCH):
            part = np.asarray(films[start : start + BATCH])
            for place, (plane, pose) in enumerate(zip(part, poses(part, segmenter), strict=True), start=start):
                array[place] = laid(plane, pose)
                own[place] = pose.measured
            progress.advance(len(part), f"{start + len(part)} of {len(films)}")
        array.flush()
        np.save(measured, own)
        partial.replace(whole)
    return cast(Planes, np.load(whole, mmap_mode="c")), cast("NDArray[np.bool_]", np.load(measured))


def poses(films: Planes, segmenter: Segmenter) -> list[Pose]:
    """The pose of each square film uint8 (n, S, S), in its pixels; the mean one where there is none to measure."""
    side = segmenter.card.input_size
    prepared = (shrink(films, side)[:, None].float() / 255 - 0.5) * 4
    _, _, labels, _ = segmenter.look(segmenter.loaded.channels(prepared))
    square = Extent(0, 0, films.shape[2], films.shape[1])
    found = (Pose.fit(cleaned(one), square) for one in labels)
    return [pose if isinstance(pose, Pose) else Pose.mean(square) for pose in found]


def laid(film: Planes, pose: Pose) -> Planes:
    """A square film uint8 (S, S) in the canonical pose, of the same size."""
    square = Extent(0, 0, film.shape[1], film.shape[0])
    return pose.warp(film, square, film.shape[0]).round().astype(np.uint8)


def over_cells(masks: Masks, questions: Sequence[str], size: int, stride: int, floor: float) -> Tensor:
    """Masks (questions, cells, cells) for a feature map of a network that reads the canonical frame as ``size`` pixels with
    this ``stride``: with a floor and the mean 1, and 1 everywhere where the finding has no mask.

    Every cell takes the mean of the mask over a stride's square around what the cell looks at: of odd kernels with symmetric
    padding cell i looks at pixel i · stride."""
    cells, pace = size // stride, SIZE / size
    at = (np.arange(cells) * stride + 0.5) * pace - 0.5
    grid = np.meshgrid(at, at, indexing="ij")
    found = np.ones((len(questions), cells, cells), np.float32)
    for row, finding in enumerate(questions):
        mask = masks.of.get(finding)
        if mask is not None:
            smooth = ndimage.uniform_filter(mask.covered, max(1, round(stride * pace)), mode="nearest")
            found[row] = ndimage.map_coordinates(smooth, grid, order=1, mode="nearest")
    return floored(torch.from_numpy(found), floor)
