"""A file becomes a network of the product: the same logits, every method, conservation; a refusal leaves nothing behind."""

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from app import explainers
from app.adoption import addition, shelf, trial
from app.adoption.addition import Added, Request
from app.adoption.labels import XRV
from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.registry import GONE, Registry
from app.errors import AppError, Conflict, InputError, ModelError, NotFound
from tests import checkpoints
from tests.adoption.conftest import Save
from tests.adoption.test_checkpoint import Canary

CPU = torch.device("cpu")
ALL = [
    ("densenet-121", 14, 3, {"labels": "nih"}),
    ("densenet-121", 18, 1, {"labels": "xrv", "preset": "torchxrayvision"}),
    ("resnet-18", 14, 1, {"labels": "nih", "preset": "whylight"}),
    ("resnet-50", 14, 3, {"labels": "nih"}),
    ("densenet-169", 14, 1, {"labels": "nih", "preset": "whylight"}),
    ("efficientnet-b0", 14, 3, {"labels": "nih"}),
    ("efficientnet-lite0", 14, 1, {"labels": "nih", "preset": "whylight"}),
    ("convnext-tiny", 14, 3, {"labels": "nih"}),
]
UNDEFINED = {
    "efficientnet-b0": {"rap", "rap_contrastive"},
    "efficientnet-lite0": {"rap", "rap_contrastive"},
    "convnext-tiny": {"cam", "lrp", "rap", "rap_contrastive"},
}
"""What an architecture has no method for: SiLU and linear bottlenecks let values below 0 through, which RAP cannot have, and
layer normalisation has no rule of relevance and stands between ConvNeXt's pooling and its last layer."""


BY_BIAS_ALONE = ("efficientnet-lite0",)
"""Where random weights leave neurons of a depthwise layer active by their bias alone. No bias takes a share in LRP's default
composite, so that such a neuron has nothing to hand its relevance on to, which the map's conservation error then tells (.2
here). What conserves is the rule, and that is shown without biases."""


def unbiased(state: checkpoints.State) -> None:
    """Takes the biases out, but for that of the last layer."""
    for name, values in state.items():
        if name.endswith("running_mean") or (name.endswith(".bias") and not name.startswith("classifier")):
            values.zero_()


def add(file: Path, models: Path, **asked: Any) -> Added:
    """Take a file in at a small size."""
    given: dict[str, Any] = {"name": "mine", "size": 64} | asked
    return addition.add(Request(file=file, **given), models, CPU)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_an_imported_network_gives_the_reference_s_logits_and_every_method_applies(
    tmp_path: Path, folder: Path, case: tuple[str, int, int, dict[str, str]]
) -> None:
    architecture, outputs, channels, asked = case
    state = checkpoints.make(architecture, outputs, channels)
    if architecture in BY_BIAS_ALONE:
        unbiased(state)
    file = tmp_path / "weights.safetensors"
    save_file(state, file)
    added = add(file, folder, **asked)
    classifier = load(Registry(folder).card("mine"), CPU)
    assert (added.card.architecture, len(added.card.findings)) == (architecture, outputs)
    trace = explainers.record(classifier, trial.film())
    assert trace.input.shape == (1, channels, 64, 64)
    wanted = checkpoints.reference(architecture, state, trace.input.detach())
    torch.testing.assert_close(trace.logits, wanted, rtol=1e-5, atol=1e-5)
    undefined = UNDEFINED.get(architecture, set())
    for row in added.trial.rows:
        assert row.state.startswith("not defined: ") == (row.method in undefined), row
        assert ("Still available" in row.state or "Grad-CAM and saliency need" in row.state) == (row.method in undefined), row
        assert (row.conservation_error is not None) == (row.method in {"lrp", "rap_contrastive"} - undefined)
    targets = added.card.findings[:3]
    for method in set(explainers.panel()) - undefined:
        for found in explainers.load(method).explain(classifier, trace, targets):
            assert found.state in {"ok", "no positive evidence"}
            assert np.abs(found.values).max() > 0
            if method in {"lrp", "rap_contrastive"}:
                assert found.conservation_error is not None
                assert found.conservation_error < 1e-4, (method, found.finding)
    (gradcam,) = explainers.load("gradcam").explain(classifier, trace, targets[:1])
    assert gradcam.values.shape == (1, 2, 2)
    if "cam" not in undefined:
        (cam,) = explainers.load("cam").explain(classifier, trace, targets[:1])
        size = cam.values.size
        np.testing.assert_allclose(gradcam.values * size, cam.values, rtol=1e-3, atol=1e-3 * np.abs(cam.values).max())
    assert len(added.trial.faults()) == len(undefined & set(explainers.panel()))


def test_the_methods_that_are_asked_for_work_with_three_channels(
    tmp_path: Path, folder: Path, resnet18: checkpoints.State
) -> None:
    save_file(resnet18, tmp_path / "w.safetensors")
    add(tmp_path / "w.safetensors", folder, labels=labels(tmp_path, "A", "B", "C"), size=32)
    classifier = load(Registry(folder).card("mine"), CPU)
    trace = explainers.record(classifier, trial.film())
    few: dict[str, dict[str, int]] = {
        "integrated_gradients": {"steps": 2},
        "smoothgrad": {"samples": 2},
        "occlusion": {"cells": 4},
        "rise": {"masks": 16},
        "expected_gradients": {"films": 2, "steps": 2},
    }
    for method in (
        set(explainers.names(classifier.card)) - set(explainers.panel()) - {"prior_cam"}
    ):  # chest findings alone have masks
        (found,) = explainers.load(method).explain(classifier, trace, ["A"], **few.get(method, {}))
        assert not found.state.startswith("not defined"), method
        assert np.isfinite(found.values).all()
        assert np.abs(found.values).max() > 0, method


def labels(folder: Path, *names: str) -> str:
    """A file of labels."""
    path = folder / "labels.txt"
    path.write_text("\n".join(names) + "\n", encoding="utf-8")
    return str(path)


def test_the_card_says_where_it_came_from_and_what_was_found_and_a_flipped_byte_is_refused(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State
) -> None:
    file = save({"state_dict": {f"module.{name}": value for name, value in resnet18.items()}})
    add(file, folder, labels=labels(tmp_path, "Effusion", "Mass", "Lung Lesion"))
    card = Registry(folder).card("mine")
    assert card.findings == ("Effusion", "Mass", "Lung Lesion")
    assert not card.default
    assert not card.phantom
    assert card.preprocessing.mean == (0.485, 0.456, 0.406)
    assert card.origin["file"] == "weights.pth"
    assert len(card.origin["sha256"]) == 64
    assert "the prefix “module.” was dropped from the names" in card.origin["done"]
    assert set(card.check) >= {"forward_ms", "lrp_conservation_error", "rap_contrastive_conservation_error", "cam", "lrp_ms"}
    assert card.check["lrp_conservation_error"] < 1e-4
    assert sorted(path.name for path in card.folder.iterdir()) == ["card.toml", "weights.safetensors"]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    data = bytearray(card.weights.read_bytes())
    data[len(data) // 2] ^= 1
    card.weights.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="not the ones on its card"):
        load(Card.read(folder / "mine"), CPU)


def test_torchxrayvisions_operating_points_and_untrained_outputs(tmp_path: Path, folder: Path, save: Save) -> None:
    """NaN marks an output that was never trained: it is left out, and its neighbours keep their names, logits and points."""
    state = checkpoints.densenet(18, 1)
    state["op_threshs"] = torch.linspace(0.01, 0.2, 18)
    state["op_threshs"][[2, 17]] = float("nan")
    added = add(save(state), folder, size=64)
    assert "Infiltration" not in added.card.findings
    assert len(added.card.findings) == 16
    assert added.card.operating_points == pytest.approx([p for p in state["op_threshs"].tolist() if not math.isnan(p)])
    assert (added.card.preprocessing.fit, added.card.preprocessing.scale) == ("crop", (-1024.0, 1024.0))
    classifier = load(added.card, CPU)
    (prediction,) = classifier.predict(trial.film())
    logits = checkpoints.reference("densenet-121", state, classifier.prepare(trial.film()))[0]
    plain = torch.sigmoid(logits)
    for score in prediction.scores:
        place = XRV.index(score.finding)
        point, p = float(state["op_threshs"][place]), float(plain[place])
        assert score.logit == pytest.approx(float(logits[place]), rel=1e-4, abs=1e-4)
        assert score.probability == pytest.approx(p / (2 * point) if p < point else 1 - (1 - p) / (2 * (1 - point)), abs=1e-4)


def test_a_card_of_ones_own_is_kept_and_the_command_line_goes_before_it(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State
) -> None:
    card = tmp_path / "own.toml"
    card.write_text(
        'name = "other"\ntitle = "Ours"\nfindings = ["A", "", "B"]\nmodalities = ["DX"]\nbanner = ""\ninput_size = 96\n'
        'temperature = [2.0, 1.0, 0.5]\nsha256 = "none"\n[preprocessing]\nstretch = "percentiles"\nscale = [0.0, 1.0]\n'
        '[[data]]\nname = "Here"\nimages = 5\npatients = 4\nterms = "ours"\n'
        '[[figures]]\nsource = "Here"\nfinding = "A"\nmetric = "AUROC"\nvalue = 0.8\nlow = 0.7\nhigh = 0.9\n'
        "positives = 10\nnegatives = 20\n",
        encoding="utf-8",
    )
    added = add(save(resnet18), folder, card=card)
    assert (added.card.name, added.card.title, added.card.modalities, added.card.banner) == ("mine", "Ours", ("DX",), "")
    assert (added.card.findings, added.card.temperature) == (("A", "B"), (2.0, 0.5))
    assert added.card.input_size == 64
    assert (added.card.preprocessing.stretch, added.card.preprocessing.channels) == ("percentiles", 3)
    assert (added.card.data[0].name, added.card.figures[0].value) == ("Here", 0.8)


def test_the_template_is_a_card_and_stands_in_the_documentation() -> None:
    from app.config import ROOT

    text = addition.TEMPLATE.read_text(encoding="utf-8")
    assert text in (ROOT / "docs/how-to/bring-your-own-model.md").read_text(encoding="utf-8")
    assert "".join(line.removeprefix("# ") for line in text.split("# May follow:\n")[1].splitlines(keepends=True))


Wrong = tuple[dict[str, Any], type[AppError], str]
REFUSALS: list[Wrong] = [
    ({"name": "Mine!"}, InputError, "lower-case letters"),
    ({"name": "chest-untrained"}, Conflict, "already"),
    ({"labels": ""}, InputError, r"Say what the 3 outputs are"),
    ({"labels": "nih"}, InputError, "3 outputs, and 14 labels"),
    ({"labels": "nowhere.txt"}, InputError, "is none of them"),
    ({"channels": 1}, InputError, r"take 3 input channel\(s\), not 1"),
    ({"preset": "torchxrayvision"}, InputError, "no preset “torchxrayvision” for 3"),
    ({"size": 16}, InputError, "between 32 and 2048"),
    ({"architecture": "resnet-34"}, ModelError, "those of a resnet-18"),
]


@pytest.mark.parametrize("wrong", REFUSALS, ids=str)
def test_a_request_that_cannot_be_met_is_refused_and_leaves_nothing(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State, wrong: Wrong
) -> None:
    asked, kind, told = wrong
    before = sorted(path.name for path in folder.iterdir())
    given = {"labels": labels(tmp_path, "A", "B", "C")} | asked
    with pytest.raises(kind, match=told):
        add(save(resnet18), folder, **given)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_one_channel_without_a_word_on_the_films_is_not_guessed(folder: Path, save: Save) -> None:
    with pytest.raises(InputError, match="one channel"):
        add(save(checkpoints.resnet("resnet-18", 14, 1)), folder, labels="nih")
    assert addition.preset("torchvision", 1).mean == (0.449,)


@pytest.mark.parametrize("names", [("A", "A", "B"), ("", "", ""), ("a/b", "B", "C"), ("top", "B", "C"), ("x" * 65, "B", "C")])
def test_labels_that_cannot_be_used_are_refused(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State, names: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, match=r"name"):
        add(save(resnet18), folder, labels=labels(tmp_path, *names))


@pytest.mark.parametrize(
    "text", ["title = ", '[preprocessing]\nfit = "much"', "[[data]]\nname = {a = 1}", "data = 3", "day = 2020-01-01"]
)
def test_a_card_that_cannot_be_used_is_refused(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State, text: str
) -> None:
    card = tmp_path / "own.toml"
    card.write_text(text, encoding="utf-8")
    with pytest.raises((InputError, ModelError), match="card"):
        add(save(resnet18), folder, labels=labels(tmp_path, "A", "B", "C"), card=card)
    assert not (folder / "mine").exists()


def test_a_network_that_answers_with_no_number_is_refused(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(ModelError, match="not finite"):
        add(save(resnet18 | {"fc.weight": torch.full((3, 512), 3e38)}), folder, labels=labels(tmp_path, "A", "B", "C"))
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_pickle_is_refused_and_never_runs(tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State) -> None:
    canary = tmp_path / "sang"
    with pytest.raises(ModelError, match="not opened"):
        add(save({"state_dict": resnet18, "hyper": Canary(canary)}), folder, labels="nih")
    assert not canary.exists()
    assert not (folder / "mine").exists()


def test_faults_are_told() -> None:
    rows = (trial.Row("cam", "not defined: no pooling", 1.0, None), trial.Row("lrp", "ok", 1.0, 0.02))
    found = trial.Trial("A", "cpu", 1, 1.0, 0.0, 1.0, rows)
    assert found.faults() == (
        "cam is not defined: no pooling.",
        "lrp loses 2.0e-02 of its relevance on the way, more than rounding (1e-04).",
    )


def test_one_network_is_chosen_by_itself_and_the_rest_of_a_card_stays(folder: Path) -> None:
    shutil.copytree(folder / "chest-untrained", folder / "second")
    path = folder / "second" / "card.toml"
    text = path.read_text(encoding="utf-8").replace("chest-untrained", "second").replace("default = true\n", "")
    path.write_text(text, encoding="utf-8")
    registry = Registry(folder)
    assert [card.name for card in shelf.make_default(registry, "second")] == ["chest-untrained"]
    assert {card.name: card.default for card in Registry(folder).cards()} == {
        "chest-untrained": False, "phantom-by-name": False, "phantom-untrained": True, "second": True,
    }  # fmt: skip
    assert [card.name for card in shelf.make_default(Registry(folder), "chest-untrained")] == ["second"]
    assert path.read_text(encoding="utf-8") == f"default = false\n{text}"


def test_a_network_that_was_added_can_be_taken_away_and_is_remembered(
    tmp_path: Path, folder: Path, save: Save, resnet18: checkpoints.State
) -> None:
    asked = {"labels": labels(tmp_path, "A", "B", "C"), "size": 32}
    add(save(resnet18), folder, **asked)
    registry = Registry(folder)
    shelf.remove(registry, "mine")
    assert not (folder / "mine").exists()
    with pytest.raises(NotFound):
        registry.card("mine")
    known = registry.remembered("mine")
    assert (known.findings, known.default, known.modalities, known.banner) == (("A", "B", "C"), False, (), GONE)
    for name in ("never", "../mine", ".removed"):
        with pytest.raises(NotFound):
            registry.remembered(name)
    add(save(resnet18), folder, **asked)
    assert registry.remembered("mine").banner != GONE
    with pytest.raises(Conflict, match="was not added"):
        shelf.remove(registry, "chest-untrained")
    assert (folder / "chest-untrained" / "card.toml").is_file()
