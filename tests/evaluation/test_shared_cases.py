"""``app/evaluation`` against the cases that the browser's scripts are held to as well (`shared_cases`)."""

import json
import math
from typing import Any

import numpy as np
import pytest

from app.domain import Extent, Region, Shape
from app.evaluation import agreement, truth
from tests.evaluation import drawn_cases
from tests.evaluation.shared_cases import FOLDER, SHARES, Comparison, Localised


def read(name: str) -> list[Any]:
    """The cases of a file."""
    return list(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def alike(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same but for rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


@pytest.mark.parametrize(
    ("name", "cases"), [("agreement", drawn_cases.comparisons()), ("localisation", drawn_cases.localised())]
)
def test_the_files_are_what_the_script_writes(name: str, cases: list[Comparison | Localised]) -> None:
    told = read(name)
    assert [one["name"] for one in told] == [case.name for case in cases]
    for one, case in zip(told, cases, strict=True):
        assert alike(one, json.loads(json.dumps(case.plain()))), f"{case.name}: python -m tests.evaluation.shared_cases"


def values_of(told: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array(told["values"], np.float32).reshape(told["slices"], told["height"], told["width"])


def extent_of(told: Any) -> Extent:
    return Extent.of([*told["extent"], *told.get("reach", [])])


@pytest.mark.parametrize("case", read("agreement"), ids=lambda case: str(case["name"]))
def test_methods_agree_as_the_cases_say(case: Any) -> None:
    image, expected = (case["image"]["rows"], case["image"]["columns"]), case["expected"]
    maps = {one["method"]: agreement.Heat(values_of(one), extent_of(one)) for one in case["maps"]}
    found, told = agreement.gathered(maps, image), agreement.compared(maps, image)
    if expected is None:
        assert found is None
        assert (told.methods, told.rank, told.overlap, told.disagreement) == ((), None, None, None)
        return
    assert found is not None
    assert (list(found.methods), list(found.shape)) == (expected["methods"], expected["shape"])
    assert np.flatnonzero(found.on_film).tolist() == expected["places"]
    np.testing.assert_allclose(found.cells, np.array(expected["cells"], np.float32), rtol=2e-7, atol=0)
    np.testing.assert_allclose(agreement.ranks(found.cells), expected["ranks"], atol=1e-9)
    assert list(told.methods) == expected["counting"]
    assert told.rank == pytest.approx(expected["rank"], abs=1e-9)
    assert told.disagreement == pytest.approx(expected["disagreement"], abs=1e-9)
    for share, areas in zip(SHARES, expected["areas"], strict=True):
        assert areas["share"] == share
        assert [np.flatnonzero(agreement.top_area(one, share)).tolist() for one in found.cells] == areas["cells"]
        np.testing.assert_allclose(agreement.overlaps(found.cells, share), areas["overlaps"], atol=1e-12)
        assert share != agreement.SHARE or told.overlap == pytest.approx(areas["overlap"])


@pytest.mark.parametrize("case", read("localisation"), ids=lambda case: str(case["name"]))
def test_maps_lie_to_regions_as_the_cases_say(case: Any) -> None:
    told, image = case["map"], (case["image"]["rows"], case["image"]["columns"])
    regions = {
        int(place): Region(tuple(Shape(one["kind"], tuple((x, y) for x, y in one["points"])) for one in shapes))
        for place, shapes in case["regions"].items()
    }
    found = truth.localise(values_of(told), extent_of(told), regions, image)
    expected = {name: math.inf if value == "infinite" else value for name, value in case["expected"].items()}
    for name, value in expected.items():
        own = getattr(found, name)
        assert own is value if value is None else own == pytest.approx(value, rel=1e-5), name


def test_films_and_stacks_are_both_among_the_cases() -> None:
    slices = [{one["slices"] for one in case["maps"]} for case in read("agreement")]
    assert {len(own) for own in slices} == {1}
    assert min(map(min, slices)) == 1 < max(map(min, slices))
    assert {case["map"]["slices"] > 1 for case in read("localisation")} == {False, True}
    ratios = [case["expected"]["outside_inside"] for case in read("localisation")]
    assert {"infinite", None} < set(ratios)
