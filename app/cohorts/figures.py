"""From what networks said of a cohort to the figures of its report. Knows `app.evaluation` and numbers; draws are seeded, so
that the same cohort has the same figures wherever it is measured."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from app import __version__
from app.cohorts import report
from app.cohorts.cases import Case, Column, Network, column
from app.cohorts.report import ENOUGH, Estimate
from app.cohorts.table import NOT_KNOWN, in_order
from app.evaluation import intervals
from app.evaluation.calibration import calibration_slope, expected_error, reliability
from app.evaluation.operating import reached
from app.evaluation.paired import bootstrapped, delong
from app.evaluation.predictions import auroc, auroc_draws, auroc_interval
from app.evaluation.shortcuts import within
from app.evaluation.thresholds import Thresholds, confusion, thresholds

FEWEST = 3
"""Films with and without a finding that an interval needs."""
ROUNDS = 1000
"""Draws of patients per interval."""
SLOPES = 200
"""Draws per calibration slope, each of which is a regression."""


def measured(
    name: str,
    table: report.Table,
    cases: Sequence[Case],
    networks: Sequence[Network],
    *,
    rounds: int = ROUNDS,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> report.Report:
    """The report of a cohort whose cases every network has read, or not. ``tell`` hears how many findings are done, and of how
    many, before the next is begun."""
    pairs = [(place, net, at, finding) for place, net in enumerate(networks) for at, finding in _shared(table, net)]
    judged: list[_Judged] = []
    groups: list[report.Group] = []
    carried: list[report.Within] = []
    for done, (place, net, at, finding) in enumerate(pairs):
        tell(done, len(pairs))
        own = column(cases, at, finding, place)
        if own.rows.size:
            one = _Judged(net.name, finding, own, net.points[finding], rounds)
            judged.append(one)
            for number, group in enumerate(table.groups):
                values = np.array([cases[row].groups[number] for row in own.rows.tolist()], np.str_)
                groups += one.groups(group, values)
                carried += one.within(group, values)
    tell(len(pairs), len(pairs))
    told = [one.figures() for one in judged]
    patients = np.array([case.patient for case in cases])
    made = report.Report(
        version=__version__,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        name=name,
        table=table,
        networks=tuple(_network(place, net, cases) for place, net in enumerate(networks)),
        findings=tuple(told),
        means=tuple(_mean(net.name, list(zip(judged, told, strict=True)), patients, rounds) for net in networks),
        groups=tuple(groups),
        within=tuple(carried),
        unread=tuple(
            report.Unread(net.name, case.name, case.said[place].why)
            for place, net in enumerate(networks)
            for case in cases
            if case.said[place].probabilities is None
        ),
    )
    return replace(made, differences=tuple(_differences(cases, networks, table, rounds))) if len(networks) == 2 else made


def _shared(table: report.Table, net: Network) -> Iterator[tuple[int, str]]:
    """The findings of the table that a network answers for, with their places."""
    return ((at, finding) for at, finding in enumerate(table.findings) if finding in net.points)


def _network(place: int, net: Network, cases: Sequence[Case]) -> report.Network:
    unread = [case.said[place] for case in cases if case.said[place].probabilities is None]
    refused = sum(said.refused for said in unread)
    read, failed = len(cases) - len(unread), len(unread) - refused
    return report.Network(net.name, net.sha256, net.title, net.banner, read, refused, failed, net.moved)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One finding by one network, and the cases in which it can be judged."""

    network: str
    finding: str
    own: Column
    point: float
    rounds: int

    def figures(self) -> report.Finding:
        """The figures over all of these cases."""
        own = self.own
        positives, negatives = int(own.truth.sum()), int((~own.truth).sum())
        every = thresholds(own.probabilities, own.truth)
        at = confusion(own.probabilities, own.truth, self.point)
        shares = reached(own.probabilities, own.truth, own.patients, self.point)
        return report.Finding(
            network=self.network,
            finding=self.finding,
            films=len(own.truth),
            patients=len(set(own.patients.tolist())),
            positives=positives,
            negatives=negatives,
            auroc=_auroc(own, self.rounds),
            average_precision=None if every is None else every.average_precision(),
            point=self.point,
            sensitivity=_share(shares.sensitivity, own.patients[own.truth]),
            specificity=_share(shares.specificity, own.patients[~own.truth]),
            precision=_told(at.precision),
            negative_value=_told(at.negative_value),
            f1=_told(at.f1),
            hits=at.hits,
            misses=at.misses,
            alarms=at.alarms,
            rejections=at.rejections,
            calibration=_calibration(own) if min(positives, negatives) >= FEWEST else None,
            curve=() if every is None else _curve(every.thinned()),
        )

    def groups(self, name: str, values: NDArray[np.str_]) -> Iterator[report.Group]:
        """The figures of each group of a column."""
        for value in sorted(set(values.tolist()), key=in_order):
            part = self.own.only(values == value)
            shares = reached(part.probabilities, part.truth, part.patients, self.point)
            yield report.Group(
                network=self.network,
                finding=self.finding,
                column=name,
                value=value,
                films=len(part.truth),
                positives=int(part.truth.sum()),
                auroc=_auroc(part, self.rounds),
                sensitivity=_share(shares.sensitivity, part.patients[part.truth]),
                specificity=_share(shares.specificity, part.patients[~part.truth]),
            )

    def within(self, name: str, values: NDArray[np.str_]) -> Iterator[report.Within]:
        """What a column has to do with the figure, where it parts the cases of which it is known."""
        known = values != NOT_KNOWN
        own, values = self.own.only(known), values[known]
        names = sorted(set(values.tolist()))
        if len(names) < 2:
            return
        told = None
        if len(names) == 2:
            side, without = values == names[1], ~own.truth
            if min(int((side & without).sum()), int((~side & without).sum())) >= FEWEST:
                whole = auroc_interval(own.probabilities[without], side[without], own.patients[without], self.rounds)
                told = Estimate(_told(whole.value), _told(whole.low), _told(whole.high))
        pooled, alike = auroc(own.probabilities, own.truth), within(own.probabilities, own.truth, values)
        yield report.Within(self.network, self.finding, name, _told(pooled), _told(alike), told, tuple(names))


def _curve(every: Thresholds) -> tuple[report.Step, ...]:
    values = [None if math.isinf(value) else value for value in every.values.tolist()]
    return tuple(map(report.Step, values, every.hits.tolist(), every.alarms.tolist()))


def _calibration(own: Column) -> report.Calibration:
    bins = reliability(own.probabilities, own.truth)
    clipped = np.clip(own.probabilities, 1e-7, 1 - 1e-7)
    slope = calibration_slope(np.log(clipped / (1 - clipped)), own.truth, own.patients, SLOPES)
    return report.Calibration(
        slope=Estimate(_told(slope.slope), _told(slope.low), _told(slope.high)),
        intercept=_told(slope.intercept),
        error=expected_error(bins),
        brier=float(np.mean((own.probabilities - own.truth) ** 2)),
        bins=bins,
    )


def _mean(
    network: str, judged: Sequence[tuple[_Judged, report.Finding]], patients: NDArray[np.str_], rounds: int
) -> report.Mean:
    """The means over the findings with enough films on either side; the interval draws the same patients for all of them."""
    own = [(one, told) for one, told in judged if one.network == network and min(told.positives, told.negatives) >= ENOUGH]
    if not own:
        return report.Mean(network, Estimate(None, None, None), None, ())
    drawn = []
    for one, _ in own:
        scores, positive, negative = np.zeros(len(patients)), np.zeros(len(patients), bool), np.zeros(len(patients), bool)
        rows, truth = one.own.rows, one.own.truth
        scores[rows], positive[rows], negative[rows] = one.own.probabilities, truth, ~truth
        drawn.append(auroc_draws(scores, positive, patients, rounds, without=negative))
    means = np.mean(drawn, axis=0)
    low, high = np.percentile(means[~np.isnan(means)], (2.5, 97.5)) if not np.isnan(means).all() else (math.nan, math.nan)
    areas = [told.auroc.value for _, told in own if told.auroc.value is not None]
    precision = [told.average_precision for _, told in own if told.average_precision is not None]
    return report.Mean(
        network,
        Estimate(float(np.mean(areas)), _told(float(low)), _told(float(high))),
        float(np.mean(precision)),
        tuple(told.finding for _, told in own),
    )


def _differences(
    cases: Sequence[Case], networks: Sequence[Network], table: report.Table, rounds: int
) -> Iterator[report.Difference]:
    """The paired difference of two networks, finding by finding, on the films that both have read."""
    for at, finding in enumerate(table.findings):
        if any(finding not in net.points for net in networks):
            continue
        first, second = (column(cases, at, finding, place) for place in (0, 1))
        _, one, other = np.intersect1d(first.rows, second.rows, return_indices=True)
        truth, patients = first.truth[one], first.patients[one]
        if min(int(truth.sum()), int((~truth).sum())) < FEWEST:
            continue
        scores = (first.probabilities[one], second.probabilities[other])
        films, drawn = delong(*scores, truth), bootstrapped(*scores, truth, patients, rounds=rounds)
        yield report.Difference(
            finding=finding,
            films=len(truth),
            positives=int(truth.sum()),
            first=_told(films.first),
            second=_told(films.second),
            delong=Estimate(_told(films.value), _told(films.low), _told(films.high)),
            delong_p=_told(films.p),
            drawn=Estimate(_told(drawn.value), _told(drawn.low), _told(drawn.high)),
            drawn_p=_told(drawn.p),
            several=len(set(patients.tolist())) < len(patients),
        )


def _auroc(own: Column, rounds: int) -> Estimate:
    """With an interval where there are enough films for one. Where all pairs are in order every draw is, too: then as many are
    right (or wrong) as there are patients on the smaller side, and the interval is Wilson's of that."""
    sick, well = own.patients[own.truth], own.patients[~own.truth]
    if min(len(sick), len(well)) < FEWEST:
        return Estimate(_told(auroc(own.probabilities, own.truth)), None, None)
    found = auroc_interval(own.probabilities, own.truth, own.patients, rounds)
    if found.value in {0.0, 1.0}:
        people = min(len(set(sick.tolist())), len(set(well.tolist())))
        return Estimate(found.value, *intervals.wilson(round(found.value * people), people))
    return Estimate(_told(found.value), _told(found.low), _told(found.high))


def _share(of: intervals.Mean, patients: NDArray[np.str_]) -> Estimate:
    """A share with its interval over patients. Where it is 0 or 1 every draw is, too, and the interval would have no width: it
    is Wilson's then, of as many cases as there are patients."""
    if of.count and of.value in {0.0, 1.0}:
        people = len(set(patients.tolist()))
        return Estimate(of.value, *intervals.wilson(round(of.value * people), people))
    return Estimate(_told(of.value), _told(of.low), _told(of.high))


def _told(value: float) -> float | None:
    """A figure, or None where it is not defined."""
    return float(value) if math.isfinite(value) else None
