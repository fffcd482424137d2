"""The analyse command and the API give the same maps: the same values on the same grid, over the same part of the film."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app import __main__ as cli
from app.config import Settings
from app.phantoms import chest, dicom
from app.store import Store
from app.web.application import create_app
from app.worker import Worker


@pytest.mark.usefixtures("environment")
def test_the_command_writes_what_the_api_gives(store: Store, settings: Settings, tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    dicom.write(chest.draw(3, ("Effusion",), size=160), film)
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out")]) == 0
    (entry,) = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["images"]

    client = TestClient(
        create_app(settings, store, lambda: None), "http://127.0.0.1", headers={"Sec-Fetch-Site": "same-origin"}
    )
    sent = client.post("/api/v1/studies", files=[("files", ("film.dcm", film.read_bytes()))]).json()
    assert Worker(settings, store).work_once()
    layers = client.get(f"/api/v1/studies/{sent['studies'][0]}/layers").json()
    assert {one["method"] for one in layers} == {one["method"] for one in entry["explanations"]}
    for one in entry["explanations"]:
        (layer,) = [each for each in layers if (each["method"], each["finding"]) == (one["method"], one["finding"])]
        assert one["extent"] == [layer["extent"][edge] for edge in ("left", "top", "right", "bottom")]
        assert [1, *one["shape"]] == layer["shape"]
        values = np.load(io.BytesIO(client.get(layer["npy"]).content), allow_pickle=False)
        mine = np.load(tmp_path / "out" / one["file"], allow_pickle=False)
        np.testing.assert_allclose(mine, values[0], rtol=0, atol=1e-5 * float(np.abs(values).max()))
