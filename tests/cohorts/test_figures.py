"""A cohort's report: every figure against scikit-learn or a count by hand, as JSON and back, and as CSV."""

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest

from app.cohorts import figures, report, writing
from app.cohorts.cases import NOT_READ, Case, Network, Said
from app.evaluation.paired import bootstrapped, delong

FINDINGS = ("Effusion", "Mass", "Hernia")
POINTS = {"Effusion": 0.3, "Mass": 0.5}
TABLE = report.Table("labels.csv", 240, ("lost.png",), 2, 3, "unknown", FINDINGS, ("view",), 120)


def network(name: str) -> Network:
    return Network(name, "0" * 64, name.title(), "", POINTS)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """240 films of 120 patients: two networks, some labels unknown, one film refused by the first and unread by the second."""
    rng = np.random.default_rng(5)
    made = []
    for number in range(240):
        sick = rng.random(2) < (0.3, 0.1)
        view = "AP" if rng.random() < 0.4 + 0.2 * sick[0] else "PA"
        logits = [rng.normal(size=2) + skill * sick - 1 for skill in (1.6, 0.8)]
        said = tuple(
            Said({"Effusion": 1 / (1 + math.exp(-z[0])), "Mass": 1 / (1 + math.exp(-z[1]))})
            for z in map(np.ndarray.tolist, logits)
        )
        if number == 7:
            said = (Said(None, ("It is a lateral film.",), refused=True), NOT_READ)
        labels = (math.nan if number % 40 == 3 else float(sick[0]), float(sick[1]), 0.0)
        made.append(Case(f"k{number}", f"film {number}.png", f"p{number // 2}", labels, (view,), said))
    return made


@pytest.fixture(scope="module")
def made(cases: list[Case]) -> report.Report:
    return figures.measured("labels", TABLE, cases, [network("one"), network("two")], rounds=200)


def arrays(cases: list[Case], place: int, finding: str) -> Any:
    at = FINDINGS.index(finding)
    kept = [one for one in cases if one.said[place].probabilities is not None and not math.isnan(one.labels[at])]
    scores = np.array([(one.said[place].probabilities or {})[finding] for one in kept])
    truth = np.array([one.labels[at] == 1 for one in kept])
    return scores, truth, np.array([one.patient for one in kept]), np.array([one.groups[0] for one in kept])


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("finding", ["Effusion", "Mass"])
def test_every_figure_is_scikit_learns(cases: list[Case], made: report.Report, place: int, finding: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="pip install --no-deps -r requirements-oracles.txt")
    scores, truth, _, views = arrays(cases, place, finding)
    one = next(f for f in made.of_network(["one", "two"][place]) if f.finding == finding)
    called = scores >= POINTS[finding]
    assert (one.films, one.positives, one.negatives) == (len(truth), truth.sum(), (~truth).sum())
    assert one.auroc.value == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
    assert one.average_precision == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-12)
    assert one.sensitivity.value == pytest.approx(metrics.recall_score(truth, called))
    assert one.specificity.value == pytest.approx(metrics.recall_score(~truth, ~called))
    assert one.precision == pytest.approx(metrics.precision_score(truth, called))
    assert one.negative_value == pytest.approx(metrics.precision_score(~truth, ~called))
    assert one.f1 == pytest.approx(metrics.f1_score(truth, called))
    assert [[one.rejections, one.alarms], [one.misses, one.hits]] == metrics.confusion_matrix(truth, called).tolist()
    assert one.calibration is not None
    assert one.calibration.brier == pytest.approx(metrics.brier_score_loss(truth, scores))
    fpr, tpr, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    curve = {t: (round(a * (~truth).sum()), round(h * truth.sum())) for a, h, t in zip(fpr, tpr, thresholds, strict=True)}
    assert all(curve[step.threshold] == (step.alarms, step.hits) for step in one.curve if step.threshold is not None)
    for group in made.groups:
        if (group.network, group.finding) == (one.network, finding):
            rows = views == group.value
            assert group.auroc.value == pytest.approx(metrics.roc_auc_score(truth[rows], scores[rows]), abs=1e-12)
            assert group.sensitivity.value == pytest.approx(metrics.recall_score(truth[rows], called[rows]))


def test_the_slope_is_that_of_a_logistic_regression(cases: list[Case], made: report.Report) -> None:
    models = pytest.importorskip("sklearn.linear_model", reason="pip install --no-deps -r requirements-oracles.txt")
    scores, truth, _, _ = arrays(cases, 0, "Effusion")
    fitted = models.LogisticRegression(C=1e9, tol=1e-10).fit(np.log(scores / (1 - scores))[:, None], truth)
    calibration = made.findings[0].calibration
    assert calibration is not None
    assert calibration.slope.value == pytest.approx(fitted.coef_[0, 0], rel=1e-4)
    assert calibration.intercept == pytest.approx(fitted.intercept_[0], abs=1e-4)
    expected = sum(b.count * abs(b.predicted - b.observed) for b in calibration.bins) / len(truth)
    assert calibration.error == pytest.approx(expected)


def test_the_difference_is_paired_and_counts_patients(cases: list[Case], made: report.Report) -> None:
    pair = made.differences[0]
    one, truth, patients, _ = arrays(cases, 0, "Effusion")
    two, *_ = arrays(cases, 1, "Effusion")
    films, drawn = delong(one, two, truth), bootstrapped(one, two, truth, patients, rounds=200)
    assert (pair.finding, pair.films, pair.several) == ("Effusion", len(truth), True)
    assert (pair.delong.value, pair.delong_p) == (films.value, films.p)
    assert (pair.drawn.low, pair.drawn.high, pair.drawn_p) == (drawn.low, drawn.high, drawn.p)


def test_means_leave_out_findings_with_too_few_films(cases: list[Case], made: report.Report) -> None:
    few = [Case(c.key, c.name, c.patient, (c.labels[0], c.labels[1] if i < 60 else 0.0, 0.0), c.groups, c.said)
           for i, c in enumerate(cases)]  # fmt: skip
    thin = figures.measured("few", TABLE, few, [network("one")], rounds=100)
    assert made.means[0].findings == ("Effusion", "Mass")
    assert thin.means[0].findings == ("Effusion",)
    assert thin.means[0].auroc.value == thin.findings[0].auroc.value
    both = [f.auroc.value for f in made.of_network("one")]
    assert made.means[0].auroc.value == pytest.approx(np.mean([value for value in both if value is not None]))
    low, value, high = made.means[0].auroc.low, made.means[0].auroc.value, made.means[0].auroc.high
    assert low is not None and value is not None and high is not None  # noqa: PT018 - one thing: there are all three
    assert low < value < high


def test_a_group_that_carries_the_figure_is_told(cases: list[Case], made: report.Report) -> None:
    one = next(w for w in made.within if (w.network, w.finding) == ("one", "Effusion"))
    assert one.groups == ("AP", "PA")
    assert one.told is not None
    shortcut = [
        Case(
            c.key,
            c.name,
            c.patient,
            c.labels,
            c.groups,
            (Said({"Effusion": 0.9 if c.groups[0] == "AP" else 0.1, "Mass": 0.5}),),
        )
        for c in cases
    ]
    told = figures.measured("x", TABLE, shortcut, [network("one")], rounds=50).within[0]
    assert told.within == 0.5
    assert told.pooled is not None
    assert told.pooled > 0.55
    assert told.told is not None
    assert told.told.value == 0.0, "it knows the projection, PA by its low values"


def test_what_was_not_read_is_told(made: report.Report) -> None:
    assert [(n.read, n.refused, n.failed) for n in made.networks] == [(239, 1, 0), (239, 0, 1)]
    assert [(u.network, u.case, u.why) for u in made.unread] == [
        ("one", "film 7.png", ("It is a lateral film.",)),
        ("two", "film 7.png", ("The network does not read it.",)),
    ]


def test_a_finding_that_nobody_has_gives_no_figure_that_is_none() -> None:
    lone = [
        Case(str(n), str(n), str(n), (float(n == 0), 0.0, 0.0), ("PA",), (Said({"Effusion": n / 10, "Mass": 0.2}),))
        for n in range(6)
    ]
    found = figures.measured("x", TABLE, lone, [network("one")], rounds=50)
    effusion, mass = found.findings
    assert (effusion.auroc.value, effusion.auroc.low) == (0.0, None)
    assert (mass.auroc.value, mass.average_precision, mass.sensitivity.value) == (None, None, None)
    assert mass.specificity.value == 1.0
    assert mass.curve == ()
    assert found.means[0].findings == ()


def test_a_report_goes_through_json(made: report.Report) -> None:
    text = json.dumps(made.plain(), allow_nan=False)
    assert report.Report.of(json.loads(text)) == made
    with pytest.raises(ValueError, match="networks"):
        report.Report.of({"version": "1"})


def test_the_cases_as_csv_give_the_figures_again(cases: list[Case], made: report.Report) -> None:
    networks = [network("one"), network("two")]
    text = writing.as_csv(writing.case_heading(TABLE, networks), writing.case_lines(cases, TABLE, networks))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 240
    read = [row for row in rows if row["probability: one: Effusion"] and row["label: Effusion"]]
    called = [row for row in read if row["called: one: Effusion"] == "1"]
    one = made.findings[0]
    assert len(called) == one.hits + one.alarms
    assert sum(row["label: Effusion"] == "1" for row in called) == one.hits
    assert rows[7]["not read: one"] == "It is a lateral film."
    assert {row["use"] for row in rows} == {report.NOTICE}


def test_the_figures_as_csv(made: report.Report) -> None:
    rows = list(csv.DictReader(io.StringIO(writing.as_csv(writing.FIGURES, writing.figure_lines(made)))))
    auroc = next(
        row for row in rows if (row["network"], row["finding"], row["metric"], row["group"]) == ("one", "Effusion", "AUROC", "")
    )
    assert float(auroc["value"]) == made.findings[0].auroc.value
    assert {"difference of AUROC (DeLong)", "AUROC within groups", "Brier score"} <= {row["metric"] for row in rows}


def test_a_share_of_all_has_an_interval_with_a_width(made: report.Report) -> None:
    said = [(Said({"Effusion": 0.9 if n < 20 else 0.1, "Mass": 0.0}),) for n in range(60)]
    films = [Case(str(n), str(n), f"p{n // 2}", (float(n < 20), 0.0, 0.0), ("PA",), said[n])
             for n in range(60)]  # fmt: skip
    found = figures.measured("x", TABLE, films, [network("one")], rounds=50).findings[0]
    assert found.sensitivity.value == 1.0
    assert found.sensitivity.low == pytest.approx(0.7225, abs=1e-3), "Wilson's, of ten patients"
    assert found.specificity.low == pytest.approx(0.8389, abs=1e-3), "of twenty"
