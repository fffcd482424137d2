"""What is kept of a counterfactual: layers of the film, of the network that it explains, as every other layer of a case. Knows
arrays, and no torch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app import __version__
from app.counterfactuals.edit import Edit
from app.domain import SCALES, Extent, Image, Layer, LayerKind, Producer, frozen
from app.grey import grey

NAME, WHERE, MOVED = "counterfactual", "counterfactual-attention", "counterfactual-flow"
"""The producers of kept layers: of the film and its changes, of where it may be changed, of how far it is moved."""
TITLE = "Counterfactual"
NOT_THE_PATIENT = "It shows what moves the network, not how this patient would look."


def is_kept(producer: Producer) -> bool:
    """Whether a layer is of a counterfactual that was kept."""
    return producer.kind == "network" and producer.name in (NAME, WHERE, MOVED)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: of the stack with a fingerprint, for a finding's answer by a version of a network, by a way ("generator",
    "shift"), at a strength."""

    stack: str
    model: str
    model_sha256: str
    finding: str
    way: str
    strength: float

    def layers(self, before: Image, after: Image, halved: int, edit: Edit | None, left: float) -> Iterator[Layer]:
        """The film ``after`` beside ``before``, both with their sides halved so many times: as an image in modality values, and
        what is brighter and darker on it, in grey [0, 1]. Of a generator's ``edit``, laid on ``left`` strong, also where it
        adds or takes away, [0, 1], and how far it moves, in pixels of the film."""
        whole = Extent(0, 0, float(after.columns << halved), float(after.rows << halved))
        yield self._layer(NAME, "image", after.values(), whole, after.units)
        yield self._layer(NAME, "change", grey(after) - grey(before), whole)
        if edit is None:
            return
        if edit.residual.any():
            yield replace(self._layer(WHERE, "attention", edit.attention, edit.extent), scale="unit")
        if edit.flow.any():
            far = np.hypot(*edit.flow) * (left * (edit.extent.right - edit.extent.left))
            yield self._layer(MOVED, "attention", far, edit.extent, "pixels")

    def _layer(self, name: str, kind: LayerKind, values: NDArray[np.floating], lies: Extent, unit: str = "") -> Layer:
        return Layer(
            stack=self.stack,
            kind=kind,
            scale=SCALES[kind][0],
            producer=Producer("network", name, title=TITLE, parameters={"strength": self.strength, "way": self.way}),
            model=self.model,
            model_sha256=self.model_sha256,
            finding=self.finding,
            values=frozen(np.asarray(values, np.float32)[None]),
            extent=lies,
            unit=unit,
            versions={"whylight": __version__},
            notes=(NOT_THE_PATIENT,),
        )
