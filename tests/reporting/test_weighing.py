"""What `evaluate` tells of the attention of an exam's network, and of two networks on the same exams."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.card import Card
from app.classifiers.exam import ExamClassifier
from app.classifiers.loading import load_exam
from app.domain import KNEE_FINDINGS
from app.phantoms import knee
from app.reporting import exams, weighing
from tests.exams import stack, write_exam_network


def network(folder: Path, architecture: str, seed: int = 0) -> ExamClassifier:
    return load_exam(
        Card.read(write_exam_network(folder, architecture, architecture=architecture, seed=seed)), torch.device("cpu")
    )


def test_slices_that_hold_the_finding_are_told_by_their_weight_beside_equal_ones(tmp_path: Path) -> None:
    owner, series = network(tmp_path, "stack-attending"), stack(3, slices=5)
    said = owner.predict({"sagittal": series}).parts[0]
    mask = np.zeros((5, 40, 40), bool)
    mask[1:3, 10:20, 10:20] = True
    finding = KNEE_FINDINGS[1]
    told = dict(weighing.looks(owner.member("sagittal", finding), series, mask, finding, said))
    assert told["slices, sagittal"] == pytest.approx(sum(said.weights_of(finding)[1:3]))
    assert told["slices alike, sagittal"] == pytest.approx(2 / 5)
    gates = {"gate_fine, sagittal", "untrained gate_fine, sagittal"}  # three stages have one gate
    assert set(told) == {"slices, sagittal", "slices alike, sagittal"} | gates
    assert told["gate_fine, sagittal"] != told["untrained gate_fine, sagittal"]
    nothing = weighing.looks(owner.member("sagittal", finding), series, np.zeros_like(mask), finding, said)
    assert list(nothing) == []
    plain = network(tmp_path, "stack")
    said = plain.predict({"sagittal": series}).parts[0]
    assert list(weighing.looks(plain.member("sagittal", finding), series, mask, finding, said)) == []


def test_two_networks_are_told_by_the_difference_of_their_aurocs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exams, "SIZE", 64)
    drawn = knee.draw
    monkeypatch.setattr(knee, "draw", lambda seed, size: drawn(seed, size=size, slices=6))
    lines: list[str] = []
    one, other = network(tmp_path, "stack-attending"), network(tmp_path, "stack", seed=4)
    assert exams.run(one, 8, ("cam",), lines.append, other) == 0
    assert sum("of the network beside it" in line for line in lines) == sum(" exams (" in line for line in lines) > 0
    assert any(line.startswith("attention slices, ") for line in lines)
    same: list[str] = []
    exams.run(one, 8, ("cam",), same.append, one)
    differences = [line.partition("difference ")[2] for line in same if "beside it" in line]
    assert set(differences) == {"0.000 [0.000, 0.000]"}, "of a network beside itself"
