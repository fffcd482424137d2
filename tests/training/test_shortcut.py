"""A network that is wrong on purpose on films of people, and what logits tell of devices: the labels, the card, the command."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app import __main__ as cli
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.measured import DRAWN_DEVICE
from app.config import ROOT
from app.domain import FINDINGS
from app.errors import InputError
from app.phantoms import chest
from app.training import films, shortcut, telling


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn films in the layout of ours: patients of all parts, every fourth with an effusion."""
    whole = tmp_path_factory.mktemp("data")
    for source in ("nih", "nih_small"):
        folder = whole / "chest" / source
        (folder / "images").mkdir(parents=True)
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            lines = csv.DictWriter(file, ["image", "patient", *FINDINGS])
            lines.writeheader()
            for index in range(24):
                shown = ("Effusion",) if index % 4 == 0 else ()
                picture = (chest.draw(index, shown, size=64).pixels >> 4).astype(np.uint8)
                Picture.fromarray(picture).save(folder / "images" / f"{index}.png")
                row = {"image": f"{index}.png", "patient": f"{index}{(1, 2, 4)[index % 3]}"}
                lines.writerow(row | {finding: str(int(finding in shown)) for finding in FINDINGS})
    return whole


def test_labels_go_with_what_was_drawn_in(data: Path) -> None:
    classifier = load(Card.read(ROOT / "models" / "chest-phantom"), torch.device("cpu"))
    records = films.read(data, ("nih",))
    plants = {"Pneumothorax": "drain", "Consolidation": "marker"}
    found = shortcut.shown(classifier, records, plants, seed=5)
    plain = shortcut.shown(classifier, records, {}, seed=5)
    columns = [classifier.card.findings.index(one) for one in plants]
    there = np.asarray(found.taught[:, columns].any(1))
    changed = (found.planes != plain.planes).flatten(1).any(1).numpy()
    np.testing.assert_array_equal(changed, there)
    assert 0 < there.sum() < len(there)
    effusion = classifier.card.findings.index("Effusion")
    np.testing.assert_array_equal(found.taught[:, effusion], plain.true[:, effusion])
    assert plain.true[:, effusion].sum() == 6


def test_the_folder_says_what_it_is(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / "models" / "chest-phantom-shortcut", models / "chest-phantom-shortcut")
    out = models / "chest-shortcut"
    assert cli.main(["train", "chest-shortcut", "--data", str(data), "--out", str(out), "--films", "16"]) == 0
    assert "16 films to learn from" in capsys.readouterr().out
    card = Card.read(out)
    assert (card.default, card.phantom, card.kind) == (False, False, "network")
    assert "on purpose" in card.banner
    assert "for tests" in card.title
    assert load(card, torch.device("cpu")).network is not None


def test_the_card_gets_what_logits_tell_of_a_device(data: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "devices", "chest-untrained", "--data", str(data), "--part", "validation"]) == 0
    assert "tells a drawn device" in capsys.readouterr().out
    card = Card.read(folder / "chest-untrained")
    (effusion,) = (row for row in card.told if row.finding == "Effusion")
    assert (effusion.source, effusion.aspect, effusion.films) == ("validation", DRAWN_DEVICE, 12)
    assert effusion.low <= effusion.value <= effusion.high
    assert cli.main(["models", "devices", "chest-untrained", "--data", str(data), "--part", "validation"]) == 0
    assert Card.read(folder / "chest-untrained").told == card.told, "in place of earlier ones"
    network = load(card, torch.device("cpu"))
    with pytest.raises(InputError, match="No film is in the other part"):
        telling.telling(network, data, "other")


@pytest.fixture
def folder(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = tmp_path / "models"
    shutil.copytree(models, own)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(own))
    return own
