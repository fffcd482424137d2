"""A run that is killed goes on where it was, nothing else is continued by mistake, and what it tells is right at any moment."""

import csv
import os
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.domain import FINDINGS, NO_FINDING
from app.errors import InputError
from app.training import cli, curves, record
from tests.house.conftest import ROOT
from tests.training import trees
from tests.waiting import until


@pytest.fixture(scope="module")
def nih(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trees.nih(tmp_path_factory.mktemp("nih"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(trees.TINY, encoding="utf-8")
    return path


def command(data: Path, config: Path, folder: Path) -> list[str]:
    """The arguments of a run whose files are all in ``folder``."""
    out = folder / "models" / "my-chest"
    return ["chest", "--data", str(data), "--config", str(config), "--out", str(out), "--runs", str(folder), "--device", "cpu"]


def test_a_killed_run_loses_at_most_an_epoch_and_ends_as_if_nothing_had_been(
    nih: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(nih, config, tmp_path / "killed")
    checkpoint = tmp_path / "killed" / "my-chest" / "trunk-1" / "checkpoint.pt"
    alone = {**os.environ, "WHYLIGHT_THREADS": "1"}  # as many as the tests have: sums depend on how many share them
    first = subprocess.Popen([sys.executable, "-m", "app", "train", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, env=alone)
    try:
        until(lambda: checkpoint.is_file() or first.poll() is not None, 240)
        assert first.poll() is None, "it ended before its first checkpoint"
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    kept = torch.load(checkpoint, weights_only=True)["epoch"]
    assert cli.main(arguments) == 0
    told = capsys.readouterr().out
    assert f"continuing after epoch {kept} of 6" in told
    assert re.findall(r"^epoch (\d) of 6", told, re.MULTILINE) == [str(epoch) for epoch in range(kept + 1, 7)]
    assert kept < 6, "it was killed too late to show anything"
    log = list(csv.DictReader((checkpoint.parent / "metrics.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["epoch"] for row in log] == ["1", "2", "3", "4", "5", "6"]
    card = Registry(tmp_path / "killed" / "models").card("my-chest")
    assert load(card, torch.device("cpu")).card.findings == (*FINDINGS, NO_FINDING)
    assert cli.main(command(nih, config, tmp_path / "whole")) == 0
    assert Registry(tmp_path / "whole" / "models").card("my-chest").sha256 == card.sha256


def test_one_epoch_on_the_official_layout_writes_an_honest_card(
    nih: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(trees.TINY.replace("epochs = 4", "epochs = 1").rsplit("[[stages]]", 1)[0], encoding="utf-8")
    assert cli.main(command(nih, config, tmp_path)) == 0
    told = capsys.readouterr().out
    assert (
        "the official NIH layout (Data_Entry_2017_v2020.csv): 60 films of 30 patients (train 42, validation 6, test 12)" in told
    )
    assert "epoch 1 of 1: size 32" in told
    card = Registry(tmp_path / "models").card("my-chest")
    (source,) = card.data
    assert (source.name, source.images, source.patients) == ("nih", 42, 21)
    assert "Wang et al. 2017" in source.terms
    assert not card.default
    assert card.title == "Chest network trained on NIH ChestX-ray14"
    assert card.terms == "Weights: see the data's own terms."
    said = " ".join(card.limits)
    assert "Never shown in training, so the answer means nothing: Atelectasis" in said
    assert "young children" not in said
    assert {figure.finding for figure in card.figures} <= {*trees.DRAWN, NO_FINDING}


def test_a_table_becomes_a_network_with_its_own_findings(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(f'second_to = "chest"\n{trees.TINY}', encoding="utf-8")
    data = trees.table(tmp_path / "ours", 40, columns="image,patient,part,source,Big heart,Water")
    (data / "films" / "7.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    assert cli.main(command(data, config, tmp_path)) == 0
    assert "note: 1 of 40 films cannot be read: 7.png" in capsys.readouterr().out
    card = Registry(tmp_path / "models").card("my-chest")
    assert card.findings == ("Big heart", "Water")
    assert [row.name for row in card.data] == ["one", "two"]
    assert {row.terms for row in card.data} == {"see the data's own terms"}
    assert card.title == "Chest network trained on one, two"
    assert card.second_to == ""
    assert any(limit.startswith("1 of 40 films could not be read") for limit in card.limits)
    rows = list(csv.DictReader((tmp_path / "my-chest" / "trunk-1" / "metrics.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["epoch", "size", "rate", "loss", "seconds", "one", "two", "validation"]


def test_another_configuration_is_not_continued_unless_asked(
    nih: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(nih, config, tmp_path)
    config.write_text(trees.TINY.replace("epochs = 4", "epochs = 1").replace("epochs = 2", "epochs = 1"), encoding="utf-8")
    assert cli.main(arguments) == 0
    config.write_text(config.read_text(encoding="utf-8").replace("seeds = [3]", "seeds = [4]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"“trunk-1” was begun with another “seed”.*--fresh"):
        cli.main(arguments)
    with pytest.raises(InputError, match="another “films”, “seed”"):
        cli.main([*arguments, "--films", "50"])
    capsys.readouterr()
    assert cli.main([*arguments, "--fresh"]) == 0
    told = capsys.readouterr().out
    assert "continuing" not in told
    assert "films decoded" not in told  # the decoded films are kept all the same


def test_stages_that_have_not_begun_may_change_and_those_that_have_may_not(
    nih: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(nih, config, tmp_path)
    first, second = trees.TINY.replace("epochs = 4", "epochs = 1").rsplit("[[stages]]", 1)
    config.write_text(first, encoding="utf-8")
    assert cli.main(arguments) == 0
    capsys.readouterr()
    config.write_text(f"{first}[[stages]]{second}", encoding="utf-8")
    assert cli.main(arguments) == 0
    assert "continuing after epoch 1 of 3" in capsys.readouterr().out
    config.write_text(f"{first}[[stages]]{second}".replace("epochs = 2", "epochs = 3"), encoding="utf-8")
    with pytest.raises(InputError, match="another “stages”"):
        cli.main(arguments)


def test_a_run_is_written_as_it_stands_without_being_touched(nih: Path, config: Path, tmp_path: Path) -> None:
    arguments = command(nih, config, tmp_path)
    with pytest.raises(InputError, match="“my-chest/trunk-1” has no checkpoint yet"):
        cli.main([*arguments, "--so-far"])
    first = trees.TINY.replace("epochs = 4", "epochs = 1").rsplit("[[stages]]", 1)[0]
    config.write_text(first, encoding="utf-8")
    assert cli.main([*arguments, "--trunk", "1"]) == 0
    config.write_text(trees.TINY.replace("epochs = 4", "epochs = 1"), encoding="utf-8")
    run = tmp_path / "my-chest" / "trunk-1"
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in run.iterdir()}
    assert cli.main([*arguments, "--so-far"]) == 0
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in run.iterdir()} == before
    card = Registry(tmp_path / "models").card("my-chest")
    assert card.title.endswith("(training not finished)")
    assert card.limits[0].startswith("Its training is not finished: 1 of 3 epochs, on nih.")
    assert (card.input_size, card.default) == (32, False)
    network = load(card, torch.device("cpu")).network
    average = torch.load(run / "checkpoint.pt", weights_only=True)["average"]
    assert torch.equal(network.state_dict()["head.weight"], average["head.weight"][: len(card.findings)])


def test_a_name_that_no_card_may_have_is_told_before_anything_is_read(config: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="“My Chest” is not"):
        cli.main(["chest", "--data", str(trees.table(tmp_path / "t", 4)), "--out", str(tmp_path / "My Chest")])


def test_a_checkpoint_is_replaced_whole_and_what_is_told_follows_it(tmp_path: Path) -> None:
    begun = record.Record(tmp_path, {"seed": "1"}, {})
    assert begun.begin() is None
    begun.keep({"epoch": 1, "size": 32, "rate": 0.1, "loss": 0.5, "validation": 0.6, "seconds": 1.0}, {"epoch": 1})
    (tmp_path / "metrics.csv").unlink()  # as if killed before it was written
    (tmp_path / "checkpoint.partial").write_bytes(b"half")
    again = record.Record(tmp_path, {"seed": "1"}, {})
    state = again.begin()
    assert state is not None
    assert state["epoch"] == 1
    assert (tmp_path / "metrics.csv").read_text(encoding="utf-8").splitlines()[1:] == ["1,32,0.1,0.5,0.6,1"]


class Page(HTMLParser):
    """What stands in the page: the tags that are there, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_of_curves_stands_by_itself() -> None:
    nothing = float("nan")
    rows = [
        {"epoch": e, "size": 32 if e < 4 else 48, "rate": 1e-3 / e, "loss": 1 / e, "validation": 0.5 + e / 20, "a<b": nothing}
        | {"seconds": 60.0, "nih": nothing if e == 2 else 0.7}
        for e in range(1, 6)
    ]
    text = curves.page("my-chest", rows, {"seed": "<3>"}, {"PyTorch": "2"})
    page = Page(text)
    assert "5 epochs done in 5:00. Validation 0.7500 after the last, best 0.7500 after epoch 5." in page.words
    assert "Research use only" in page.words
    assert "<3>" in page.words
    assert [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"] == [
        "Loss on the training part",
        "Validation: mean AUROC",
        "Validation: mean AUROC by source",
        "Learning rate at the end of the epoch",
    ]
    assert sum(tag == "circle" for tag, _ in page.tags) == 5 * 3 + 4
    assert page.words.count("48 px") == 4
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert "http" not in text
    assert "nan" not in text
    for tag, attributes in page.tags:
        if tag == "circle":
            assert 0 <= float(attributes["cx"] or -1) <= curves.WIDTH
            assert 0 <= float(attributes["cy"] or -1) <= curves.HEIGHT


def test_a_page_without_epochs_or_with_one_is_drawn() -> None:
    assert "No epoch is done yet." in curves.page("a", [], {}, {})
    one = [{"epoch": 1, "size": 32, "rate": 0.0, "loss": 0.0, "validation": float("nan"), "seconds": 1.0}]
    assert curves.page("a", one, {}, {}).count("<circle") == 2


@pytest.mark.parametrize(
    ("values", "axis"),
    [([0.2, 0.71], (0.2, 0.8, 0.2)), ([0.7], (0.7, 0.72, 0.02)), ([], (0, 1, 0.5)), ([0.0, 1e-3], (0, 1e-3, 5e-4))],
)
def test_axes_are_round(values: list[float], axis: tuple[float, float, float]) -> None:
    assert curves.scale(values) == pytest.approx(axis)
