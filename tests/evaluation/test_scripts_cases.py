"""Cases that the browser's scripts are held to as well (tests/js): the same numbers in, the same figures out.

Shapes, measures, films, places and colours; agreement and localisation are in `test_shared_cases`. What is expected was worked
out by ways of their own: angles around a point, masks over all centres, affine maps as matrices, published colours.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest

from app import render
from app.config import ROOT
from app.desk.opening import half
from app.domain import AnnotationKind, Extent, Image, Layer, Producer, Region, Shape, frozen
from app.evaluation import annotations, truth
from app.grey import window_for
from app.render.colours import table
from app.render.laying import bands, levels, seen
from app.web.printing.plates import placed
from app.web.printing.view import View

FOLDER = ROOT / "tests" / "evaluation" / "shared"
Case = Mapping[str, Any]


def cases(file: str) -> list[Any]:
    """Every case of one file, named."""
    told = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=str(case["name"])) for case in told]


def region(shapes: list[Case]) -> Region:
    """Shapes as the domain knows them."""
    return Region(tuple(Shape(one["kind"], tuple((float(x), float(y)) for x, y in one["points"])) for one in shapes))


def size(of: Case) -> tuple[int, int]:
    """Rows and columns."""
    return of["rows"], of["columns"]


def film(image: Case, stored: list[int] | None = None) -> Image:
    """A film of these stored values; of zeros where none are told."""
    values = np.zeros(size(image)) if stored is None else np.reshape(stored, size(image))
    return Image(
        sop_instance_uid="1",
        frame=1,
        stored=frozen(values.astype(np.int16)) if image.get("signed") else frozen(values.astype(np.uint16)),
        slope=image.get("slope", 1.0),
        intercept=image.get("intercept", 0.0),
        pixel_spacing=tuple(image["spacing"]) if image.get("spacing") else None,
        spacing_kind="calibrated" if image.get("spacing") else "unknown",
    )


@pytest.mark.parametrize("case", cases("shapes"))
def test_shapes_cover_these_cells(case: Case) -> None:
    covered = truth.mask(region(case["shapes"]), size(case["image"]), size(case["grid"]))
    assert np.flatnonzero(covered).tolist() == case["covered"]


@pytest.mark.parametrize("case", cases("measuring"))
def test_measures_amount_to_this(case: Case) -> None:
    points = tuple((float(x), float(y)) for x, y in case["points"])
    found = annotations.measured(cast(AnnotationKind, case["kind"]), points, film(case["image"], case["stored"]))
    told = {
        "length": found.length, "angle": found.angle, "area": found.area, "pixels": found.pixels,
        "mean": found.mean, "sd": found.sd, "min": found.least, "max": found.most,
    }  # fmt: skip
    for name, value in case["expected"].items():
        assert told[name] == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), name


@pytest.mark.parametrize("case", cases("films"))
def test_films_are_halved_and_opened_so(case: Case) -> None:
    image = film(case["image"], case["stored"])
    if halved := case["halved"]:
        assert half(image.stored, halved["times"]).tolist() == np.reshape(halved["stored"], size(halved)).tolist()
    window, expected = window_for(image), case["windows"]["window"]
    assert (window.centre, window.width) == pytest.approx((expected["centre"], expected["width"]), rel=1e-6)
    assert window.function == expected["shape"]


@pytest.mark.parametrize("case", cases("geometry"))
def test_images_lie_so_in_a_box(case: Case) -> None:
    view = case["view"]
    seen = View(zoom=view["zoom"], x=view["x"], y=view["y"], turn=tuple(view["turn"]))
    found = placed(seen, film(case["image"]), (case["box"]["width"], case["box"]["height"]))
    told = (found.a, found.b, found.c, found.d, found.e, found.f)
    assert told == pytest.approx(tuple(case["expected"]["matrix"]), rel=1e-9, abs=1e-9)
    assert found.scale == pytest.approx(case["expected"]["scale"])


@pytest.mark.parametrize("case", cases("colours"))
def test_colour_maps_end_so(case: Case) -> None:
    assert np.abs(table(case["name"])[case["at"]].astype(int) - case["rgb"]).max() <= 1


@pytest.mark.parametrize("case", cases("evened"))
def test_maps_are_smoothed_so(case: Case) -> None:
    values = np.array(case["values"], np.float32)[None]
    np.testing.assert_allclose(render.evened(values, case["sigma"])[0], case["evened"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", cases("edges"))
def test_maps_begin_so(case: Case) -> None:
    ends, look = (0.0, 1.0), render.Look(threshold=case["threshold"], edge=case["edge"])
    nothing = np.zeros((1, 1, 1), np.float32)
    one = Layer("", "relevance", "positive", Producer("method", "cam"), "", "", "", nothing, Extent(0, 0, 1, 1))
    over = render.Over(one, 0, ends)
    values = np.array([[case["strength"]]], np.float32)
    share, strength = case["cover"]
    if case["edge"] == "lines":
        assert float(levels(bands(values, over, look), ends)[0, 0]) == pytest.approx(strength if share else 0.0)
    else:
        assert float(seen(values, over, look)[0, 0]) == pytest.approx(share, abs=0.5 / 253 + 1e-4)
