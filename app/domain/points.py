"""Operating points: from which probability on a finding is called."""

from dataclasses import dataclass
from typing import Literal

HALF = 0.5
"""From here on a finding is called where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """From which probability on a finding is called. ``card``: by the network's card, None where that says nothing of it;
    ``moved``: where a reader moved it to, None where they left it."""

    card: float | None = None
    moved: float | None = None

    @property
    def at(self) -> float:
        """The probability that decides."""
        if self.moved is not None:
            return self.moved
        return HALF if self.card is None else self.card

    @property
    def by(self) -> Literal["reader", "card", ""]:
        """Who says so; "" where nobody does."""
        if self.moved is not None:
            return "reader"
        return "" if self.card is None else "card"

    def calls(self, probability: float) -> bool:
        """Whether a finding of this probability is called."""
        return probability >= self.at
