"""Where a map's evidence lies: its share in each region of a film, beside the region's share of the area."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Share:
    """One region: which share of the positive evidence lies in it, and which share of the map's area it is."""

    region: str
    share: float
    area: float

    @property
    def ratio(self) -> float:
        """How many times as much as its area would have of a map that knows nothing; infinite on no area."""
        if self.area > 0:
            return self.share / self.area
        return float("inf") if self.share > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The regions in a table's order; none where the map has no positive evidence. ``odd`` names the region in which so much
    lies that a reader should know, "" where none does."""

    shares: tuple[Share, ...]
    odd: str = ""

    def told(self, *, called: bool) -> "Evidence":
        """The same for a reader: of a finding that is not called nothing is odd, wherever the little there is lies."""
        return self if called or not self.odd else replace(self, odd="")

    def of(self, region: str) -> Share | None:
        """One region's row."""
        return next((row for row in self.shares if row.region == region), None)
