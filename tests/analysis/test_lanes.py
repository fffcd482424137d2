"""Lanes: results in the order of the pieces, never more under way than was said, and an end that leaves nothing half told."""

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from app.analysis.lanes import Lanes, Piece
from tests.waiting import until


def never() -> bool:
    return False


def numbered(count: int, work: Callable[[int], list[int]]) -> Iterator[Piece[int]]:
    return (partial(work, number) for number in range(count))


def test_results_come_in_the_order_of_the_pieces_however_long_each_takes() -> None:
    second = threading.Event()

    def work(number: int) -> list[int]:
        if number == 0:
            second.wait()  # the first piece ends after the second one
        if number == 1:
            second.set()
        return [10 * number, 10 * number + 1]

    found = list(Lanes[int](2, 3).results(numbered(5, work), never))
    assert found == [0, 1, 10, 11, 20, 21, 30, 31, 40, 41]


def test_no_more_pieces_are_asked_for_and_none_runs_on_than_was_said() -> None:
    asked: list[int] = []
    told: list[int] = []

    def pieces() -> Iterator[Piece[int]]:
        for number in range(20):
            asked.append(number)
            yield partial(endless, number)

    def endless(number: int) -> Iterator[int]:
        for place in range(1000):
            told.append(number)
            yield place

    lanes = Lanes[int](2, 3, 4).results(pieces(), never)
    assert [next(lanes) for _ in range(5)] == [0, 1, 2, 3, 4]
    until(lambda: told.count(1) == 5, told="four wait, one is held")
    assert asked == [0, 1, 2]
    assert told.count(0) <= 5 + 5
    lanes.close()  # type: ignore[attr-defined]
    assert told.count(1) == 5, "nobody takes what is left"


def test_what_a_piece_raises_is_raised_in_its_place() -> None:
    def work(number: int) -> list[int]:
        if number == 2:
            raise ValueError("the third")
        return [number]

    told = Lanes[int](2, 4).results(numbered(9, work), never)
    assert [next(told), next(told)] == [0, 1]
    with pytest.raises(ValueError, match="the third"):
        next(told)


@pytest.mark.parametrize("finish", [True, False])
def test_once_stopped_what_has_begun_is_told_or_nothing_more(finish: bool) -> None:
    begun: list[int] = []
    go = threading.Event()
    stop = threading.Event()

    def work(number: int) -> list[int]:
        begun.append(number)
        if number:
            go.wait()
        return [number]

    def stopped() -> bool:
        looks.append(stop.is_set())
        if looks.count(True) > 3 * finish:
            go.set()  # those that have begun end after those that wait were dropped
        return stop.is_set()

    looks: list[bool] = []
    lanes = Lanes[int](2, 6, finish=finish).results(numbered(20, work), stopped)
    assert next(lanes) == 0
    until(lambda: begun == [0, 1, 2])
    looks.clear()
    stop.set()
    assert list(lanes) == ([1, 2] if finish else [])
    go.set()
    assert begun == [0, 1, 2]


def test_each_thread_begins_as_it_was_told() -> None:
    local = threading.local()

    def begin() -> None:
        local.ready = True

    assert list(Lanes[bool](2, 4, begin=begin).results((lambda: [local.ready] for _ in range(6)), never)) == [True] * 6
