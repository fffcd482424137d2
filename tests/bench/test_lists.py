"""The worklist with many studies in it, measured with few."""

from app.bench import lists


def test_lists_are_measured() -> None:
    figures = list(lists.measure(1, studies=3))
    assert [figure.name for figure in figures[::2]] == [f"list of 3 studies, {kind}" for kind in lists.ASKED]
    assert all(figure.name.endswith(", p95") and 0 < figure.value < 60 for figure in figures[1::2])
    assert [len(figure.samples) for figure in figures[::2]] == [len(addresses) for addresses in lists.ASKED.values()]


def test_the_time_that_95_of_100_keep() -> None:
    assert lists.p95(range(1, 101)) == 95
    assert lists.p95((3.0, 1.0)) == 3.0
    assert lists.p95((2.0,)) == 2.0
