"""MRNet-style weights, one file per plane and task, become a network whose answers are those of an independent pass."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from app.adoption import cli, exams, shelf
from app.classifiers.exam import slice_scores
from app.classifiers.loading import load_exam
from app.classifiers.registry import Registry
from app.domain import Patient, Series, Study
from app.errors import AppError, InputError, ModelError
from tests import checkpoints
from tests.exams import write_exam_network

SHAPES = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
CPU = torch.device("cpu")


def alexnet(seed: int) -> dict[str, Tensor]:
    """A state dict as the public implementations of MRNet save it."""
    random = torch.Generator().manual_seed(seed)
    state = {}
    for number, (outputs, inputs, side) in SHAPES.items():
        scale = (2 / (inputs * side * side)) ** 0.5
        state[f"pretrained_model.features.{number}.weight"] = torch.randn(outputs, inputs, side, side, generator=random) * scale
        state[f"pretrained_model.features.{number}.bias"] = torch.randn(outputs, generator=random) * 0.1
    state["classifier.weight"] = torch.randn(1, 256, generator=random)
    state["classifier.bias"] = torch.randn(1, generator=random)
    return state


def answered(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """MRNet's forward pass by hand, for slices (s, 3, h, w)."""

    def conv(x: Tensor, number: int, stride: int = 1, padding: int = 1) -> Tensor:
        name = f"pretrained_model.features.{number}."
        return F.relu(F.conv2d(x, state[name + "weight"], state[name + "bias"], stride, padding))

    x = F.max_pool2d(conv(x, 0, 4, 2), 3, 2)
    x = F.max_pool2d(conv(x, 3, 1, 2), 3, 2)
    x = F.max_pool2d(conv(conv(conv(x, 6), 8), 10), 3, 2)
    pooled = x.mean((2, 3)).max(0).values
    return state["classifier.weight"] @ pooled + state["classifier.bias"]


def folder(
    where: Path, names: tuple[str, ...] = ("sagittal_acl", "coronal-acl", "axial_meniscus", "mrnet_sag_abnormal")
) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        torch.save(alexnet(number), where / f"{name}.pth")
    return where


def small(where: Path) -> Path:
    """A card of one's own for small slices, so that the check run takes a moment."""
    card = where / "own.toml"
    card.write_text("input_size = 64\n", encoding="utf-8")
    return card


def test_the_answers_are_those_of_an_independent_pass(tmp_path: Path) -> None:
    card, tried, told = exams.add(folder(tmp_path / "MRNet"), "knee-own", tmp_path / "models", CPU)
    assert card.kind == "exam"
    assert not card.phantom
    assert {row.state for row in tried.rows} == {"ok"}
    assert told[0] == "mrnet_sag_abnormal.pth: alexnet, sagittal plane, abnormality"
    classifier = load_exam(card, CPU)
    x = torch.rand(5, 1, 256, 256)
    for plane, finding, number in (("sagittal", "ACL tear", 0), ("axial", "meniscal tear", 2), ("sagittal", "abnormality", 3)):
        part = classifier.member(plane, finding)  # type: ignore[arg-type]
        prepared = part.channels(x)
        assert float(prepared.min()) == pytest.approx((float(x.min()) - 0.485) / 0.229, abs=0.02)
        with torch.no_grad():
            logits, _ = slice_scores(part.network, part.network.pooled(prepared))  # type: ignore[arg-type, operator]
            torch.testing.assert_close(logits, answered(alexnet(number), prepared), rtol=1e-5, atol=1e-5)


def test_a_resnet_is_taken_too(tmp_path: Path) -> None:
    state = {f"model.{name}": value for name, value in checkpoints.resnet("resnet-18", 1).items()}
    (tmp_path / "MRNet").mkdir()
    torch.save(state, tmp_path / "MRNet" / "axial_acl.pt")
    card, _, _ = exams.add(tmp_path / "MRNet", "knee-own", tmp_path / "models", CPU, small(tmp_path))
    assert card.input_size == 64
    assert card.members[0].parameters == {"encoder": "resnet-18"}


def test_the_command_brings_it_and_it_reads_exams_of_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    assert cli.main(["add", str(folder(tmp_path / "MRNet")), "--name", "knee-own"]) == 0
    assert "an exam's logit is the mean of its planes'" in capsys.readouterr().out
    assert cli.main(["list"]) == 0
    assert "knee-own" in capsys.readouterr().out
    assert Registry(tmp_path / "models").cards()[0].name == "knee-own"
    assert cli.main(["remove", "knee-own", "--yes"]) == 0


def test_a_network_of_exams_takes_the_place_of_another_and_of_no_other_part(tmp_path: Path) -> None:
    """Networks of exams were left out: two were chosen by themselves, and the first by name read everything."""
    write_exam_network(tmp_path, "knee-first", phantom=False)
    write_exam_network(tmp_path, "knee-second", phantom=False, body_parts=["KNIE"])
    write_exam_network(tmp_path, "shoulder", phantom=False, body_parts=["SHOULDER"])
    assert [card.name for card in shelf.make_default(Registry(tmp_path), "knee-second")] == ["knee-first"]
    chosen = {card.name: card.default for card in Registry(tmp_path).cards()}
    assert chosen == {"knee-first": False, "knee-second": True, "shoulder": True}


def test_an_added_network_reads_exams_that_do_not_say_what_they_are_of(tmp_path: Path) -> None:
    """Else the network of phantoms, which does, would read them in its place."""
    card, _, _ = exams.add(folder(tmp_path / "MRNet", ("sagittal_acl",)), "knee-own", tmp_path / "models", CPU)
    write_exam_network(tmp_path / "models", people=True, unnamed_parts=True)
    series = Series("1.2", "MR", (), description="t2_tse_sag")
    assert Registry(tmp_path / "models").choose(Study("1", Patient(), (series,)), series) == card


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("sagittal",), "does not say one plane"),
        (("acl_sagittal_coronal",), "does not say one plane"),
        (("sagittal_acl", "sag_acl"), "same plane and task"),
        ((), "holds no weights"),
    ],
)
def test_names_that_do_not_say_what_a_file_is_are_refused(tmp_path: Path, names: tuple[str, ...], why: str) -> None:
    with pytest.raises(InputError, match=why):
        exams.add(folder(tmp_path / "MRNet", names), "knee-own", tmp_path / "models", CPU)
    assert not (tmp_path / "models" / "knee-own").exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda state: state.pop("pretrained_model.features.8.bias"), "neither AlexNet"),
        (lambda state: state.update({"classifier.weight": torch.zeros(3, 256)}), "one linear layer"),
        (lambda state: state.update({"classifier.bias": torch.full((1,), float("nan"))}), "not finite"),
        (lambda state: state.update({"pretrained_model.features.0.weight": torch.zeros(64, 3, 3, 3)}), "does not fit"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, change: object, why: str) -> None:
    state = alexnet(0)
    change(state)  # type: ignore[operator]
    (tmp_path / "MRNet").mkdir()
    torch.save(state, tmp_path / "MRNet" / "axial_acl.pth")
    with pytest.raises(ModelError, match=why):
        exams.add(tmp_path / "MRNet", "knee-own", tmp_path / "models", CPU)
    assert not list((tmp_path / "models").glob("*"))


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    exams.add(folder(tmp_path / "MRNet", ("sagittal_acl",)), "knee-own", tmp_path / "models", CPU, small(tmp_path))
    for name in ("knee-own", "Knee"):
        with pytest.raises(AppError):
            exams.add(tmp_path / "MRNet", name, tmp_path / "models", CPU)
