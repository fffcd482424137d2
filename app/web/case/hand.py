"""What a case says of splitting and joining stacks by hand: which there are, and what readers said so far, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.stacks import STACKED, parted
from app.store import ImageRow, RegroupingRow, StackRow, StudyRow
from app.web.case import stacks
from app.web.wording import Translate, slices


@dataclass(frozen=True, slots=True)
class Joinable:
    """A stack that can be joined with others: its id, and in words what it is."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a reader said, in words, and by whom and when."""

    id: str
    words: str
    reader: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Hand:
    """The MR stacks of a study, those whose slices the product put together (``single``, by their ids), and readers' words in
    force, the last one first."""

    stacks: tuple[Joinable, ...] = ()
    single: frozenset[str] = frozenset()
    words: tuple[Word, ...] = ()


def of(study: StudyRow, rows: Sequence[StackRow], words: Sequence[RegroupingRow], _: Translate) -> Hand:
    """What there is to split and join; ``rows`` are the study's stacks as they are now."""
    stacked = {series.id: series for series in study.series if series.modality in STACKED}
    images = {image.id: image for image in study.images}
    mine = [row for row in rows if row.series_id in stacked]
    told = {row.id: _words(row, stacked[row.series_id].description, images, _) for row in mine}
    inside = {image: told[row.id] for row in mine for image in row.images}
    return Hand(
        stacks=tuple(Joinable(row.id, told[row.id]) for row in mine),
        single=frozenset(row.id for row in mine if len(parted([images[one] for one in row.images])) > 1),
        words=tuple(Word(row.id, _said(row, inside, _), row.reader, row.created_at) for row in reversed(words)),
    )


def _words(row: StackRow, description: str, images: Mapping[str, ImageRow], _: Translate) -> str:
    """What a stack is, by what tells it from the others; of one slice its Instance Number."""
    first = images[row.images[0]]
    number = _("no. {0}").replace("{0}", str(first.instance_number)) if len(row.images) == 1 and first.instance_number else ""
    kind = _("localizer") if row.localizer else ""
    return " · ".join(filter(None, (stacks.called(row, _), slices(len(row.images), _), number, description, kind)))


def _said(row: RegroupingRow, inside: Mapping[str, str], _: Translate) -> str:
    """A word, by the stack that the first slice it names is in now."""
    names = {"split": _("Split"), "join": _("Joined"), "single": _("Taken apart")}
    return ": ".join(filter(None, (names[row.kind], inside.get(row.images[0], ""))))
