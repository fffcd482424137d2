"""Devices laid over films that were not drawn here: where they lie, and that nothing else changes."""

import numpy as np
import pytest

from app.domain import Image, frozen
from app.phantoms import chest, laid
from app.training.telling import over


@pytest.mark.parametrize("kind", laid.KINDS)
def test_a_device_is_a_share_of_white_in_a_small_part_of_the_film(kind: str) -> None:
    share = laid.plate(3, 256, kind)
    assert share.shape == (256, 256)
    assert 0 <= share.min() < 0.01
    assert 0.15 < share.max() < 1
    assert 0.001 < (share > 0.05).mean() < 0.2
    np.testing.assert_array_equal(share, laid.plate(3, 256, kind))


def test_a_drain_lies_where_the_drawn_patient_of_the_seed_has_it() -> None:
    film = chest.draw(5, tube=True, size=256)
    assert film.tube_mask is not None
    assert (laid.plate(5, 256, "drain") > 0.05)[film.tube_mask].mean() > 0.6


def test_a_marker_lies_on_the_border() -> None:
    columns = np.argwhere(laid.plate(1, 128, laid.MARKER) > 0.5)[:, 1] / 128
    assert columns.max() < 0.2 or columns.min() > 0.8
    with pytest.raises(ValueError, match="none of drain"):
        laid.plate(1, 128, "tie")


def test_on_a_film_it_is_bright_and_leaves_the_rest_alone() -> None:
    grey = np.random.default_rng(0).integers(300, 900, (200, 160)).astype(np.uint16)
    share = laid.plate(2, 200, "drain")[:, 20:180]
    for photometric in ("MONOCHROME2", "MONOCHROME1"):
        film = Image("1", 1, frozen(grey), photometric=photometric)
        changed = over(film, 2, "drain").stored.astype(int)
        np.testing.assert_array_equal(changed[share == 0], grey[share == 0])
        brighter = changed[share > 0.4] - grey[share > 0.4].astype(int)
        assert (brighter > 0).mean() > 0.9 if photometric == "MONOCHROME2" else (brighter < 0).mean() > 0.9
