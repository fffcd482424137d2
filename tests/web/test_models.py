"""The networks' cards as pages."""

import shutil
from collections import Counter
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.classifiers.measured import Figure
from app.classifiers.registry import Registry
from app.config import Settings
from app.store import Store
from app.web.application import create_app
from app.web.charts import FigureTable
from app.web.models import ModelPage, ModelsPage
from tests.exams import write_exam_network
from tests.measured import write_measured
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
    assert shown(answer) == ModelsPage(cards=tuple(by_name[name] for name in names), imported=(), compared=False)
    for name in names:
        assert f'href="/models/{name}"' in answer.text
    assert "for phantoms only" in answer.text
    assert "only when chosen" in answer.text


def test_a_network_of_exams_is_listed_like_the_others(settings: Settings, store: Store, tmp_path: Path) -> None:
    write_exam_network(tmp_path / "exams")
    (name,) = (folder.name for folder in (tmp_path / "exams").iterdir())
    client = TestClient(create_app(settings.model_copy(update={"models": tmp_path / "exams"}), store, lambda: None), HOST)
    text = client.get("/models").text
    assert f'href="/models/{name}"' in text
    assert "only when chosen" not in text
    assert client.get(f"/models/{name}").status_code == 200


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
    for words in (
        "The card gives no figures.", "Nobody measured it on a source", "The card does not say how true its probabilities are.",
        "This network comes without curves.", "Nobody wrote down what it looks at.",
    ):  # fmt: skip
        assert words in answer.text, words


@pytest.fixture(scope="module")
def measured_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one network whose card says everything."""
    folder = tmp_path_factory.mktemp("measured")
    write_measured(folder)
    return folder


def client_of(models: Path, settings: Settings, store: Store) -> TestClient:
    """A browser before the networks of a folder."""
    return TestClient(create_app(settings.model_copy(update={"models": models}), store, lambda: None), HOST)


def test_a_card_that_says_everything(measured_models: Path, settings: Settings, store: Store) -> None:
    answer = client_of(measured_models, settings, store).get("/models/chest-measured")
    page, card = shown(answer), Registry(measured_models).card("chest-measured")
    assert page.no_curves == ""
    assert [table.source for table in page.figures if table.beside] == [
        "nih, films with published answers",
        "nih_small, films with published answers",
    ]
    assert [(right, len(calls)) for right, calls in page.calls] == [(True, 10), (False, 10)]
    parts = HTMLParts()
    parts.feed(answer.text)
    assert parts.targets <= parts.ids, "every entry of the contents leads somewhere"
    assert len(parts.targets) >= 10
    assert parts.classes["roc-line"] == len(card.figures)
    assert parts.classes["roc-beside"] == sum(figure.beside is not None for figure in card.figures)
    assert parts.classes["reliability"] == 3
    assert parts.classes["value"] == sum(len(diagram.marks) for diagram in page.calibration)
    for words in (
        card.beside_name, card.looked_at_summary, card.looked_at[0].seen, card.looked_at[0].film, "Right calls", "Wrong calls",
        "About as sure as it should be", "Too sure of itself", "Not sure enough of itself", "outside, may be chance",
        f"Slope {card.calibration[0].slope:.2f} (95 % interval", f"{card.outside[0].outside:.3f}", "Mean AUROC",
        f"{card.figures[-1].low:.3f}–{card.figures[-1].high:.3f}",
    ):  # fmt: skip
        assert words in answer.text, words


class HTMLParts(HTMLParser):
    """The ids, the links within the page, and how often each class occurs."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.classes: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as HTMLParser calls it
        """Look at one element."""
        named = {key: value or "" for key, value in attrs}
        self.ids.add(named.get("id", ""))
        self.classes.update(named.get("class", "").split())
        if named.get("href", "").startswith("#"):
            self.targets.add(named["href"][1:])


def test_curves_that_cannot_be_trusted_are_not_drawn(
    measured_models: Path, settings: Settings, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(measured_models, folder)
    path = folder / "chest-measured" / "curves.json"
    path.write_text(path.read_text().replace('"sha256": "', '"sha256": "0'))
    client = client_of(folder, settings, store)
    answer = client.get("/models/chest-measured", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert "were measured with other weights" in answer.text
    assert "roc-line" not in answer.text
    assert "Slope" in answer.text, "the card is read without them"
    told = client.get("/api/v1/models/chest-measured")
    assert (told.status_code, told.json()["code"]) == (500, "ModelError")


def test_a_card_for_scripts(measured_models: Path, settings: Settings, store: Store) -> None:
    client = client_of(measured_models, settings, store)
    card = Registry(measured_models).card("chest-measured")
    told = client.get("/api/v1/models/chest-measured").json()
    assert told["figures"] == [asdict(figure) for figure in card.figures]
    assert told["outside"] == [asdict(row) for row in card.outside]
    assert told["calibration"] == [asdict(row) for row in card.calibration]
    assert told["looked_at"] == [asdict(row) for row in card.looked_at]
    assert told["curves"]["roc"][0]["points"][-1] == [1, 1]
    assert (told["sha256"], told["beside_name"]) == (card.sha256, card.beside_name)
    assert client.get("/api/v1/models/nothing").status_code == 404


def test_a_network_without_curves_tells_scripts_so(client: TestClient) -> None:
    assert client.get("/api/v1/models/chest-untrained").json()["curves"] is None


def test_no_networks(settings: Settings, store: Store, tmp_path: Path) -> None:
    app = create_app(settings.model_copy(update={"models": tmp_path / "none"}), store, lambda: None)
    assert "No network here" in TestClient(app, HOST).get("/models").text


@pytest.mark.parametrize("name", ["nothing", "%2e%2e", "<b>", "chest-untrained%2fcard.toml"])
def test_an_unknown_network_is_not_found(client: TestClient, name: str) -> None:
    answer = client.get(f"/models/{name}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text


def test_what_its_logits_tell_of_devices_stands_on_the_card(measured: TestClient, tmp_path: Path) -> None:
    path = "/models/chest-untrained"
    assert 'id="told"' not in measured.get(path).text
    card = tmp_path / "models" / "chest-untrained" / "card.toml"
    row = '\n[[told]]\nsource = "{}"\naspect = "{}"\nfinding = "{}"\nvalue = {}\nlow = {}\nhigh = {}\nfilms = 321\n'
    rows = (("test", "drawn device", "Nodule", 0.71, 0.65, 0.77), ("test", "drawn device", "Mass", 0.52, 0.45, 0.58))
    card.write_text(card.read_text() + "".join(row.format(*one) for one in rows))
    assert "in bed or upright" not in measured.get(path).text, "what was not measured has no column"
    beds = row.format("test", "AP", "Nodule", 0.31, 0.28, 0.35) + "plain = 0.7125\nwithin = 0.6518\n"
    card.write_text(card.read_text() + beds)
    text = measured.get(path).text
    table = text[text.index('id="told"') :]
    assert table.count("badge-caution") == 2
    assert "0.65–0.77" in table
    assert table.index("0.713" if "0.713" in table else "0.712") < table.index("0.652") < table.index("0.28–0.35"), (
        "ranks first"
    )
    assert "321 have it" in table
    assert "with a device" in table, "whose answers are higher"
    assert ">PA<" in table, "below a half it is the other side"
    assert table.count("told-way") == 2, "nothing is said where the interval holds a half"
    few = "films = 321".replace("321", "57")
    card.write_text(card.read_text() + row.format("test", "AP", "Mass", 0.31, 0.28, 0.35).replace("films = 321", few))
    table = measured.get(path).text.partition('id="told"')[2]
    assert "57–321 have it" in table
    assert table.count("57 have it") == 1, "what is of few films says of how many"
    assert table.count("fewer than ten films have it") == 1, "nobody knows how well it tells the masses themselves"
    assert "test part" in table
    assert "묻지 않은 것을" in measured.get(path, headers={"Accept-Language": "ko"}).text
    told = measured.get("/api/v1/models/chest-untrained").json()["told"]
    assert [one["finding"] for one in told] == ["Nodule", "Mass", "Nodule", "Mass"]
