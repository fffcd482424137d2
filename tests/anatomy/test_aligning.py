"""A film and what lies over it in the canonical frame."""

from dataclasses import replace

import numpy as np
import pytest

from app.anatomy import CANONICAL, HEART, Pose, aligning, cleaned
from app.domain import Extent, Image, Layer, Producer, Window, frozen
from app.phantoms import chest
from tests.anatomy.drawn import labels_of, turned

WHOLE = Extent(0, 0, 256, 256)


@pytest.fixture(scope="module")
def leaning() -> tuple[Image, Layer, Pose]:
    """A phantom that leans, with its labels and its pose."""
    phantom = chest.draw(12, size=256)
    labels = turned(labels_of(phantom), 12, 1, 1)
    pixels = frozen(turned(phantom.pixels, 12, 1, 1).astype(np.uint16))
    image = Image("1.2", 1, pixels, windows=(Window(2048, 4096),), pixel_spacing=(0.5, 0.5))
    maker = Producer("network", "drawn")
    values = frozen(labels.astype(np.float32)[None])
    layer = Layer(image.stack, "labels", "classes", maker, "drawn", "0" * 64, "", values, WHOLE)
    pose = Pose.fit(cleaned(labels.astype(np.uint8)), WHOLE)
    assert isinstance(pose, Pose)
    return image, layer, pose


def test_film_and_labels_go_together(leaning: tuple[Image, Layer, Pose]) -> None:
    image, layer, pose = leaning
    film, over = aligning.film(image, pose), aligning.layer(layer, pose)
    assert film.stored.shape == (aligning.ALIGNED, aligning.ALIGNED)
    assert film.stored.dtype == image.stored.dtype
    assert film.windows == image.windows
    assert film.pixel_spacing is None
    assert np.abs(film.values() - aligning.values(image, pose)).max() <= 0.5
    assert set(np.unique(over.values)) <= {0, 1, 2, 3}
    again = Pose.fit(cleaned(over.values[0].astype(np.uint8)), CANONICAL)
    assert isinstance(again, Pose)
    assert again.angle == pytest.approx(0, abs=0.5)
    heart = np.kron(over.values[0] == HEART, np.ones((2, 2), bool))
    assert film.values()[heart].mean() > film.values()[~heart].mean()


@pytest.mark.parametrize(("photometric", "air"), [("MONOCHROME2", 0), ("MONOCHROME1", 4095)])
def test_air_lies_around_it(leaning: tuple[Image, Layer, Pose], photometric: str, air: int) -> None:
    image, _, pose = leaning
    far = replace(pose, across=3 * pose.across, down=3 * pose.down)
    stored = image.stored.copy()
    stored[0, 0], stored[0, 1] = 0, 4095
    shown = replace(image, stored=frozen(stored), photometric=photometric)  # type: ignore[arg-type]
    assert aligning.film(shown, far).stored[0, 0] == air
    assert aligning.values(shown, far)[-1, -1] == air
