"""Layers: every picture that lies over an image or a stack, whoever made it and whatever it says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domain.arrays import frozen
from app.domain.evidence import Evidence
from app.domain.extent import Extent

LayerKind = Literal["relevance", "attention", "probability", "labels", "image", "outline", "change"]
Scale = Literal["signed", "positive", "unit", "classes", "grey"]
"""How values are to be read: both sides of zero; from zero up; 0…1 as it is, never stretched; whole numbers that name classes;
grey values that are windowed as the film is."""

SCALES: Mapping[LayerKind, tuple[Scale, ...]] = {
    "relevance": ("signed", "positive"),
    "attention": ("positive", "unit"),
    "probability": ("unit",),
    "labels": ("classes",),
    "image": ("grey",),
    "outline": ("classes",),
    "change": ("signed",),
}
"""Which scales a kind may have; the first is meant where none is said. A change is what an edit makes of a film: above zero it
is brighter there, below darker."""

ProducerKind = Literal["method", "network", "reader", "import"]
Parameters = Mapping[str, str | float | int | bool]


@dataclass(frozen=True, slots=True)
class Producer:
    """Who made a layer: a method of ours ("lrp"), a network by itself, a reader, or somebody else's software. ``name`` tells
    the layers of one finding apart, ``title`` is what people call it ("" where a registry knows); ``version`` is the
    producer's own, "" where the software's versions say it."""

    kind: ProducerKind
    name: str
    version: str = ""
    title: str = ""
    parameters: Parameters = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A picture of one stack; a film's stack has one slice.

    ``stack`` is its `app.domain.stacks.fingerprint`. ``values`` is float32 (slices, height, width), raw, at the producer's own
    resolution; every slice's covers ``extent`` of its image. ``unit`` of the values, "" where they have none. ``finding`` is
    what it is about, "" where it is about none. ``model`` and ``model_sha256`` say which network it comes from or explains.

    ``state`` is "ok", or says in words why there is no picture: "no positive evidence", "not defined: …", "constant input";
    ``values`` is all zero then unless negative evidence exists. ``total`` is the relevance a method started from (LRP, RAP) and
    ``conservation_error`` how much of it was lost, relative; None for methods that conserve nothing. ``padding`` is the share
    of the values, by size, that lies outside the image, in what made it a square for the network; None: not known. ``notes``
    are sentences such as "computed on cpu: the GPU was out of memory"; ``names`` are those of classes, by their number.
    ``evidence``: where on the film a map's positive part lies; None where nobody has told. ``figures`` are numbers that were
    measured on the values, by name (`app.anatomy.figures`).
    """

    stack: str
    kind: LayerKind
    scale: Scale
    producer: Producer
    model: str
    model_sha256: str
    finding: str
    values: NDArray[np.float32]
    extent: Extent
    state: str = "ok"
    unit: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    seconds: float = 0.0
    total: float | None = None
    conservation_error: float | None = None
    notes: tuple[str, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    padding: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def method(self) -> str:
        """The producer's name: what tells the layers of one finding apart."""
        return self.producer.name

    @property
    def signed(self) -> bool:
        """Whether it has two sides of zero."""
        return self.scale == "signed"

    def mass(self) -> tuple[float, ...]:
        """The positive part of every slice, summed: how the relevance is spread over the stack."""
        positive: NDArray[np.float64] = np.maximum(self.values, 0).sum(axis=(1, 2), dtype=np.float64)
        return tuple(positive.tolist())

    def of_slice(self, place: int) -> "Layer":
        """One slice's picture, from 0, alone; what is told of the whole stack is not its own."""
        if len(self.values) == 1:
            return self
        return replace(self, values=frozen(self.values[place : place + 1]), total=None, conservation_error=None, padding=None)


def joined(stack: str, slices: Iterable[Layer]) -> Layer:
    """The layers of all slices of a stack, in order, as one. A slice without evidence says nothing of the stack, which has a
    picture where any slice has one; a blank slice knows nothing of the relevance that went through all of them."""
    each = tuple(slices)
    states = [one.state for one in each]
    telling = next((one for one in each if one.total is not None), each[0])
    return replace(
        each[0],
        stack=stack,
        values=frozen(np.concatenate([one.values for one in each])),
        state="ok" if "ok" in states else max(set(states), key=states.count),
        seconds=sum(one.seconds for one in each),
        total=telling.total,
        conservation_error=telling.conservation_error,
        notes=tuple(dict.fromkeys(note for one in each for note in one.notes)),
        padding=_shared(each),
    )


def _shared(slices: Sequence[Layer]) -> float | None:
    """The share in padding of all slices together, each by the size of its values."""
    sizes = [float(np.abs(one.values).sum(dtype=np.float64)) for one in slices]
    beyond = [one.padding for one in slices if one.padding is not None]
    if len(beyond) < len(slices):
        return None
    total = sum(sizes)
    return sum(size * share for size, share in zip(sizes, beyond, strict=True)) / total if total > 0 else 0.0
