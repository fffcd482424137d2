"""Which studies have a finding that the network found, missed, called wrongly or rightly did not call, as the reader says or,
where they say nothing, the tables of cohorts do, and which have a map of a finding that is called and looks elsewhere: what the
worklist is filtered by.

It depends on the points of whoever reads, which no table of studies knows, so it is worked out here.
"""

from collections.abc import Iterable, Mapping

from app.domain import Opinion, Outcome, outcome
from app.store import Transaction
from app.store.records import Lying
from app.web.calling import Calling

AT_ONCE = 500
"""Studies whose answers are looked up in one go."""


def studies(tx: Transaction, points: Calling, reader: str, wanted: Outcome) -> frozenset[str]:
    """The studies of which a finding has this outcome, by the network whose findings the worklist shows."""
    truth = known(tx, reader)
    every = list(truth)
    found = set()
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        networks = tx.worklist.headlines(some)
        for study, (version, scores) in tx.worklist.said(some).items():
            for score in scores:
                opinion = truth[study].get(score.finding)
                if opinion is None:
                    continue
                called = points.point(networks.get(study, ""), version, score.finding).calls(score.probability)
                if outcome(opinion, called=called) == wanted:
                    found.add(study)
    return frozenset(found)


def looking(tx: Transaction, points: Calling) -> frozenset[str]:
    """The studies with a map that looks elsewhere of a finding that is called, by the network whose findings are shown."""
    maps = [one for one in tx.worklist.elsewhere() if _called(one, points)]
    every = list(dict.fromkeys(one.study for one in maps))
    versions: dict[str, str] = {}
    for start in range(0, len(every), AT_ONCE):
        said = tx.worklist.said(every[start : start + AT_ONCE])
        versions |= {study: version for study, (version, _) in said.items()}
    return frozenset(one.study for one in maps if versions.get(one.study) == one.version)


def elsewhere(maps: Iterable[Lying], points: Calling, version: str) -> tuple[Lying, ...]:
    """Those maps by a network's version that look elsewhere, and whose finding is called on their own film."""
    return tuple(one for one in maps if one.version == version and _called(one, points))


def _called(one: Lying, points: Calling) -> bool:
    return points.called(one.network, one.version, one.finding, one.probability)


def known(tx: Transaction, reader: str) -> Mapping[str, Mapping[str, Opinion]]:
    """By study and finding what is known of it: what the reader says goes before what a table says."""
    told: dict[str, dict[str, Opinion]] = {
        study: {finding: "present" if there else "absent" for finding, there in labels.items()}
        for study, labels in tx.cohorts.given().items()
    }
    for study, mine in tx.opinions.of_reader(reader).items():
        told.setdefault(study, {}).update(mine)
    return told
