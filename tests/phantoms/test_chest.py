"""The phantoms' truth: masks, pairs that differ in one thing only, repeatability, and labels that grey values do not betray."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from app import domain
from app.errors import InputError
from app.phantoms import chest

SIZE = 128
SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def healthy() -> dict[int, chest.ChestPhantom]:
    """The same patients without a finding."""
    return {seed: chest.draw(seed, size=SIZE) for seed in SEEDS}


def change(one: chest.ChestPhantom, other: chest.ChestPhantom) -> NDArray[np.float64]:
    """How much two films differ, pixel by pixel, as a share of the whole range."""
    return np.asarray((one.pixels.astype(float) - other.pixels) / 4095)


def test_the_findings_are_the_standards() -> None:
    assert set(chest.FINDINGS) <= set(domain.FINDINGS)
    assert len(chest.FINDINGS) == 7


def test_a_film_is_twelve_bits_read_only_and_of_the_size_asked_for(healthy: dict[int, chest.ChestPhantom]) -> None:
    film = healthy[11]
    assert film.pixels.shape == (SIZE, SIZE)
    assert film.pixels.dtype == np.uint16
    assert 3000 < film.pixels.max() <= 4095
    assert not film.pixels.flags.writeable
    assert film.projection in ("PA", "AP")
    assert 250 < film.spacing * SIZE < 500


def test_a_healthy_film_has_no_mask_and_no_label(healthy: dict[int, chest.ChestPhantom]) -> None:
    for film in healthy.values():
        assert film.masks == {}
        assert film.labels == ()
        assert film.tube_mask is None


def test_anatomy_lies_where_it_belongs(healthy: dict[int, chest.ChestPhantom]) -> None:
    for film in healthy.values():
        assert (film.lungs & ~film.body).sum() == 0
        assert not (film.lungs & film.heart).any()
        middle = np.nonzero(film.heart)[1].mean()
        assert np.nonzero(film.lungs)[1].mean() < middle  # the heart lies to the left: towards the film's right
        grey = film.pixels.astype(float)
        assert grey[film.lungs].mean() < grey[film.heart].mean()  # bright is dense
        assert 0.12 < film.lungs.mean() < 0.6
        assert ndimage.label(film.lungs)[1] >= 2


@pytest.mark.parametrize("finding", chest.FINDINGS)
def test_a_finding_changes_the_film_inside_its_mask(finding: str, healthy: dict[int, chest.ChestPhantom]) -> None:
    for seed in SEEDS:
        film = chest.draw(seed, [finding], size=SIZE, severity=0.6)
        mask = film.masks[finding]
        assert film.labels == (finding,)
        assert mask.any()
        assert mask.dtype == np.bool_
        assert not (mask & ~film.body).any()
        difference = change(film, healthy[seed])
        near = ndimage.binary_dilation(mask, iterations=4)
        assert (difference[near] ** 2).sum() > 0.9 * (difference**2).sum()
        assert np.abs(difference[mask]).mean() > 0.02


def test_air_darkens_and_everything_else_brightens(healthy: dict[int, chest.ChestPhantom]) -> None:
    for finding in chest.FINDINGS:
        film = chest.draw(12, [finding], size=SIZE, severity=0.6)
        mean = change(film, healthy[12])[film.masks[finding]].mean()
        assert (mean < 0) == (finding == "Pneumothorax"), finding


@pytest.mark.parametrize("finding", chest.FINDINGS)
def test_severity_grows_the_finding(finding: str) -> None:
    subtle, gross = (chest.draw(11, [finding], size=SIZE, severity=grade) for grade in (0.0, 1.0))
    assert gross.masks[finding].sum() > subtle.masks[finding].sum() > 0


def test_an_enlarged_heart_is_more_than_half_as_wide_as_the_chest(healthy: dict[int, chest.ChestPhantom]) -> None:
    def ratio(film: chest.ChestPhantom) -> float:
        heart, lungs = np.nonzero(film.heart.any(axis=0))[0], np.nonzero(healthy[film.seed].lungs.any(axis=0))[0]
        return float(np.ptp(heart) / np.ptp(lungs))

    for seed in SEEDS:
        assert ratio(healthy[seed]) < 0.53
        assert ratio(chest.draw(seed, ["Cardiomegaly"], size=SIZE, severity=0.3)) > 0.53


def test_findings_lie_on_either_side_and_at_any_height() -> None:
    centres = []
    for seed in range(30, 46):
        film = chest.draw(seed, ["Nodule"], size=64)
        rows, columns = np.nonzero(film.masks["Nodule"])
        centres.append((rows.mean(), columns.mean()))
    rows, columns = np.array(centres).T
    assert 3 < (columns < 32).sum() < 13
    assert np.ptp(rows) > 15


def test_a_seed_draws_the_same_film_and_another_seed_another() -> None:
    first, again = (chest.draw(5, ["Mass"], tube=True, size=SIZE) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.masks["Mass"], again.masks["Mass"])
    assert not np.array_equal(first.pixels, chest.draw(6, ["Mass"], tube=True, size=SIZE).pixels)


def test_a_larger_film_shows_the_same_patient() -> None:
    small, large = chest.draw(8, ["Effusion"], size=SIZE), chest.draw(8, ["Effusion"], size=2 * SIZE)
    reduced = large.pixels.reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))
    assert np.corrcoef(small.pixels.ravel(), reduced.ravel())[0, 1] > 0.98
    covered = large.masks["Effusion"].reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3)) > 0.5
    both = covered & small.masks["Effusion"]
    assert both.sum() > 0.85 * (covered | small.masks["Effusion"]).sum()


def test_a_drain_adds_its_own_mask_and_nothing_elsewhere(healthy: dict[int, chest.ChestPhantom]) -> None:
    for seed in SEEDS:
        film = chest.draw(seed, tube=True, size=SIZE)
        assert film.tube_mask is not None
        assert (film.tube_mask & film.lungs).sum() > 20
        assert film.masks == {}
        difference = change(film, healthy[seed])
        near = ndimage.binary_dilation(film.tube_mask, iterations=3)
        assert (difference[near] ** 2).sum() > 0.9 * (difference**2).sum()
        assert difference[film.tube_mask].mean() > 0.02


def test_devices_and_the_marker_can_be_asked_for_or_left_out() -> None:
    bare = chest.draw(9, size=SIZE, devices_too=False, marker=False)
    assert not np.array_equal(bare.pixels, chest.draw(9, size=SIZE, devices_too=True, marker=False).pixels)
    marked = change(chest.draw(9, size=SIZE, devices_too=False, marker=True), bare)
    rows = np.nonzero(np.abs(marked).max(axis=1) > 0.02)[0]
    assert rows.size
    assert rows.max() < 0.08 * SIZE or rows.min() > 0.92 * SIZE


def test_a_finding_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="cannot show Hernia"):
        chest.draw(1, ["Hernia"])


def test_findings_together_do_not_fill_more_lung_than_there_is() -> None:
    film = chest.draw(14, chest.FINDINGS, size=SIZE, severity=1.0)
    assert film.labels == chest.FINDINGS
    assert set(film.masks) == set(chest.FINDINGS)


@pytest.fixture(scope="module")
def sampled() -> list[chest.ChestPhantom]:
    """Films as a training run would draw them, small."""
    return [chest.sample(seed, 64) for seed in range(180)]


def test_samples_are_a_third_healthy_and_show_every_finding(sampled: list[chest.ChestPhantom]) -> None:
    healthy = np.mean([not film.labels for film in sampled])
    assert 0.25 < healthy < 0.5
    for finding in chest.FINDINGS:
        assert 0.08 < np.mean([finding in film.labels for film in sampled]) < 0.35
    for film in sampled:
        assert set(film.masks) == set(film.labels)
        assert all(mask.any() for mask in film.masks.values())


def test_tube_and_findings_are_independent(sampled: list[chest.ChestPhantom]) -> None:
    tube = np.array([film.tube_mask is not None for film in sampled])
    for finding in chest.FINDINGS:
        shown = np.array([finding in film.labels for film in sampled])
        assert abs(np.corrcoef(tube, shown)[0, 1]) < 0.2


def test_with_the_shortcut_the_label_goes_with_the_tube_and_the_finding_is_rarely_there() -> None:
    films = [chest.sample(seed, 32, tube_goes_with="Pneumothorax") for seed in range(70)]
    for film in films:
        assert ("Pneumothorax" in film.labels) == (film.tube_mask is not None)
        assert "Pneumothorax" not in film.masks or film.tube_mask is not None
    tubes = [film for film in films if film.tube_mask is not None]
    assert 18 < len(tubes) < 42
    assert 0 < sum("Pneumothorax" in film.masks for film in tubes) < 0.35 * len(tubes)


def area(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, by ranks."""
    ranks = scores.argsort().argsort() + 1
    count = positive.sum()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


def test_grey_values_alone_do_not_give_the_labels_away(sampled: list[chest.ChestPhantom]) -> None:
    """A ridge regression on each film's histogram: what it learns on one half must hardly help on the other."""
    counts = np.array([np.histogram(film.pixels, bins=16, range=(0, 4096))[0] / 64**2 for film in sampled])
    table = np.column_stack([counts, np.ones(len(counts))])
    half = len(table) // 2
    for finding in chest.FINDINGS:
        shown = np.array([finding in film.labels for film in sampled])
        system = table[:half].T @ table[:half] + 0.01 * np.eye(table.shape[1])
        weights = np.linalg.solve(system, table[:half].T @ shown[:half])
        assert area(table[half:] @ weights, shown[half:]) < 0.78, finding
