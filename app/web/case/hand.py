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
    inside = {image: stacks.called(row, _) for row in mine for image in row.images}
    return Hand(
        stacks=tuple(Joinable(row.id, told[row.id]) for row in mine),
        single=frozenset(row.id for row in mine if len(parted([images[one] for one in row.images])) > 1),
        words=tuple(Word(row.id, _said(row, inside, images, _), row.reader, row.created_at) for row in reversed(words)),
    )


def _words(row: StackRow, description: str, images: Mapping[str, ImageRow], _: Translate) -> str:
    """What a stack is, by what tells it from the others: its slices by their Instance Numbers before what they were called."""
    kind = _("localizer") if row.localizer else ""
    numbers = _numbers(row.images, images, _)
    return " · ".join(filter(None, (stacks.called(row, _), numbers, slices(len(row.images), _), description, kind)))


def _said(row: RegroupingRow, inside: Mapping[str, str], images: Mapping[str, ImageRow], _: Translate) -> str:
    """A word, by what was said and nothing that later ones change: the slices that it names, by their Instance Numbers."""
    names = {"split": _("Split"), "join": _("Joined"), "single": _("Taken apart")}
    about = " · ".join(filter(None, (inside.get(row.images[0], ""), _numbers(row.images, images, _))))
    return ": ".join(filter(None, (names[row.kind], about)))


def _numbers(slices_of: Sequence[str], images: Mapping[str, ImageRow], _: Translate) -> str:
    """The Instance Numbers of slices, the lowest and the highest; "" where they have none."""
    known = [images[one].instance_number for one in slices_of if one in images and images[one].instance_number]
    if not known:
        return ""
    low, high = min(known), max(known)
    return _("no. {0}").replace("{0}", str(low) if low == high else f"{low}–{high}")
