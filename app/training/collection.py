"""What was read to train on, from whatever layout: films, findings, terms, and what has to be said about them.

The checks that every layout needs live here: no patient in two parts, films that are missing, parts without films.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from app.errors import InputError
from app.training.films import Film

Layout = Literal["ours", "nih", "table"]
PARTS = ("train", "validation", "test")
LISTED = 5
"""So many missing films are named; the rest are counted."""
TRIAL = 1_000
"""Of fewer films, where so few are asked for, no lungs are looked for: fitting what finds them takes longer than the run."""
WHOLE = "a trial: the lungs of so few films are not looked for, films stay whole"


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Films in the order train, validation, test (so that a part is a slice), and the findings their labels are of.

    ``terms``, and what the images show, by source. ``notes`` are sentences for the person who starts the training, ``limits``
    for the network's card.
    """

    layout: Layout
    found: str
    findings: tuple[str, ...]
    films: tuple[Film, ...]
    terms: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    shows: dict[str, str] = field(default_factory=dict)

    def told(self) -> str:
        """One sentence: what was found, and how it is divided."""
        parts = Counter(film.part for film in self.films)
        divided = ", ".join(f"{part} {parts[part]}" for part in PARTS)
        patients = len({film.patient for film in self.films})
        return f"{self.found}: {len(self.films)} films of {patients} patients ({divided}), {len(self.findings)} findings"

    def thinned(self, most: int) -> "Collection":
        """At most so many films per source, evenly over their order, so that every part keeps its share: for a quick trial."""
        kept: list[Film] = []
        for source in dict.fromkeys(film.source for film in self.films):
            of = [film for film in self.films if film.source == source]
            count = min(most, len(of))
            kept += [of[index * len(of) // count] for index in range(count)]
        thin = checked(replace(self, films=tuple(kept)))
        return replace(thin, notes=(*self.notes, WHOLE)) if thin.trial and self.layout == "ours" else thin

    @property
    def trial(self) -> bool:
        """Whether there are so few films that a run can only be a trial."""
        return len(self.films) < TRIAL

    def without(self, lost: Sequence[Film]) -> "Collection":
        """The same without films that could not be read, which the notes and the card's limits then say."""
        if not lost:
            return self
        gone = {film.path for film in lost}
        kept = tuple(film for film in self.films if film.path not in gone)
        refuse_loss([film.path.name for film in lost], len(self.films), "cannot be read")
        told = loss([film.path.name for film in lost], len(self.films), "cannot be read")
        limit = f"{len(lost)} of {len(self.films)} films could not be read and were left out."
        return checked(replace(self, films=kept, notes=(*self.notes, told), limits=(*self.limits, limit)))


def checked(collection: Collection) -> Collection:
    """The collection with its films in order; InputError when a patient is in two parts or a part has no film."""
    refuse_leaks(collection.films)
    present = {film.part for film in collection.films}
    for part in PARTS:
        if part not in present:
            raise InputError(
                "No film is in the %(part)s part. A network needs films to learn from (train), to be calibrated on "
                "(validation) and to be measured on (test).",
                {"part": part},
            )
    films = sorted(collection.films, key=lambda film: PARTS.index(film.part))
    return replace(collection, films=tuple(films))


def refuse_leaks(films: Iterable[Film]) -> None:
    """InputError when films of one patient are in two parts, from whatever sources. Names files, never a patient."""
    parts: dict[str, Film] = {}
    leaking = {}
    for film in films:
        other = parts.setdefault(film.patient, film)
        if other.part != film.part:
            leaking[film.patient] = (other, film)
    if leaking:
        first, second = next(iter(leaking.values()))
        raise InputError(
            "%(count)s patients are in more than one part: “%(first)s” is in %(one)s, “%(second)s” of the same patient in "
            "%(other)s. Figures would be too good. Give every patient one part.",
            {
                "count": len(leaking),
                "first": first.path.name,
                "one": first.part,
                "second": second.path.name,
                "other": second.part,
            },
        )


def never_seen(films: Iterable[Film], findings: Sequence[str]) -> list[str]:
    """Sentences about the findings that the training part shows only one answer for: nothing can be learned of them."""
    sentences = []
    labels = np.array([film.labels for film in films if film.part == "train"], np.float32)
    for answer, told in ((1, "Never shown in training"), (0, "Never absent in training")):
        never = [finding for f, finding in enumerate(findings) if not (labels[:, f] == answer).any()]
        if never:
            sentences.append(f"{told}, so the answer means nothing: {', '.join(never)}.")
    return sentences


def there(films: list[Film], found: str) -> tuple[list[Film], tuple[str, ...], tuple[str, ...]]:
    """The films whose files are there, notes and limits about the others; InputError when most are missing."""
    present = [film for film in films if film.path.is_file()]
    if len(present) == len(films):
        return films, (), ()
    kept = {film.path for film in present}
    missing = [film.path.name for film in films if film.path not in kept]
    refuse_loss(missing, len(films), "are not there")
    limit = f"{len(missing)} of {len(films)} films that {found} lists were missing and were left out."
    return present, (loss(missing, len(films), "are not there"),), (limit,)


def loss(names: Sequence[str], total: int, how: str) -> str:
    """How many films are lost, and the first of them by name."""
    more = "" if len(names) <= LISTED else f" and {len(names) - LISTED} more"
    return f"{len(names)} of {total} films {how}: {', '.join(names[:LISTED])}{more}"


def refuse_loss(names: Sequence[str], total: int, how: str) -> None:
    """InputError when more than half of the films are lost: then the folder is the wrong one, or not unpacked."""
    if 2 * len(names) > total:
        raise InputError(
            "%(told)s. Most films are lost, so nothing was trained. Is this the right folder, and is everything unpacked?",
            {"told": loss(names, total, how)},
        )
