"""Fixtures that every room's tests share."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from app.config import Settings
from app.store import Store, migrate
from app.web.pages import Assets
from app.worker import Worker
from tests.networks import write_network

torch.set_num_threads(1)  # small networks on a shared machine: two threads only wait for one another


@pytest.fixture(scope="session", autouse=True)
def bundled() -> None:
    """The scripts and styles of pages as they are now, also where pytest is called without make."""
    if not Assets().fresh():
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
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of real networks with random weights: ``chest-untrained`` for films, ``phantom-untrained`` for phantoms and
    ``phantom-by-name``, which is not chosen by itself. A test that changes a folder copies it first."""
    folder = tmp_path_factory.mktemp("models")
    write_network(folder, "chest-untrained", seed=1)
    write_network(folder, "phantom-untrained", findings=("Cardiomegaly", "Effusion", "Nodule"), phantom=True, seed=2)
    write_network(folder, "phantom-by-name", findings=("Nodule",), phantom=True, default=False, seed=3)
    return folder


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The var folder of a migrated, empty database; migrating takes longer than most tests, so it is done once."""
    var = tmp_path_factory.mktemp("migrated") / "var"
    migrate(Settings(var=var))
    return var


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
