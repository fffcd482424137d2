"""Masks of where findings occur: fitted to boxes, laid over films, weighing maps."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.anatomy import CANONICAL, SIZE, Pose
from app.anatomy.masks import Masks, Placed, anchored, covered, fit, held, likelihoods, weighted
from app.domain import Extent


def around(x: float, y: float, side: float = 16) -> Extent:
    return Extent(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def boxes(finding: str, part: str, count: int, x: float, spread: float, *, seed: int = 0) -> list[Placed]:
    rng = np.random.default_rng(seed)
    return [
        Placed(finding, f"{part}{at}", part, around(x + float(rng.normal(0, spread)), 64 + float(rng.normal(0, spread))))
        for at in range(count)
    ]


def test_a_mask_is_where_its_boxes_are_and_says_how_sure() -> None:
    mask = fit("Effusion", [*boxes("Effusion", "train", 40, 40, 5), *boxes("Effusion", "validation", 10, 40, 5, seed=1)])
    row, column = np.unravel_index(int(np.argmax(mask.covered)), mask.covered.shape)
    assert abs(column - 40) < 5
    assert abs(row - 64) < 5
    assert (mask.boxes, mask.patients, mask.shared) == (40, 40, "")
    assert mask.low[row, column] < mask.covered[row, column] < mask.high[row, column] <= 1
    assert mask.gain > 1
    assert mask.covered[64, 110] < 0.001


def test_the_bandwidth_is_the_one_under_which_kept_boxes_are_likeliest() -> None:
    near = fit("Mass", [*boxes("Mass", "train", 200, 40, 2), *boxes("Mass", "validation", 50, 40, 2, seed=1)])
    far = fit("Mass", [*boxes("Mass", "train", 4, 40, 2), *boxes("Mass", "validation", 50, 40, 14, seed=1)])
    assert near.bandwidth < far.bandwidth
    told = [*boxes("Mass", "train", 9, 40, 3), *boxes("Mass", "test", 50, 100, 3)]
    assert fit("Mass", told).covered[64, 100] < 0.001, "boxes of test patients are in it"


def test_nodules_share_the_boxes_of_masses() -> None:
    told = [*boxes("Nodule", "train", 5, 40, 2), *boxes("Mass", "train", 7, 90, 2, seed=1)]
    nodule, mass = fit("Nodule", told), fit("Mass", told)
    assert (nodule.boxes, nodule.shared, mass.shared) == (12, "Mass", "Nodule")
    np.testing.assert_array_equal(nodule.covered, mass.covered)
    with pytest.raises(ValueError, match="no box of Effusion"):
        fit("Effusion", told)


def test_boxes_under_an_even_mask_are_no_likelier_than_anywhere() -> None:
    flat = np.ones((SIZE, SIZE), np.float32)
    assert likelihoods(flat, [around(30, 30), around(90, 70)]) == pytest.approx([0, 0], abs=1e-6)
    assert np.isnan(likelihoods(flat, [Extent(-30, -30, -10, -10)])).all()


def test_contours_hold_the_shares_that_they_say() -> None:
    mask = covered([around(40, 64, 30), around(80, 64, 10)], 4.0).mean(0)
    levels = held(mask)
    for share in (0.1, 0.5, 0.9):
        assert mask[levels >= 1 - share].sum() / mask.sum() == pytest.approx(share, abs=0.02)
    assert levels.max() <= 1
    assert levels[0, 0] == 0
    assert not held(np.zeros((4, 4), np.float32)).any()


def test_a_map_weighs_the_mask_and_an_even_one_leaves_it() -> None:
    mask = covered([around(40, 64, 40)], 8.0)[0]
    heat = np.zeros_like(mask)
    heat[70, 50] = 5
    moved = weighted(mask, heat, 0.25)
    assert int(np.argmax(moved)) == 70 * SIZE + 50
    np.testing.assert_allclose(weighted(mask, np.full_like(mask, 7), 0.25), mask)
    np.testing.assert_allclose(weighted(mask, heat, 0), mask)
    np.testing.assert_allclose(weighted(mask, 3 * heat - 8, 0.25), moved, rtol=1e-5, err_msg="scale and offset of a map count")


def test_a_heart_takes_its_mask_along() -> None:
    plane = covered([Extent(40, 60, 80, 100)], 0.0)[0]
    moved = anchored(plane, Extent(40, 60, 80, 100), Extent(50, 30, 110, 50))
    rows, columns = np.nonzero(moved > 0.5)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == (50, 110, 30, 50)


def test_masks_are_read_and_laid_over_a_film(tmp_path: Path) -> None:
    plane = covered([around(40, 64, 20)], 2.0)[0]
    names = [f"{finding}.{kind}" for finding in ("Effusion", "Cardiomegaly") for kind in ("covered", "low", "high")]
    save_file({name: plane.astype(np.float16) for name in names}, tmp_path / "m.safetensors")
    about = {"bandwidth": 2.0, "boxes": 3, "patients": 3, "gain": 1.0}
    told = {"masks": {"Effusion": about, "Cardiomegaly": about}, "heart": [30, 54, 50, 74]}
    masks = Masks.read(tmp_path / "m.safetensors", "v", told)
    pose = Pose(300, 200, 10, 120, 90)
    film = Extent(0, 0, 640, 480)
    laid = masks.on_film("Effusion", pose, None, film, (48, 64))
    assert laid is not None
    row, column = np.unravel_index(int(np.argmax(laid)), laid.shape)
    there = pose.back(np.array([[40.0, 64.0]]))[0]
    assert np.hypot(10 * column + 5 - there[0], 10 * row + 5 - there[1]) < 15
    heart = pose.box_back(Extent(80, 54, 100, 74))
    moved = masks.plane("Cardiomegaly", pose, heart)
    assert moved is not None
    assert moved[64, 90] > 0.5
    assert moved[64, 40] < 0.1
    assert masks.plane("Hernia", pose) is None
    assert CANONICAL.right == SIZE
    with pytest.raises(KeyError):
        Masks.read(tmp_path / "m.safetensors", "v", {"masks": {"Mass": about}, "heart": [0, 0, 1, 1]})
