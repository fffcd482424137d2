"""Training of a generator of stacks, end to end on two small drawn knees; a run that stopped goes on as if it had not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.card import Card
from app.classifiers.generator import Generator
from app.classifiers.loading import load, load_exam
from app.classifiers.registry import Registry
from app.config import ROOT
from app.counterfactuals.generating import Generating
from app.errors import InputError
from app.training import cli
from app.training.counterfactual import knees, stacked, stacks
from tests.exams import write_exam_network

RUN = """
title = "Small"
summary = "A trial."
explains = "knee-test"
anatomy = "knee-anatomy"
source = "knees"
plane = "sagittal"
seed = 1
pixels = 32
first_seed = 8700000
pairs = 2
watched = 1
parameters = { widths = [8, 8], beside = 1 }
limits = ["A trial."]
[[findings]]
name = "ACL tear"
way = "residual"
within = "cruciates"
related = ["abnormality"]
[[stages]]
epochs = 1
steps = 2
batch = 4
pairs = 1.0
[[stages]]
epochs = 1
steps = 3
batch = 8
pairs = 0.4
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where knees are kept, drawn once for all tests."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A network of exams and the anatomy of knees; of so few knees gaps mean nothing."""
    write_exam_network(tmp_path)
    shutil.copytree(ROOT / "models" / "knee-anatomy", tmp_path / "knee-anatomy")
    monkeypatch.setattr(stacked, "scales", lambda _, __: torch.tensor([[0.0, 1.0, 1.0]]))
    return tmp_path


def trained(models: Path, runs: Path, name: str) -> Card:
    """What `train counterfactual` writes."""
    path = models / "run.toml"
    path.write_text(RUN, encoding="utf-8")
    told = ["--config", str(path), "--out", str(models / name), "--runs", str(runs), "--device", "cpu"]
    assert cli.main(["counterfactual", *told]) == 0
    return Card.read(models / name)


def test_a_generator_of_stacks_is_trained_goes_on_and_is_found(
    models: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, own = trained(models, runs, "whole"), Card.read(models / "knee-test")
    assert (card.kind, card.explains_sha256, card.plane, card.offers) == ("counterfactual", own.sha256, "sagittal", ())
    found = Registry(models).counterfactual(own)
    assert found is not None
    assert found.name == "whole"
    assert len(list((runs / "whole").glob("epoch-*.png"))) == 2
    network = Generating.of(load(card, torch.device("cpu"))).network
    assert isinstance(network, Generator)
    assert network.beside == 1

    honest = stacked.watch

    def killed(*given: object) -> dict[str, float]:
        figures = honest(*given)  # type: ignore[arg-type]
        if str(given[-1]).endswith("epoch-0002.png"):
            raise KeyboardInterrupt
        return figures

    monkeypatch.setattr(stacked, "watch", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(models, runs, "broken")
    monkeypatch.setattr(stacked, "watch", honest)
    assert trained(models, runs, "broken").sha256 == card.sha256, "as if it had not been killed"


def test_a_pair_differs_most_where_the_tear_is(models: Path, runs: Path) -> None:
    (pair,) = knees.pairs(range(8700001, 8700002), "sagittal", "ACL tear", 64, runs / "films")
    away = np.abs(pair.ill.astype(int) - pair.well)
    assert away[pair.mask].mean() > 10 * away[~pair.mask].mean()
    exam = load_exam(Card.read(models / "knee-test"), torch.device("cpu"))
    explained = stacks.ExplainedPlane(exam, "sagittal", "ACL tear")
    looking = stacks.Looking(explained, load(Card.read(models / "knee-anatomy"), torch.device("cpu")), 1, 32)
    stack = looking.stack(pair.ill, looking.look(pair.ill))
    inside = stack.bounds.square.laid(torch.zeros(len(stack.bounds.places), 64, 64), stack.bounds.limits[:, 1].float())
    mask = torch.from_numpy(pair.mask[list(stack.bounds.places)])
    assert inside[mask].mean() > 0.6, "the change fits into its limit"
    weight, bias = exam.alone("sagittal", "ACL tear")
    assert weight * explained.point + bias == pytest.approx(0.0), "this card's operating point is one half"


def test_a_network_that_calls_too_few_stacks_cannot_be_explained(models: Path, runs: Path) -> None:
    exam = load_exam(Card.read(models / "knee-test"), torch.device("cpu"))
    with pytest.raises(InputError, match="too few to learn from"):
        stacks.scales(stacks.ExplainedPlane(exam, "sagittal", "ACL tear"), _pairs(models, runs))


def _pairs(models: Path, runs: Path) -> list[stacks.StackPair]:
    exam = load_exam(Card.read(models / "knee-test"), torch.device("cpu"))
    anatomy = load(Card.read(models / "knee-anatomy"), torch.device("cpu"))
    looking = stacks.Looking(stacks.ExplainedPlane(exam, "sagittal", "ACL tear"), anatomy, 1, 32)
    drawn = knees.pairs(range(8700000, 8700002), "sagittal", "ACL tear", 64, runs / "films")
    return looking.pairs(drawn, 2, runs / "films")
