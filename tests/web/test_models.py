"""The networks' cards as pages."""

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.classifiers.measured import Figure
from app.classifiers.registry import Registry
from app.config import Settings
from app.store import Store
from app.web.application import create_app
from app.web.models import FigureTable, ModelPage, ModelsPage, tables
from tests.web.conftest import HOST, shown

FIGURES = """
[[data]]
name = "Films of a hospital"
images = 1200
patients = 900
terms = "CC0"

[[figures]]
source = "test part"
finding = "Nodule"
metric = "AUROC"
value = 0.812
low = 0.75
high = 0.861
positives = 120
negatives = 880
"""


@pytest.fixture
def measured(settings: Settings, models: Path, tmp_path: Path, store: Store) -> TestClient:
    """A browser before networks one of which has data and figures, and another no weights."""
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    card = folder / "chest-untrained" / "card.toml"
    card.write_text(card.read_text().replace("[[figures]]", "[[was]]").replace("[[data]]", "[[had]]") + FIGURES)
    (folder / "phantom-by-name" / "weights.safetensors").unlink()
    return TestClient(create_app(settings.model_copy(update={"models": folder}), store, lambda: None), HOST)


def test_the_list(client: TestClient, models: Path) -> None:
    answer = client.get("/models")
    by_name = {card.name: card for card in Registry(models).cards()}
    names = ("chest-untrained", "phantom-untrained", "phantom-by-name")
    assert shown(answer) == ModelsPage(cards=tuple(by_name[name] for name in names))
    for name in names:
        assert f'href="/models/{name}"' in answer.text
    assert "for phantoms only" in answer.text
    assert "only when chosen" in answer.text


def test_a_card_in_full(measured: TestClient) -> None:
    answer = measured.get("/models/chest-untrained")
    page = shown(answer)
    assert isinstance(page, ModelPage)
    figure = Figure("test part", "Nodule", "AUROC", 0.812, 0.75, 0.861, 120, 880)
    assert page.figures == (FigureTable("test part", "AUROC", (figure,)),)
    for words in (
        "0.812", "0.750–0.861", "120", "880", "Films of a hospital", "1200", "900", "CC0", page.card.sha256,
        "Pleural Thickening", "It was never trained.", "Tests.", "Untrained: its answers mean nothing.", "64 × 64 pixels", "MB",
        "Research use only — not for clinical use",
    ):  # fmt: skip
        assert words in answer.text, words


def test_a_card_that_says_little(measured: TestClient) -> None:
    answer = measured.get("/models/phantom-by-name")
    assert shown(answer).megabytes is None
    assert "The card gives no figures." in answer.text


def test_no_networks(settings: Settings, store: Store, tmp_path: Path) -> None:
    app = create_app(settings.model_copy(update={"models": tmp_path / "none"}), store, lambda: None)
    assert "No network here" in TestClient(app, HOST).get("/models").text


@pytest.mark.parametrize("name", ["nothing", "%2e%2e", "<b>", "chest-untrained%2fcard.toml"])
def test_an_unknown_network_is_not_found(client: TestClient, name: str) -> None:
    answer = client.get(f"/models/{name}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text


def test_the_scale_begins_at_a_coins_toss_or_below_the_lowest_interval() -> None:
    def table(low: float) -> FigureTable:
        return FigureTable("a", "AUROC", (Figure("a", "Mass", "AUROC", 0.75, low, 0.9, 1, 1),))

    assert (table(0.6).start, table(0.5).start, table(0.374).start, table(0.0).start) == (0.5, 0.5, 0.3, 0.0)
    assert [table(0.6).place(value) for value in (0.4, 0.5, 0.75, 1.0, 1.2)] == [0, 0, 50, 100, 100]


def test_figures_are_told_per_source_and_metric() -> None:
    def figure(source: str, finding: str, metric: str = "AUROC") -> Figure:
        return Figure(source, finding, metric, 0.5, 0.4, 0.6, 1, 1)

    found = tables((figure("a", "Mass"), figure("b", "Mass"), figure("a", "Nodule"), figure("a", "Mass", "AP")))
    assert [(table.source, table.metric, len(table.rows)) for table in found] == [
        ("a", "AUROC", 2),
        ("b", "AUROC", 1),
        ("a", "AP", 1),
    ]
