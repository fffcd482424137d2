"""What frames do to a network and its guard, and how often groups of maps find what was planted: the lines, on few films."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app.classifiers import exposed
from app.classifiers.guard import Guard
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.evaluation.cohort_maps import Cluster
from app.phantoms import chest
from app.reporting import frames, framing, grouping
from app.training.guarding import film_of
from tests.networks import write_guard, write_network
from tests.training.test_guard import data  # noqa: F401 - a fixture

CPU = torch.device("cpu")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A drawn film that no diaphragm cuts."""
    pixels = (chest.draw(2, size=256, marker=False).pixels // 25 + 60).astype(np.uint8)
    Picture.fromarray(pixels).save(tmp_path / "film.png")
    return tmp_path / "film.png"


def test_a_drawn_frame_is_found_again(film: Path) -> None:
    image = film_of(film)
    for seed in range(12):
        found = exposed.cropped(framing.framed(image, seed)).stored
        assert found.shape == image.stored.shape
        assert (found == image.stored).all()


def test_cuts_are_counted_and_named(film: Path, tmp_path: Path) -> None:
    framed = framing.framed(film_of(film), 3).stored.astype(np.uint8)
    Picture.fromarray(framed).save(tmp_path / "framed.png")
    cut = framing.cut("somewhere", [film, tmp_path / "framed.png"])
    share = 256**2 / framed.size
    assert cut.films == 2
    assert [name for _, name in cut.shares] == ["framed.png"]
    assert cut.shares[0][0] == pytest.approx(share)
    assert cut.line() == f"somewhere    1 of 2 films have a frame: framed.png {share:.2f}"


def test_a_macro_leaves_rare_findings_out() -> None:
    labels = np.full((60, 3), np.nan, np.float32)
    labels[:, 0] = [1] * 20 + [0] * 40
    labels[:, 1] = [1] * 5 + [0] * 55
    said = np.stack([np.arange(60)[::-1], np.zeros(60), np.zeros(60)], 1).astype(np.float32)
    assert framing.macro(said, labels) == (1.0, 1)
    assert np.isnan(framing.macro(said[:, 1:], labels[:, 1:])[0])


def test_the_lines_say_both_ways_of_reading(data: Path, tmp_path: Path) -> None:  # noqa: F811
    write_guard(tmp_path, film=0.9)
    classifier = load(Registry(write_network(tmp_path, "net").parent).card("net"), CPU)
    (card,) = Registry(tmp_path).guards()
    told = list(framing.measure(classifier, Guard.of(load(card, CPU)), data, "test"))
    assert len(told) == 12
    assert all("refused 0 of 4" in line for line in told[:8])
    assert told[0].startswith("nih          plain   read: film     macro AUROC nan (0 findings)")


def test_what_was_planted_is_found_where_most_of_a_group_is_it() -> None:
    def group(*members: int) -> Cluster:
        return Cluster(members, np.full((2, 2), 0.25, np.float32), 0.5)

    found = grouping.best([group(1, 2, 3), group(4, 5, 6)], {4, 5})
    assert found is not None
    assert found.members == (4, 5, 6)
    assert grouping.best([group(1, 2, 3, 4, 5, 6)], {4, 5}) is None
    assert grouping.best([group(4), group(1, 2, 5, 6)], {4, 5, 6}) is None


def test_planted_cohorts_are_told_per_share(tmp_path: Path) -> None:
    classifier = load(Registry(write_network(tmp_path, "net", phantom=True).parent).card("net"), CPU)
    told = list(grouping.measure(classifier, "cam", "Pneumothorax", grouping.Plan(30, 8, 30, 2, (0.2,))))
    assert told[0] == "cam, Pneumothorax: cohorts of 30 drawn films, 2 for each share"
    assert [line.split(" in ")[0].strip() for line in told[1:]] == ["chest drain", "corner"]
    assert all("of 2 cohorts" in line for line in told[1:])


def test_frames_are_drawn_in_every_way_and_counted(data: Path) -> None:  # noqa: F811
    told = list(frames.measure(data, 2, "test"))
    assert len(told) == 3 * 4 * len(frames.TONES)
    assert all(one.films == 2 for one in told)
    assert told[0].line().startswith("nih          even    black  ")
    assert all(one.exactly <= one.nearly <= one.films - one.missed for one in told)


def test_a_frame_counts_as_found_to_the_pixel_nearly_or_not_at_all() -> None:
    film = (chest.draw(2, size=256, marker=False).pixels // 25 + 60).astype(np.uint8)
    assert frames.found("x", "even", "white", [film]) == frames.Found("x", "even", "white", 1, 1, 1, 0)
    assert frames.found("x", "even", "white", [np.full((256, 256), 99, np.uint8)]).missed == 1
    whole, place = frames.framed(film, "uneven", 0, 5)
    assert (whole[place[0] : place[2], place[1] : place[3]] == film).all()
    assert not whole[: place[0]].any()
