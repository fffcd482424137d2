"""Which networks there are, and which of them reads a series: one rule for films and exams. Knows cards, not torch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from app.classifiers.card import NAME, Card
from app.domain.parts import VAGUE, folded, named, part_of
from app.errors import ModelError, NotFound
from app.stacks import STACKED

REMOVED = ".removed"
"""The folder, below that of the networks, where the cards of networks that were taken away are kept."""
GONE = "This network was taken away from here. What it said stays; it reads no more films."

BESIDE = ("guard", "segmentation", "masks", "counterfactual", "autoencoder", "referee")
"""Kinds of cards that read no study by themselves: they stand beside the networks that do."""
DEVICES = ("tubes and wires",)
"""What a network answers that says where these lie."""


class Headed(Protocol):
    """What the header of a series says of it, as `app.domain.Series` and `app.store.records.SeriesRow` have it."""

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""

    @property
    def source(self) -> str:
        """ "dicom", or "film image" for a PNG or JPEG."""

    @property
    def body_part(self) -> str:
        """Body Part Examined (0018,0015)."""

    @property
    def description(self) -> str:
        """Series Description (0008,103E)."""


H = TypeVar("H", bound=Headed)


class Visit(Protocol):
    """What the header of a study says of it, as `app.domain.Study` and `app.store.records.StudyRow` have it."""

    @property
    def description(self) -> str:
        """Study Description (0008,1030)."""

    @property
    def phantom(self) -> bool:
        """Quality Control Subject (0010,0200)."""


def covers(card: Card, study: Visit, series: Headed) -> bool:
    """Whether a network is made for a series, whoever it is of: by what it reads, its modality and its part of the body.

    A network of exams reads series of stacks, one of films all others. A film image (PNG, JPEG) has no tags: it is taken for
    what the chest networks read, and says so. Any other series must be of one of the card's modalities, and one of the parts it
    names must be one of the card's; one that names no part is read by networks whose card says ``unnamed_parts``, and a film
    by those that have a guard, which decides from its pixels.
    """
    if not _of_its_kind(card, series):
        return False
    wanted = parts(card)
    if series.source == "film image":
        return "CHEST" in wanted
    if series.modality not in card.modalities:
        return False
    told = _named(study, series, wanted)
    return bool(told & wanted) if told else card.unnamed_parts or bool(card.guard)


def parts(card: Card) -> set[str]:
    """The parts of the body that a card names, by the one name that each has."""
    return {_part(part) for part in card.body_parts}


def _meant_for(card: Card, study: Visit) -> bool:
    """Whether a network may read a study unasked: one of phantoms phantoms, the others people; and one of phantoms whose card
    says ``people`` people too."""
    return card.phantom if study.phantom else not card.phantom or card.people


def unnamed(card: Card, study: Visit, series: Headed) -> bool:
    """Whether nothing in the header of a film says which part of the body it is of, so that the network's guard has to see."""
    return series.source != "film image" and not _named(study, series, parts(card))


def named_reads(card: Card, study: Visit, series: Sequence[H]) -> tuple[H, ...]:
    """The series that a network reads when somebody names it: those it is made for; where there are none, whatever is of its
    kind, films or stacks, for a choice wins over what a header says."""
    own = tuple(one for one in series if covers(card, study, one))
    return own or tuple(one for one in series if _of_its_kind(card, one))


def _of_its_kind(card: Card, series: Headed) -> bool:
    return card.kind not in BESIDE and (card.kind == "exam") == (series.modality in STACKED)


def _named(study: Visit, series: Headed, wanted: set[str]) -> set[str]:
    """The parts of the body that a series is of. Its body part, which is the coded one where there is one, is believed; where
    that says nothing that is known, or no more than a limb or a rib, the descriptions are."""
    tag = _parts_in(series.body_part, wanted)
    described = _parts_in(f"{series.description} {study.description}", wanted)
    return set(tag - VAGUE or described - VAGUE or tag or described)


def _parts_in(text: str, wanted: set[str]) -> frozenset[str]:
    """The parts that are known, and those that a card names and no table knows."""
    return named(text) | (frozenset(folded(text).upper().split()) & wanted)


def _part(name: str) -> str:
    return part_of(name) or name.upper()


class Registry:
    """The folder of networks. Cards are read anew when their file changes, so a network can be added while the server runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cards: dict[Path, tuple[float, Card]] = {}

    def cards(self) -> tuple[Card, ...]:
        """The card of every network, of films and of exams, by name; guards and segmentations are not among them. ModelError
        when one cannot be read."""
        return tuple(card for card in self._read() if card.kind not in BESIDE)

    def beside(self) -> tuple[Card, ...]:
        """The cards of all that stand beside networks, by name. ModelError when one cannot be read."""
        return tuple(card for card in self._read() if card.kind in BESIDE)

    def segmentations(self) -> tuple[Card, ...]:
        """The card of every network that says where parts lie, by name. ModelError when one cannot be read."""
        return tuple(card for card in self._read() if card.kind == "segmentation")

    def segmentation(self, card: Card) -> Card | None:
        """The network that says where the parts lie on the films that a network reads, or on the slices of exams: the first
        default one of such images and of a part of the body that both name; None where there is none."""
        if card.kind not in ("network", "exam"):
            return None
        mine = parts(card)
        alike = (one for one in self.segmentations() if (one.preprocessing.stretch == "stack") == (card.kind == "exam"))
        return next((one for one in alike if one.default and parts(one) & mine), None)

    def devices(self, card: Card) -> Card | None:
        """The network that says where tubes and wires lie on the films that a network reads: the first that tells them alone,
        of a part of the body that both name; None where there is none, and for exams."""
        if card.kind not in ("network", "segmentation"):
            return None
        mine = parts(card)
        return next((one for one in self.segmentations() if one.findings == DEVICES and parts(one) & mine), None)

    def masks(self, card: Card) -> Card | None:
        """Where findings occur on the films that a network reads: the first default masks of a part of the body that both name;
        None where there are none, and for exams. ModelError when a card cannot be read."""
        if card.kind not in ("network", "segmentation"):
            return None
        mine = parts(card)
        return next((one for one in self._read() if one.kind == "masks" and one.default and parts(one) & mine), None)

    def counterfactual(self, card: Card) -> Card | None:
        """The generator that was trained to change this version of a network's answers, None where there is none. ModelError
        when a card cannot be read."""
        mine = (one for one in self._read() if one.kind == "counterfactual" and one.default)
        return next((one for one in mine if (one.explains, one.explains_sha256) == (card.name, card.sha256)), None)

    def autoencoder(self, card: Card) -> Card | None:
        """The autoencoder of the films that a network reads, None where there is none: the first default one of a part of the
        body that both name, of phantoms or of people as it is. ModelError when a card cannot be read."""
        mine = parts(card)
        found = (one for one in self._read() if one.kind == "autoencoder" and one.default)
        return next((one for one in found if parts(one) & mine and one.phantom == card.phantom), None)

    def referees(self, card: Card) -> tuple[Card, ...]:
        """The networks that judge what was changed for a network: of films of the same part of the body, of phantoms or of
        people as it is, by name. ModelError when a card cannot be read."""
        mine = parts(card)
        found = (one for one in self._read() if one.kind == "referee")
        return tuple(one for one in found if parts(one) & mine and one.phantom == card.phantom)

    def guards(self) -> tuple[Card, ...]:
        """Every guard's card, by name. ModelError when one cannot be read."""
        return tuple(card for card in self._read() if card.kind == "guard")

    def guard(self, card: Card) -> Card | None:
        """The guard that a network's card names, None where it names none. ModelError when it is not there: a network whose
        card asks for a guard does not go without."""
        if not card.guard:
            return None
        for found in self.guards():
            if found.name == card.guard:
                return found
        raise ModelError(
            "The guard “%(guard)s”, which the card of “%(name)s” names, is not there, so nothing is read by that network.",
            {"guard": card.guard, "name": card.name},
        )

    def _read(self) -> Iterator[Card]:
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.glob("*/card.toml")):
            changed = path.stat().st_mtime
            known = self._cards.get(path)
            if known is None or known[0] != changed:
                known = (changed, Card.read(path.parent))
                self._cards[path] = known
            yield known[1]

    def card(self, name: str) -> Card:
        """The card of one network, of films or of exams; NotFound with the names there are."""
        cards = self.cards()
        for card in cards:
            if card.name == name:
                return card
        known = ", ".join(card.name for card in cards) or "–"
        raise NotFound("There is no network called “%(name)s”. There are: %(known)s.", {"name": name, "known": known})

    def remembered(self, name: str) -> Card:
        """The card of a network that is there, or was: for showing what it said. One that was taken away reads nothing more."""
        try:
            return self.card(name)
        except NotFound:
            folder = self.folder / REMOVED / name
            if not NAME.fullmatch(name) or not (folder / "card.toml").is_file():
                raise
        return replace(Card.read(folder), default=False, modalities=(), body_parts=(), banner=GONE)

    def ranked(self, study: Visit) -> tuple[Card, ...]:
        """The networks that may read a study unasked, the best choice first: one that is made for such studies before one of
        phantoms that reads people too, then the default ones, then by name."""
        fitting = [card for card in self.cards() if _meant_for(card, study)]
        return tuple(sorted(fitting, key=lambda card: (card.phantom != study.phantom, not card.default, card.name)))

    def eligible(self, study: Visit, series: Headed) -> tuple[Card, ...]:
        """Of these, the networks that may read this series."""
        return tuple(card for card in self.ranked(study) if covers(card, study, series))

    def asked(self, card: Card, study: Visit, series: Sequence[H]) -> tuple[H, ...]:
        """The series that a network reads when a reader names it: as `named_reads` says, of studies that it may read at all."""
        return named_reads(card, study, series) if _meant_for(card, study) else ()

    def choose(self, study: Visit, series: Headed) -> Card | None:
        """The network that reads this series by itself, or None: then the study is stored and viewable, nothing more."""
        return next((card for card in self.eligible(study, series) if card.default), None)
