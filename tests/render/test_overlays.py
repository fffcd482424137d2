"""Pictures: what can be told of them without looking. Looking is done in the browser tests."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from app import render
from app.config import ROOT
from app.domain import Extent, Image, Layer, Region, Shape, Window
from app.render.captions import caption
from tests.films import image, layer


def opened(png: bytes) -> NDArray[np.uint8]:
    with Picture.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def ramp(**fields: object) -> Image:
    stored = np.tile(np.arange(100, dtype=np.uint16), (50, 1))
    windows = (Window(50.0, 100.0, "LINEAR_EXACT"),)
    return replace(image(stored=stored, windows=windows), **fields)  # type: ignore[arg-type]


def a_map(values: object, signed: bool = True) -> Layer:
    """A map over the whole of `ramp`."""
    return layer(values, Extent(0, 0, 100, 50), scale="signed" if signed else "positive")


def test_a_film_is_drawn_through_its_window_at_its_own_size() -> None:
    shown = opened(render.film_png(ramp()))
    assert shown.shape == (50, 100)
    np.testing.assert_allclose(shown[7], np.arange(100) / 100 * 255, atol=0.51)
    np.testing.assert_allclose(opened(render.film_png(ramp(photometric="MONOCHROME1"))), 255.0 - shown, atol=1)
    narrow = opened(render.film_png(ramp(), Window(50.0, 10.0, "LINEAR_EXACT")))
    assert (narrow[0, 40], narrow[0, 60]) == (0, 255)


def test_a_longest_side_bounds_a_film_and_never_enlarges_it() -> None:
    assert opened(render.film_png(ramp(), longest=40)).shape == (20, 40)
    assert opened(render.film_png(ramp(), longest=400)).shape == (50, 100)
    line = image(stored=np.zeros((1, 3000), dtype=np.uint16))
    assert opened(render.film_png(line, longest=100)).shape == (1, 100)


def test_a_constant_film_can_be_drawn() -> None:
    assert opened(render.film_png(image(stored=np.full((20, 20), 7, dtype=np.uint16)))).shape == (20, 20)


def test_the_colour_maps_are_those_of_the_viewer() -> None:
    script = (ROOT / "static" / "js" / "viewport" / "colormaps.js").read_text(encoding="utf-8")
    for name, stops in render.STOPS.items():
        found = re.search(rf'{name}:\s+"([0-9a-f]+)" \+\s+"([0-9a-f]+)"', script)
        assert found is not None
        assert "".join(found.groups()) == stops
        assert len(stops) == 33 * 6


def test_signed_maps_are_blue_below_zero_and_red_above_and_pale_at_zero() -> None:
    below, zero, above = render.table("coolwarm")[[0, 128, 255]].astype(int)
    assert below[2] > below[0] + 100
    assert above[0] > above[2] + 100
    assert zero.min() > 210
    low, high = render.table("viridis")[[0, 255]]
    assert bytes(low).hex() == "440154"
    assert bytes(high).hex() == "fde725"


@pytest.mark.parametrize(
    ("values", "signed", "expected"),
    [
        ([[0.0, 2.0]], True, (-1.99, 1.99)),
        ([[-4.0, 2.0]], True, (-3.99, 3.99)),
        ([[-4.0, 2.0]], False, (0.0, 2.0)),
        ([[-4.0, -2.0]], False, (0.0, 1.0)),
        ([[0.0, 0.0]], True, (-1.0, 1.0)),
    ],
)
def test_colours_run_from_zero_to_the_strongest(values: list[list[float]], signed: bool, expected: tuple[float, float]) -> None:
    assert render.ends(a_map(values, signed)) == pytest.approx(expected)


def test_a_map_colours_where_it_is_strong_and_nowhere_else() -> None:
    values = np.zeros((5, 10), dtype=np.float32)
    values[:, 7:] = 1.0
    values[:, :3] = -1.0
    shown = opened(render.overlay_png(ramp(), a_map(values), longest=100)).astype(int)
    assert shown.shape == (50, 100, 3)  # too small for captions
    grey = opened(render.film_png(ramp())).astype(int)
    np.testing.assert_array_equal(shown[:, 40:60], np.repeat(grey[:, 40:60, None], 3, axis=2))
    assert (shown[:, 80:, 0] > shown[:, 80:, 2] + 50).all()
    assert (shown[:, :20, 2] > shown[:, :20, 0] + 50).all()
    unsigned = opened(render.overlay_png(ramp(), a_map(values, signed=False), longest=100)).astype(int)
    np.testing.assert_array_equal(unsigned[:, :60], np.repeat(grey[:, :60, None], 3, axis=2))


def test_a_map_lies_where_its_extent_says() -> None:
    part = replace(a_map(np.ones((2, 2)), signed=False), extent=Extent(60, 10, 80, 30))
    shown = opened(render.overlay_png(ramp(), part, longest=100)).astype(int)
    coloured = (shown.max(axis=2) - shown.min(axis=2)) > 10
    rows, columns = np.nonzero(coloured)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 60, 79)


def test_what_a_networks_card_warns_of_stands_under_its_pictures() -> None:
    warning = "Knows phantoms only: its answers mean nothing for a person."
    plain = opened(render.overlay_png(ramp(), a_map([[0.0, 1.0]]), known=render.Known(probability=0.75)))
    warned = opened(render.overlay_png(ramp(), a_map([[0.0, 1.0]]), known=render.Known(probability=0.75, banner=warning)))
    line = warned.shape[0] - plain.shape[0]
    assert line >= 12, "a line more"
    np.testing.assert_array_equal(warned[-line // 2 :], plain[-line // 2 :])
    assert (warned[-2 * line : -line].max(axis=2) > 200).any(), "with letters in it"


def test_a_large_overlay_says_what_it_is_and_a_small_film_is_enlarged_for_it() -> None:
    plain = opened(render.overlay_png(ramp(), a_map([[0.0, 1.0]])))
    told = opened(render.overlay_png(ramp(), a_map([[0.0, 1.0]]), known=render.Known(probability=0.75)))
    assert plain.shape[1] == told.shape[1] == 512
    assert plain.shape[0] > 256 + 40
    assert plain.shape != told.shape or (plain != told).any()
    strip = plain[256:]
    assert (strip == render.table("coolwarm")[255]).all(axis=2).any()
    no_evidence = replace(a_map([[0.0, 0.0]], signed=False), state="no positive evidence")
    assert (
        opened(render.overlay_png(ramp(), no_evidence))[:200] == opened(render.overlay_png(ramp(), a_map([[0, 0]])))[:200]
    ).all()


def test_a_picture_says_how_much_of_the_map_lies_in_padding() -> None:
    one = a_map(np.ones((2, 2)))
    assert "26% in padding outside the image" in caption(replace(one, padding=0.264), 0, render.NOTHING, render.Look())
    for share in (None, 0.0, 0.004):
        assert "padding" not in caption(replace(one, padding=share), 0, render.NOTHING, render.Look())


def test_a_film_that_is_in_colour_already_gives_the_same_overlay_and_stays_as_it_is() -> None:
    values = np.linspace(-1, 1, 12).reshape(3, 4)
    for longest in (None, 100, 20):
        film = render.in_colour(ramp(), longest)
        before = film.tobytes()
        for over in (a_map(values), a_map(-values, signed=False)):
            plain = render.overlay_png(ramp(), over, longest=longest)
            assert render.overlay_png(ramp(), over, longest=longest, backdrop=film) == plain
            quick = render.overlay_png(ramp(), over, longest=longest, backdrop=film, effort=1)
            np.testing.assert_array_equal(opened(quick), opened(plain))
        assert film.tobytes() == before


def test_a_region_is_framed_where_it_was_drawn() -> None:
    black = image(stored=np.zeros((100, 100), dtype=np.uint16))
    nothing = replace(a_map([[0.0]]), extent=Extent(0, 0, 100, 100))
    shown = opened(render.overlay_png(black, nothing, longest=100, region=Region.rectangle(20.0, 30.0, 70.0, 60.0)))
    rows, columns = np.nonzero((shown == (255, 209, 102)).all(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (32, 58, 22, 68)
    outside = render.overlay_png(black, nothing, longest=100, region=Region.rectangle(99.8, 99.8, 99.9, 99.9))
    assert opened(outside).shape == (100, 100, 3)


def test_every_shape_of_a_region_is_drawn_along_its_outline() -> None:
    black = image(stored=np.zeros((200, 200), dtype=np.uint16))
    nothing = replace(a_map([[0.0]]), extent=Extent(0, 0, 200, 200))
    shapes = (Shape("ellipse", ((20, 20), (80, 60))), Shape("polygon", ((100, 100), (180, 110), (120, 180))))
    shown = opened(render.overlay_png(black, nothing, longest=200, region=Region(shapes)))
    yellow = (shown == (255, 209, 102)).all(axis=2)
    rows, columns = np.nonzero(yellow)
    assert (rows.min(), columns.min()) == pytest.approx((20, 20), abs=4)
    assert (rows.max(), columns.max()) == pytest.approx((180, 180), abs=4)
    assert yellow[105, 140:150].any() or yellow[103:108, 140].any()
    assert not yellow[22:30, 22:26].any(), "an ellipse leaves the corners of its box free"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1"), (-0.12345, "−0.123"), (999.0, "999"), (1234.0, "1.2e3"), (-1e-7, "−1.0e−7")],
)
def test_values_are_written_with_three_figures(value: float, text: str) -> None:
    assert render.figure(value) == text


def test_captions_use_characters_the_font_has() -> None:
    assert render.typed(render.BANNER) == "Research use only - not for clinical use"
    assert render.typed("−1.5 · “a” 가") == '-1.5 · "a" ?'


def test_a_slice_has_the_colours_of_its_stack() -> None:
    """A weak slice beside a strong one is pale, and not stretched to look as strong."""
    values = np.zeros((2, 5, 10), np.float32)
    values[0, :, 5:], values[1, :, 5:] = 1.0, 0.5
    stack = a_map(values, signed=False)
    assert render.ends(stack) == (0.0, 1.0)
    strong, weak = (opened(render.overlay_png(ramp(), stack, place, longest=100)).astype(int) for place in (0, 1))
    alone = opened(render.overlay_png(ramp(), stack.of_slice(1), longest=100)).astype(int)
    np.testing.assert_array_equal(alone, strong)
    assert (np.abs(weak[:, 60:] - strong[:, 60:]).max(axis=2) > 40).all()
