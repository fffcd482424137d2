"""The grey pipeline, against numbers worked out by hand from PS3.3 C.11."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import Extent, Image, VoiLut, Window
from app.grey import apply_voi_lut, apply_window, grey, resample, window_for


def image(stored: list[list[int]], **more: object) -> Image:
    return Image("1.2.3", 0, np.array(stored, np.int16), **more)  # type: ignore[arg-type]


def test_linear_window_is_the_standards_with_its_half_pixel() -> None:
    # PS3.3 C.11.2.1.2.1, centre 2048, width 4096: 0 → black, 4095 → white, and the middle lies at 2047.5.
    shown = apply_window(np.array([[0, 4095, 2047.5]], np.float32), Window(2048, 4096))
    assert shown[0].tolist() == pytest.approx([0.0, 1.0, 0.5])


def test_linear_window_of_width_one_is_a_threshold() -> None:
    assert apply_window(np.array([[9.4, 9.6]], np.float32), Window(10, 1)).tolist() == [[0.0, 1.0]]


def test_linear_exact_and_sigmoid() -> None:
    values = np.array([[0.0, 5.0, 10.0]], np.float32)
    assert apply_window(values, Window(5, 10, "LINEAR_EXACT"))[0].tolist() == pytest.approx([0, 0.5, 1])
    sigmoid = apply_window(values, Window(5, 10, "SIGMOID"))[0]
    assert sigmoid.tolist() == pytest.approx([1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-2))], rel=1e-5)


def test_rescale_comes_before_the_window_and_inversion_after() -> None:
    film = image([[0, 100]], slope=2.0, intercept=-100.0, windows=(Window(0, 200, "LINEAR_EXACT"),))
    assert grey(film)[0].tolist() == pytest.approx([0.0, 1.0])
    inverted = image(
        [[0, 100]], slope=2.0, intercept=-100.0, windows=(Window(0, 200, "LINEAR_EXACT"),), photometric="MONOCHROME1"
    )
    assert grey(inverted)[0].tolist() == pytest.approx([1.0, 0.0])


def test_voi_lut_clamps_and_a_chosen_window_wins_over_it() -> None:
    lut = VoiLut(first=10, bits=8, data=np.array([0, 128, 255], np.uint16))
    assert apply_voi_lut(np.array([[0, 11, 99]], np.float32), lut)[0].tolist() == pytest.approx([0, 128 / 255, 1])
    film = image([[0, 11]], voi_lut=lut)
    assert grey(film)[0].tolist() == pytest.approx([0, 128 / 255])
    assert grey(film, Window(5.5, 11, "LINEAR_EXACT"))[0].tolist() == pytest.approx([0, 1])


def test_a_film_without_window_opens_between_its_percentiles() -> None:
    film = image([list(range(1000))])
    window = window_for(film)
    assert window.centre == pytest.approx(499.5)
    assert window.width == pytest.approx(989, abs=2)


def test_a_constant_film_has_a_window_and_no_nan() -> None:
    assert np.isfinite(grey(image([[7, 7], [7, 7]]))).all()


def test_values_are_read_only_where_they_are_frozen() -> None:
    from app.domain import frozen

    array = frozen(np.arange(4))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_resample_keeps_values_at_cell_centres_and_is_zero_outside() -> None:
    heat = np.arange(4, dtype=np.float32).reshape(2, 2)
    out = resample(heat, Extent(0, 0, 6, 6), (6, 8))
    assert out[1, 1] == pytest.approx(0.0)  # the centre of cell (0, 0) is the centre of pixel (1, 1)
    assert out[4, 4] == pytest.approx(3.0)
    assert out[1, 2] == pytest.approx(1 / 3, abs=1e-6)
    assert (out[:, 6:] == 0).all()


def test_resample_holds_the_edge_cells_up_to_the_reach() -> None:
    heat = np.array([[1, 2], [3, 4]], np.float32)
    out = resample(heat, Extent(-1, 1, 3, 5, Extent(0, 0, 6, 5)), (6, 8))
    assert out[0].tolist() == pytest.approx([1.25, 1.75, 2, 2, 2, 2, 0, 0])  # above the first row of cells, it is that row
    assert out[4, 3:6].tolist() == [4, 4, 4]
    assert not out[5].any()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(4, 40), st.integers(4, 40))
def test_resampling_a_constant_map_gives_it_back_inside(height: int, width: int, rows: int, columns: int) -> None:
    side = max(rows, columns)
    extent = Extent((columns - side) / 2, (rows - side) / 2, (columns + side) / 2, (rows + side) / 2)
    out = resample(np.full((height, width), 2.5, np.float32), extent, (rows, columns))
    assert out.shape == (rows, columns)
    assert np.allclose(out, 2.5)
