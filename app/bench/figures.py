"""A measured figure, and how a list of them is printed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what was measured, every sample, and the unit ("s", "bytes", "frames/s", "films/s", "×" for a ratio, "faults"
    for a number of them, "share" of a whole, or "" for a difference)."""

    name: str
    unit: str
    samples: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the samples."""
        return median(self.samples)

    def text(self) -> str:
        """The median and, where there are several samples, the range."""
        shown = [_shown(value, self.unit) for value in (self.value, min(self.samples), max(self.samples))]
        several = f"  ({shown[1]} to {shown[2]}, n = {len(self.samples)})" if len(self.samples) > 1 else ""
        return f"{shown[0]}{several}"


def _shown(value: float, unit: str) -> str:
    if unit == "×":
        return f"{value:.2f} ×"
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.{0 if value >= 0.02 else 1}f} ms"
    if unit in {"frames/s", "films/s"}:
        return f"{value:.1f} {unit}"
    if unit in {"share", "faults"}:
        return f"{100 * value:.1f} %" if unit == "share" else f"{value:.0f}"
    if not unit:
        return f"{value:.1e}"
    return f"{value / 1000:,.1f} kB"


def table(figures: Sequence[Figure]) -> str:
    """One figure a line, for reading."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(f"{figure.name:<{width}}  {figure.text()}" for figure in figures)


def as_json(figures: Sequence[Figure], machine: dict[str, str | int]) -> str:
    """Machine, medians and samples, for programs."""
    return json.dumps(
        {"machine": machine, "figures": [asdict(figure) | {"median": figure.value} for figure in figures]}, indent=2
    )
