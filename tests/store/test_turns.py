"""Writers of one process come in the order in which they asked, and wait as long as the queue moves."""

import threading
import time

import pytest

from app.errors import Unavailable
from app.store import Store
from app.store import store as module
from app.store.turns import Turns
from tests.waiting import until


def work(seconds: float) -> None:
    """What takes so long."""
    begun = time.monotonic()
    until(lambda: time.monotonic() > begun + seconds)


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order, waiting = Turns(), [], []

    def take(number: int) -> None:
        with turns.turn(60):
            order.append(number)

    with turns.turn(60):
        for number in range(20):
            waiting.append(threading.Thread(target=take, args=(number,)))
            waiting[-1].start()
            until(lambda: len(turns._waiting) > number)  # noqa: B023 - looked at before the next
    for thread in waiting:
        thread.join()
    assert order == list(range(20))


def test_a_queue_that_moves_is_waited_for_and_one_that_stands_is_not() -> None:
    turns, served = Turns(), []

    def take() -> None:
        with turns.turn(0.5):
            work(0.1)
            served.append(1)

    threads = [threading.Thread(target=take) for _ in range(12)]  # 1.2 s in all, nobody longer than 0.1 s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(served) == 12
    with turns.turn(1):
        with pytest.raises(Unavailable, match="busy"), turns.turn(0.05):
            pass
        assert not turns._waiting
    with turns.turn(0):
        pass


def test_many_writers_get_through_where_the_database_alone_would_give_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 1)
    failures: list[Exception] = []

    def write() -> None:
        try:
            with store.begin() as tx:
                tx.uploads.add([])
                work(0.1)
        except Unavailable as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
