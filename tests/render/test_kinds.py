"""Layers of every kind over a film: what each scale does to the colours, and what the caption says."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from app import render
from app.domain import Extent, Image, Layer, Producer, Window
from app.render.captions import caption
from app.render.laying import sampled
from tests.films import image, layer

WHOLE = Extent(0, 0, 100, 50)


def opened(png: bytes) -> NDArray[np.int32]:
    with Picture.open(io.BytesIO(png)) as picture:
        return np.asarray(picture).astype(np.int32)


def film() -> Image:
    """An even grey film of 50 × 100 pixels."""
    return image(stored=np.full((50, 100), 50, np.uint16), windows=(Window(50.0, 100.0, "LINEAR_EXACT"),))


GREY = 128


def shown(one: Layer, place: int = 0) -> NDArray[np.int32]:
    return opened(render.overlay_png(film(), one, place, longest=100))


def blended(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    return 0.45 * GREY + 0.55 * np.array(colour, np.float64)


def table_colour(value: float) -> tuple[int, int, int]:
    red, green, blue = render.table("viridis")[round(255 * value)].tolist()
    return red, green, blue


@pytest.mark.parametrize("highest", [0.4, 1.0])
def test_a_probability_is_never_stretched(highest: float) -> None:
    values = np.zeros((5, 10), np.float32)
    values[:, 5:] = highest
    one = layer(values, WHOLE, kind="probability", scale="unit")
    assert render.ends(one) == (0.0, 1.0)
    picture = shown(one)
    np.testing.assert_allclose(picture[:, 65:], np.broadcast_to(blended(table_colour(highest)), (50, 35, 3)), atol=3)
    assert (picture[:, :40] == GREY).all()


def test_attention_runs_from_zero_to_its_maximum_over_the_stack() -> None:
    values = np.zeros((2, 5, 10), np.float32)
    values[1, 2, 3] = 0.2
    values[0] = 0.1
    one = layer(values, WHOLE, kind="attention", scale="positive")
    assert render.ends(one) == pytest.approx((0.0, 0.2))
    np.testing.assert_allclose(shown(one)[25, 50], blended(table_colour(0.5)), atol=3)
    assert render.ends(layer(np.zeros((5, 5)), WHOLE, kind="attention", scale="positive")) == (0.0, 1.0)


def test_labels_have_a_colour_each_and_nothing_in_between() -> None:
    values = np.zeros((5, 10), np.float32)
    values[:, 4:7], values[:, 7:] = 1, 3
    picture = shown(layer(values, WHOLE, kind="labels", scale="classes"))
    assert (picture[:, :40] == GREY).all()
    colours = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert len(colours) == 3, "bilinear edges would be classes that nobody named"
    np.testing.assert_allclose(picture[25, 55], blended((0xE6, 0x9F, 0x00)), atol=2)
    np.testing.assert_allclose(picture[25, 90], blended((0x00, 0x9E, 0x73)), atol=2)


def test_classes_keep_distinct_colours() -> None:
    colours = render.class_colours(np.arange(len(render.CLASSES) + 2, dtype=np.int32))
    assert colours[0].tolist() == [0, 0, 0]
    assert len({tuple(row) for row in colours[1:-1].tolist()}) == len(render.CLASSES)
    assert colours[-1].tolist() == colours[1].tolist()


def test_an_outline_is_a_line_around_each_class_and_leaves_the_inside_free() -> None:
    values = np.zeros((50, 100), np.float32)
    values[10:40, 20:50], values[10:40, 50:80] = 1, 2
    picture = shown(layer(values, WHOLE, kind="outline", scale="classes"))
    assert (picture[25, 30:40] == GREY).all()
    assert (picture[25, 60:70] == GREY).all()
    assert (picture[:5] == GREY).all()
    assert picture[25, 20].tolist() == [0xE6, 0x9F, 0x00]
    assert picture[25, 79].tolist() == [0x56, 0xB4, 0xE9]
    across = {tuple(pixel) for pixel in picture[25, 44:56].tolist()}
    assert {(0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9)} <= across, "two classes that touch have a line each"
    assert (picture[25, 18] == 0).all(), "on a dark line, which is seen on any film"


def test_an_image_stands_alone_and_is_windowed_as_a_film_is() -> None:
    values = np.stack([np.tile(np.linspace(-500, 500, 100, dtype=np.float32), (50, 1)), np.full((50, 100), 250, np.float32)])
    one = layer(values, WHOLE, kind="image", scale="grey", finding="")
    low, high = render.ends(one)
    assert -500 <= low < -400
    assert 400 < high <= 500
    picture = shown(one)
    assert (picture.max(axis=2) == picture.min(axis=2)).all(), "grey"
    np.testing.assert_allclose(picture[25, :, 0], np.clip((values[0, 0] - low) / (high - low), 0, 1) * 255, atol=1)
    np.testing.assert_allclose(shown(one, 1)[..., 0], (250 - low) / (high - low) * 255, atol=1)
    assert opened(render.overlay_png(film(), layer(np.zeros((4, 4)), WHOLE, kind="image", scale="grey"))).shape[1] == 512


def test_every_kind_can_be_captioned() -> None:
    kinds = {
        "relevance": "signed", "attention": "unit", "probability": "unit", "image": "grey",
        "labels": "classes", "outline": "classes",
    }  # fmt: skip
    for kind, scale in kinds.items():
        one = layer(np.eye(8), WHOLE, kind=kind, scale=scale, names={1: "lung"})
        assert opened(render.overlay_png(film(), one)).shape[0] > 256 + 40, kind
    swatch = opened(render.overlay_png(film(), layer(np.eye(8), WHOLE, kind="labels", scale="classes", names={1: "lung"})))
    assert (swatch[256:] == (0xE6, 0x9F, 0x00)).all(axis=2).any(), "what the colour stands for"


def test_the_caption_says_kind_finding_and_who_made_it() -> None:
    told = caption(layer([[-1.0, 2.0]], WHOLE), 0, render.Known(probability=0.75), render.Look())
    assert told == f"relevance · cam · Nodule, probability 0.750 · net {'ab' * 4} · raw values −1 to 2 · range of this map"
    made = Producer("import", "seg", version="2.1", title="Site segmentation")
    mask = layer(
        [[0.0, 1.0]], WHOLE, kind="labels", scale="classes", producer=made, model="", finding="", state="not defined: x"
    )
    assert caption(mask, 0, render.NOTHING, render.Look()) == "labels · Site segmentation 2.1 · not defined: x"
    values = np.array([[[0.0]], [[250.0]]])
    picture = layer(values, WHOLE, kind="image", scale="grey", finding="", unit="ms")
    assert caption(picture, 1, render.NOTHING, render.Look()).endswith("values 250 to 250 ms")


def test_the_nearest_cell_is_the_one_that_a_pixels_centre_lies_in() -> None:
    values = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    laid, inside = sampled(values, Extent(2, 1, 8, 5), render.Under(np.arange(10.0) + 0.5, np.arange(6.0) + 0.5), smooth=False)
    expected = np.zeros((6, 10))
    for row, column in np.ndindex(6, 10):
        down, across = (row + 0.5 - 1) / 2, (column + 0.5 - 2) / 2
        if 0 <= down < 2 and 0 <= across < 3:
            expected[row, column] = values[int(down), int(across)]
    np.testing.assert_array_equal(np.where(inside, laid, 0), expected)


def test_a_map_that_no_threshold_lets_through_is_said_to_be_too_weak() -> None:
    faint = layer([[0.0, 0.2]], WHOLE)
    known = render.Known(high=1.0, source="phantoms")
    told = render.told(faint, known, render.Look(threshold=0.25, evened=False))
    assert told[0] == "too weak to be seen in this range: at most 20 % of its end"
    assert not any("weak" in one for one in render.told(faint, known, render.Look(threshold=0.15, evened=False)))
    assert not any("weak" in one for one in render.told(faint, known, render.Look(fixed=False)))
