"""The application over a real store and the real ingest; nothing is mocked, the worker alone stays away."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from app.config import Settings
from app.store import Store, migrate
from app.web.application import create_app
from tests.web import films

HOST = "http://127.0.0.1"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}

Send = Callable[..., str]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The var folder of a migrated, empty database; migrating takes longer than most tests, so it is done once."""
    var = tmp_path_factory.mktemp("migrated") / "var"
    migrate(Settings(var=var))
    return var


@pytest.fixture
def settings(tmp_path: Path, models: Path) -> Settings:
    """Settings whose var folder is the test's own."""
    return Settings(var=tmp_path / "var", models=models)


@pytest.fixture
def store(settings: Settings, migrated: Path) -> Iterator[Store]:
    """An empty store."""
    shutil.copytree(migrated, settings.var)
    opened = Store.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def woken() -> list[str]:
    """One entry for every time the worker was told that a job waits."""
    return []


@pytest.fixture
def app(settings: Settings, store: Store, woken: list[str]) -> FastAPI:
    """The application."""
    return create_app(settings, store, lambda: woken.append("wake"))


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A browser on our own pages, which follows no redirect by itself."""
    return TestClient(app, HOST, headers=SAME_SITE, follow_redirects=False)


@pytest.fixture
def script(app: FastAPI) -> TestClient:
    """A program: it sends none of a browser's headers."""
    return TestClient(app, HOST)


@pytest.fixture
def send(client: TestClient) -> Send:
    """Upload files given as (name, octets) and return the first study's id."""

    def upload(*files: tuple[str, bytes]) -> str:
        answer = client.post("/studies", files=[("files", file) for file in files])
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).split("/")[2].split("?")[0]

    return upload


@pytest.fixture
def study(send: Send, store: Store) -> str:
    """A study that was uploaded and analysed."""
    study_id = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study_id)
    return study_id


def shown(answer: Response) -> Any:
    """The dataclass that a page was rendered from."""
    return answer.context["page"]  # type: ignore[attr-defined]  # Starlette's test client adds it


def template(answer: Response) -> str:
    """The name of the template that was rendered."""
    return str(answer.template.name)  # type: ignore[attr-defined]  # Starlette's test client adds it
