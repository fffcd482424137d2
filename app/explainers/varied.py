"""A method's map under something that varies: its mean and its spread over noise or over members, and a randomised twin.

It is a method like others: the bracket of `app.explainers.base` runs it, and its parameters are the method's and its own. Knows
every variant by name; knows no method.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from app.domain import Scale
from app.errors import InputError
from app.explainers import twins
from app.explainers.base import Explainer, Relevance
from app.explainers.trace import Trace
from app.explainers.variants import VARIANTS, Over


@dataclass(frozen=True)
class Varied(Explainer):
    """``method`` whose map varies, ``variant`` by its name."""

    copies: ClassVar[float] = 12.0
    method: Explainer
    variant: str

    @property
    def name(self) -> str:
        """The method's name, and the variant's behind a point."""
        return f"{self.method.name}.{self.variant}"

    @property
    def scale(self) -> Scale:
        """A spread is from 0 up, all else as the method has it."""
        return "positive" if VARIANTS[self.variant].spread else self.method.scale

    @property
    def parameters(self) -> dict[str, str | float | int | bool]:
        """The method's parameters and its own."""
        own = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in ("method", "variant")}
        return self.method.parameters | own

    def with_parameters(self, parameters: dict[str, Any]) -> Self:
        """With other parameters, of the method or its own; InputError as a method has it."""
        theirs = {name: value for name, value in parameters.items() if name in self.method.parameters}
        own = {name: value for name, value in parameters.items() if name not in theirs}
        changed = super().with_parameters(own)
        return replace(changed, method=self.method.with_parameters(theirs))

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """The maps of the variant, (targets, slices, h, w)."""
        found = [self.method.relevance(one, targets) for one in self.traces(trace)]
        return replace(found[0], maps=self._told([one.maps for one in found]), total=None, conservation_error=None)

    def _told(self, maps: Sequence[Tensor]) -> Tensor:
        each = torch.stack([one.detach() for one in maps])
        if len(each) == 1:
            return each[0]
        return each.std(0) if VARIANTS[self.variant].spread else each.mean(0)

    @abstractmethod
    def traces(self, trace: Trace) -> Iterable[Trace]:
        """The recorded passes over which the map varies."""


@dataclass(frozen=True)
class OverNoise(Varied):
    """Over ``draws`` copies of the film with normal noise, whose standard deviation is ``deviation`` of the slice's range. The
    noise comes from ``noise_seed``, and is the same for every slice and channel."""

    draws: int = 8
    deviation: float = 0.02
    noise_seed: int = 0

    def __post_init__(self) -> None:
        if self.draws < 2 or self.deviation <= 0:
            raise InputError("A spread over noise needs at least two draws and a deviation above 0.")

    def traces(self, trace: Trace) -> Iterable[Trace]:
        """One after the other: a pass is let go before the next."""
        film = trace.input.detach()
        width = self.deviation * (film.amax((2, 3), keepdim=True) - film.amin((2, 3), keepdim=True))
        generator = torch.Generator().manual_seed(self.noise_seed)
        for _ in range(self.draws):
            yield trace.again(film + width * torch.randn(1, 1, *film.shape[2:], generator=generator).to(film))


@dataclass(frozen=True)
class OverMembers(Varied):
    """Over the members of a network that answer together."""

    def traces(self, trace: Trace) -> Iterable[Trace]:
        """One after the other."""
        for member in twins.members(trace.classifier):
            yield trace.again(trace.input, member)


@dataclass(frozen=True)
class OfTwin(Varied):
    """By a network whose upper layers are random, ``random_share`` per cent of them, drawn from ``random_seed``."""

    random_share: int = 100
    random_seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.random_share <= 100:
            raise InputError("A randomised twin needs a share of random layers from 1 to 100 per cent.")

    def traces(self, trace: Trace) -> Iterable[Trace]:
        """The twin's pass alone."""
        yield trace.again(trace.input, twins.randomised(trace.classifier, self.random_share / 100, self.random_seed))


KINDS: dict[Over, type[Varied]] = {"noise": OverNoise, "members": OverMembers, "random": OfTwin}


def varied(method: Explainer, variant: str) -> Varied:
    """A method's variant, ready to explain."""
    told = VARIANTS[variant]
    return KINDS[told.over](method, variant, **told.parameters)
