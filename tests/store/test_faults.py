"""What the database's failures mean: away, busy and full are said, faults of ours are not called so; a restart is survived."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.config import Settings
from app.errors import InputError, Unavailable
from app.store import Store, migrate
from app.store import engine as module
from app.store.faults import AWAY, BUSY, FULL
from app.torture.cluster import Cluster
from tests.store.films import image, store_file, study


def restart(cluster: Cluster, how: str = "fast") -> None:
    cluster.stop(how)
    cluster.start()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("57P01", AWAY),  # an operator stops the server
        ("57P02", AWAY),
        ("57P03", AWAY),  # it starts, and takes nobody yet
        ("08006", AWAY),
        ("25P03", AWAY),
        ("40001", BUSY),
        ("40P01", BUSY),  # a deadlock
        ("55P03", BUSY),
        ("53300", BUSY),
        ("53100", FULL),
    ],
)
def test_a_code_of_postgresql_is_said_in_words(store: Store, code: str, sentence: str) -> None:
    for opened in (store.begin, store.view):
        with pytest.raises(Unavailable) as raised, opened():
            raise OperationalError("insert", {}, psycopg.errors.lookup(code)("…"))
        assert raised.value.sentence == sentence


@pytest.mark.parametrize("code", ["23505", "42703", "22P02"])
def test_a_fault_of_ours_stays_one(store: Store, code: str) -> None:
    with pytest.raises(ProgrammingError), store.begin():
        raise ProgrammingError("insert", {}, psycopg.errors.lookup(code)("…"))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_restart_is_said_to_those_under_way_and_not_felt_by_those_after(
    store: Store, cluster: Cluster, tmp_path: Path, how: str
) -> None:
    study_id = store_file(store, tmp_path, study()).study_id

    def remove() -> None:
        with store.begin() as tx:
            tx.studies.remove(study_id)
            restart(cluster, how)

    def look() -> None:
        with store.view() as tx:
            restart(cluster, how)
            tx.studies.count()

    for under_way in (remove, look):
        with pytest.raises(Unavailable, match="cannot be reached"):
            under_way()
        with store.view() as tx:
            assert tx.studies.count() == 1
    store_file(store, tmp_path, study(image("1.2.3.2", seed=1)), content=b"2")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_begins_while_the_server_is_away_waits_a_while(
    store: Store, settings: Settings, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with store.begin() as tx:
            tx.uploads.add([])

    cluster.stop()
    try:
        assert not store.ready()
        monkeypatch.setattr(module, "OPENING_SECONDS", 0.2)
        for begun in (write, partial(migrate, settings)):
            with pytest.raises(Unavailable, match="cannot be reached"):
                begun()
        monkeypatch.setattr(module, "OPENING_SECONDS", 20)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(write)
            assert wait([waiting], 0.5).not_done
            cluster.start()  # by this thread: the server ends with whoever started it
            waiting.result(20)
    finally:
        cluster.start()
    assert store.ready()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_whoever_goes_on_after_the_connection_broke_is_told_the_same(store: Store, cluster: Cluster) -> None:
    def obstinate() -> None:
        with store.begin() as tx:
            restart(cluster)
            with suppress(DBAPIError):
                tx.studies.count()
            tx.studies.count()

    with pytest.raises(Unavailable, match="cannot be reached"):
        obstinate()


@pytest.mark.parametrize("address", ["mysql://nobody@nowhere/nothing", "nonsense", "oracle+x://a/b"])
def test_an_address_of_no_database_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(InputError, match="WHYLIGHT_DATABASE_URL"):
        Store.open(Settings(var=tmp_path, database_url=address))


def test_postgresql_is_spoken_to_by_psycopg(tmp_path: Path) -> None:
    for kind in ("postgresql", "postgres"):
        opened = Store.open(Settings(var=tmp_path, database_url=f"{kind}://whylight:p%40ss@127.0.0.1:1/whylight"))
        assert not opened.ready()
        opened.close()
