"""What the card of an exam's network says besides: its members, and how their answers are joined. Knows no torch.

A member reads one plane and answers some of the findings; a join is the logistic regression over the planes of one exam. There
is a join for every set of planes that an exam may have.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from app.domain import READ_PLANES, Plane


@dataclass(frozen=True, slots=True)
class Member:
    """One network of the card. ``parameters`` are those of `app.classifiers.stack.StackNetwork`; ``prefers`` the weightings
    that it was made for ("T2", "PD FS"), the best first: where an exam has several stacks of a plane, the first is read."""

    plane: Plane
    findings: tuple[str, ...]
    parameters: dict[str, Any] = field(hash=False)
    prefers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """Logistic regression over ``planes``: the exam's logit of finding f is ``Σ_p weights[f][p] · z_pf + bias[f]``."""

    planes: tuple[Plane, ...]
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]


def preferred(members: Iterable[Member]) -> Mapping[Plane, tuple[str, ...]]:
    """The planes that these members read, in the order of an exam, and the weightings that are preferred in each."""
    found = tuple(members)
    own = {plane: [member.prefers for member in found if member.plane == plane] for plane in READ_PLANES}
    return {plane: prefers[0] for plane, prefers in own.items() if prefers}


def members(raw: list[Any], findings: tuple[str, ...]) -> tuple[Member, ...]:
    """From a card's ``[[members]]``; ValueError for a plane or finding there is not, or one that two members answer."""
    found: list[Member] = []
    taken: set[tuple[str, str]] = set()
    for entry in raw:
        plane = _plane(entry["plane"])
        own = tuple(str(finding) for finding in entry["findings"])
        if not own or not set(own) <= set(findings):
            raise ValueError(f"members: findings {', '.join(own) or '–'} are not the card's")
        doubled = {(plane, finding) for finding in own} & taken
        if doubled:
            raise ValueError(f"members: {', '.join(' '.join(pair) for pair in sorted(doubled))} is answered twice")
        taken |= {(plane, finding) for finding in own}
        prefers = tuple(str(weighting) for weighting in entry.get("prefers", ()))
        found.append(Member(plane, own, dict(entry["parameters"]), prefers))
    if not found:
        raise ValueError("members: a network of exams has at least one")
    return tuple(found)


def joins(raw: list[Any], findings: tuple[str, ...]) -> tuple[Join, ...]:
    """From a card's ``[[joins]]``; ValueError where the numbers do not fit the planes and findings."""
    found = []
    for entry in raw:
        planes = tuple(_plane(plane) for plane in entry["planes"])
        weights = tuple(tuple(float(weight) for weight in row) for row in entry["weights"])
        bias = tuple(float(value) for value in entry["bias"])
        fits = len(weights) == len(bias) == len(findings) and all(len(row) == len(planes) for row in weights)
        if not fits or not all(map(math.isfinite, (*bias, *(weight for row in weights for weight in row)))):
            raise ValueError(
                f"joins: {', '.join(planes)} needs one finite weight per finding and plane, and one bias per finding"
            )
        found.append(Join(planes, weights, bias))
    return tuple(found)


def _plane(name: Any) -> Plane:
    if name not in READ_PLANES:
        raise ValueError(f"plane {name!r} is none of {', '.join(READ_PLANES)}")
    return cast(Plane, name)
