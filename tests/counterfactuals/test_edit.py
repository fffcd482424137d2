"""An edit on a film of its own resolution: exact in every strength, nothing redrawn."""

import numpy as np
import pytest
import torch

from app.classifiers.generator import Parts, applied
from app.counterfactuals.edit import Edit, edited
from app.domain import Extent, Image, Window, frozen
from app.errors import InputError
from app.grey import grey


def film(rows: int = 40, columns: int = 30) -> np.ndarray:
    return np.random.default_rng(0).random((rows, columns)).astype(np.float32) * 0.5 + 0.25


def edit(side: int = 8, extent: Extent | None = None, **ends: float) -> Edit:
    rng = np.random.default_rng(1)
    attention = np.zeros((side, side), np.float32)
    attention[2:6, 2:6] = 0.8
    flow = np.zeros((2, side, side), np.float32)
    flow[0, 3:5, 3:5] = 0.05
    residual = (rng.random((side // 2, side // 2)).astype(np.float32) - 0.5) * 0.4
    return Edit(flow, attention, residual, extent or Extent(-5, 0, 35, 40), **ends)


def test_strength_0_is_the_film_to_the_bit_and_beyond_the_edit_nothing_is_touched() -> None:
    plain, one = film(), edit()
    assert np.array_equal(one.apply(plain, 0), plain)
    changed = one.apply(plain) != plain
    assert changed.any()
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert 7 <= rows[0] <= rows[-1] < 33
    assert 2 <= columns[0] <= columns[-1] < 28


def test_it_is_what_the_generator_made_where_the_film_has_its_size() -> None:
    plain, one = film(16, 16), edit(16, Extent(0, 0, 16, 16))
    planes = (one.flow, one.attention[None], one.residual[None])
    parts = Parts(*(torch.from_numpy(np.array(plane))[None] for plane in planes))
    for strength in (0.4, 1.0, 1.5):
        made = applied(torch.from_numpy(plain)[None, None], parts, strength)[0, 0].numpy()
        np.testing.assert_allclose(one.apply(plain, strength), made, atol=2e-5)


def test_the_residual_counts_in_the_range_that_the_network_read() -> None:
    still = edit()
    still = Edit(np.zeros_like(still.flow), still.attention, still.residual, still.extent)
    half = Edit(still.flow, still.attention, still.residual, still.extent, 0.25, 0.75)
    np.testing.assert_allclose(half.difference(film()), still.difference(film()) / 2, atol=1e-6)
    np.testing.assert_allclose(still.difference(film(), 1.5), 1.5 * still.difference(film()), atol=1e-5)


def test_a_strength_has_its_limits() -> None:
    for strength in (-0.1, 1.6):
        with pytest.raises(InputError, match="strength"):
            edit().apply(film(), strength)


def test_an_edited_image_shows_the_edited_film_whatever_it_was_stored_as() -> None:
    stored = frozen((film() * 4000).astype(np.uint16))
    image = Image("1", 0, stored, photometric="MONOCHROME1", windows=(Window(2000, 4000),), field=(0, 0, 40, 30))
    changed = edited(image, edit())
    np.testing.assert_allclose(grey(changed), edit().apply(grey(image)), atol=2e-5)
    assert changed.field == image.field
    assert edited(image, edit(), 0) is image
