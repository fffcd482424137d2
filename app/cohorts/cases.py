"""What is known of a cohort: its networks, and of every film or exam its labels, groups and what each network said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.cohorts.table import Row
from app.domain import frozen


@dataclass(frozen=True, slots=True)
class Network:
    """A network as a cohort knows it. ``points`` are the probabilities from which on it calls its findings; ``moved`` those
    that are not its card's."""

    name: str
    sha256: str
    title: str
    banner: str
    points: Mapping[str, float] = field(hash=False)
    moved: tuple[str, ...] = ()

    @classmethod
    def of(cls, card: Card, moved: Mapping[str, float] | None = None) -> "Network":
        """As its card says, but for points that somebody moved."""
        own = {finding: point for finding, point in (moved or {}).items() if finding in card.findings}
        points = {finding: card.point(finding) for finding in card.findings} | own
        return cls(card.name, card.sha256, card.title, card.banner, points, tuple(own))


@dataclass(frozen=True, slots=True)
class Said:
    """What a network said of a case: the probability by finding. None where it did not read it; then ``why`` are sentences that
    say why not, and ``refused`` whether its guard kept it from being read."""

    probabilities: Mapping[str, float] | None = field(hash=False)
    why: tuple[str, ...] = ()
    refused: bool = False


NOT_READ = Said(None, ("The network does not read it.",))


@dataclass(frozen=True, slots=True)
class Case:
    """A film or an exam. ``labels`` are 1, 0 or NaN, in the order of the cohort's findings; ``groups`` the cells of its group
    columns; ``said`` is there per network."""

    key: str
    name: str
    patient: str
    labels: tuple[float, ...]
    groups: tuple[str, ...]
    said: tuple[Said, ...]

    @classmethod
    def of(cls, row: Row, key: str, said: Sequence[Said]) -> "Case":
        """A row of the table, and what was said of its film or exam."""
        return cls(key, row.image, row.patient, row.labels, row.groups, tuple(said))


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One finding by one network: ``rows`` are the cases that have a label and an answer, (n,); the others go with them."""

    rows: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.bool_]
    patients: NDArray[np.str_]

    def only(self, kept: NDArray[np.bool_]) -> "Column":
        """Some of these cases."""
        return Column(self.rows[kept], self.probabilities[kept], self.truth[kept], self.patients[kept])


def column(cases: Sequence[Case], finding: int, name: str, network: int) -> Column:
    """The cases in which a finding, by its place among the cohort's findings and by its ``name``, can be judged."""
    rows, probabilities, truth, patients = [], [], [], []
    for place, case in enumerate(cases):
        said = case.said[network].probabilities
        label = case.labels[finding]
        if said is None or name not in said or np.isnan(label):
            continue
        rows.append(place)
        probabilities.append(said[name])
        truth.append(label == 1)
        patients.append(case.patient)
    return Column(
        frozen(np.array(rows, np.intp)),
        frozen(np.array(probabilities, np.float64)),
        frozen(np.array(truth, bool)),
        frozen(np.array(patients, np.str_)),
    )
