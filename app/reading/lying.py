"""What lies where on a film that is read, for all its maps: how the chest lies, where evidence is, where findings occur."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.anatomy import Pose
from app.anatomy.evidence import evidence, odd
from app.anatomy.ground import REGIONS, TITLE, Ground, Mask, grid, ground, nearest
from app.anatomy.masks import ELSEWHERE, HELD, PLACES, held
from app.anatomy.reasons import MEAN_POSE
from app.anatomy.signs import BOUNDS
from app.classifiers import exposed, likely
from app.classifiers.card import Card
from app.domain import Evidence, Extent, Image, Layer, Producer, Series, frozen
from app.grey import grey

if TYPE_CHECKING:
    from app.anatomy.masks import Masks
    from app.classifiers.loading import Loaded
    from app.classifiers.segmenter import Segmented, Segmenter

MARKED = 0.5
"""A place is a marker's from this share on."""


@dataclass(frozen=True, eq=False)
class Chest:
    """A film, which says how its chest lies where that could be measured, and what the segmentation network made of it."""

    image: Image
    segmenter: "Segmenter"
    segmented: "Segmented"


def chest(loaded: "Loaded", card: Card, image: Image) -> Chest | None:
    """How the chest lies on a film that a network reads; None where no network tells the parts of such films."""
    found = loaded.registry.segmentation(card)
    if found is None:
        return None
    from app.classifiers.segmenter import Segmenter  # noqa: PLC0415 - it imports torch, which listing readings must not

    image = exposed.held(image)
    segmenter = Segmenter.of(loaded.get(found))
    segmented = segmenter.read(image)
    return Chest(segmented.told(image), segmenter, segmented)


@dataclass(frozen=True, eq=False)
class Lie:
    """One film: what the segmentation network made of it, how it is divided, and the masks of where findings occur, with their
    card; None where there are none."""

    image: Image
    segmenter: "Segmenter"
    segmented: "Segmented"
    ground: Ground
    masks: "Masks | None"
    masks_card: Card | None

    @classmethod
    def of(cls, loaded: "Loaded", card: Card, image: Image) -> "Lie | None":
        """Of a film that a network reads; None where no network tells the parts of such films."""
        found = chest(loaded, card, image)
        if found is None:
            return None
        image, segmented = found.image, found.segmented
        beside = loaded.registry.masks(card)
        pose = segmented.pose
        marks = likely_markers(segmented, image)
        labels = segmented.labels if isinstance(pose, Pose) else None  # lungs that are refused divide no film
        return cls(
            image=image,
            segmenter=found.segmenter,
            segmented=segmented,
            ground=ground(image, grey(image), labels, segmented.extent, marks),
            masks=likely.load(beside) if beside else None,
            masks_card=beside,
        )

    def told(self, series: Series) -> Series:
        """A series of this one film that says how its chest lies."""
        (image,) = series.images
        return replace(series, images=(replace(image, pose=self.image.pose, heart=self.image.heart),))

    def weighed(self, layer: Layer) -> Layer:
        """A map of this film with where its evidence lies; other layers as they are."""
        if layer.kind != "relevance" or layer.state.startswith("not defined"):
            return layer
        return replace(layer, evidence=self.told_of(layer.finding, layer.values[0], layer.extent))

    def told_of(self, finding: str, values: NDArray[np.float32], extent: Extent) -> Evidence:
        """Where the evidence of a map (rows, columns) over a rectangle of this film lies, and whether that is odd."""
        table = evidence(values, extent, self.ground, self._likely(finding))
        found = odd(table, BOUNDS)
        return Evidence(table.shares, found.region if found else "")

    def _likely(self, finding: str) -> Mask | None:
        """Where a finding occurs, on the ground's grid: where nine in ten of its places are; None where its mask cannot be laid
        over this film."""
        if self.masks is None or self.image.pose is None:
            return None
        whole = Extent(0, 0, self.image.columns, self.image.rows)
        heart = likely.heart_of(self.image)
        plane = self.masks.on_film(
            finding, likely.pose_of(self.image), heart, whole, grid(self.image.rows, self.image.columns), levels=True
        )
        return None if plane is None else np.asarray(plane >= 1 - HELD[-1], bool)

    def layers(self) -> Iterator[Layer]:
        """The layers of the film's parts."""
        from app.segmentation import layers  # noqa: PLC0415 - as above

        yield from layers(self.segmenter, self.image, read=self.segmented)

    def divided(self) -> Layer:
        """The outlines of the regions that tables of evidence go by."""
        window = Extent(0, 0, self.image.columns, self.image.rows)
        outlines = self._beside(self.segmenter.card, "", self.ground.labels.astype(np.float32), window)
        names: dict[int, str] = dict(enumerate(REGIONS))
        producer = Producer("network", "regions", title=TITLE)
        return replace(outlines, kind="outline", scale="classes", producer=producer, names=names, notes=())

    def likely_places(self, findings: Sequence[str]) -> Iterator[Layer]:
        """Where each finding occurs, as a probability and as contour lines around 10, 50 and 90 per cent of its places; nothing
        for findings without a mask."""
        if self.masks is None or self.masks_card is None:
            return
        window = Extent(0, 0, self.image.columns, self.image.rows)
        shape = grid(self.image.rows, self.image.columns)
        for finding in findings:
            pose, heart = likely.pose_of(self.image), likely.heart_of(self.image)
            plane = self.masks.plane(finding, pose, heart)
            if plane is None:
                continue
            levels = np.clip(pose.carry_back(held(plane), window, shape), 0, 1)
            layer = self._beside(self.masks_card, finding, levels.astype(np.float32), window)
            yield layer
            numbers = sum((levels >= 1 - share).astype(np.float32) for share in HELD)
            names = {0: ELSEWHERE} | {len(HELD) - at: name for at, name in enumerate(PLACES)}
            lines = frozen(np.asarray(numbers, np.float32)[None])
            yield replace(layer, kind="outline", scale="classes", values=lines, names=names)

    def _beside(self, card: Card, finding: str, values: NDArray[np.float32], window: Extent) -> Layer:
        from app.classifiers.classifier import versions  # noqa: PLC0415 - as above

        return Layer(
            stack=self.image.stack,
            kind="probability",
            scale="unit",
            producer=Producer("network", card.name, title=card.title),
            model=card.name,
            model_sha256=card.sha256,
            finding=finding,
            values=frozen(values[None]),
            extent=window,
            versions=versions(),
            notes=() if self.image.pose is not None else (MEAN_POSE,),
        )


def likely_markers(segmented: "Segmented", image: Image) -> Mask:
    """Where markers and text are, on a grid over the whole film."""
    film = (image.rows, image.columns)
    return nearest(segmented.markers >= MARKED, segmented.extent, film, grid(*film)).astype(bool)
