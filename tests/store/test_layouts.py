"""Saved layouts: one per reader and name, one of them the last, and none is anybody else's."""

from dataclasses import replace

import pytest

from app.errors import NotFound
from app.store import Layout, Store

ONE, TWO, THREE = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"
TWO_BY_TWO = Layout(
    "two by two", 2, 2, ("film", "map:lrp", "", "map:cam"), {"1": {"unlinked": ["zoom"], "values": {"zoom": 2.5}}}, True
)
ONE_PANE = Layout("one", 1, 1, ("film",), {}, False)


def test_a_layout_comes_back_as_it_was_and_twice_is_once(store: Store) -> None:
    with store.begin() as tx:
        tx.layouts.keep(ONE, "reader", TWO_BY_TWO)
        kept = tx.layouts.keep(ONE, "reader", TWO_BY_TWO)
        other = tx.layouts.keep(TWO, "reader", ONE_PANE)
    with store.view() as tx:
        assert tx.layouts.of_reader("reader") == (kept, other)
        assert tx.layouts.of_reader("another") == ()
    assert kept.layout == TWO_BY_TWO


def test_a_name_is_there_once_and_one_layout_is_the_last(store: Store) -> None:
    again = Layout("two by two", 1, 2, ("film", "map:rap"), {}, True)
    with store.begin() as tx:
        tx.layouts.keep(ONE, "reader", TWO_BY_TWO)
        tx.layouts.keep(TWO, "another", TWO_BY_TWO)
        tx.layouts.keep(THREE, "reader", again)
    with store.view() as tx:
        assert [(row.id, row.layout) for row in tx.layouts.of_reader("reader")] == [(THREE, again)]
        assert [(row.id, row.layout.last) for row in tx.layouts.of_reader("another")] == [(TWO, True)]
    with store.begin() as tx:
        tx.layouts.keep(ONE, "reader", Layout("one", 1, 1, ("film",), {}, True))
        assert {row.id: row.layout.last for row in tx.layouts.of_reader("reader")} == {THREE: False, ONE: True}


def test_nobody_changes_or_removes_anothers(store: Store) -> None:
    with store.begin() as tx:
        tx.layouts.keep(ONE, "reader", ONE_PANE)
    with pytest.raises(NotFound), store.begin() as tx:
        tx.layouts.keep(ONE, "another", TWO_BY_TWO)
    with pytest.raises(NotFound), store.begin() as tx:
        tx.layouts.remove(ONE, "another")
    with store.begin() as tx:
        assert len(tx.layouts.of_reader("reader")) == 1
        tx.layouts.remove(ONE, "reader")
        assert tx.layouts.of_reader("reader") == ()
    with pytest.raises(NotFound), store.begin() as tx:
        tx.layouts.remove(ONE, "reader")


def test_one_layout_opens_every_case_of_a_kind(store: Store) -> None:
    with store.begin() as tx:
        tx.layouts.keep(ONE, "reader", replace(TWO_BY_TWO, opens="film"))
        tx.layouts.keep(TWO, "reader", replace(ONE_PANE, opens="MR"))
        tx.layouts.keep(THREE, "reader", replace(ONE_PANE, name="three", opens="film"))
    with store.view() as tx:
        rows = tx.layouts.of_reader("reader")
    assert {row.id: (row.layout.opens, row.layout.last) for row in rows} == {
        ONE: ("", True),
        TWO: ("MR", False),
        THREE: ("film", False),
    }
