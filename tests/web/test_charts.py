"""Where a card's figures and curves lie on the pictures of its page."""

import pytest

from app.classifiers.curves import Reliability, Roc
from app.classifiers.measured import Calibration, Figure, Outside
from app.domain import Bin
from app.web.charts import FigureTable, OutsideTable, bars, diagrams, line, panels, tables


def figure(source: str = "a", finding: str = "Mass", metric: str = "AUROC", **changes: float) -> Figure:
    told = {"value": 0.75, "low": 0.6, "high": 0.9, "positives": 20, "negatives": 30, **changes}
    return Figure(source, finding, metric, **told)  # type: ignore[arg-type]  # numbers all


def calibration(slope: float, source: str = "a") -> Calibration:
    return Calibration(source, slope, slope - 0.1, slope + 0.1, 0.0, 0.01, 100)


def test_the_scale_begins_at_a_coins_toss_or_below_the_lowest_interval() -> None:
    def table(low: float, beside: float | None = None) -> FigureTable:
        return FigureTable("a", "AUROC", (Figure("a", "Mass", "AUROC", 0.75, low, 0.9, 1, 1, beside),))

    assert (table(0.6).start, table(0.5).start, table(0.374).start, table(0.0).start) == (0.5, 0.5, 0.3, 0.0)
    assert (table(0.6, 0.41).start, table(0.6, 0.0).start) == (0.4, 0.0)
    assert [table(0.6).place(value) for value in (0.4, 0.5, 0.75, 1.0, 1.2)] == [0, 0, 50, 100, 100]


def test_figures_are_told_per_source_and_metric() -> None:
    found = tables((figure("a"), figure("b"), figure("a", "Nodule"), figure("a", metric="AP")))
    assert [(table.source, table.metric, len(table.rows)) for table in found] == [
        ("a", "AUROC", 2),
        ("b", "AUROC", 1),
        ("a", "AP", 1),
    ]


def test_a_mean_is_over_findings_that_enough_films_have() -> None:
    rows = (figure(value=0.6, beside=0.7), figure(value=0.8, beside=0.8), figure(value=0.1, positives=9))
    (table,) = tables(rows)
    assert table.mean == pytest.approx(0.7)
    assert table.mean_beside == pytest.approx(0.75)
    assert table.beside
    (alone,) = tables((*rows, figure(value=0.7)))
    assert alone.mean_beside is None, "a mean over other findings cannot stand beside"
    (few,) = tables(rows[2:])
    assert (few.mean, few.mean_beside, few.beside) == (None, None, False)


def test_inside_and_outside_share_a_scale() -> None:
    table = OutsideTable((Outside("a", "b", "Mass", 0.9, 0.8, 0.95, 0.5, 0.42, 0.6, 5, 5),))
    assert table.start == 0.4
    assert table.place(0.7) == 50


def test_a_roc_curve_goes_up_and_has_its_figure_beside() -> None:
    points = ((0.0, 0.0), (0.25, 0.75), (1.0, 1.0))
    curves = (Roc("a", "Mass", points), Roc("b", "Mass", points, ((0.0, 0.0), (1.0, 1.0))), Roc("a", "Nodule", points))
    found = panels(curves, (figure("a"), figure("a", metric="AP", value=0.1)))
    assert [(group.source, [panel.finding for panel in group.panels]) for group in found] == [
        ("a", ["Mass", "Nodule"]),
        ("b", ["Mass"]),
    ]
    assert line(points) == "0.0,100.0 25.0,25.0 100.0,0.0"
    assert found[0].panels[0].figure == figure("a")
    assert found[0].panels[1].figure is None
    assert (found[0].panels[0].beside, found[1].panels[0].beside) == ("", "0.0,100.0 100.0,0.0")


@pytest.mark.parametrize(
    ("slope", "verdict"), [(0.79, "extreme"), (0.8, "right"), (1.0, "right"), (1.25, "right"), (1.26, "timid")]
)
def test_a_slope_in_words(slope: float, verdict: str) -> None:
    (diagram,) = diagrams((calibration(slope),), ())
    assert diagram.verdict == verdict
    assert (diagram.marks, diagram.bars) == ((), ())


def test_a_diagram_is_drawn_with_or_without_a_slope() -> None:
    curve = Reliability("b", (Bin(0.5, 0.25, 0.0, 1.0, 40),), (1, 0, 3000, 10))
    first, second = diagrams((calibration(1.0),), (curve,))
    assert (first.source, second.source, second.calibration, second.verdict) == ("a", "b", None, "")
    (mark,) = second.marks
    assert (mark.x, mark.y, mark.low, mark.high, mark.count) == (134, 156, 206, 6, 40)
    assert [bar.count for bar in second.bars] == [1, 0, 3000, 10]
    assert [bar.height for bar in second.bars] == [0.8, 0, 30, 0.8], "a count is never invisible"
    assert {round(bar.y + bar.height) for bar in second.bars} == {244}
    assert [bar.height for bar in bars((0, 0))] == [0, 0]
