"""What the network that learned the drain says would have to change: the drain, and nothing that other networks go by."""

import numpy as np
import pytest
from scipy import ndimage

from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.counterfactuals.edit import Edit
from app.domain import Image, Series, Window
from app.phantoms import chest
from app.reading import counterfactual
from app.reading.counterfactuals import ALONE, ONE

NETWORK = "chest-phantom-shortcut"


@pytest.mark.parametrize("seed", [8_800_001, 8_800_002])
def test_the_drain_is_taken_away_and_no_judge_follows(seed: int) -> None:
    film = chest.draw(seed, (), tube=True, size=512)
    assert film.tube_mask is not None
    series = Series("1", "DX", (Image("1", 0, film.pixels, windows=(Window(2048, 4096),)),), "CHEST", "PA")
    loaded = Loaded(Registry(Settings().models), "cpu")
    made = counterfactual(loaded, loaded.registry.card(NETWORK), series, "Pneumothorax", direction=-1)
    assert made.way == "generator"
    own, *judges = made.said
    assert own.probabilities[0] > 0.8
    assert own.probabilities[ONE] < 0.3 * own.probabilities[0], "without the drain it does not see one"
    assert len(judges) == 2
    assert all(abs(one.probabilities[ONE] - one.probabilities[0]) < 0.1 for one in judges), (
        "who went by the lung sees none before"
    )
    assert ALONE in made.doubts
    assert isinstance(made.edit, Edit)
    change = np.abs(made.edit.change(film.pixels.shape))
    near = ndimage.binary_dilation(film.tube_mask, iterations=6)
    assert change[near].sum() > 0.8 * change.sum()
    assert near.mean() < 0.1
