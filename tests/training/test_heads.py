"""A last layer fitted anew says no more how a film was taken, and still what is on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from app.classifiers.networks import build
from app.evaluation.predictions import auroc
from app.training.fitting import logits_of
from app.training.heads import Pooled, Refit, pooled, refit

ANSWERS = ("Cardiomegaly", "Effusion", "No Finding")


@pytest.fixture(scope="module")
def films() -> Pooled:
    """Features that show the heart, the fluid, the bed, and noise; fluid and bed go together, as fluid and heart do."""
    rng = np.random.default_rng(0)
    bed = rng.random(1500) < 0.5
    heart = rng.random(1500) < 0.15
    fluid = rng.random(1500) < np.where(bed, 0.3, 0.1) + 0.3 * heart
    shown = np.stack([heart, fluid, bed], 1) + rng.normal(0, 0.6, (1500, 3))
    features = np.concatenate([shown, rng.normal(size=(1500, 5))], 1).astype(np.float32)
    labels = np.stack([heart, fluid, ~(heart | fluid)], 1).astype(np.float32)
    projection = bed.astype(np.float32)
    projection[:50] = np.nan
    return Pooled(
        torch.from_numpy(features),
        torch.from_numpy(labels),
        torch.ones(1500, 3),
        torch.from_numpy(labels == 0),
        torch.from_numpy(projection),
        torch.zeros(1500, dtype=torch.int64),
        ANSWERS,
    )


@pytest.fixture
def head() -> nn.Linear:
    """Weights as a network learns them that takes whatever helps: fluid is said of a bed and of a wide heart as well."""
    head = nn.Linear(8, 3)
    with torch.no_grad():
        head.weight.zero_()
        head.weight[0, 0], head.weight[1, :3] = 3.0, torch.tensor([1.5, 3.0, 2.0])
        head.weight[2, :3] = torch.tensor([-2.0, -2.0, -1.0])
        head.bias.fill_(-2.0)
    return head


def said(head: nn.Linear, films: Pooled) -> NDArray[np.float32]:
    with torch.no_grad():
        return np.asarray(head(films.features).numpy(), np.float32)


def telling(logits: NDArray[np.float32], films: Pooled) -> tuple[float, float, float]:
    """How well effusion's logit tells effusion; and, among films without, the bed and the wide heart."""
    labels, bed = films.targets.numpy() == 1, films.projection.numpy()
    without = ~labels[:, 1] & ~np.isnan(bed)
    fluid = logits[:, 1]
    return auroc(fluid, labels[:, 1]), auroc(fluid[without], bed[without] == 1), auroc(fluid[without], labels[without, 0])


def test_what_must_not_be_told_is_taken_out(films: Pooled, head: nn.Linear) -> None:
    before = telling(said(head, films), films)
    after = telling(said(refit(head, films, Refit(3.0, 10.0, 1e-3)), films), films)
    assert before[1] > 0.7
    assert before[2] > 0.65
    assert after[1] < 0.57
    assert after[2] < 0.6
    assert after[0] > 0.8
    hearts = films.targets.numpy()[:, 0] == 1
    assert auroc(said(refit(head, films, Refit(3.0, 10.0, 1e-3)), films)[:, 0], hearts) > 0.85  # the heart is still told


def test_a_head_that_is_to_be_kept_is_kept(films: Pooled, head: nn.Linear) -> None:
    kept = refit(head, films, Refit(1.0, 1.0, 1e6))
    assert torch.allclose(kept.weight, head.weight, atol=1e-3)
    assert head.weight[1, 2] == 2.0  # and the one that was given is not touched


def test_without_the_answers_that_it_is_about_the_heart_is_no_matter(films: Pooled, head: nn.Linear) -> None:
    other = replace(films, answers=("Mass", "Nodule", "Hernia"))
    with_heart, without = (refit(head, other, Refit(1.0, heart, 0.01)) for heart in (10.0, 0.0))
    assert torch.equal(with_heart.weight, without.weight)


def test_pooled_features_are_what_the_head_gets() -> None:
    torch.manual_seed(0)
    network = build("compact-residual", 2, {"widths": [4, 8], "strides": [1, 2], "blocks": 1})
    shown = torch.randint(0, 255, (10, 32, 32), dtype=torch.uint8)
    features = pooled(network, shown, torch.device("cpu"), batch=4)
    assert features.shape == (10, 8)
    with torch.no_grad():
        logits = network.head(features).numpy()  # type: ignore[operator]
    assert logits == pytest.approx(logits_of(network, shown, torch.device("cpu")), abs=0.05)  # bfloat16
