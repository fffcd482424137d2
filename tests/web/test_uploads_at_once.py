"""Uploads that wait hold nobody up, neither pages nor small uploads, and leave nothing when they are cut off."""

import asyncio
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from app.config import Settings
from app.desk.intake import Intake
from app.store import Store
from app.web.lanes import READERS, Lane
from tests import loops
from tests.waiting import until
from tests.web import films
from tests.web.conftest import HOST, SAME_SITE


def client(app: FastAPI) -> AsyncClient:
    """A browser in the test's own event loop."""
    return AsyncClient(transport=ASGITransport(app), base_url=HOST, headers=SAME_SITE)


def form(*numbers: int) -> list[tuple[str, tuple[str, bytes]]]:
    """Files of an upload."""
    return [("files", (f"{number}.dcm", films.dicom(number))) for number in numbers]


def queued(store: Store) -> bool:
    """Whether as many uploads as there are threads for them wait for the writers' lock."""
    assert store._turns is not None
    return len(store._turns._waiting) >= READERS


def stored(store: Store) -> int:
    """How many studies there are."""
    with store.view() as tx:
        return tx.studies.count()


def test_pages_are_answered_while_more_uploads_wait_than_there_are_threads(app: FastAPI, store: Store) -> None:
    """The writers' lock is held for a while, and sixty uploads queue for it: as many as there are threads, and half as many."""

    async def run() -> tuple[float, list[int]]:
        async with client(app) as browser:
            with store.begin():
                uploads = [asyncio.create_task(browser.post("/studies", files=form(n))) for n in range(60)]
                await asyncio.to_thread(until, partial(queued, store))
                started = time.perf_counter()
                for address in ("/healthz", "/", "/upload"):
                    assert (await browser.get(address)).status_code == 200
                took = time.perf_counter() - started
                assert not any(upload.done() for upload in uploads)
            return took, [(await upload).status_code for upload in uploads]

    took, statuses = loops.run(run())
    assert took < 5, "a page waited for uploads"
    assert set(statuses) == {303}
    with store.view() as tx:
        assert tx.studies.count() == tx.jobs.waiting() == 60


def test_a_small_upload_goes_between_the_batches_of_large_ones(
    app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.intake.BATCH_FILES", 1)
    begun = threading.Event()
    step = Intake.step

    def seen(self: Intake) -> bool:
        begun.set()
        return step(self)

    monkeypatch.setattr(Intake, "step", seen)

    async def run() -> int:
        async with client(app) as browser:
            large = [asyncio.create_task(browser.post("/studies", files=form(*range(n, n + 20)))) for n in (100, 200, 300, 400)]
            await asyncio.to_thread(until, begun.is_set)
            assert (await browser.post("/studies", files=form(1))).status_code == 303
            with store.view() as tx:
                stored = tx.studies.count()
            assert {(await each).status_code for each in large} == {303}
            return stored

    assert loops.run(run()) < 60, "the small one was behind the large ones"


def test_an_upload_that_the_server_cuts_off_leaves_no_folder_and_is_analysed(
    app: FastAPI, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.intake.BATCH_FILES", 1)

    async def run() -> None:
        async with client(app) as browser:
            upload = asyncio.create_task(browser.post("/studies", files=form(*range(30))))
            await asyncio.to_thread(until, partial(stored, store))
            upload.cancel()
            with pytest.raises(asyncio.CancelledError):
                await upload

    loops.run(run())
    assert list((settings.var / "uploads").iterdir()) == []
    with store.view() as tx:
        assert 0 < tx.studies.count() < 30
        assert tx.jobs.waiting() == tx.studies.count()
    assert store.sweep(-1) == 0


def test_work_that_is_cancelled_before_its_turn_is_not_done_and_in_it_is_waited_for() -> None:
    lane, go, done = Lane(1, "test"), threading.Event(), []

    def work(name: str) -> None:
        go.wait()
        done.append(name)

    async def run() -> list[str]:
        first, second = (asyncio.create_task(lane.run(partial(work, name))) for name in ("first", "second"))
        await asyncio.to_thread(until, lambda: lane._threads._work_queue.qsize() == 1)
        second.cancel()
        first.cancel()
        ended, _ = await asyncio.wait([first], timeout=0.1)
        assert not ended, "what it works on may go only when it has ended"
        go.set()
        for task in (first, second):
            with pytest.raises(asyncio.CancelledError):
                await task
        return done

    assert loops.run(run()) == ["first"]


def test_an_uploads_failure_is_its_own(app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full for one; the next is stored."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def run() -> tuple[int, int]:
        async with client(app) as browser:
            with monkeypatch.context() as broken:
                broken.setattr(Path, "replace", full)
                first = (await browser.post("/studies", files=form(1))).status_code
            return first, (await browser.post("/studies", files=form(1))).status_code

    assert loops.run(run()) == (503, 303)
    assert store.sweep(-1) == 0
