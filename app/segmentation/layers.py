"""What a segmentation network says of a film, as layers: labels, outlines, the aligned film, markers and text, and its gates.

The labels' layer carries what was measured on them (`figures`) and, among its notes, why something could not be.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.anatomy import NAMES, Pose, Ratio, aligning, figures
from app.classifiers.classifier import versions
from app.classifiers.segmenter import Segmented, Segmenter
from app.domain import Extent, Image, Layer, Producer, frozen
from app.domain.layers import LayerKind, Scale

SCALE: dict[LayerKind, Scale] = {
    "labels": "classes",
    "outline": "classes",
    "image": "grey",
    "probability": "unit",
    "attention": "unit",
}
GATE, MARKERS = "%(name)s-gate-%(side)s", "%(name)s-markers"
"""What the layers of a gate, and of markers and text, are called."""


def layers(segmenter: Segmenter, image: Image, read: Segmented | None = None) -> Iterator[Layer]:
    """The layers of one film; the aligned film is left out where there is no pose, and the labels' notes say why. ``read``:
    what the network made of it, where that is known already."""
    segmented = read or segmenter.read(image)
    ratio, pose, name = segmented.ratio, segmented.pose, segmenter.card.name
    labels = _layer(segmenter, image, segmented, "labels", segmented.labels.astype(np.float32))
    measured = figures.of(segmented.labels, segmented.extent, ratio, pose)
    refused = [one.reason for one in (ratio, pose) if not isinstance(one, Ratio | Pose)]
    labels = replace(labels, names=dict(NAMES), figures=measured, notes=tuple(dict.fromkeys(refused)))
    yield labels
    yield replace(labels, kind="outline")
    if isinstance(pose, Pose):
        aligned = _layer(segmenter, image, segmented, "image", aligning.values(image, pose))
        yield replace(aligned, extent=Extent.covering(image.rows, image.columns), figures=measured)
    yield _layer(segmenter, image, segmented, "probability", segmented.markers, name=MARKERS % {"name": name})
    for alpha in segmented.gates:
        yield _layer(segmenter, image, segmented, "attention", alpha, name=GATE % {"name": name, "side": len(alpha)})


def _layer(
    segmenter: Segmenter, image: Image, segmented: Segmented, kind: LayerKind, values: NDArray[np.float32], *, name: str = ""
) -> Layer:
    card, extent = segmenter.card, segmented.extent
    return Layer(
        stack=image.stack,
        kind=kind,
        scale=SCALE[kind],
        producer=Producer("network", name or card.name, title=card.title),
        model=card.name,
        model_sha256=card.sha256,
        finding="",
        values=frozen(np.asarray(values, np.float32)[None]),
        extent=Extent(extent.left, extent.top, extent.right, extent.bottom, segmented.film),
        versions=versions(),
        device=str(segmenter.loaded.device),
        seconds=segmented.seconds,
    )
