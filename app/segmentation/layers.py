"""What a segmentation network says of a film, as layers: labels, outlines, the aligned film, and its gates when asked for.

The labels' layer carries what was measured on them (`figures`) and, among its notes, why something could not be.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.anatomy import NAMES, Pose, Ratio, figures
from app.classifiers.classifier import versions
from app.domain import Extent, Image, Layer, Producer, frozen
from app.domain.layers import LayerKind
from app.segmentation.segmenter import Segmented, Segmenter

ALIGNED = 512
"""Side of the aligned film, in cells."""
GATE = "gate-%(side)s"
"""What the layers of a gate are called, behind the network's name."""


def layers(segmenter: Segmenter, image: Image, *, gates: bool = False, read: Segmented | None = None) -> Iterator[Layer]:
    """The layers of one film; the aligned film is left out where there is no pose, and the labels' notes say why."""
    segmented = read or segmenter.read(image)
    pose = segmented.pose
    labels = _layer(segmenter, image, segmented, "labels", segmented.labels.astype(np.float32))
    measured = figures.of(segmented.labels, segmented.extent, segmented.ratio, pose)
    refused = [one.reason for one in (segmented.ratio, pose) if not isinstance(one, Ratio | Pose)]
    labels = replace(labels, figures=measured, notes=tuple(dict.fromkeys(refused)))
    yield labels
    yield replace(labels, kind="outline")
    if isinstance(pose, Pose):
        aligned = _layer(segmenter, image, segmented, "image", aligned_film(image, pose))
        yield replace(aligned, scale="grey", extent=over(image), names={}, notes=())
    for alpha in segmented.gates if gates else ():
        name = f"{segmenter.card.name}-{GATE % {'side': len(alpha)}}"
        found = _layer(segmenter, image, segmented, "attention", alpha)
        yield replace(found, scale="unit", producer=replace(found.producer, name=name), names={})


def aligned_film(image: Image, pose: Pose) -> NDArray[np.float32]:
    """The film's modality values in the canonical frame, (512, 512), air around it."""
    values = image.values()
    air = float(values.max() if image.photometric == "MONOCHROME1" else values.min())
    return pose.warp(values, Extent(0, 0, image.columns, image.rows), ALIGNED, fill=air)


def over(image: Image) -> Extent:
    """Where the canonical frame is drawn over a film that it takes the place of: a square that covers all of it."""
    side = max(image.rows, image.columns)
    left, top = (image.columns - side) / 2, (image.rows - side) / 2
    return Extent(left, top, left + side, top + side)


def _layer(segmenter: Segmenter, image: Image, segmented: Segmented, kind: LayerKind, values: NDArray[np.float32]) -> Layer:
    card, extent = segmenter.card, segmented.extent
    return Layer(
        stack=image.stack,
        kind=kind,
        scale="classes",
        producer=Producer("network", card.name, title=card.title),
        model=card.name,
        model_sha256=card.sha256,
        finding="",
        values=frozen(np.asarray(values, np.float32)[None]),
        extent=Extent(extent.left, extent.top, extent.right, extent.bottom, segmented.film),
        versions=versions(),
        device=str(segmenter.loaded.device),
        seconds=segmented.seconds,
        names=dict(NAMES),
    )
