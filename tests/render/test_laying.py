"""Layers laid over an image on any grid: what each kind draws, as the viewer's shaders do."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app import render
from app.domain import Extent, Layer
from app.render.laying import CLEAR, sampled
from tests.films import layer

WHOLE = Extent(0, 0, 100, 50)
GREY = 0.5


def under(times: int = 1) -> render.Under:
    """A grid of so many pixels per pixel of a film of 50 × 100."""
    return render.Under((np.arange(100 * times) + 0.5) / times, (np.arange(50 * times) + 0.5) / times)


def shown(one: Layer, place: int = 0, times: int = 1, **look: Any) -> NDArray[np.float32]:
    """A layer over an even grey."""
    film = np.full((50 * times, 100 * times, 3), GREY, np.float32)
    over = render.Over(one, place, render.ends(one))
    return render.laid(film, over, under(times), render.Look(**look))


def halves(value: float, **fields: Any) -> Layer:
    """Nothing on the left half, one value on the right one; on the second slice everywhere."""
    values = np.zeros((2, 5, 10), np.float32)
    values[0, :, 5:] = values[1] = value
    return layer(values, WHOLE, **fields)


def coloured(name: str, at: float) -> NDArray[np.float32]:
    return np.asarray(render.table(name)[round(255 * at)] / 255, np.float32)


def test_a_probability_is_drawn_as_it_is_and_never_cut_where_it_matters() -> None:
    one = halves(0.4, kind="probability", scale="unit")
    picture = shown(one, threshold=0.9, opacity=1.0)
    np.testing.assert_allclose(picture[:, 70:], np.broadcast_to(coloured("viridis", 0.4), (50, 30, 3)), atol=0.01)
    assert (picture[:, :40] == GREY).all()
    faint = shown(halves(CLEAR - 0.01, kind="probability", scale="unit"), threshold=0.9)
    assert (faint == GREY).all()
    relevance = shown(halves(0.4, kind="attention", scale="unit"), threshold=0.9)
    assert (relevance == GREY).all(), "other layers are cut where the reader says"


def test_a_probability_has_lines_where_it_passes_a_quarter() -> None:
    ramp = np.broadcast_to(np.linspace(0.0, 0.99, 100, dtype=np.float32), (1, 50, 100)).copy()
    picture = shown(layer(ramp, WHOLE, kind="probability", scale="unit"))
    lines = (picture == 1.0).all(axis=2)
    assert lines[20].sum() == 3
    assert [round(100 * ramp[0, 0, at]) for at in np.flatnonzero(lines[20])] == [24, 49, 74]
    assert not (shown(layer(ramp, WHOLE, kind="attention", scale="unit")) == 1.0).all(axis=2).any()


def test_classes_have_their_colours_and_no_values_between_them() -> None:
    values = np.zeros((1, 5, 10), np.float32)
    values[0, :, :5], values[0, 1:4, 5:8] = 1, 3
    picture = shown(layer(values, WHOLE, kind="labels", scale="classes"), opacity=0.5, threshold=0.9)
    told = {tuple(np.round(colour, 3)) for colour in picture.reshape(-1, 3)}
    wanted = [render.class_colours(np.array(number, np.int32)) / 255 for number in (1, 3)]
    assert told == {(GREY,) * 3, *(tuple(np.round(0.5 * GREY + 0.5 * colour, 3).astype(np.float32)) for colour in wanted)}


def test_an_outline_runs_inside_its_class_on_a_dark_line() -> None:
    values = np.zeros((1, 50, 100), np.float32)
    values[0, 10:40, 20:80] = 2
    picture = shown(layer(values, WHOLE, kind="outline", scale="classes"), line=2)
    colour = (render.class_colours(np.array(2, np.int32)) / 255).astype(np.float32)
    row = picture[25]
    np.testing.assert_allclose(row[20:22], np.broadcast_to(colour, (2, 3)), atol=1e-6)
    assert (row[[17, 18, 19, 22]] == 0).all()
    assert (row[[10, 16, 23, 50]] == GREY).all(), "inside and outside the film is seen"


def test_an_image_layer_stands_in_the_films_place_as_far_as_it_reaches() -> None:
    values = np.stack([np.full((50, 50), 7, np.float32), np.full((50, 50), 9, np.float32)])
    one = layer(values, Extent(0, 0, 50, 50), kind="image", scale="grey")
    film = np.zeros((50, 100), np.float32)
    told = render.greys(film, render.Over(one, 1, render.ends(one)), under())
    assert (told[:, :50] == 9).all()
    assert (told[:, 50:] == 0).all()
    assert (shown(one) == GREY).all(), "it has no colours"


def test_edge_cells_are_held_up_to_the_reach_and_nothing_lies_beyond() -> None:
    inner = layer(np.ones((1, 5, 10), np.float32), Extent(-7, -7, 83, 38, Extent(10, 0, 100, 50)), scale="positive")
    for smooth in (True, False):
        picture = shown(inner, smooth=smooth, opacity=1.0)
        assert (picture[:, :10] == GREY).all()
        assert (np.abs(picture[:, 10:] - coloured("viridis", 1.0)) < 0.01).all()


@pytest.mark.parametrize(("kind", "scale"), [("relevance", "positive"), ("labels", "classes"), ("outline", "classes")])
def test_a_layer_may_stand_without_the_film(kind: Any, scale: Any) -> None:
    one = halves(2.0, kind=kind, scale=scale)
    picture = shown(one, alone=True, opacity=0.3)
    assert (picture[:, :30] == 0).all()
    if kind != "outline":
        full = shown(one, opacity=1.0)
        np.testing.assert_array_equal(picture[:, 70:], full[:, 70:])


def test_a_slice_is_drawn_in_the_colours_of_its_stack() -> None:
    values = np.zeros((2, 5, 10), np.float32)
    values[0], values[1] = 1.0, 0.5
    one = layer(values, WHOLE, kind="relevance", scale="positive")
    picture = shown(one, place=1, opacity=1.0)
    np.testing.assert_allclose(picture[25, 50], coloured("viridis", 0.5), atol=0.01)


def test_a_bar_shows_colours_from_end_to_end_and_what_is_clear() -> None:
    one = halves(1.0, kind="relevance", scale="signed")
    told = render.bar(render.Over(one, 0, (-2.0, 2.0)), render.Look(threshold=0.5), (101, 7))
    assert told.shape == (7, 101, 3)
    np.testing.assert_array_equal(told[0, 0], render.table("coolwarm")[0])
    np.testing.assert_array_equal(told[0, -1], render.table("coolwarm")[255])
    assert (told[0, 30:70] == 34).all()


def test_a_grid_goes_on_beside_its_edges() -> None:
    wide = under(2).wider(3)
    assert (wide.x[:2].tolist(), wide.y.size) == ([-1.25, -0.75], 106)
    values, inside = sampled(np.ones((5, 10), np.float32), WHOLE, wide, smooth=True)
    assert inside.sum() == 100 * 200
    assert (values == 1).all()
