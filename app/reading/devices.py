"""Tubes and wires on a film that is read: a region of its own for telling where evidence lies, and a layer."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.anatomy.evidence import DEVICE
from app.anatomy.ground import grid, nearest
from app.classifiers.card import Card
from app.domain import Extent, Layer, Producer, frozen
from app.reading.lying import Lie

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded


@dataclass(frozen=True, eq=False)
class Devices:
    """Where they may be, float32 (h, w) in [0, 1] over ``extent``, by the network of ``card``."""

    card: Card
    where: NDArray[np.float32]
    extent: Extent
    device: str

    @classmethod
    def of(cls, loaded: "Loaded", card: Card, lie: Lie) -> "Devices | None":
        """On a film that a network reads; None where no network tells."""
        found = loaded.registry.devices(card)
        if found is None:
            return None
        from app.segmentation import devices  # noqa: PLC0415 - it imports torch, which listing readings must not

        network = loaded.get(found)
        return cls(found, devices.shares(network, lie.image), network.extent(lie.image), str(network.device))

    def seen(self, lie: Lie) -> Lie:
        """What lies where on the film, with these as a region that lies across the others."""
        film = (lie.image.rows, lie.image.columns)
        mask = nearest(self.where >= DEVICE, self.extent, film, grid(*film)).astype(bool)
        return replace(lie, ground=replace(lie.ground, devices=frozen(mask)))

    def layer(self, lie: Lie) -> Layer:
        """As a probability over the film."""
        from app.classifiers.classifier import versions  # noqa: PLC0415 - as above

        return Layer(
            stack=lie.image.stack,
            kind="probability",
            scale="unit",
            producer=Producer("network", self.card.name, title=self.card.title),
            model=self.card.name,
            model_sha256=self.card.sha256,
            finding="",
            values=frozen(self.where[None]),
            extent=self.extent,
            versions=versions(),
            device=self.device,
        )
