"""A film goes in, a probability comes out, and a map comes back to where it belongs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.classifier import Classifier, prepare_plane
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.domain import Image, Series, Window, frozen
from app.grey import resample
from tests.classifiers.conftest import film


@pytest.fixture
def classifier(models: Path) -> Classifier:
    return load(Registry(models).card("small"), torch.device("cpu"))


def test_prepare_gives_one_square_plane_per_image(classifier: Classifier) -> None:
    tensor = classifier.prepare(Series("1", "DX", (film(80, 60), film(33, 120, seed=1))))
    assert tensor.shape == (2, 1, 64, 64)
    assert tensor.dtype == torch.float32
    assert torch.isfinite(tensor).all()
    assert (tensor[0, 0, :, :7] == -2.0).all()  # a tall film is padded left and right, with black
    assert (tensor[1, 0, :20] == -2.0).all()  # a wide one above and below


def test_the_range_of_a_film_does_not_matter_but_its_order_does() -> None:
    plain = torch.rand(50, 50, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(prepare_plane(plain, 32), prepare_plane(plain * 0.3 + 0.2, 32), atol=1e-4)
    assert torch.allclose(prepare_plane(1 - plain, 32), -prepare_plane(plain, 32), atol=1e-4)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_constant_film_becomes_zeros(grey: float) -> None:
    assert (prepare_plane(torch.full((40, 30), grey), 32) == 0).all()


def test_monochrome1_and_its_inverted_twin_are_the_same_film(classifier: Classifier) -> None:
    straight = film()
    twin = Image(
        "1.9", 0, frozen((4095 - straight.stored).astype(np.uint16)), windows=(Window(2047, 4096),), photometric="MONOCHROME1"
    )
    a, b = (classifier.prepare(Series("1", "DX", (image,))) for image in (straight, twin))
    assert torch.allclose(a, b, atol=0.02)


def test_predictions_are_calibrated_logits(classifier: Classifier) -> None:
    series = Series("1", "DX", (film(), film(seed=3)))
    first, second = classifier.predict(series)
    assert [score.finding for score in first.scores] == ["Mass", "Nodule", "Effusion"]
    for score, temperature in zip(first.scores, (1.0, 2.0, 0.5), strict=True):
        assert score.probability == pytest.approx(1 / (1 + np.exp(-score.logit / temperature)), rel=1e-5)
    alone = classifier.predict(Series("1", "DX", (film(seed=3),)))[0]
    assert [s.logit for s in alone.scores] == pytest.approx([s.logit for s in second.scores], abs=1e-5)
    assert first.top().probability == max(score.probability for score in first.scores)
    assert first.device == "cpu"
    assert first.model_sha256 == classifier.card.sha256
    assert first.versions["torch"] == torch.__version__


def test_films_of_several_sizes_in_one_batch_answer_as_each_alone(classifier: Classifier) -> None:
    films = [Series(str(n), "DX", (film(40 + 7 * n, 90 - 5 * n, seed=n),)) for n in range(5)]
    together = classifier.predict_films(films)
    assert [one.stacks[0] for one in together] == [series.images[0].stack for series in films]
    for one, series in zip(together, films, strict=True):
        (alone,) = classifier.predict(series)
        assert [s.logit for s in one.scores] == pytest.approx([s.logit for s in alone.scores], abs=1e-5)
        assert [s.probability for s in one.scores] == pytest.approx([s.probability for s in alone.scores], abs=1e-6)


def test_a_map_comes_back_to_where_the_network_saw_it(classifier: Classifier) -> None:
    """A bright square on a film, prepared and laid back, lies where it was: the geometry is inverted exactly."""
    stored = np.zeros((90, 60), np.uint16)
    stored[54:72, 12:24] = 4095
    image = Image("1", 0, frozen(stored), windows=(Window(2048, 4096),))
    series = Series("1", "DX", (image,))
    back = resample(classifier.prepare(series)[0, 0].numpy(), classifier.extent(image), (90, 60))
    assert back.shape == (90, 60)
    rows, columns = np.nonzero(back > 0)
    assert abs(rows.mean() - 62.5) < 0.6
    assert abs(columns.mean() - 17.5) < 0.6
    assert (rows.min(), rows.max()) == pytest.approx((54, 71), abs=1)
