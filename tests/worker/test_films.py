"""The worker: from a stored study to stored results, whoever dies on the way. Real networks, untrained."""

import logging
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app import reading
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Patient
from app.errors import Unavailable
from app.evaluation.agreement import Heat, compared, weight
from app.store import JobRow, Store, WorklistQuery
from app.worker import Worker
from tests.store.films import image, raw, study
from tests.waiting import until
from tests.work import look, queued, wait_until_ended

FIVE = ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")


def test_a_study_is_analysed_and_its_top_finding_explained_by_every_method(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    job = queued(store, tmp_path)
    assert worker.run_job(job.id)
    done, row = look(store, job)
    assert (done.state, done.step, done.of, row.state) == ("done", 6, 6, "done")
    with store.view() as tx:
        (said,) = tx.answers.of_study(row.id)
        maps = tx.layers.of_study(row.id)
        values = tx.layers.values(maps[0].id)
    assert said.answer.model == "chest-untrained"
    assert {one.method for one in maps} == set(FIVE)
    assert {one.finding for one in maps} == {said.answer.top().finding}
    assert np.isfinite(values).all()
    assert not worker.run_job(job.id)
    assert not worker.work_once()


def test_how_far_methods_agree_is_kept_with_the_maps_and_caught_up_with(
    store: Store, worker: Worker, settings: Settings, tmp_path: Path
) -> None:
    job = queued(store, tmp_path)
    worker.run_job(job.id)
    with store.view() as tx:
        (kept,) = tx.agreements.of_study(job.study_id)
        maps = {row.method: Heat(tx.layers.values(row.id), row.extent) for row in tx.layers.of_study(job.study_id)}
        size = tx.studies.get(job.study_id).images[0]
    order = [name for name in ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive") if maps[name].values.max() > 0]
    expected = compared({name: maps[name] for name in order}, (size.rows, size.columns))
    assert len(order) >= 3
    assert kept.methods == tuple(order)
    assert expected.rank is not None
    assert kept.rank == pytest.approx(expected.rank, abs=1e-6)
    assert kept.disagreement == pytest.approx(1 - expected.rank, abs=1e-6)
    with store.view() as tx:
        (listed,) = tx.worklist.page(WorklistQuery()).rows
    (said,) = listed.said[:1]
    point = Registry(settings.models).remembered(listed.network).operating_point(said.finding, listed.version).at
    assert listed.counted == {said.finding: kept.disagreement if weight(said.probability, point) else None}
    with raw(settings) as connection:  # as a study that was analysed before agreements were weighed
        connection.exec_driver_sql("update agreements set weight = null")
        connection.exec_driver_sql("update studies set disagreement = null, weighed = null")
    worker.start()

    def again() -> bool:
        with store.view() as tx:
            return tx.worklist.page(WorklistQuery()).rows == (listed,)

    assert until(again)
    with store.view() as tx:
        assert tx.agreements.of_study(job.study_id)[0].rank == kept.rank


def test_a_study_nobody_reads_is_kept_and_says_so(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path, study(modality="MR", body_part="KNEE"))
    assert worker.work_once()
    done, row = look(store, job)
    assert (done.state, row.state) == ("done", "no network")


def test_a_wrong_request_fails_with_its_sentence(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path, study(modality="MR", body_part="KNEE"), model="phantom-by-name")
    assert worker.work_once()
    failed, row = look(store, job)
    assert (failed.state, row.state) == ("failed", "failed")
    assert "does not read this study" in failed.error_template % failed.error_values


def test_weights_that_were_changed_are_not_run(store: Store, settings: Settings, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "chest-untrained"
    folder.mkdir(parents=True)
    for name in ("card.toml", "weights.safetensors"):
        (folder / name).write_bytes((models / "chest-untrained" / name).read_bytes())
    with (folder / "weights.safetensors").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        weights.write(b"\xff")
    job = queued(store, tmp_path)
    Worker(settings.model_copy(update={"models": tmp_path / "models"}), store).work_once()
    failed, _ = look(store, job)
    assert "They were not loaded" in failed.error_template % failed.error_values


def test_a_failure_nobody_foresaw_ends_the_job_and_tells_the_log_where_but_not_whom(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Canary^Patient broke it")

    monkeypatch.setattr(reading, "read", broken)
    job = queued(store, tmp_path, study(image(shape=(64, 64)), patient=Patient("Canary^Patient", "CANARY")))
    with caplog.at_level(logging.DEBUG):
        assert worker.work_once()
    failed, _ = look(store, job)
    assert failed.error_template % failed.error_values == (
        f"Something went wrong in the analysis (RuntimeError). The log has more under job {job.id}."
    )
    assert "RuntimeError at" in caplog.text
    assert job.id in caplog.text
    assert "anary" not in caplog.text


def test_another_finding_is_explained_on_demand_and_only_what_is_missing(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    worker.work_once()
    _, row = look(store, job)
    with store.view() as tx:
        stack_id = tx.stacks.of_image(row.images[0].id).id

    def explain() -> JobRow:
        with store.begin() as tx:
            asked = tx.jobs.explain(row.id, "chest-untrained", "Hernia", stack_id=stack_id)
        assert worker.work_once()
        return look(store, asked)[0]

    first = explain()
    assert (first.state, first.step, first.of) == ("done", 6, 6)
    again = explain()
    assert (again.state, again.of) == ("done", 0)
    with store.view() as tx:
        maps = tx.layers.of_stack(stack_id, finding="Hernia")
        assert {one.method for one in maps} == set(FIVE)
    assert look(store, job)[1].state == "done"


def test_methods_and_variants_that_are_named_are_computed_and_no_other(store: Store, worker: Worker, tmp_path: Path) -> None:
    first = queued(store, tmp_path)
    worker.run_job(first.id)
    with store.begin() as tx:
        (stack,) = tx.stacks.of_study(first.study_id)
        before = {(one.method, one.finding) for one in tx.layers.of_stack(stack.id)}
        wanted = ("gradcam", "lrp.sd", "cam.random-25")
        job = tx.jobs.explain(stack.study_id, "chest-untrained", "Hernia", stack_id=stack.id, methods=wanted)
    assert worker.run_job(job.id)
    done, _ = look(store, job)
    assert (done.state, done.step, done.of) == ("done", 4, 4)
    with store.view() as tx:
        after = tx.layers.of_stack(stack.id)
        assert {(one.method, one.finding) for one in after} - before == {(name, "Hernia") for name in wanted}
        (spread,) = (one for one in after if one.method == "lrp.sd")
    assert (spread.scale, spread.producer.parameters["draws"]) == ("positive", 8)


def test_what_is_finished_is_not_done_again(store: Store, worker: Worker, tmp_path: Path) -> None:
    job = queued(store, tmp_path)
    worker.work_once()
    with store.view() as tx:
        before = tx.layers.of_study(job.study_id)
    second = queued(store, tmp_path, study(image("1.2.3.2", 4, (64, 64))), content=b"2")
    assert second.study_id == job.study_id
    worker.work_once()
    done, row = look(store, second)
    assert (done.state, done.of, len(row.images)) == ("done", 6, 2)
    with store.view() as tx:
        after = tx.layers.of_study(job.study_id)
    assert {one.created_at for one in before} <= {one.created_at for one in after}
    assert len(after) == 10


def test_the_thread_wakes_works_and_stops(store: Store, worker: Worker, tmp_path: Path) -> None:
    assert not worker.alive()
    worker.start()
    job = queued(store, tmp_path)
    worker.wake()
    assert wait_until_ended(store, job).state == "done"
    assert worker.alive()
    started = time.monotonic()
    worker.stop()
    assert not worker.alive()
    assert time.monotonic() - started < 5


def test_a_store_that_is_away_for_a_while_does_not_end_the_worker(
    store: Store, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    view = store.view
    calls: list[int] = []

    def away() -> object:
        here = threading.get_ident()
        if here not in calls:
            calls.append(here)
            raise Unavailable("The database cannot be reached just now. Try again in a moment.")
        return view()

    job = queued(store, tmp_path)
    monkeypatch.setattr(store, "view", away)
    worker.start()
    monkeypatch.setattr("app.worker.loop.POLL_SECONDS", 0.05)

    def ended() -> bool:
        with view() as tx:
            return not tx.jobs.get(job.id).open

    until(ended)
    assert "cannot reach its jobs" in caplog.text
    assert "questions cannot be reached" in caplog.text
