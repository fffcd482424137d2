"""What is shown of networks beside their cards: growing attention, a threshold's curve, networks beside one another."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Picture

GREY = [[0] * 8 for _ in range(8)]


def told(level: int) -> list[list[int]]:
    return [[level] * 4 for _ in range(4)]


@pytest.fixture
def models(untrained: Path, tmp_path: Path) -> Path:
    """Networks of which one has attention that was kept while it grew, and a table of two that were compared."""
    folder = tmp_path / "models"
    shutil.copytree(untrained, folder)
    epochs = [{"epoch": 2 * at, "maps": {"features.gates.0": [told(51 * at)]}} for at in range(5)]
    growth = {"subjects": [{"seed": 1, "finding": "Nodule", "film": GREY}], "epochs": epochs}
    rows = [{"threshold": 0.3 + 0.1 * at, "validation": 0.7 + 0.01 * (at % 3)} for at in range(5)]
    attention = {"thresholds": rows, "growth": growth}
    (folder / "chest-untrained" / "attention.json").write_text(json.dumps(attention), encoding="utf-8")
    one = {
        "name": "chest-untrained",
        "title": "One",
        "architecture": "compact-residual",
        "auroc": [0.7, 0.65, 0.75, 100],
        "difference": None,
        "slope": [1.0, 0.9, 1.1, 100],
        "drops": {"FGSM 1/255": 0.2, "noise": 0.01, "contrast": -0.02},
        "milliseconds": 3.0,
        "parameters": 1500000,
        "findings": {},
        "maps": [
            {"source": "phantoms", "map": name, "measure": "pointing", "value": [0.5, 0.4, 0.6, 40]}
            for name in ("cam", "mean box")
        ],
        "looks": [],
    }
    other = one | {
        "name": "other",
        "title": "Two",
        "difference": [0.012, -0.004, 0.03, 100],
        "maps": [{"source": "phantoms", "map": "gate_fine", "measure": "pointing", "value": [0.75, 0.6, 0.9, 40]}],
        "looks": [
            {"map": name, "finding": "all", "measure": "mass over area", "value": [value, 1, 3, 40]}
            for name, value in (("gate_fine", 2.5), ("untrained gate_fine", 1.0))
        ],
    }
    compared = {"phantoms": {"films": 100, "rows": [one, other]}}
    (folder / "compared.json").write_text(json.dumps(compared), encoding="utf-8")
    return folder


def test_a_networks_page_shows_how_its_attention_grew(client: TestClient) -> None:
    page = client.get("/models/chest-untrained").text
    assert "How its attention grew" in page
    assert "after epoch 8" in page
    assert "mean 0.80" in page
    assert "0.30 (0.7000)" in page
    made = client.get("/models/chest-untrained/grown/0/0.png")
    assert made.headers["content-type"] == "image/png"
    strip = np.asarray(Picture.open(io.BytesIO(made.content)), np.float32)
    assert strip.shape == (160, 800, 3)
    bright = strip.mean((0, 2)).reshape(5, 160).mean(1)
    assert (np.diff(bright) > 0).all(), "each picture shows its own epoch"


@pytest.mark.parametrize("path", ["0/1", "1/0", "-1/0"])
def test_there_is_no_other_strip(client: TestClient, path: str) -> None:
    assert client.get(f"/models/chest-untrained/grown/{path}.png").status_code == 404
    assert client.get("/models/phantom-untrained/grown/0/0.png").status_code == 404


def test_a_network_without_attention_says_nothing_of_it(client: TestClient) -> None:
    assert "How its attention grew" not in client.get("/models/phantom-untrained").text


def test_networks_stand_beside_one_another(client: TestClient) -> None:
    page = client.get("/models/compared").text
    assert "+0.012" in page
    assert "[−0.004, 0.030]" in page
    assert "−0.020" in page, "minus signs, not hyphens"
    assert "Attention gate, fine (untrained)" in page
    assert page.index(">CAM<") < page.index(">mean box<")
    assert 'href="/models/compared"' in client.get("/models").text


def test_without_figures_the_page_says_how_they_are_made(client: TestClient, models: Path) -> None:
    (models / "compared.json").unlink()
    assert "evaluate --compare" in client.get("/models/compared").text
    assert "/models/compared" not in client.get("/models").text
