"""Where a network looks on a cohort's films, one finding at a time: mean maps of what it called, missed and called wrongly,
and groups of films on which it looks at the same place, which a reader may name. Plain values, as JSON and back.

Mean maps lie in the canonical pose of the chest where lungs and heart are found on such films, so that a place is the same
place of every patient. Groups lie in what the network read: a marker in a corner has its place there, and none in a chest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from app.errors import InputError, NotFound
from app.evaluation.cohort_maps import clusters

METHOD = "layer_cam"
"""Whose maps are looked at: it is defined for every network that has layers of cells, and points as well as any."""
SIDE = 32
"""Cells along each side of a mean map."""
MOST = 400
"""So many films of a finding at most, evenly over its order."""
SHOWN = 6
"""So many typical films of a group have their map kept with their study."""
NAME = 80
"""Characters that a group's name may have."""

Outcome = Literal["found", "missed", "false alarm"]
Mean = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Averaged:
    """The mean map of the films of one outcome, and how many they are."""

    outcome: Outcome
    films: int
    mean: Mean


@dataclass(frozen=True, slots=True)
class Group:
    """Films on which a network looks at the same place: numbers of their cases, the most typical first, their mean map, the
    ids of the layers of the first of them, and what a reader calls it."""

    cases: tuple[int, ...]
    mean: Mean
    layers: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Maps:
    """What was made of a finding's maps by one network. ``films`` are those that were looked at.

    ``laid``: mean maps are in the canonical pose, and of so many films the pose was measured, the others being laid as films
    lie on the average; None where they are in what the network read. ``parts`` are, in that pose too, the shares of the
    measured films whose lungs, and whose heart and mediastinum, lie in each cell.
    """

    network: str
    finding: str
    method: str
    films: int
    averages: tuple[Averaged, ...]
    groups: tuple[Group, ...]
    laid: int | None = None
    parts: tuple[Mean, ...] = ()

    @classmethod
    def of(cls, plain: Any) -> "Maps":
        """From JSON."""
        return TypeAdapter(cls).validate_python(plain)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def called_before(self, before: Iterable[tuple[str, frozenset[int]]]) -> "Maps":
        """The same, with groups called what groups of mostly the same films were called: such a one and it have more films in
        common than either has alone. ``before`` are names with the numbers of their cases."""
        groups = []
        for group in self.groups:
            mine = frozenset(group.cases)
            alike = [(len(mine & cases) / len(mine | cases), name) for name, cases in before if mine | cases]
            share, name = max(alike, default=(0.0, ""))
            groups.append(replace(group, name=name) if share > 0.5 and not group.name else group)
        return replace(self, groups=tuple(groups))

    def named(self, place: int, name: str) -> "Maps":
        """The same with a group, from 0, named. NotFound where there is no such group, InputError for a long name."""
        if not 0 <= place < len(self.groups):
            raise NotFound("There is no such group of films.")
        if len(name) > NAME:
            raise InputError("A name has %(most)s characters at most.", {"most": NAME})
        groups = [replace(one, name=name) if at == place else one for at, one in enumerate(self.groups)]
        return replace(self, groups=tuple(groups))


@dataclass(frozen=True, slots=True, eq=False)
class Chest:
    """One film's map in the canonical pose of the chest, (`SIDE`, `SIDE`), and there too 1 where its lungs are and where its
    heart with the mediastinum is; no parts where they were not found, and the film was laid as films lie on the average."""

    values: NDArray[np.float32]
    parts: tuple[NDArray[np.float32], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """One film's map in what the network read, (`SIDE`, `SIDE`), what became of the film, and its map on the chest; None where
    nobody tells the parts of such films."""

    case: int
    outcome: Outcome
    values: NDArray[np.float32]
    chest: Chest | None = None


def gathered(network: str, finding: str, method: str, posed: Sequence[Posed]) -> Maps:
    """Mean maps and groups of the films' maps; groups of one film are left out."""
    chests = [one.chest for one in posed if one.chest is not None]
    laid = len(chests) == len(posed) > 0
    averages = []
    for outcome in get_args(Outcome):
        same = [one.chest.values if laid and one.chest is not None else one.values for one in posed if one.outcome == outcome]
        mine = [values / total for values in same if (total := np.abs(values).sum()) > 0]
        if mine:
            averages.append(Averaged(outcome, len(mine), _plain(np.mean(mine, axis=0))))
    groups = [
        Group(tuple(posed[at].case for at in one.members), _plain(one.mean))
        for one in clusters([one.values for one in posed])
        if one.size > 1
    ]
    measured = [one.parts for one in chests if one.parts]
    parts = tuple(_plain(np.mean(planes, axis=0), 3) for planes in zip(*measured, strict=True)) if laid else ()
    return Maps(network, finding, method, len(posed), tuple(averages), tuple(groups), len(measured) if laid else None, parts)


def outcome_of(label: float | None, probability: float, point: float) -> Outcome | None:
    """What became of a film whose label is known; None of one that was rightly not called."""
    if label is None or (label != 1 and probability < point):
        return None
    return "false alarm" if label != 1 else "found" if probability >= point else "missed"


def spread(wanted: Sequence[int], most: int = MOST) -> list[int]:
    """At most so many of a sequence, evenly over its order."""
    count = min(most, len(wanted))
    return [wanted[at * len(wanted) // count] for at in range(count)]


def _plain(mean: NDArray[np.floating], digits: int = 7) -> Mean:
    return tuple(tuple(round(float(value), digits) for value in row) for row in mean)
