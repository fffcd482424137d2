"""The films that networks are compared on, as their input sees them: real ones of unseen patients, or phantoms of new seeds.

Knows labels and pixels; no network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.domain import FINDINGS
from app.errors import InputError
from app.phantoms import chest
from app.reporting.cases import FIRST_SEED
from app.training import films, targets
from app.training.decoding import pixels
from app.training.material import WHOLE
from app.training.phantoms import Drawn

FEWEST = 15
"""Positives and negatives that a finding needs to be in a mean."""
DRAWN = 600


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """``pixels`` uint8 (n, size, size) as the networks read them; ``labels`` float32 (n, findings), NaN where nobody says;
    ``patients`` (n,); ``kind`` "films" or "phantoms"."""

    kind: str
    pixels: NDArray[np.uint8]
    labels: NDArray[np.float32]
    findings: tuple[str, ...]
    patients: NDArray[np.generic]

    @property
    def counted(self) -> tuple[int, ...]:
        """The findings that a mean is taken over, by their place."""
        enough = [(np.nansum(column == 1), np.nansum(column == 0)) for column in self.labels.T]
        return tuple(place for place, sides in enumerate(enough) if min(sides) >= FEWEST)


def of(cards: Sequence[Card], data: Path, kept: Path, most: int | None) -> Films:
    """What the networks of these cards are compared on; ``kept`` has what was decoded or drawn before. InputError where they do
    not read the same: phantoms or people, one input size, one exposed field."""
    first = cards[0]
    alike = {(card.phantom, card.input_size, card.preprocessing) for card in cards}
    if len(alike) > 1:
        raise InputError("These networks do not read the same films in the same way: compare those of one kind and input size.")
    if first.phantom:
        drawn = Drawn.draw(FIRST_SEED + 800_000, most or DRAWN, first.input_size, "", kept=kept)
        return Films("phantoms", drawn.pixels, drawn.labels, chest.FINDINGS, np.arange(len(drawn.pixels)))
    records = [film for film in films.read(data, WHOLE) if film.part == "test"]
    records = records if most is None else records[:: max(1, len(records) // most)][:most]
    decoded = pixels(records, first.input_size, kept, first.preprocessing.field)
    unread = {film.path for film in decoded.unread}
    read = [film for film in records if film.path not in unread]
    labels = targets.labels(read, FINDINGS)
    return Films("films", decoded.pixels, labels, FINDINGS, np.array([film.patient for film in read]))
