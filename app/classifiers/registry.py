"""Which networks there are, and which of them reads a series. Knows cards, not torch."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.classifiers.card import NAME, Card
from app.domain import Series, Study
from app.errors import ModelError, NotFound

REMOVED = ".removed"
"""The folder, below that of the networks, where the cards of networks that were taken away are kept."""
GONE = "This network was taken away from here. What it said stays; it reads no more films."
KNEE = frozenset({"KNEE", "KNIE", "GENOU", "RODILLA", "GINOCCHIO", "JOELHO", "KNÄ"})
"""A knee, as tags and descriptions name it in several languages."""
PARTS = KNEE | {
    "BRAIN", "HEAD", "NECK", "SPINE", "CSPINE", "TSPINE", "LSPINE", "CHEST", "HEART", "ABDOMEN", "PELVIS", "PROSTATE", "LIVER",
    "BREAST", "SHOULDER", "ELBOW", "WRIST", "HAND", "HIP", "ANKLE", "FOOT", "CRANE", "CEREBRAL", "SCHULTER", "HÜFTE",
}  # fmt: skip
"""Words that name a part of the body: where a description has one of them, it is believed."""
UNKNOWN_PARTS = re.compile(r"[\W\d_]+")


class Registry:
    """The folder of networks. Cards are read anew when their file changes, so a network can be added while the server runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cards: dict[Path, tuple[float, Card]] = {}

    def cards(self) -> tuple[Card, ...]:
        """Every network's card, by name; guards are not among them. ModelError when one cannot be read."""
        return tuple(card for card in self._read() if card.kind == "network")

    def guards(self) -> tuple[Card, ...]:
        """Every guard's card, by name. ModelError when one cannot be read."""
        return tuple(card for card in self._read() if card.kind == "guard")

    def exams(self) -> tuple[Card, ...]:
        """The card of every network that reads exams of stacks, by name. ModelError when one cannot be read."""
        return tuple(card for card in self._read() if card.kind == "exam")

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
        cards = [card for card in self._read() if card.kind != "guard"]
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

    def eligible(self, study: Study, series: Series) -> tuple[Card, ...]:
        """The networks that may read this series, the default ones first."""
        fitting = [card for card in self.cards() if card.phantom == study.phantom and reads(card, study, series)]
        return tuple(sorted(fitting, key=lambda card: (not card.default, card.name)))

    def choose(self, study: Study, series: Series) -> Card | None:
        """The network that reads this series by itself, or None: then the study is stored and viewable, nothing more."""
        return next((card for card in self.eligible(study, series) if card.default), None)

    def choose_exam(self, study: Study) -> Card | None:
        """The network that reads an exam by itself: the default one for phantoms or for people, as the study is; where there is
        none for people, one of phantoms, whose banner says what that is worth. None where no network reads exams."""
        cards = sorted(self.exams(), key=lambda card: (card.phantom != study.phantom, not card.default, card.name))
        fitting = [card for card in cards if card.phantom == study.phantom or card.phantom]
        return fitting[0] if fitting else None

    def covers(self, card: Card, study: Study, series: Series) -> bool:
        """Whether an exam's card covers a series: its modality, and its body part where the header or a description says one.

        A series of an MR study that says nothing of its part is taken for what the network reads; the reader sees it."""
        if series.modality not in card.modalities or series.source == "film image":
            return False
        told = series.body_part or f"{series.description} {study.description}"
        words = set(UNKNOWN_PARTS.sub(" ", told.upper()).split())
        return bool(words & KNEE) if "KNEE" in card.body_parts and (series.body_part or words & PARTS) else True


def reads(card: Card, study: Study, series: Series) -> bool:
    """Whether a card covers a series, by modality and body part.

    A film image (PNG, JPEG) has no tags: it is taken for what the chest networks read, and says so. Where Body Part Examined
    (0018,0015) is empty, the study and series descriptions are searched for the body part's name.
    """
    if series.source == "film image":
        return "CHEST" in card.body_parts
    if series.modality not in card.modalities:
        return False
    told = series.body_part or f"{series.description} {study.description}"
    words = set(UNKNOWN_PARTS.sub(" ", told.upper()).split())
    return any(part in words for part in card.body_parts)
