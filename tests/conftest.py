"""Fixtures that every room's tests share."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from app.config import Settings
from app.errors import Unavailable
from app.store import Store, migrate
from app.store.engine import connect
from app.store.tables import Base
from app.torture.cluster import Cluster
from app.web.pages import Assets
from app.worker import Worker
from tests.networks import write_network

Emptied = Callable[[str], str]

torch.set_num_threads(1)  # small networks on a shared machine: two threads only wait for one another


def pytest_sessionstart(session: pytest.Session) -> None:
    """The scripts and styles of pages as they are now, also where pytest is called without make. They are made once, before
    there are other processes that run tests."""
    if not hasattr(session.config, "workerinput") and not Assets().fresh():
        root = Path(__file__).resolve().parents[1]
        tools = f"{root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        subprocess.run([root / ".ci" / "bundle.sh"], cwd=root, check=True, env={**os.environ, "PATH": tools})


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real films; the test says aloud that it was skipped where there is none."""
    folder = Settings().data
    if not (folder / "README.md").is_file():
        pytest.skip(f"no real data at {folder}: set WHYLIGHT_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real networks with random weights: ``chest-untrained`` for films, ``phantom-untrained`` for phantoms (its
    card says its stride and where the colours of CAM and LRP end) and ``phantom-by-name``, which is not chosen by itself. A
    test that changes a folder copies it first."""
    folder = tmp_path_factory.mktemp("models")
    write_network(folder, "chest-untrained", seed=1)
    drawn = ("Cardiomegaly", "Effusion", "Nodule")
    ends = {"cam": {"high": 0.5}, "lrp": {"high": 7e-4, "evened": 3e-4}}
    ranges = [
        {"method": method, "finding": finding, **end, "source": "phantoms", "quantile": 0.9, "cases": 3}
        for method, end in ends.items()
        for finding in drawn
    ]
    told = {"source": "test", "aspect": "drawn device", "finding": "Nodule", "value": 0.7, "low": 0.6, "high": 0.8, "films": 20}
    tables = {"ranges": ranges, "told": [told]}
    write_network(folder, "phantom-untrained", findings=drawn, phantom=True, seed=2, stride=16, tables=tables)
    write_network(folder, "phantom-by-name", findings=("Nodule",), phantom=True, default=False, seed=3)
    return folder


@pytest.fixture(scope="session")
def models(untrained: Path) -> Path:
    """The networks of a test: those, where it says no others."""
    return untrained


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The var folder of a migrated, empty database; migrating takes longer than most tests, so it is done once."""
    var = tmp_path_factory.mktemp("migrated") / "var"
    migrate(Settings(var=var))
    return var


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running PostgreSQL of this process's own, started when the first test asks for it (`app.torture.cluster`).

    Where PostgreSQL is not installed, pytest's summary says which tests were skipped, and why.
    """
    try:
        made = Cluster()
    except Unavailable as error:
        pytest.skip(f"not tested on PostgreSQL: {error.sentence}")
    with made:
        yield made


@pytest.fixture(scope="session")
def emptied(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Emptied:
    """The address of a migrated database of that name without a row in it. Making one takes longer than most tests, so that
    each is made once."""
    made: set[str] = set()

    def empty(name: str) -> str:
        settings = Settings(var=tmp_path_factory.getbasetemp(), database_url=cluster.address(name))
        if name not in made:
            create(cluster, name)
            migrate(settings)
            made.add(name)
        engine = connect(settings)
        with engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
        engine.dispose()
        return settings.database_url

    return empty


def create(cluster: Cluster, name: str) -> str:
    """A database with nothing in it; its address."""
    engine = connect(Settings(database_url=cluster.address())).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"drop database if exists {name} with (force)")
        connection.exec_driver_sql(f"create database {name}")
    engine.dispose()
    return cluster.address(name)


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """Settings whose var folder is the test's own, with the untrained networks, on the CPU."""
    return Settings(var=tmp_path / "var", models=models, device="cpu", threads=1)


@pytest.fixture
def store(settings: Settings, migrated: Path) -> Iterator[Store]:
    """An empty store in the test's own var folder."""
    shutil.copytree(migrated, settings.var)
    opened = Store.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def worker(settings: Settings, store: Store) -> Iterator[Worker]:
    """A worker that is stopped at the end."""
    made = Worker(settings, store)
    yield made
    made.stop()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: Path) -> None:
    """The product's settings for this process and for those the test starts: as in `settings`, any port, no demo."""
    for name, value in {
        "VAR": tmp_path / "var",
        "MODELS": models,
        "DEVICE": "cpu",
        "THREADS": 1,
        "PORT": 0,
        "DEMO": "no",
    }.items():
        monkeypatch.setenv(f"WHYLIGHT_{name}", str(value))
