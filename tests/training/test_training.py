"""Training end to end on little data: reads, fits, resumes, calibrates, tests, writes a folder that loads."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app.classifiers.curves import Curves
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.domain import FINDINGS, NO_FINDING
from app.errors import InputError
from app.training import cli, films
from app.training.augmentation import augment
from app.training.chest import Task
from app.training.fitting import masked_loss, one_cycle, shrink
from app.training.heads import Refit
from app.training.targets import Recipe

HEADER = ["image", "patient", *FINDINGS]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in the layout of the real one: 60 films per source (120 of children), the sick ones with a bright base."""
    rng = np.random.default_rng(0)
    for source in films.SOURCES:
        folder = tmp_path / "data" / "chest" / source
        (folder / "images").mkdir(parents=True)
        children = source == "paediatric"
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            lines = csv.DictWriter(file, ["image", "patient", "pneumonia"] if children else HEADER)
            lines.writeheader()
            for index in range(120 if children else 60):
                sick = index % 2
                picture = rng.integers(40, 90, (40, 36)).astype(np.uint8)
                picture[28:, :18] += np.uint8(120 * sick)
                Picture.fromarray(picture).save(folder / "images" / f"{index}.png")
                patient = f"person{index}" if children else f"{index // 2:08d}"
                row: dict[str, object] = {"image": f"{index}.png", "patient": patient}
                row |= {"pneumonia": sick} if children else {f: sick if f in ("Effusion", "Pneumonia") else 0 for f in FINDINGS}
                lines.writerow(row)
    return tmp_path / "data"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "quick.toml"
    path.write_text(
        'name = "chest-compact"\nseeds = [1, 2]\npixels = 32\nparameters = { widths = [4, 8], strides = [1, 2], blocks = 1 }\n'
        'sources = ["nih", "nih_small", "nih_lungs", "paediatric"]\n'
        "recipe = { teacher = 0.5, taught = 2.0, helpers = 1.0 }\n"
        '[[stages]]\nsize = 24\nepochs = 2\nbatch = 16\nrate = 0.01\nsources = ["nih", "nih_small", "nih_lungs"]\n'
        "[[stages]]\nsize = 32\nepochs = 1\nbatch = 16\nrate = 0.005\nlungs_only = 0.3\ninserted = 0.3\n"
        "[refit]\nprojection = 1.0\nheart = 1.0\nkeep = 0.1\n"
        '[[outside]]\nleft_out = "paediatric"\ntested_on = ["paediatric"]\nafter_stage = 1\n'
        '[[outside]]\nleft_out = "nih"\ntested_on = ["nih"]\n'
        'stages = [{ size = 24, epochs = 1, batch = 16, rate = 0.01, sources = ["paediatric"] }]\n'
    )
    return path


def test_the_split_is_by_patient_and_the_same_for_every_network() -> None:
    assert films.part_of("nih", "00000011") == "test"
    assert films.part_of("nih_lungs", "00000012") == "validation"
    assert films.part_of("nih_small", "00000020") == "train"
    digit = int(hashlib.sha256(b"person7").hexdigest(), 16) % 10
    assert films.part_of("paediatric", "person7") == {1: "test", 2: "validation"}.get(digit, "train")


def test_the_last_layer_may_be_fitted_to_other_weights() -> None:
    run: dict[str, object] = {"recipe": {"teacher": 0.7, "helpers": 1.0, "within": ["projection", "heart"]}}
    entry = {"projection": 1.0, "heart": 10.0, "keep": 0.1, "sources": ["nih"]}

    def last(run: dict[str, object]) -> tuple[Refit, Recipe] | None:
        return Task(run, Path("models/any"), Path("runs"), torch.device("cpu")).last

    assert last(run) is None
    assert last({**run, "refit": entry}) == (Refit(1.0, 10.0, 0.1, ("nih",)), Recipe(0.7, within=["projection", "heart"]))
    told = last({**run, "refit": {**entry, "within": []}})
    assert told == (Refit(1.0, 10.0, 0.1, ("nih",), ()), Recipe(0.7, within=()))


def test_a_source_that_does_not_say_is_not_asked() -> None:
    row = dict.fromkeys(FINDINGS, "1") | {"pneumonia": "0"}
    children = films.labels_of("paediatric", row)
    assert [f for f, value in zip(FINDINGS, children, strict=True) if not np.isnan(value)] == ["Pneumonia"]
    lungs = films.labels_of("nih_lungs", row)
    assert [f for f, value in zip(FINDINGS, lungs, strict=True) if np.isnan(value)] == ["Cardiomegaly", "Effusion"]
    assert not np.isnan(films.labels_of("nih", row)).any()


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no manifest"):
        films.read(tmp_path)


def test_training_writes_a_folder_that_loads_and_goes_on_where_it_stopped(
    data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["chest", "--data", str(data), "--config", str(config), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    out = tmp_path / "models" / "chest-compact"
    assert cli.main([*command, "--out", str(out)]) == 0
    card = Registry(out.parent).card("chest-compact")
    classifier = load(card, torch.device("cpu"))
    assert card.input_size == 32
    assert card.architecture == "compact-twin"
    assert card.findings == (*FINDINGS, NO_FINDING)
    assert {(row.left_out, row.finding) for row in card.outside} >= {("paediatric", "Pneumonia"), ("nih", "Pneumonia")}
    assert {row.name for row in card.data} == set(films.SOURCES)
    assert sum(row.images for row in card.data) == sum(1 for film in films.read(data) if film.part == "train")
    assert all(f.low <= f.value <= f.high for f in card.figures)
    assert "validation part" in card.operating_rule
    curves = Curves.read(card)
    assert curves is not None
    points = {(row.source, row.finding) for row in card.operating}  # of so few films hardly one can be chosen
    assert {(one.source, one.finding) for one in curves.calls} == points
    assert classifier.card.temperature == card.temperature
    log = list(csv.DictReader((tmp_path / "runs" / "chest-compact" / "trunk-1" / "metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in log] == ["1", "2", "3"]
    capsys.readouterr()
    assert cli.main([*command, "--out", str(out)]) == 0
    assert "continuing after epoch 3" in capsys.readouterr().out
    assert Registry(out.parent).card("chest-compact").sha256 == card.sha256  # nothing was left to train: the same network


def test_a_phantom_network_trains_on_drawn_films(tmp_path: Path) -> None:
    config = tmp_path / "quick.toml"
    source = (cli.CONFIGS / "chest-phantom-shortcut.toml").read_text(encoding="utf-8")
    config.write_text(
        source.replace("pixels = 128", "pixels = 64").replace("size = 128", "size = 64").replace("epochs = 9", "epochs = 1")
    )
    out = tmp_path / "models" / "chest-phantom-shortcut"
    arguments = ["chest-phantom-shortcut", "--config", str(config), "--out", str(out), "--runs", str(tmp_path), "--films", "40"]
    assert cli.main([*arguments, "--device", "cpu"]) == 0
    card = Registry(out.parent).card("chest-phantom-shortcut")
    assert card.phantom
    assert not card.default
    assert {figure.source for figure in card.figures} == {"phantoms of new seeds", "phantoms without the shortcut"}
    assert any("drain" in limit for limit in card.limits)


def test_a_masked_label_pulls_at_nothing() -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    masked_loss(logits, torch.ones(2, 2), torch.tensor([[1.0, 0.0], [1.0, 1.0]])).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert logits.grad[0, 0] < 0


def test_the_rate_rises_and_falls() -> None:
    rates = [one_cycle(x) for x in np.linspace(0, 1, 50)]
    assert max(rates) == pytest.approx(1.0, abs=0.03)
    assert rates[0] < 0.2
    assert rates[-1] < 0.03


def test_augmentation_is_seeded_stays_in_range_and_changes_the_film() -> None:
    films_in = torch.rand(6, 1, 48, 48, generator=torch.Generator().manual_seed(1))
    first, again = (augment(films_in, torch.Generator().manual_seed(5)) for _ in range(2))
    other = augment(films_in, torch.Generator().manual_seed(6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == films_in.shape
    assert 0 <= float(first.min()) <= float(first.max()) <= 1


def test_shrink_keeps_the_mean() -> None:
    films_in = np.random.default_rng(0).integers(0, 255, (5, 64, 64)).astype(np.uint8)
    assert shrink(films_in, 64).shape == (5, 64, 64)
    assert shrink(films_in, 16).float().mean() == pytest.approx(films_in.mean(), abs=1.0)
