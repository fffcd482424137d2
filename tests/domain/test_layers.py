"""What layers say of themselves, and how the layers of slices become one of a stack."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain import Extent, Layer, Producer, frozen, joined


def layer(values: object, **fields: object) -> Layer:
    array = frozen(np.asarray(values, np.float32))
    made = Layer(
        "s" * 64, "relevance", "signed", Producer("method", "cam"), "m", "0" * 64, "ACL tear", array, Extent(0, 0, 2, 2)
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def test_a_layers_mass_is_the_positive_part_of_each_slice() -> None:
    assert layer([[[1, -2], [3, 0]], [[-1, -1], [-1, -1]]]).mass() == (4.0, 0.0)


def test_slices_become_one_layer_that_has_a_picture_where_any_has_one() -> None:
    none = layer([[[-1.0]]], state="no positive evidence", seconds=1.0, notes=("on the cpu",))
    some = layer([[[2.0]]], seconds=2.0, notes=("on the cpu", "in pieces"))
    whole = joined("t" * 64, [none, some, none])
    assert whole.stack == "t" * 64
    assert whole.values.tolist() == [[[-1.0]], [[2.0]], [[-1.0]]]
    assert not whole.values.flags.writeable
    assert (whole.state, whole.seconds, whole.notes) == ("ok", 4.0, ("on the cpu", "in pieces"))
    constant = layer([[[0.0]]], state="constant input")
    assert joined("t" * 64, [none, constant, constant]).state == "constant input"


def test_a_blank_first_slice_does_not_hide_what_the_stack_conserves() -> None:
    """A slice of one grey value says nothing of the relevance that went through the stack."""
    blank = layer([[[0.0]]], state="constant input")
    whole = joined("t" * 64, [blank, layer([[[2.0]]], total=1.5, conservation_error=1e-6)])
    assert (whole.total, whole.conservation_error) == (1.5, 1e-6)


def test_one_slice_of_a_stack_has_its_own_values_and_not_the_stacks_relevance() -> None:
    whole = layer([[[1.0]], [[2.0]]], total=1.5, conservation_error=1e-6)
    one = whole.of_slice(1)
    assert (one.values.tolist(), one.total, one.conservation_error) == ([[[2.0]]], None, None)
    film = layer([[[1.0]]], total=1.5)
    assert film.of_slice(0) is film


def test_the_share_in_padding_is_that_of_all_slices() -> None:
    slices = [layer([[[1.0, -3.0]]], padding=0.5), layer([[[12.0, 0.0]]], padding=0.25), layer([[[0.0, 0.0]]], padding=0.0)]
    assert joined("t" * 64, slices).padding == pytest.approx((4 * 0.5 + 12 * 0.25) / 16)
    assert joined("t" * 64, slices[2:]).padding == 0
    assert joined("t" * 64, [*slices, layer([[[1.0, 1.0]]])]).padding is None
    assert joined("t" * 64, slices).of_slice(1).padding is None


@pytest.mark.parametrize(("scale", "signed"), [("signed", True), ("positive", False), ("unit", False)])
def test_only_a_signed_layer_has_two_sides(scale: str, signed: bool) -> None:
    assert layer([[[1.0]]], scale=scale).signed is signed
