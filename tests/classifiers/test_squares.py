"""Films whose pixels are no squares: networks, guards and pictures see them as they are."""

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier, prepare_plane, square_shape, squared
from app.classifiers.guard import seen
from app.classifiers.loading import load
from app.classifiers.preprocessing import Preprocessing
from app.domain import Image, Series, Window, frozen
from app.evaluation.annotations import measured
from app.render import film_png
from tests.classifiers.conftest import write_model


def disc(rows: int, columns: int) -> NDArray[np.uint16]:
    """A disc in the middle of a field of rows and columns, as high as wide in shares of the sides."""
    y, x = np.mgrid[0:rows, 0:columns]
    inside = ((y + 0.5) / rows - 0.5) ** 2 + ((x + 0.5) / columns - 0.5) ** 2 < 0.09
    return np.asarray(inside * 3000 + 500, np.uint16)


def film(rows: int, columns: int, **more: object) -> Image:
    return Image("1.2.3", 1, frozen(disc(rows, columns)), windows=(Window(2048, 4096),), **more)  # type: ignore[arg-type]


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return load(Card.read(write_model(tmp_path)), torch.device("cpu"))


@pytest.mark.parametrize(
    ("rows", "columns", "more"),
    [(128, 64, {"aspect": 0.5}), (64, 128, {"aspect": 2.0}), (128, 64, {"pixel_spacing": (0.2, 0.4)})],
)
def test_a_network_and_its_guard_see_an_oblong_film_as_the_square_that_it_is(
    classifier: Classifier, rows: int, columns: int, more: dict[str, object]
) -> None:
    plain, oblong = film(128, 128), film(rows, columns, **more)
    wanted, got = (classifier.planes(Series("1", "DX", (image,))) for image in (plain, oblong))
    assert float((wanted - got).abs().mean()) < 0.06
    assert float((seen(plain)[0] - seen(oblong)[0]).abs().mean()) < 0.02
    extent = classifier.extent(oblong)
    assert (extent.left, extent.top, extent.right, extent.bottom) == (0, 0, columns, rows)


def test_padding_of_an_oblong_film_is_told_in_its_own_pixels(classifier: Classifier) -> None:
    extent = classifier.extent(film(64, 64, aspect=0.5))  # as wide again as high
    assert (extent.left, extent.right) == (0, 64)
    assert (extent.top, extent.bottom) == (-32, 96)


def test_pixels_that_are_nearly_squares_are_left_alone() -> None:
    assert square_shape(100, 80, 1.01) == (100, 80)
    assert square_shape(100, 80, 0.5) == (100, 160)
    assert square_shape(100, 80, 2.0) == (200, 80)
    plane = torch.rand(20, 30)
    assert squared(plane, 1.0) is plane
    assert prepare_plane(squared(plane, 2.0), 16, Preprocessing()).shape == (1, 16, 16)


def test_lengths_and_pictures_follow_the_aspect() -> None:
    image = film(128, 64, aspect=0.5)
    across, down = (measured("length", points, image).length for points in (((0, 0), (32, 0)), ((0, 0), (0, 64))))
    assert across == down == 32
    assert PIL.Image.open(io.BytesIO(film_png(image, longest=96))).size == (96, 96)
    assert PIL.Image.open(io.BytesIO(film_png(image))).size == (64, 128)  # each pixel one of the film's
