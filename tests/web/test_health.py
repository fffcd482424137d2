"""Whether the process lives, and whether it can take work."""

import shutil
from collections import namedtuple

import pytest
from fastapi.testclient import TestClient

from app.config import Settings
from app.store import Store
from app.web.application import create_app
from tests.web.conftest import HOST

Usage = namedtuple("Usage", "total used free")


def test_alive(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "worker": "ok", "disk": "ok"}}
    assert answer.headers["cache-control"] == "no-store"


def test_a_dead_worker(settings: Settings, store: Store) -> None:
    app = create_app(settings, store, lambda: None, alive=lambda: False)
    answer = TestClient(app, HOST).get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "checks": {"database": "ok", "worker": "failing", "disk": "ok"}}


def test_a_database_that_went_away(settings: Settings, store: Store) -> None:
    app = create_app(settings, store, lambda: None)
    store.close()
    settings.var.joinpath("whylight.sqlite3").write_bytes(b"no database" * 1000)
    answer = TestClient(app, HOST).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "failing"


def test_a_full_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 1000))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"] == "failing"
