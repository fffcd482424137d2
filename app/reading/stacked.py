"""What lies where on an exam's stack that is read, for all its maps. Of knees; the network that tells it knows drawn ones."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app.anatomy import knee
from app.classifiers.card import Card
from app.domain import Layer, Producer, Series, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.classifiers.classifier import Classifier
    from app.classifiers.loading import Loaded


@dataclass(frozen=True, eq=False)
class StackLie:
    """One stack: who divided it, and its parts."""

    stack: str
    told_by: "Classifier"
    parts: knee.Parts

    @classmethod
    def of(cls, loaded: "Loaded", card: Card, stack: str, series: Series) -> "StackLie | None":
        """Of a stack that an exam's network reads, ``series`` its images in order; None where no network tells the parts of
        such slices."""
        found = loaded.registry.segmentation(card)
        if found is None:
            return None
        from app.segmentation import stacks  # noqa: PLC0415 - it imports torch, which listing readings must not

        told_by = loaded.get(found)
        planes = told_by.planes(series)
        codes = stacks.codes(told_by, planes)
        dark, light = found.preprocessing.scale
        grey = (planes[:, 0].cpu().numpy() - dark) / (light - dark)
        return cls(stack, told_by, knee.divided(codes, grey, told_by.extent(series.images[0])))

    def weighed(self, layer: Layer) -> Layer:
        """A map of this stack with where its evidence lies; other layers as they are."""
        if layer.kind != "relevance" or layer.state.startswith("not defined") or layer.stack != self.stack:
            return layer
        return replace(layer, evidence=knee.evidence(layer.values, layer.extent, self.parts))

    def layers(self) -> "Iterator[Layer]":
        """The parts as classes and as outlines; they say what the network does not know."""
        from app.classifiers.classifier import versions  # noqa: PLC0415 - as above

        card = self.told_by.card
        labels = Layer(
            stack=self.stack,
            kind="labels",
            scale="classes",
            producer=Producer("network", card.name, title=card.title),
            model=card.name,
            model_sha256=card.sha256,
            finding="",
            values=frozen(self.parts.codes.astype(np.float32)),
            extent=self.parts.extent,
            versions=versions(),
            device=str(self.told_by.device),
            names=dict(knee.NAMES),
            notes=(knee.DRAWN_ONLY,) if card.phantom else (),
        )
        yield labels
        yield replace(labels, kind="outline", producer=Producer("network", "regions", title=knee.TITLE))
