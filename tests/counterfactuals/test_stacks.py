"""Edits of stacks: strength 0 is the stack to the bit, nothing beyond the limit changes, slices without a limit stay."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.anatomy.knee import BONES, CRUCIATES, MENISCI
from app.anatomy.knee_limits import KNEE_LIMITS, knee_limits, shown_on, window
from app.classifiers.card import Card
from app.classifiers.loading import load, load_exam
from app.classifiers.registry import Registry
from app.counterfactuals import there
from app.counterfactuals.generating import Generating
from app.counterfactuals.slices import Bounds, Square, with_beside
from app.counterfactuals.stacks import StackEdit
from app.domain import Extent, Series, Window
from app.errors import InputError
from tests.changing import TEARS, write_stack_generator
from tests.exams import stack, write_exam_network

SIDE = 128


def codes(slices: int = 7) -> NDArray[np.uint8]:
    """A ligament on the slices 2 to 4, two menisci, and a speck that is none."""
    found = np.zeros((slices, SIDE, SIDE), np.uint8)
    found[:, 10:120, 30:100] = BONES
    found[2:5, 60:71, 60:66] = CRUCIATES
    found[6, 5, 5] = CRUCIATES
    found[1, 74:80, 30:44] = found[5, 74:80, 80:94] = MENISCI
    return found


def test_a_limit_lies_around_what_was_found_and_on_the_slices_beside_it() -> None:
    menisci, cruciates = knee_limits(codes())
    assert shown_on(cruciates) == (1, 2, 3, 4, 5), "a speck elsewhere is none of it"
    assert shown_on(menisci) == (0, 1, 2, 4, 5, 6), "there are two"
    assert cruciates[3, 60:72, 60:66].min() > 0.9
    assert not cruciates[:, :50].any()
    assert not cruciates[:, :, 80:].any()
    assert not knee_limits(np.zeros((3, SIDE, SIDE), np.uint8)).any()


def test_the_square_lies_around_the_limit_within_the_grid() -> None:
    plane = knee_limits(codes())[1]
    assert window(plane, 40, 160) == (62, 59), "the middle of 60 to 71 and of 60 to 66, on a finer grid"
    assert window(np.roll(plane, 50, 1), 40, 160) == (120, 59)
    square = Square(62, 59, 40, 160)
    assert square.extent(Extent(0, 0, 320, 320)) == Extent(118, 124, 198, 204)
    whole = torch.zeros(2, 160, 160)
    laid = square.laid(whole, torch.ones(2, 40, 40))
    assert square.cut(laid).min() == 1
    assert laid.sum() == 2 * 40 * 40
    bounds = Bounds.of(knee_limits(codes()), 1, 40, 160)
    assert (bounds.places, bounds.limits.shape) == ((1, 2, 3, 4, 5), (5, 2, 40, 40))
    assert bounds.limits[2, 1, 20, 20] > 0.9


def test_a_slice_is_seen_with_those_beside_it() -> None:
    rows = with_beside(torch.arange(4.0).view(4, 1, 1), (0, 2, 3), 1)[:, :, 0, 0]
    assert rows.tolist() == [[0, 0, 1], [1, 2, 3], [2, 3, 3]]


def made(folder: Path, series: Series, found: NDArray[np.uint8]) -> StackEdit:
    exam = load_exam(Card.read(write_exam_network(folder)), torch.device("cpu"))
    generating = Generating.of(load(write_stack_generator(folder, exam.card), torch.device("cpu")))
    read = exam.member("sagittal", TEARS[0])
    return generating.stack_edit(read, series, TEARS[0], direction=-1, logit=3.0, codes=found)


def test_a_stack_is_changed_within_its_limit_alone(tmp_path: Path) -> None:
    series = stack(3, slices=7, rows=128, columns=128)
    edit = made(tmp_path, series, codes())
    assert edit.places == (1, 2, 3, 4, 5)
    assert edit.most in {2, 3, 4}
    assert edit.apply(series.images, 0.0)[3].stored is series.images[3].stored
    limit = knee_limits(codes())[KNEE_LIMITS.index("cruciates")]
    for strength in (0.5, 1.5):
        after = edit.apply(series.images, strength)
        assert after[0] is series.images[0]
        assert after[6] is series.images[6]
        for place in edit.places:
            away = np.abs(after[place].stored.astype(int) - series.images[place].stored)
            near = np.pad(limit[place], 3, mode="maximum")[3:-3, 3:-3]
            wide = np.max([np.roll(near, (down, across), (0, 1)) for down in range(-3, 4) for across in range(-3, 4)], 0)
            assert not away[wide == 0].any(), "nothing beyond the limit"
        assert np.abs(after[3].stored.astype(int) - series.images[3].stored)[62:70, 61:65].mean() > 50
    changes = list(edit.changes(series.images))
    assert len(changes) == 5
    assert min(change.max() for change in changes) <= 1e-6, "it gets darker"
    with pytest.raises(InputError, match=r"between 0 and 1\.5"):
        edit.apply(series.images, 1.6)


def test_nothing_is_changed_where_nothing_was_found(tmp_path: Path) -> None:
    series = stack(3, slices=3, rows=64, columns=64)
    edit = made(tmp_path, series, np.zeros((3, SIDE, SIDE), np.uint8))
    assert edit.places == ()
    assert edit.most == 0
    assert edit.apply(series.images, 1.0) == series.images


def test_a_header_s_window_does_not_matter(tmp_path: Path) -> None:
    series = stack(3, slices=7, rows=128, columns=128)
    edit = made(tmp_path, series, codes())
    windowed = replace(series, images=tuple(replace(image, windows=(Window(100, 10),)) for image in series.images))
    for one, other in zip(edit.apply(series.images), edit.apply(windowed.images), strict=True):
        np.testing.assert_array_equal(one.stored, other.stored)
        assert other.windows == (Window(100, 10),) or one.windows == other.windows


def test_what_knows_drawn_exams_only_is_not_offered_of_a_person(tmp_path: Path) -> None:
    own = Card.read(write_exam_network(tmp_path))
    write_stack_generator(tmp_path, own)
    registry = Registry(tmp_path)
    assert there.ways(registry, own) == {"ACL tear": ("generator",)}
    assert there.ways(registry, own, person=True) == {}
    with pytest.raises(InputError, match="no counterfactual"):
        there.chosen(registry, own, "ACL tear", person=True)
