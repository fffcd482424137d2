"""`train knee` on a generated folder of MRNet's layout: a network that loads and answers, joins, going on after a stop."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.attending.stacked import AttendingStack
from app.classifiers.card import Card
from app.classifiers.loading import load_exam
from app.config import ROOT
from app.domain import KNEE_FINDINGS, READ_PLANES, Image, Series, frozen
from app.errors import InputError
from app.training import cli
from app.training.exams import joining, knee, mrnet
from tests.training.exams.test_mrnet import layout
from tests.waiting import until

CONFIG = """
title = "Test"
summary = "Test."
seed = 1
phantom = false
encoder = { encoder = "compact", widths = [8, 12], strides = [1, 2], blocks = 1 }
banner = ""
intended_use = "Tests."
terms = "none"
limits = ["none"]
[prefers]
sagittal = ["T2"]
coronal = ["T1"]
axial = ["PD"]
[recipe]
size = 32
epochs = %d
batch = 4
rate = 0.01
average = 0.8
turn = 0
shift = 0.0
mirror = 0.0
"""


def prepared(folder: Path, epochs: int = 6) -> tuple[Path, Path]:
    layout(folder / "MRNet", 48)
    layout(folder / "MRNet", 24, "valid", seed=1)
    config = folder / "knee.toml"
    config.write_text(CONFIG % epochs, encoding="utf-8")
    return folder / "MRNet", config


def test_a_network_is_trained_from_mrnets_layout_and_finds_what_is_there(tmp_path: Path) -> None:
    data, config = prepared(tmp_path)
    out = tmp_path / "models" / "knee-own"
    knee.train(config, data, out, tmp_path / "runs", device="cpu")
    card = Card.read(out)
    assert card.kind == "exam"
    assert len(card.joins) == 7
    whole = {figure.finding: figure.value for figure in card.figures if figure.source == "official validation part"}
    assert set(whole) == set(KNEE_FINDINGS)
    assert min(whole.values()) > 0.8
    classifier = load_exam(card, torch.device("cpu"))
    exams = mrnet.read(data, "valid")
    stacks = {}
    for plane in READ_PLANES:
        images = (Image(f"1.2.{i}", 1, frozen(s.astype(np.uint16))) for i, s in enumerate(exams.stack(plane, 0), start=1))
        stacks[plane] = Series("1.2", "MR", tuple(images))
    said = classifier.predict(stacks)
    assert said.missing == ()
    for plane in READ_PLANES:
        assert (tmp_path / "runs" / "knee-own" / plane / "checkpoint.pt").is_file()


def test_a_run_that_is_killed_ends_with_the_same_weights(tmp_path: Path) -> None:
    data, config = prepared(tmp_path, epochs=8)

    def command(folder: str) -> list[str]:
        out, runs = tmp_path / folder / "knee-x", tmp_path / folder / "runs"
        given = ["knee", "--data", str(data), "--config", str(config), "--device", "cpu", "--plane", "axial"]
        return [*given, "--out", str(out), "--runs", str(runs)]

    assert cli.main(command("a")) == 0
    alone = {**os.environ, "WHYLIGHT_THREADS": "1"}  # as many as the tests have: sums depend on how many share them
    broken = [sys.executable, "-m", "app", "train", *command("b")]
    process = subprocess.Popen(broken, cwd=ROOT, stdout=subprocess.DEVNULL, env=alone)
    checkpoint = tmp_path / "b" / "runs" / "knee-x" / "axial" / "checkpoint.pt"
    until(lambda: checkpoint.is_file() or process.poll() is not None, 240)
    assert process.poll() is None, "it ended before its first checkpoint"
    process.kill()
    process.wait()
    assert cli.main(command("b")) == 0
    states = [
        torch.load(folder / "runs" / "knee-x" / "axial" / "checkpoint.pt", weights_only=True)
        for folder in (tmp_path / "a", tmp_path / "b")
    ]
    for name, tensor in states[0]["average"].items():
        assert torch.equal(tensor, states[1]["average"][name]), name


def test_a_run_is_not_continued_with_another_recipe(tmp_path: Path) -> None:
    data, config = prepared(tmp_path, epochs=1)
    where = (data, tmp_path / "knee-x", tmp_path / "runs")
    knee.train(config, *where, device="cpu", plane="axial")
    config.write_text(CONFIG % 2, encoding="utf-8")
    with pytest.raises(InputError, match="“recipe”"):
        knee.train(config, *where, device="cpu", plane="axial")


def test_a_network_that_weighs_its_slices_begins_with_its_plain_twin(tmp_path: Path) -> None:
    """The trained gates and weights are in the folder that is written, and the card names the architecture and what it opens
    with; a network of other layers begins no network."""
    data, config = prepared(tmp_path, epochs=2)
    twin, out = tmp_path / "models" / "knee-plain", tmp_path / "models" / "knee-own"
    text = (CONFIG % 2).replace("widths = [8, 12], strides = [1, 2]", "widths = [8, 10, 12], strides = [1, 2, 1]")
    config.write_text(text, encoding="utf-8")
    knee.train(config, data, twin, tmp_path / "runs", device="cpu")
    attending = 'architecture = "stack-attending"\ndefault = false\nopens_with = ["gate_fine", "cam"]\n' + text
    config.write_text(attending.replace('"compact"', '"compact-gated"'), encoding="utf-8")
    knee.train(config, data, out, tmp_path / "runs", device="cpu", begin=twin)
    card = Card.read(out)
    assert (card.architecture, card.default, card.opens_with) == ("stack-attending", False, ("gate_fine", "cam"))
    assert card.stride == 8, "the finest gated stage's"
    network = load_exam(card, torch.device("cpu")).member("axial", "ACL tear").network
    assert isinstance(network, AttendingStack)
    with torch.no_grad():
        weights = network.weights(torch.rand(6, network.head.own.shape[1]))
    assert weights is not None
    assert weights.std(1).min() > 1e-4, "the slices' weights were learned"
    config.write_text(attending.replace('"compact"', '"compact-gated"').replace("[8, 10, 12]", "[8, 12, 12]"), encoding="utf-8")
    with pytest.raises(InputError, match="no sagittal plane of this encoder"):
        knee.train(config, data, tmp_path / "models" / "knee-other", tmp_path / "runs", device="cpu", begin=twin)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    _, config = prepared(tmp_path, epochs=1)
    with pytest.raises(InputError, match="no folder of exams"):
        knee.train(config, tmp_path / "nothing", tmp_path / "knee-x", tmp_path / "runs", device="cpu")


def test_the_join_is_a_logistic_regression() -> None:
    random = np.random.default_rng(0)
    x = random.normal(0, 1, (4000, 2))
    y = random.random(4000) < 1 / (1 + np.exp(-(1.5 * x[:, 0] - 0.5 * x[:, 1] + 0.3)))
    weights, bias = joining.logistic(x, y)
    assert [*weights, bias] == pytest.approx([1.5, 0.0, 0.3], abs=0.2), "a plane does not speak against a finding"
    y = random.random(4000) < 1 / (1 + np.exp(-(1.5 * x[:, 0] + 0.5 * x[:, 1] + 0.3)))
    weights, bias = joining.logistic(x, y)
    assert [*weights, bias] == pytest.approx([1.5, 0.5, 0.3], abs=0.2)
    nothing, bias = joining.logistic(-np.abs(y[:, None] + x[:, :1] / 9), y)
    assert [*nothing] == [0.0]
    assert bias == pytest.approx(np.log(y.mean() / (1 - y.mean())))
    same, none = joining.logistic(x, np.ones(4000, bool))
    assert [*same, none] == [0.5, 0.5, 0.0]
