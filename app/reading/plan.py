"""Which networks read which stacks of a study, by the one rule of `app.classifiers.registry`. Knows headers, and no pixels."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

from app.classifiers.card import Card
from app.classifiers.members import preferred
from app.classifiers.registry import Headed, Registry, covers, named_reads, unnamed
from app.domain import READ_PLANES, Plane
from app.errors import InputError
from app.stacks import STACKED, Correction, Parted, Placed, Regrouping, Stack, chosen, corrected, films, regrouped, stacks


class Described(Headed, Parted[Placed], Protocol):
    """A series as `app.domain.Series` and `app.store.records.SeriesRow` have it."""


S = TypeVar("S", bound=Described)
S_co = TypeVar("S_co", bound=Described, covariant=True)
P = TypeVar("P", bound=Placed)
P_co = TypeVar("P_co", bound=Placed, covariant=True)


class Visited(Protocol[S_co, P_co]):
    """A study as `app.domain.Study` and `app.store.records.StudyRow` have it."""

    @property
    def description(self) -> str:
        """Study Description (0008,1030)."""

    @property
    def phantom(self) -> bool:
        """Quality Control Subject (0010,0200)."""

    @property
    def series(self) -> tuple[S_co, ...]:
        """Its series."""

    @property
    def images(self) -> tuple[P_co, ...]:
        """Every image of its series."""


@dataclass(frozen=True, slots=True)
class Words:
    """What readers said of a study's stacks: what they are instead of what their headers say, and which slices are one."""

    corrections: tuple[Correction, ...] = ()
    regroupings: tuple[Regrouping, ...] = ()


NOTHING = Words()


@dataclass(frozen=True, slots=True, eq=False)
class Reading(Generic[S_co, P_co]):
    """What one network reads at once: a film, or the stack of each plane of an exam in the order of `app.domain.READ_PLANES`.

    ``parts`` are the stacks, each with the series that it is of. ``unnamed``: nothing in the header says which part of the body
    a film is of.
    """

    card: Card
    parts: tuple[tuple[S_co, Stack[P_co]], ...]
    unnamed: bool = False

    @property
    def stacks(self) -> tuple[Stack[P_co], ...]:
        """The stacks that are read, in order."""
        return tuple(stack for _, stack in self.parts)

    @property
    def exam(self) -> bool:
        """Whether the stacks are read together, as those of an exam are."""
        return self.card.kind == "exam"

    def answering(self, finding: str) -> tuple[Stack[P_co], ...]:
        """The stacks from which the network answers for a finding; on an exam not every plane does."""
        return tuple(stack for stack in self.stacks if not self.exam or answers(self.card, stack.plane, finding))


def readings(
    study: Visited[S, P], registry: Registry, model: str | None = None, words: Words = NOTHING
) -> tuple[Reading[S, P], ...]:
    """What networks read of a study: one reading per film, in the order of the study; then one per exam.

    Each series goes to the network that is chosen by itself, or all to the one named. Of an exam's series it reads the stack of
    each plane that it prefers, with what readers said in ``words`` (`app.stacks.chosen`). Empty when no network is registered
    for any of it; NotFound for a network there is not; InputError for one of films where there are none, or of exams. A network
    that is named reads what it is made for, or else whatever is of its kind: a choice wins over a header. A network that is
    named may read a phantom, or a phantom network a patient's study: whoever names it wants to see just that, and its card's
    banner says what the answer is worth.
    """
    if model is None:
        found = (*_films(study, registry), *_exams(study, registry, words))
        return cast(tuple[Reading[S, P], ...], found)
    card = registry.card(model)
    own = named_reads(card, study, study.series)
    if not own:
        raise InputError(
            "The network “%(name)s” does not read this study. It reads: %(kinds)s.",
            {"name": card.name, "kinds": _kinds(card)},
        )
    if card.kind != "exam":
        one_by_one = tuple(
            Reading(card, ((series, stack),), unnamed(card, study, series)) for series in own for stack in films(series)
        )
        return cast(tuple[Reading[S, P], ...], one_by_one)
    parts = _parts(card, study, own, words)
    if not parts:
        raise InputError("The network “%(name)s” reads no stack of this study.", {"name": card.name})
    return cast(tuple[Reading[S, P], ...], (Reading(card, parts),))


def answers(card: Card, plane: Plane, finding: str) -> bool:
    """Whether an exam's network answers for a finding from a plane."""
    return any(member.plane == plane and finding in member.findings for member in card.members)


def _films(study: Visited[S, P], registry: Registry) -> Iterator[Reading[S, Placed]]:
    """Every film with the network that is chosen for its series."""
    for series in study.series:
        card = None if series.modality in STACKED else registry.choose(study, series)
        if card is not None:
            blind = unnamed(card, study, series)
            yield from (Reading(card, ((series, stack),), blind) for stack in films(series))


def _exams(study: Visited[S, P], registry: Registry, words: Words) -> Iterator[Reading[S, Placed]]:
    """The exams of a study: series by series the network that is chosen, and what each reads together.

    A network of phantoms that reads people too takes no series beside another network: it stands in where there is none.
    """
    left = [series for series in study.series if series.modality in STACKED]
    ranked = [card for card in registry.ranked(study) if card.kind == "exam" and card.default]
    taken = False
    for card in ranked:
        own = [series for series in left if covers(card, study, series)]
        parts = () if taken and card.phantom != study.phantom else _parts(card, study, own, words)
        if parts:
            yield Reading(card, parts)
            taken = True
            left = [series for series in left if series not in own]


def _parts(card: Card, study: Visited[S, P], own: Collection[S], words: Words) -> tuple[tuple[S, Stack[Placed]], ...]:
    """The stack of each plane that an exam's network reads, with its series, in the order of the planes."""
    every = [one for one in study.series if one.modality in STACKED or one in own]
    found = corrected(regrouped((stack for one in every for stack in stacks(one)), words.regroupings), words.corrections)
    pairs = [(one, stack) for one in own for stack in found if stack.series_uid == one.series_uid]
    read = chosen([stack for _, stack in pairs], preferred(card.members))
    return tuple(pair for plane in READ_PLANES for pair in pairs if pair[1] is read.get(plane))


def _kinds(card: Card) -> str:
    kinds = f"{'/'.join(card.modalities)} {'/'.join(card.body_parts)}"
    return f"{kinds} (phantoms)" if card.phantom else kinds
