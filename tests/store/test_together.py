"""Many at once, on either database: nobody undoes what another does, nothing is counted twice, no blob goes that is needed."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from app.config import Settings
from app.domain import Patient
from app.errors import AppError, Unavailable
from app.store import Added, Layout, Question, Store, WorklistQuery
from app.store import engine as module
from tests.store.films import SHA, answer, image, layer, layer_id, raw, review, store_file, study
from tests.waiting import until

Found = TypeVar("Found")


def at_once(works: Sequence[Callable[[], Found]]) -> list[Found]:
    """What all of these return, begun at the same moment, each in a thread of its own; the first failure is raised."""
    barrier = threading.Barrier(len(works))

    def work(mine: Callable[[], Found]) -> Found:
        barrier.wait()
        return mine()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work, each) for each in works]]


def test_twenty_uploads_into_one_new_study_are_one_study(store: Store, settings: Settings, tmp_path: Path) -> None:
    def send(number: int) -> Callable[[], Added]:
        (tmp_path / str(number)).write_bytes(bytes([number]))
        film = study(image(f"1.2.3.{number}", seed=number), series_uid=f"1.2.3.{number % 4}.0", modality="MR")
        staged = store.stage(film, f"{number}.dcm", tmp_path / str(number))

        def add() -> Added:
            with store.begin() as tx:
                added = tx.studies.add(staged)
                tx.jobs.analyse(added.study_id)
                return added

        return add

    found = at_once([send(number) for number in range(20)])
    assert {added.state for added in found} == {"accepted"}
    with store.view() as tx:
        (row,) = tx.worklist.page(WorklistQuery()).rows
        whole = tx.studies.get(row.id)
        assert (row.images, len(whole.files), len(whole.series), tx.jobs.waiting()) == (20, 20, 4, 1)
    with raw(settings) as tables:
        for table, expected in (("files", 20), ("series", 4)):
            numbers = tables.exec_driver_sql(f"select number from {table} order by number").scalars().all()  # noqa: S608
            assert numbers == list(range(expected))


def test_the_same_file_from_twenty_is_stored_once(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"file")
    staged = store.stage(study(), "film.dcm", tmp_path / "file")

    def add() -> str:
        with store.begin() as tx:
            return tx.studies.add(staged).state

    assert sorted(at_once([add] * 20)) == ["accepted"] + ["already here"] * 19


def test_verdicts_of_one_moment_are_all_counted(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study()).study_id

    layers = [layer_id(store, study_id, finding=f"finding {number}") for number in range(12)]

    def judge(number: int) -> Callable[[], None]:
        def add() -> None:
            with store.begin(study_id) as tx:
                tx.reviews.add(layers[number], review(reader=f"reader {number % 3}"))

        return add

    at_once([judge(number) for number in range(12)])
    with store.view() as tx:
        assert tx.worklist.page(WorklistQuery()).rows[0].flags == 12


def test_of_two_verdicts_that_expect_the_same_one_comes_second(store: Store, tmp_path: Path) -> None:
    judged = layer_id(store, store_file(store, tmp_path, study()).study_id)

    def judge() -> bool:
        with store.begin() as tx:
            there = tx.reviews.in_force(judged, "reader")
            if there is None:
                tx.reviews.add(judged, review())
            return there is None

    assert sorted(at_once([judge] * 6)) == [False] * 5 + [True]


def test_the_same_question_asked_by_many_is_one_and_a_layout_of_one_name_too(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study()).study_id
    with store.view() as tx:
        (stack,) = tx.stacks.of_study(study_id)
    question = Question("what if", study_id, stack.id, stack.images[0], "net", SHA, {"edits": []})

    def ask() -> str:
        with store.begin() as tx:
            return tx.questions.ask(question).id

    def keep(number: int) -> Callable[[], str]:
        def kept() -> str:
            with store.begin() as tx:
                return tx.layouts.keep(f"layout{number:06d}", "reader", Layout("same", 1, 1, ("film",), {}, True)).id

        return kept

    assert len(set(at_once([ask] * 8))) == 1
    at_once([keep(number) for number in range(8)])
    with store.view() as tx:
        assert len(tx.layouts.of_reader("reader")) == 1


def test_results_of_several_workers_do_not_wait_for_one_another_on_postgresql(
    store: Store, database: str, tmp_path: Path
) -> None:
    first = store_file(store, tmp_path, study()).study_id
    second = store_file(store, tmp_path, study(image("9.1"), uid="9"), content=b"9").study_id
    with store.begin() as tx:  # a version of a network that is new to the house is written down once, and that is waited for
        tx.answers.save(second, answer("9.1"))
    done = threading.Event()

    def other() -> None:
        with store.begin(second) as tx:
            tx.answers.save(second, answer("9.1"))
        done.set()

    with store.begin(first) as tx:
        tx.answers.save(first, answer())
        thread = threading.Thread(target=other)
        thread.start()
        assert done.wait(5 if database == "postgresql" else 0.3) == (database == "postgresql")
    thread.join()
    with store.view() as tx:
        assert len(tx.answers.of_study(first)) == len(tx.answers.of_study(second)) == 1


def test_a_writer_about_one_study_writes_about_no_other(store: Store, tmp_path: Path) -> None:
    first = store_file(store, tmp_path, study()).study_id
    second = store_file(store, tmp_path, study(image("9.1"), uid="9"), content=b"9").study_id
    with pytest.raises(ValueError, match="of another"), store.begin(first) as tx:
        tx.answers.save(second, answer("9.1"))
    with pytest.raises(ValueError, match="of another"), store.begin(first) as tx:
        tx.studies.remove(second)
    with pytest.raises(ValueError, match="of another"), store.begin(first) as tx:
        tx.uploads.add([])
    with store.begin(first) as tx:
        tx.layers.save(first, layer())
        tx.studies.remove(first)


def test_a_view_sees_one_moment_in_every_statement(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study()).study_id
    with store.view() as tx:
        assert len(tx.studies.get(study_id).images) == 1
        store_file(store, tmp_path, study(image("1.2.3.2", seed=1)), content=b"2")
        with store.begin() as other:
            other.answers.save(study_id, answer())
        assert len(tx.studies.get(study_id).images) == 1
        assert tx.worklist.page(WorklistQuery()).rows[0].images == 1
        assert tx.answers.of_study(study_id) == ()


def test_deleting_never_takes_pixels_that_another_study_is_stored_with(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Both studies have the same pixels. Each is stored and removed again and again; what is stored can always be read."""
    second_store = Store.open(settings)  # as another process has it

    def turn(mine: Store, uid: str) -> int:
        stored = 0
        film = study(image(f"{uid}.1"), uid=uid, patient=Patient("Doe", uid))
        path = tmp_path / uid
        path.write_bytes(uid.encode())
        for _ in range(25):
            staged = mine.stage(film, "film.dcm", path)
            with suppress(Unavailable):  # its pixels were removed before it was stored: said, and nothing is half there
                with mine.begin() as tx:
                    study_id = tx.studies.add(staged).study_id
                with mine.view() as tx:
                    assert tx.studies.load(study_id).series[0].images[0].stored.shape == (12, 10)
                with mine.begin() as tx:
                    tx.studies.remove(study_id)
                stored += 1
        return stored

    turns = [partial(turn, mine, uid) for mine, uid in ((store, "1"), (second_store, "2"), (store, "3"))]
    assert min(at_once(turns)) > 0
    second_store.close()
    with store.view() as tx:
        assert tx.studies.count() == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_process_that_was_frozen_while_it_removed_a_blob_puts_it_back(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = store_file(store, tmp_path, study()).study_id
    with store.view() as tx:
        pixels = tx.studies.get(gone).images[0].pixels_sha256
    set_aside = store.blobs.set_aside

    def frozen(sha256: str) -> Path:
        with raw(settings) as tables:  # the server gave up on it
            tables.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where state = 'idle in transaction' and datname = current_database()"
            )
        return set_aside(sha256)

    monkeypatch.setattr(store.blobs, "set_aside", frozen)
    with store.begin() as tx:
        tx.studies.remove(gone)
    assert store.blobs.has(pixels)
    monkeypatch.undo()
    assert store.sweep(-1) == 2


def idle(settings: Settings) -> int:
    """How many transactions do nothing."""
    with raw(settings) as tables:
        query = "select count(*) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()"
        return int(tables.exec_driver_sql(query).scalar_one())


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_writer_that_does_nothing_for_long_is_ended(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS", 1)
    with pytest.raises(Unavailable, match="cannot be reached"), store.begin() as tx:
        assert not until(lambda: not idle(settings)) or tx.studies.count()
    with store.begin() as tx:
        assert tx.studies.count() == 0


def test_what_no_database_holds_is_not_found(store: Store) -> None:
    with store.view() as tx:
        for name in ("\0", "a\0b", "'", "%"):
            with pytest.raises(AppError, match="no such"):
                tx.studies.get(name)
            assert tx.worklist.page(WorklistQuery(text=name, modality=name)).total == 0
            assert tx.reviews.sent(name) is None


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_every_text_is_compared_by_code_points(store: Store, settings: Settings) -> None:
    with raw(settings) as tables:
        others = tables.exec_driver_sql(
            "select table_name, column_name from information_schema.columns where table_schema = 'public' "
            "and data_type in ('text', 'character varying') and collation_name is distinct from 'C'"
        ).all()
    assert others == [("alembic_version", "version_num")]
