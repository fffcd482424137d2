"""The application over a real store and the real ingest; nothing is mocked, the worker alone stays away."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from app.config import Settings
from app.errors import NotFound
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


@pytest.fixture(scope="session")
def analysed(tmp_path_factory: pytest.TempPathFactory, migrated: Path, untrained: Path) -> tuple[Path, str]:
    """A var folder with one study, uploaded and analysed, and the study's id; the same for all tests, each on a copy."""
    var = tmp_path_factory.mktemp("analysed") / "var"
    shutil.copytree(migrated, var)
    settings = Settings(var=var, models=untrained)
    store = Store.open(settings)
    client = TestClient(create_app(settings, store, lambda: None), HOST, headers=SAME_SITE, follow_redirects=False)
    study_id = uploaded(client, ("film.dcm", films.dicom(1)))
    films.analyse(store, study_id)
    store.close()
    return var, study_id


@pytest.fixture
def store(settings: Settings, migrated: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store, or, for a test that asks for `study`, one that has it."""
    asked = "analysed" in request.fixturenames
    shutil.copytree(request.getfixturevalue("analysed")[0] if asked else migrated, settings.var)
    opened = Store.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def woken() -> list[str]:
    """One entry for every time the worker was told that a job waits."""
    return []


@pytest.fixture(scope="session")
def applications() -> dict[tuple[object, ...], FastAPI]:
    """The applications of this process, by what of the settings their layers hold. Building the routes takes ten times as long
    as answering a request, so it is done once; what the routes work with is each test's own."""
    return {}


@pytest.fixture
def app(settings: Settings, store: Store, woken: list[str], applications: dict[tuple[object, ...], FastAPI]) -> FastAPI:
    """The application. A test that adds routes to it makes one of its own."""
    made = create_app(settings, store, lambda: woken.append("wake"))
    kept = applications.setdefault((settings.max_upload_mb, settings.allowed_hosts, settings.prefix, settings.proxies), made)
    kept.state.web = made.state.web
    return kept


@pytest.fixture(scope="session")
def loop() -> Iterator[BlockingPortal]:
    """The event loop that answers: one for all requests, as a server has it. The client by itself starts one for each."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def client(app: FastAPI, loop: BlockingPortal) -> TestClient:
    """A browser on our own pages, which follows no redirect by itself."""
    made = TestClient(app, HOST, headers=SAME_SITE, follow_redirects=False)
    made.portal = loop
    return made


@pytest.fixture
def script(app: FastAPI, loop: BlockingPortal) -> TestClient:
    """A program: it sends none of a browser's headers."""
    made = TestClient(app, HOST)
    made.portal = loop
    return made


@pytest.fixture
def send(client: TestClient) -> Send:
    """Upload files given as (name, octets) and return the first study's id."""
    return lambda *files: uploaded(client, *files)


def uploaded(client: TestClient, *files: tuple[str, bytes]) -> str:
    """The id of the first study that files became which a browser sent."""
    answer = client.post("/studies", files=[("files", file) for file in files])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).split("/")[2].split("?")[0]


@pytest.fixture
def study(analysed: tuple[Path, str], store: Store, send: Send) -> str:
    """A study that was uploaded and analysed. A test that asks for it by its name only while it runs has it made for itself."""
    with store.view() as tx, suppress(NotFound):
        return tx.studies.get(analysed[1]).id
    study_id = send(("film.dcm", films.dicom(1)))
    films.analyse(store, study_id)
    return study_id


def shown(answer: Response) -> Any:
    """The dataclass that a page was rendered from."""
    return answer.context["page"]  # type: ignore[attr-defined]  # Starlette's test client adds it


def template(answer: Response) -> str:
    """The name of the template that was rendered."""
    return str(answer.template.name)  # type: ignore[attr-defined]  # Starlette's test client adds it
