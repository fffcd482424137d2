"""Edited stacks: every slice as a film of its own would be, and what becomes of a slice of which nothing is kept."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain import FILLS, Area, Edit, Fill, Image, frozen
from app.edits import apply, apply_to_slice, apply_to_stack, covered_by
from app.edits.fill import filled
from app.errors import InputError

BOX = ((30.0, 14.0), (55.0, 40.0))
SLICES = 5


def stack(shape: tuple[int, int] = (48, 80)) -> tuple[Image, ...]:
    """Slices of noise, each as far from zero as its place says."""
    noise = np.random.default_rng(7).normal(size=(SLICES, *shape))
    return tuple(
        Image(f"1.{place}", 1, frozen((1000 + 300 * place + 90 * one).astype(np.uint16))) for place, one in enumerate(noise)
    )


def values(images: tuple[Image, ...]) -> NDArray[np.float64]:
    return np.stack([image.stored for image in images]).astype(np.float64)


def of_slice(steps: list[Edit], place: int) -> list[Edit]:
    """What edits of a stack are for one slice, told as for a film."""
    areas = ([replace(area, slices=()) for area in step.areas if not area.slices or place in area.slices] for step in steps)
    return [Edit(tuple(mine), step.fill, step.outside) for mine, step in zip(areas, steps, strict=True) if mine]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("outside", [False, True])
def test_a_slice_is_edited_as_a_film_would_be_and_alone_as_with_the_others(fill: Fill, outside: bool) -> None:
    images = stack()
    steps = [
        Edit((Area("ellipse", BOX, slices=(1, 2)), Area("brush", ((9.0, 9.0),), radius=6)), fill, outside),
        Edit((Area("rectangle", ((40, 20), (70, 45)), slices=(2,)),), "mean"),
    ]
    edited, touched = apply_to_stack(images, steps, {})
    for place, image in enumerate(images):
        alone, covered = apply(image, of_slice(steps, place), {})
        np.testing.assert_array_equal(edited[place].stored, alone.stored)
        np.testing.assert_array_equal(touched[place], covered)
        assert edited[place].windows == alone.windows
        np.testing.assert_array_equal(apply_to_slice(image, place, steps, {}).stored, alone.stored)
    np.testing.assert_array_equal(covered_by(steps, SLICES, (48, 80), {}), touched)


def test_slices_that_nothing_is_covered_of_come_back_as_they_came() -> None:
    images = stack()
    edited, touched = apply_to_stack(images, [Edit((Area("ellipse", BOX, slices=(3,)),), "blur")], {})
    assert [one is image for one, image in zip(edited, images, strict=True)] == [True, True, True, False, True]
    assert [bool(one.any()) for one in touched] == [False, False, False, True, False]
    assert apply_to_slice(images[0], 0, [Edit((Area("ellipse", BOX, slices=(3,)),), "blur")], {}) is images[0]


@pytest.mark.parametrize("fill", FILLS)
def test_of_all_but_an_area_of_one_slice_the_others_keep_their_mean(fill: Fill) -> None:
    """Nothing is left of them to fill from. Blurring needs nothing that is kept."""
    images = stack()
    edited, touched = apply_to_stack(images, [Edit((Area("ellipse", BOX, slices=(2,)),), fill, outside=True)], {})
    assert [bool(one.all()) for one in touched] == [True, True, False, True, True]
    before, after = values(images), values(edited)
    np.testing.assert_array_equal(after[2][~touched[2]], before[2][~touched[2]])
    for place in (0, 1, 3, 4):
        if fill == "blur":
            assert after[place].std() < before[place].std() / 5
        else:
            assert (after[place] == np.rint(before[place].mean(dtype=np.float64))).all()
    assert after.mean(axis=(1, 2)) == pytest.approx(before.mean(axis=(1, 2)), abs=8)


def test_a_fill_of_everything_ends() -> None:
    """Seen: the local mean doubled its square for ever where nothing was kept."""
    part, box = filled(np.arange(12, dtype=np.float32).reshape(3, 4), np.ones((3, 4), bool), "mean")
    assert (part[box] == 5.5).all()


def test_nothing_is_edited_where_an_edit_is_refused() -> None:
    far = Edit((Area("rectangle", ((200, 0), (300, 9))),), "blur")
    whole = Edit((Area("rectangle", ((0, 0), (80, 48))),), "blur")
    for refused in (far, whole):
        with pytest.raises(InputError, match=r"of the stack|whole stack"):
            apply_to_stack(stack(), [Edit((Area("ellipse", BOX),), "mean"), refused], {})
        with pytest.raises(InputError, match=r"of the stack|whole stack"):
            covered_by([refused], SLICES, (48, 80), {})
