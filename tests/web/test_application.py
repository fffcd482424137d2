"""The application as a whole: what it loads, what it writes into the log."""

import logging
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from app.config import ROOT
from tests.web import films
from tests.web.conftest import Send


def test_the_web_room_never_loads_torch() -> None:
    code = "import sys, app.web.application; print('torch' in sys.modules, 'pydicom' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split()[0] == "False"


def test_the_log_names_routes_and_no_patient(client: TestClient, send: Send, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="app"):
        study = send(("KIM-secret-name.dcm", films.dicom(1, PatientName="KIM^SECRET", PatientID="SECRET-7")))
        client.get(f"/studies/{study}?finding=SECRET")
        client.post("/", data={"text": "secret"})
        client.get("/SECRET")
        client.post("/studies", files={"files": ("SECRET.txt", b"SECRET is no film")})
        client.get(f"/api/v1/studies/{study}")
    assert "POST /studies 303" in caplog.text
    assert "GET /api/v1/studies/{study_id} 200" in caplog.text
    assert study not in caplog.text
    assert "GET /studies/{study_id}" in caplog.text
    assert "secret" not in caplog.text.lower()


def test_addresses_have_no_slash_twins(client: TestClient) -> None:
    assert client.get("/upload/").status_code == 404
    assert client.get("/redoc").status_code == 404


def test_scripts_and_styles_travel_compressed(client: TestClient) -> None:
    packed = client.get("/static/css/case.css", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    plain = client.get("/static/css/case.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
