"""The whole viewer on a network that was brought by its user: upload, five panes, a verdict; and what it said outlives it."""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture
from playwright.sync_api import FilePayload, Page, expect

from tests import checkpoints
from tests.browser.cases import ANALYSED_MS, PANES, ready
from tests.browser.conftest import ROOT, StartServer, Watch

FINDINGS = ("Effusion", "Lung Lesion", "Mass")


def command(folder: Path, *words: str) -> str:
    """``python -m app models …`` over a folder of networks, as its user types it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHYLIGHT_")}
    environment |= {"WHYLIGHT_MODELS": str(folder), "WHYLIGHT_THREADS": "1", "WHYLIGHT_DEVICE": "cpu"}
    line = [sys.executable, "-m", "app", "models", *words]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path, models: Path) -> Path:
    """The small networks, and a ResNet-18 of three channels that was added and made the default."""
    own = tmp_path / "models"
    shutil.copytree(models, own)
    torch.save({"state_dict": checkpoints.resnet("resnet-18", len(FINDINGS), seed=4)}, tmp_path / "best.pth")
    (tmp_path / "labels.txt").write_text("\n".join(FINDINGS), encoding="utf-8")
    asked = ("--name", "ours", "--labels", str(tmp_path / "labels.txt"), "--size", "96", "--default")
    assert "Added ours" in command(own, "add", str(tmp_path / "best.pth"), *asked)
    return own


def film() -> FilePayload:
    """A film image: two dark lungs in a bright body, with noise; no phantom of ours."""
    rows, columns = np.mgrid[0:300, 0:260]
    body = 190 * np.exp(-(((columns - 130) / 120) ** 4))
    for centre in (75, 185):
        body -= 120 * np.exp(-(((columns - centre) / 42) ** 2) - ((rows - 140) / 90) ** 2)
    pixels = np.clip(body + np.random.default_rng(0).normal(0, 4, body.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Picture.fromarray(pixels).save(out, "PNG")
    return FilePayload(name="film.png", mimeType="image/png", buffer=out.getvalue())


def test_a_film_is_read_explained_and_judged_by_a_network_of_ones_own(
    page: Page, browser_watch: Watch, start_server: StartServer, folder: Path
) -> None:
    server = start_server(models=str(folder))
    page.goto(f"{server.url}/upload")
    page.locator("#files").set_input_files(film())
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}"))
    expect(page.locator("#job")).to_have_attribute("data-state", "done", timeout=ANALYSED_MS)
    case = page.url.split("?")[0]
    page.goto(case)
    ready(page)
    expect(page.locator(".pane")).to_have_count(PANES)
    data = page.evaluate("fetch(location.pathname + '/case.json').then((answer) => answer.json())")
    assert data["model"] == "ours"
    assert {score["finding"] for score in data["prediction"]["scores"]} == set(FINDINGS)
    states = {entry["method"]: entry["state"] for entry in data["explanations"]}
    assert set(states) == {"cam", "layer_cam", "saliency", "lrp", "rap_contrastive"}
    assert set(states.values()) <= {"ok", "no positive evidence"}
    conserving = [entry for entry in data["explanations"] if entry["method"] in {"lrp", "rap_contrastive"}]
    assert all(entry["conservation_error"] < 1e-4 for entry in conserving)
    expect(page.locator("#model option")).to_have_text(["ours", "Untrained network chest-untrained"])
    expect(page.get_by_text("no figures say how good this network is").first).to_be_visible()
    with page.expect_response(re.compile(r"/reviews$")) as stored:
        page.locator("#pane-lrp .verdict-wrong").click()
    assert stored.value.status == 201

    page.goto(f"{server.url}/models/ours")
    expect(page.locator("h1")).to_have_text("ours")
    expect(page.get_by_text("resnet-18, 96 × 96 pixels")).to_be_visible()

    assert "stay stored" in command(folder, "remove", "ours", "--yes")
    page.goto(f"{server.url}/flagged")
    page.locator("#flagged tbody tr", has_text="ours").locator("a.row-link").click()
    ready(page)
    expect(page.locator("#pane-lrp .verdict-wrong")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("This network was taken away from here").first).to_be_visible()
    browser_watch.allow("404")
    page.goto(f"{server.url}/models/never")
    expect(page.get_by_text("There is no network called “never”")).to_be_visible()
