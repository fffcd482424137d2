"""The shown verdicts counted: by method, judgement and reason, each share with the interval that its count leaves open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain import VERDICTS, Verdict
from app.evaluation.intervals import wilson
from app.store import FlagCount
from app.web import tables
from app.web.addresses import inside


@dataclass(frozen=True, slots=True)
class Share:
    """Some of a method's verdicts: how many, what share of all of it, the 95 % Wilson interval of that, each 0 to 1, and the
    ``address`` of the list that has just these."""

    count: int
    share: float
    low: float
    high: float
    address: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts on a method's maps with one judgement, and the same by the reason that was given, "" for none."""

    verdict: Verdict
    all: Share
    reasons: tuple[tuple[str, Share], ...]


@dataclass(frozen=True, slots=True)
class MethodCounts:
    """The verdicts on the maps of one method; ``method`` "" for all together."""

    method: str
    total: int
    address: str
    judgements: tuple[Judgement, ...]


def counted(counts: Sequence[FlagCount], named: Mapping[str, str]) -> tuple[MethodCounts, ...]:
    """By method, the one with most verdicts first; before them all together where there are several. ``named`` is what of the
    list stands in its address."""
    methods: dict[str, list[FlagCount]] = {}
    for one in counts:
        methods.setdefault(one.method, []).append(one)
    ordered = sorted(methods, key=lambda name: (-sum(one.count for one in methods[name]), name))
    together = [_method("", counts, named)] if len(methods) > 1 else []
    return (*together, *(_method(name, methods[name], named) for name in ordered))


def _method(method: str, counts: Sequence[FlagCount], named: Mapping[str, str]) -> MethodCounts:
    total = sum(one.count for one in counts)
    of = {**named, "method": method or named.get("method", "")}

    def share(some: Sequence[FlagCount], **narrowed: str) -> Share:
        count = sum(one.count for one in some)
        return Share(count, count / total, *wilson(count, total), tables.address(inside("/flagged"), of | narrowed))

    judgements = []
    for verdict in VERDICTS:
        mine = [one for one in counts if one.verdict == verdict]
        if not mine:
            continue
        given = sorted({one.reason for one in mine})
        by_reason = {reason: [one for one in mine if one.reason == reason] for reason in given}
        reasons = tuple((reason, share(some, verdict=verdict, reason=reason)) for reason, some in by_reason.items() if reason)
        judgements.append(Judgement(verdict, share(mine, verdict=verdict), reasons))
    return MethodCounts(method, total, tables.address(inside("/flagged"), of), tuple(judgements))
