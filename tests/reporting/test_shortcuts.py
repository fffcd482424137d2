"""`evaluate --shortcuts`: a network that sees nothing but brightness, on films that are brighter when taken in bed."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.domain import FINDINGS
from app.errors import InputError, NotFound
from app.reporting import cli, shortcuts
from tests.classifiers.conftest import write_model


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Validation films of two sources: 30 in bed, whose corner is bright, and 30 upright; every third has an effusion."""
    for source in ("nih", "nih_small"):
        folder = tmp_path / "data" / "chest" / source
        (folder / "images").mkdir(parents=True)
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            lines = csv.DictWriter(file, ["image", "patient", "view", "sex", "age", *FINDINGS])
            lines.writeheader()
            for index in range(60):
                bed = index < 30
                picture = np.random.default_rng(index).integers(40, 90, (40, 40)).astype(np.uint8)
                picture[:10, :10] += np.uint8(150 * bed)
                Picture.fromarray(picture).save(folder / "images" / f"{index}.png")
                row = {"image": f"{index}.png", "patient": f"{index}2", "view": "AP" if bed else "PA", "sex": "MF"[index % 2]}
                row |= {"age": str(30 + index), **{f: str(int(f == "Effusion" and index % 3 == 0)) for f in FINDINGS}}
                lines.writerow(row)
    return tmp_path / "data"


def test_the_command_tells_every_aspect_of_every_answer(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path / "models", name="bright")
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    assert cli.main(["--shortcuts", "bright", "--data", str(data)]) == 0
    told = capsys.readouterr().out
    for aspect in ("AP", "male", "older than 60", "from nih", "drawn device"):
        assert f"{aspect}: AUROC" in told
    assert "wide heart" not in told  # no film has one
    assert "mean of findings" in told
    with pytest.raises(NotFound):
        cli.main(["--shortcuts", "other", "--data", str(data)])
    card = Registry(tmp_path / "models").card("bright")
    assert not card.told, "nothing is written that was not asked for"
    assert cli.main(["--shortcuts", "bright", "--data", str(data), "--write"]) == 0
    (bed,) = [row for row in Card.read(card.folder).told if (row.finding, row.aspect) == ("Effusion", "AP")]
    assert bed.source == "validation"
    assert bed.plain is not None
    assert bed.within is not None
    assert bed.within != bed.plain


def test_a_logit_that_follows_the_bed_is_told(data: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "models", name="bright")
    classifier = load(Registry(tmp_path / "models").card("bright"), torch.device("cpu"))
    found = shortcuts.measure(classifier, data, "validation")
    (one,) = [row for row in found if (row.finding, row.aspect) == ("Effusion", "AP")]
    assert (one.told.positives, one.told.negatives) == (40, 40)
    assert one.told.value < 0.05 or one.told.value > 0.95  # drawn weights see the bright corner, either way about
    with pytest.raises(InputError, match="No film is in the test part"):
        shortcuts.measure(classifier, data, "test")


def test_a_network_that_answers_something_else_is_told(data: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "models", name="other", findings=["ACL tear"], temperature=[1.0])
    classifier = load(Registry(tmp_path / "models").card("other"), torch.device("cpu"))
    with pytest.raises(InputError, match="none of the films' findings"):
        shortcuts.measure(classifier, data, "validation")
