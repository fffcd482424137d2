"""How a film's grey becomes what a network reads: the ``[preprocessing]`` table of a card. Knows no torch.

A card without the table means the defaults: stretched between the 1st and the 99th percentile, padded with black to a square,
scaled to −2 … 2, one channel. `app.classifiers.classifier.prepare_plane` carries it out.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.domain import Extent

Stretch = Literal["percentiles", "full", "stack"]
Fit = Literal["pad", "crop"]
Field = Literal["film", "exposed"]
Frame = Literal["film", "canonical"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """``stretch``: between the film's own 1st and 99th percentile, or the full grey range as the film opens, or, for a stack,
    between the 1st and the 99.5th percentile of the modality values of all its slices together. ``fit``: padded
    with black to a square, or the square in its middle. ``scale``: what black and white become. ``mean`` and ``std``, one
    number per channel or none: subtracted and divided by after that. ``channels``: 1, or 3 copies of the one grey plane.
    ``field``: what all this is done to, the whole film or its exposed field alone (`app.classifiers.exposed`). ``frame``:
    whether the network reads that square, or the chest on it in the one pose that is the same for all (`app.anatomy.pose`).
    """

    stretch: Stretch = "percentiles"
    fit: Fit = "pad"
    scale: tuple[float, float] = (-2.0, 2.0)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    channels: int = 1
    field: Field = "film"
    frame: Frame = "film"

    def __post_init__(self) -> None:
        if self.stretch not in get_args(Stretch) or self.fit not in get_args(Fit):
            raise ValueError("preprocessing: stretch is percentiles, full or stack, fit is pad or crop")
        if self.field not in get_args(Field):
            raise ValueError("preprocessing: field is film or exposed")
        if self.frame not in get_args(Frame) or (self.frame == "canonical" and self.stretch == "stack"):
            raise ValueError("preprocessing: frame is film or canonical, and slices of a stack have no canonical frame")
        if self.field == "exposed" and self.stretch == "stack":
            raise ValueError("preprocessing: slices of a stack have no exposed field")
        if self.channels not in (1, 3):
            raise ValueError(f"preprocessing: channels is 1 or 3, not {self.channels}")
        if len(self.scale) != 2 or not self.scale[0] < self.scale[1]:
            raise ValueError("preprocessing: scale is two numbers, what black and what white become, the first the smaller")
        if len(self.mean) != len(self.std) or len(self.mean) not in (0, self.channels):
            raise ValueError("preprocessing: mean and std need one number per channel each, or none")
        if not all(map(math.isfinite, (*self.scale, *self.mean, *self.std))) or min(self.std, default=1.0) <= 0:
            raise ValueError("preprocessing: scale, mean and std are finite, and std is above 0")

    @classmethod
    def of(cls, raw: dict[str, Any]) -> "Preprocessing":
        """From a card's table; ValueError for an entry there is not, or one that does not fit."""
        unknown = sorted(set(raw) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"preprocessing has no entry {', '.join(unknown)}")
        given = dict(raw)
        for name in {"scale", "mean", "std"} & set(raw):
            given[name] = tuple(float(value) for value in raw[name])
        return cls(**given)

    def entries(self) -> dict[str, Any]:
        """As a card's table."""
        numbers = {"scale": list(self.scale), "mean": list(self.mean), "std": list(self.std)}
        plain: dict[str, Any] = {"stretch": self.stretch, "fit": self.fit, "channels": self.channels}
        plain |= {name: at for name, at in (("field", self.field), ("frame", self.frame)) if at != "film"}
        return plain | {name: values for name, values in numbers.items() if values}

    def extent(self, rows: int, columns: int) -> Extent:
        """The square of a film, or of its exposed field, that the network sees, in its pixels; padding reaches outside."""
        side = max(rows, columns) if self.fit == "pad" else min(rows, columns)
        left, top = _middle(columns, side), _middle(rows, side)
        return Extent(left=left, top=top, right=left + side, bottom=top + side)


def _middle(length: int, side: int) -> int:
    """Where a side begins that lies in the middle of a length, or has the length in its middle."""
    return (length - side) // 2 if side <= length else -((side - length) // 2)
