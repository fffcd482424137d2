"""Logits are kept from telling projections: what the penalty sees, and that a network fitted with it obeys."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from app.evaluation.predictions import auroc
from app.training.fitting import Batch, Fit, Lesson, Stage, logits_of, masked_loss
from app.training.unlearning import Unlearning, squared_correlation


def lesson(targets: Tensor, projection: Tensor, answers: tuple[str, ...], groups: Tensor | None = None) -> Lesson:
    n = len(targets)
    films = torch.zeros(n, 4, 4, dtype=torch.uint8)
    return Lesson(
        films,
        targets,
        torch.ones_like(targets),
        answers,
        projection=projection,
        groups=torch.zeros(n, dtype=torch.int64) if groups is None else groups,
    )


def test_the_squared_correlation_is_the_textbooks_within_groups() -> None:
    generator = torch.Generator().manual_seed(1)
    values, aims = torch.randn(200, 2, generator=generator) * 100, torch.randn(200, 2, generator=generator)
    groups = torch.arange(200) % 2
    shifted = values + 500 * groups[:, None]  # what sets the groups apart is not counted
    chosen = torch.ones(200, 2, dtype=torch.bool)
    chosen[150:] = False
    expected = []
    for column in range(2):
        parts = [(values[:150][groups[:150] == g, column], aims[:150][groups[:150] == g, column]) for g in (0, 1)]
        centred = [torch.cat([part[i] - part[i].mean() for part in parts]).numpy() for i in (0, 1)]
        expected.append(np.corrcoef(centred[0], centred[1])[0, 1] ** 2)
    found = squared_correlation(shifted, aims, chosen, groups)
    assert found.tolist() == pytest.approx(expected, rel=0.01, abs=1e-4)
    constant = squared_correlation(values, torch.ones(200, 2), chosen, groups)
    assert constant.tolist() == [0, 0]


def test_only_films_without_the_finding_and_with_a_known_projection_are_punished() -> None:
    projection = torch.tensor([1.0, 0, 1, 0, float("nan")])
    targets = torch.tensor([[0.0], [0], [1], [1], [0]])
    told = lesson(targets, projection, ("Edema",))
    batch = Batch.of(told, torch.arange(5))
    logits = torch.tensor([[200.0], [-200], [5], [-5], [9]], requires_grad=True)
    penalty = Unlearning(0.5)(logits, batch, told)
    assert float(penalty.detach()) == pytest.approx(0.5, abs=0.01)  # a perfect correlation, by the strength
    penalty.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad[2:] == 0).all()


def test_effusion_is_kept_from_following_the_heart_and_not_the_heart_from_following_effusion() -> None:
    answers = ("Cardiomegaly", "Effusion")
    told = lesson(torch.zeros(40, 2), torch.full((40,), float("nan")), answers)
    hearts = torch.randn(40, 1, generator=torch.Generator().manual_seed(2))
    logits = torch.cat([hearts, 100 * hearts + 1], 1).requires_grad_()
    penalty = Unlearning(1.0)(logits, Batch.of(told, torch.arange(40)), told)
    assert float(penalty.detach()) == pytest.approx(0.5, abs=0.01)  # one of two answers
    penalty.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad[:, 0] == 0).all()


def test_a_network_that_has_hardly_begun_is_not_held_back() -> None:
    """Its logits differ by hundredths and correlate with anything by chance; what it should learn must outweigh that."""
    generator = torch.Generator().manual_seed(3)
    targets = (torch.rand(64, 10, generator=generator) < 0.5).float()
    told = lesson(targets, (torch.rand(64, generator=generator) < 0.4).float(), tuple("abcdefghij"))
    logits = (torch.randn(64, 10, generator=generator) * 0.03).requires_grad_()
    batch = Batch.of(told, torch.arange(64))
    (wanted,) = torch.autograd.grad(masked_loss(logits, batch.targets, batch.weights), logits)
    (punished,) = torch.autograd.grad(Unlearning(1.0)(logits, batch, told), logits)
    assert float(punished.norm()) < 0.1 * float(wanted.norm())


def test_a_network_fitted_with_it_tells_the_finding_and_not_the_projection(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Films whose upper half is brighter in bed and whose lower half is brighter with the finding, which is commoner in bed."""
    rng = np.random.default_rng(5)
    bed = rng.random(600) < 0.5
    sick = rng.random(600) < np.where(bed, 0.5, 0.1)
    films = rng.integers(60, 120, (600, 8, 8))
    films[:, :4] += (50 * bed).astype(np.int64)[:, None, None]
    films[:, 4:] += (12 * sick).astype(np.int64)[:, None, None]
    told = Lesson(
        torch.from_numpy(films.astype(np.uint8)),
        torch.from_numpy(sick.astype(np.float32))[:, None],
        torch.ones(600, 1),
        ("Edema",),
        projection=torch.from_numpy(bed.astype(np.float32)),
        groups=torch.zeros(600, dtype=torch.int64),
    )
    found = {}
    for strength in (0.0, 2.0):
        torch.manual_seed(0)
        network, average = (nn.Sequential(nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(1), nn.Linear(2, 1)) for _ in range(2))
        average.load_state_dict(network.state_dict())
        penalty = Unlearning(strength) if strength else None
        folder = tmp_path_factory.mktemp("fit")
        fit = Fit(network, average, folder, torch.device("cpu"), 1, 0.9, augmented=False, penalty=penalty)
        fit.run([Stage(8, 30, 60, 0.1)], lambda *_: told, lambda *_: {"validation": 0.0})
        logits = logits_of(average, told.films, torch.device("cpu"))[:, 0]
        inside = np.mean([auroc(logits[bed == b], sick[bed == b]) for b in (False, True)])
        found[strength] = (auroc(logits[~sick], bed[~sick]), float(inside))
    assert found[0.0][0] > 0.8
    assert found[2.0][0] < 0.6
    assert found[2.0][1] > found[0.0][1] - 0.02


def test_an_epoch_may_show_a_part_of_the_films_and_other_ones_each_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    seen: list[list[int]] = []

    def change(batch: Batch, _lesson: Lesson, _stage: Stage, _random: torch.Generator) -> Batch:
        seen[-1] += batch.index.tolist()
        return batch

    def draw(_epoch: int, _stage: Stage) -> Lesson:
        seen.append([])
        return lesson(torch.zeros(40, 1), torch.zeros(40), ("Edema",))

    network, average = (nn.Sequential(nn.Flatten(1), nn.Linear(16, 1)) for _ in range(2))
    fit = Fit(network, average, tmp_path_factory.mktemp("fit"), torch.device("cpu"), 1, augmented=False, change=change)
    fit.run([Stage(4, 3, 8, 0.01, portion=0.5)], draw, lambda *_: {"validation": 0.0})
    assert [len(epoch) for epoch in seen] == [20, 20, 20]
    assert len({index for epoch in seen for index in epoch}) > 25
