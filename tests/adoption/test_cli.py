"""The `models` command through the real command line."""

import io
import sys
from pathlib import Path

import pytest

from app import __main__ as cli
from app.classifiers.registry import Registry
from tests import checkpoints
from tests.adoption.conftest import Save
from tests.adoption.test_points import table


def test_from_a_file_to_a_network_that_reads_and_away_again(
    tmp_path: Path,
    folder: Path,
    save: Save,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """add, list, show, check, default, remove."""
    file = save({f"model.{name}": value for name, value in checkpoints.resnet("resnet-18", 2).items()})
    names = tmp_path / "names.txt"
    names.write_text("Effusion\nLung Lesion\n", encoding="utf-8")
    assert cli.main(["models", "add", str(file), "--name", "ours", "--labels", str(names), "--size", "48", "--default"]) == 0
    said = capsys.readouterr().out
    for words in (
        "prefix “model.” was dropped",
        "resnet-18, 2 outputs, 3 input channel",
        "conservation error",
        "start 0 px, stride 32 px",
        "Added ours",
    ):
        assert words in said
    timed = [line.split()[0] for line in said.splitlines() if " ms" in line]
    assert timed == ["forward", "CAM", "Layer-CAM", "Saliency", "LRP", "Contrastive"]
    assert "“ours” is chosen by itself now, instead of chest-untrained." in said

    assert cli.main(["models"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "2 findings" in lines["ours"]
    assert "by name only" not in lines["ours"]
    assert "by name only" in lines["chest-untrained"]

    assert cli.main(["models", "show", "ours"]) == 0
    said = capsys.readouterr().out
    for words in ("Effusion, Lung Lesion", "resnet-18, 48 × 48 pixels, 3 channel(s)", "weights.pth", "lrp_conservation_error"):
        assert words in said

    assert cli.main(["models", "check", "ours"]) == 0
    said = capsys.readouterr().out
    assert "the weights are the ones on the card" in said
    assert "start 0 px, stride 32 px" in said
    card = Registry(folder).card("ours")
    assert (card.stride, card.check["layer_start"], card.check["layer_stride"]) == (32, [0.0, 0.0], [32.0, 32.0])
    assert Registry(folder).card("chest-untrained").stride == 0
    assert cli.main(["models", "default", "chest-untrained"]) == 0
    assert "instead of ours" in capsys.readouterr().out

    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert cli.main(["models", "remove", "ours"]) == 2
    assert "Nothing was done" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert cli.main(["models", "remove", "ours"]) == 0
    assert "stay stored" in capsys.readouterr().out
    assert "ours" not in {card.name for card in Registry(folder).cards()}
    for request in (["show", "ours"], ["check", "ours"], ["remove", "ours", "--yes"], ["default", "ours"]):
        assert cli.main(["models", *request]) == 2
        assert "There is no network called “ours”" in capsys.readouterr().err


def test_a_network_is_added_with_points_from_a_table(
    tmp_path: Path, folder: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = table(tmp_path / "data", parts=False)
    file = save({f"model.{name}": value for name, value in checkpoints.resnet("resnet-18", 2).items()})
    names = tmp_path / "names.txt"
    names.write_text("Nodule\nLung Lesion\n", encoding="utf-8")
    add = ["models", "add", str(file), "--labels", str(names), "--size", "48"]
    films = ["--table", str(labels), "--images", str(labels.parent / "films")]
    assert cli.main([*add, "--name", "ours", *films]) == 0
    card = Registry(folder).card("ours")
    assert card.pointed("Nodule")
    assert not card.pointed("Lung Lesion")
    capsys.readouterr()
    labels.write_text("image,Nodule\n0.png,1\n", encoding="utf-8")
    assert cli.main([*add, "--name", "others", *films]) == 0
    assert "It calls findings from 0.5 on: There are too few films" in capsys.readouterr().out
    assert Registry(folder).card("others").point("Nodule") == 0.5
    assert cli.main(["models", "check", "others"]) == 0
    said = capsys.readouterr().out
    assert Registry(folder).card("others").banner in said, "what the card warns of stands wherever an answer is printed"
    assert cli.main(["models", "show", "ours"]) == 0
    assert f"Nodule from {card.point('Nodule'):.3g} on" in capsys.readouterr().out


def test_a_check_that_fails_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = folder / "chest-untrained" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert cli.main(["models", "check", "chest-untrained"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "not the ones on its card" in line


def test_a_refusal_is_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "film.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert cli.main(["models", "add", str(tmp_path / "film.png"), "--name", "ours", "--labels", "nih"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("“film.png” is neither a safetensors file nor a PyTorch state dict")
    assert cli.main(["models", "remove", "chest-untrained", "--yes"]) == 2
    assert "was not added with “models add”" in capsys.readouterr().err
    assert (folder / "chest-untrained" / "card.toml").is_file()
