"""What the sign is worth that a map looks elsewhere: the counting, and what stands beside the bounds."""

import numpy as np
import pytest

from app.anatomy.evidence import Bound
from app.anatomy.signs import BOUNDS, METHODS, WORTH
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Evidence, Share
from app.phantoms import chest
from app.reporting import signs

ODD = Evidence((Share("outside the body", 0.4, 0.1),))
PLAIN = Evidence((Share("outside the body", 0.05, 0.1),))


def test_a_sign_is_counted_by_calls() -> None:
    wrong = [signs.Hit("Mass", {"cam": ODD})] * 9 + [signs.Hit("Mass", {"cam": PLAIN})]
    right = [signs.Hit("Mass", {"cam": PLAIN})] * 9 + [signs.Hit("Mass", {"cam": ODD})]
    assert signs.fires(wrong, "cam") == (9, 10)
    assert signs.fires(right, "cam", [Bound("outside the body", 0.5, 1)]) == (0, 10)
    (line,) = signs.lines(wrong, right, ["cam", "lrp"])
    assert line.startswith("cam: stands on 0.90 [0.60, 0.98] of 10 calls for the marker, on 0.10 ")
    assert line.endswith("precision 0.90")


def test_what_is_told_of_the_sign_agrees_with_itself() -> None:
    assert WORTH.precision == pytest.approx(WORTH.sensitivity / (WORTH.sensitivity + WORTH.false), abs=0.005)
    assert WORTH.sensitivity >= 0.8
    assert WORTH.false <= 0.15
    regions = {bound.region for bound in BOUNDS}
    assert regions == {"outside the body", "markers", "tubes and wires", "outside the finding's mask"}
    assert METHODS == ("cam", "layer_cam")


def test_a_marker_lies_on_the_border_and_is_bright() -> None:
    film = chest.draw(9_700_001, (), size=128, marker=False)
    changed = np.argwhere(signs.marked(film.pixels, 1) != film.pixels)
    assert len(changed) > 20
    columns = changed[:, 1] / 128
    assert columns.max() < 0.2 or columns.min() > 0.8


def test_calls_for_findings_have_tables_and_a_network_can_be_taught() -> None:
    loaded = Loaded(Registry(Settings().models), "cpu")
    good = loaded.get(loaded.registry.card(signs.GOOD))
    found = signs.hits(loaded, good, ("cam",), range(signs.CHOSEN_ON, signs.CHOSEN_ON + 4), planted=False)
    assert found
    assert all(one.evidence["cam"].shares for one in found)
    said: list[str] = []
    other = signs.taught(good, said.append, films=8, epochs=1)
    assert said[0].startswith("epoch 1 of 1")
    assert other.network is not good.network
