"""How a map is drawn: its range, its fading, its edge, its smoothing; and what is said of each."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from app import render
from app.domain import Extent, Layer
from app.render.captions import caption
from app.render.laying import paints
from app.render.looks import FULL
from tests.films import layer

WHOLE = Extent(0, 0, 100, 50)
GREY = 0.5
VALIDATION = render.Known(high=0.5, source="validation", words=("for", "against"))


def under() -> render.Under:
    return render.Under(np.arange(0.5, 100), np.arange(0.5, 50))


def shown(one: Layer, known: render.Known = render.NOTHING, **look: Any) -> NDArray[np.float32]:
    """A map over an even grey."""
    asked = render.Look(**look)
    film = np.full((50, 100, 3), GREY, np.float32)
    return render.laid(film, render.over(one, 0, known, asked), under(), asked)


def focus(value: float, **fields: Any) -> Layer:
    """A bright focus in the middle, a little against the finding around it."""
    values = np.full((5, 10), -3 * value, np.float32)
    values[2, 4:6] = value
    return layer(values, WHOLE, **fields)


def away(picture: NDArray[np.float32]) -> float:
    """How far the most coloured pixel lies from the film."""
    return float(np.abs(picture - GREY).max())


def test_an_improbable_finding_has_no_bright_focus() -> None:
    """Grad-CAM at p = .035: at most .005 beside −.015, which a range of its own stretches to the brightest yellow."""
    weak = focus(0.005, scale="positive")
    assert away(shown(weak)) > 0.15
    assert away(shown(weak, VALIDATION)) == 0, "in the network's range it is next to nothing"
    strong = focus(0.5, scale="positive")
    improbable, probable = (render.Known(high=0.5, source="validation", probability=p) for p in (0.035, 0.8))
    assert away(shown(strong, improbable)) < 0.05
    assert away(shown(strong, probable)) > 0.15
    np.testing.assert_array_equal(shown(strong, improbable, fading=False), shown(strong, probable))


@pytest.mark.parametrize(("probability", "strength"), [(None, 1.0), (0.0, 0.0), (FULL / 4, 0.25), (FULL, 1.0), (1.0, 1.0)])
def test_strength_follows_the_probability(probability: float | None, strength: float) -> None:
    assert render.Known(probability=probability).strength == pytest.approx(strength)


def test_the_range_is_the_cards_or_the_maps_own() -> None:
    strong = focus(2.0)
    assert render.over(strong, 0, VALIDATION).ends == (-0.5, 0.5)
    assert render.over(strong, 0, VALIDATION, render.Look(fixed=False)).ends == render.ends(strong)
    assert render.over(focus(2.0, scale="positive"), 0, VALIDATION).ends == (0.0, 0.5)
    assert render.over(strong, 0).ends == render.ends(strong)


def test_a_soft_edge_comes_up_from_the_threshold_to_its_double() -> None:
    ramp = layer(np.linspace(0, 1, 100, dtype=np.float32)[None].repeat(50, axis=0), WHOLE, scale="positive")
    known = render.Known(high=1.0)
    look = render.Look(threshold=0.25)
    cover = next(iter(paints(render.over(ramp, 0, known, look), under(), look))).cover[25]
    np.testing.assert_allclose(cover / look.opacity, np.clip((np.linspace(0, 1, 100) - 0.25) / 0.25, 0, 1), atol=0.003)
    hard = render.Look(threshold=0.25, edge="hard")
    assert set(np.unique(next(iter(paints(render.over(ramp, 0, known, hard), under(), hard))).cover)) == {
        0.0,
        np.float32(0.55),
    }
    none = render.Look(threshold=0.0)
    assert next(iter(paints(render.over(ramp, 0, known, none), under(), none))).cover[25, 1] == np.float32(0.55)


@pytest.mark.parametrize("signed", [False, True])
def test_lines_run_at_the_quarters_and_leave_the_film_between_them(signed: bool) -> None:
    values = np.linspace(-1 if signed else 0, 1, 100, dtype=np.float32)[None].repeat(50, axis=0)
    one = layer(values, WHOLE, scale="signed" if signed else "positive")
    picture = shown(one, render.Known(high=1.0), edge="lines", threshold=0.25)
    columns = np.flatnonzero((picture[25] != GREY).any(axis=1))
    wanted = (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75) if signed else (0.25, 0.5, 0.75)
    np.testing.assert_allclose(values[0, columns], wanted, atol=0.03)
    inner = np.asarray(render.table("coolwarm" if signed else "viridis")[round(255 * (0.75 if signed else 0.5))] / 255)
    np.testing.assert_allclose(picture[25, columns[3 if signed else 0]], inner, atol=0.01)
    fewer = shown(one, render.Known(high=1.0), edge="lines", threshold=0.6)
    assert len(np.flatnonzero((fewer[25] != GREY).any(axis=1))) == (2 if signed else 1)


def test_maps_of_influence_may_have_colours_of_their_own() -> None:
    one = layer(np.ones((5, 10)), WHOLE)
    for known, name in ((render.Known(influence=True), "puor"), (render.NOTHING, "coolwarm")):
        picture = shown(one, known, influence="puor", opacity=1.0)
        np.testing.assert_allclose(picture[25, 50], render.table(name)[255] / 255, atol=0.01)
    np.testing.assert_allclose(
        shown(one, render.Known(influence=True), opacity=1.0)[25, 50], render.table("coolwarm")[255] / 255
    )


@pytest.mark.parametrize("sigma", [0.5, 2.0, 8.0])
def test_smoothing_is_a_gaussian_within_each_slice(sigma: float) -> None:
    values = np.random.default_rng(0).normal(size=(3, 40, 30)).astype(np.float32)
    expected = ndimage.gaussian_filter(values.astype(np.float64), (0, sigma, sigma), mode="nearest", truncate=3)
    np.testing.assert_allclose(render.evened(values, sigma), expected, atol=2e-3 if sigma == 0.5 else 1e-5)


def test_a_lattice_goes_and_the_focus_stays() -> None:
    rows, columns = np.indices((64, 64))
    bump = np.exp(-((rows - 40) ** 2 + (columns - 20) ** 2) / 200).astype(np.float32)
    raw = layer(bump + 3.0 * ((rows % 8 == 4) & (columns % 8 == 4)), Extent(0, 0, 100, 50))
    known = render.Known(sigma=4.0, pixels=4.0)
    even = render.over(raw, 0, known).values
    peak = np.unravel_index(int(even.argmax()), even.shape)
    assert np.hypot(peak[0] - 40, peak[1] - 20) < 3
    assert np.ptp(even[:20, 40:]) < 0.2
    np.testing.assert_array_equal(render.over(raw, 0, known, render.Look(evened=False)).values, raw.values[0])
    assert render.over(raw, 0, render.Known(sigma=4.0, high=2.0, evened=0.7)).ends == (-0.7, 0.7)


def test_every_picture_says_how_it_is_drawn() -> None:
    known = render.Known(high=0.5, evened=0.2, source="validation", probability=0.035, sigma=8.0, pixels=8.0)
    one = focus(1.0)
    told = caption(one, 0, known, render.Look())
    assert told.endswith("fixed range: validation films · faded to 9 %: probability 3.5 % · smoothed at 8 px")
    plain = render.Look(fixed=False, robust=False, fading=False, evened=False)
    assert render.told(one, known, plain) == ("full range of this map", "not faded", "pixels as they are")
    assert render.told(one, render.Known(high=1.0, source="phantoms"), render.Look()) == ("fixed range: phantoms",)
    assert render.told(one, known, render.Look(), shared=True)[0] == "one range for all maps"
    assert render.told(layer(np.ones((5, 5)), WHOLE, kind="attention", scale="unit"), known, render.Look()) == ()
