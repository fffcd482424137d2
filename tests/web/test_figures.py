"""How numbers are written, and that the browser writes them alike: its own modules are asked, in Node."""

import json
import shutil
import subprocess
from math import inf
from typing import Any

import numpy as np
import pytest

from app.config import ROOT
from app.domain import Extent, Layer, Localisation, Producer, Scale, frozen
from app.web import figures
from app.web.printing import plates
from app.web.printing.view import View

VALUES = (0.0, 1.0, -0.12345, 999.0, 1234.0, 0.125, 0.045, 12.345, 99.95, 1e-4, 65535.0, -0.0005)
TOGETHER = (
    (0.0, 3.2, -0.4, 3.21),
    (-2e-5, 2e-5, -1.5e-5, 1.94e-5),
    (-31000.0, 31000.0, -5.0, 30999.0),
    (0.0, 0.0),
    (0.0, 0.1234, 0.09, 0.5),
)
RATIOS = (0.0, 0.125, 9.994, 9.996, 12.34, 123.4)


def asked(script: str) -> Any:
    """What a script of the browser's own modules says."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: what the browser does was not compared")
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.0, "1.00"), (-0.12345, "−0.123"), (999.0, "999"), (0.045, "0.0450"), (0.125, "0.125"), (12.37, "12.4")],
)
def test_plain_digits_as_many_as_matter(value: float, text: str) -> None:
    assert figures.plain(value) == text


def test_values_of_one_map_share_a_power_of_ten() -> None:
    assert figures.together((0.0, 3.2, -0.41, 3.21)) == ("0.00", "3.20", "−0.41", "3.21")
    assert figures.together((-2e-5, 2e-5, -1.5e-5, 0.0)) == ("−2.00 ×10⁻⁵", "2.00 ×10⁻⁵", "−1.50 ×10⁻⁵", "0.00")


def test_a_map_against_the_region() -> None:
    assert figures.against(None, str) == ("–", "–", "–", "–")
    assert figures.against(Localisation(1.0, 0.125, inf, 0.505), str) == ("hit", "0.13", "∞", "51 %")
    assert figures.against(Localisation(0.0, None, 12.34, None), str) == ("miss", "–", "12.3", "–")


def test_the_browser_writes_them_alike() -> None:
    told = asked(f"""
      import {{ figure, figures }} from "{(ROOT / "static/js/viewport/map.js").as_uri()}";
      import {{ figure as against }} from "{(ROOT / "static/js/figures.js").as_uri()}";
      const plain = {json.dumps(VALUES)}.map((value) => figure(value));
      const together = {json.dumps(TOGETHER)}.map((values) => {{
        const {{ texts, power }} = figures(values);
        return values.map((value, at) => texts[at] + (power && value ? ` ${{power}}` : ""));
      }});
      console.log(JSON.stringify({{ plain, together, ratios: {json.dumps(RATIOS)}.map((value) => against("iou", value)) }}));
    """)
    assert told["plain"] == [figures.plain(value) for value in VALUES]
    assert told["together"] == [list(figures.together(values)) for values in TOGETHER]
    assert told["ratios"] == [figures.against(Localisation(None, value, None, None), str)[1] for value in RATIOS]


def test_the_ends_of_colours_are_those_of_the_report_and_nothing_stretches_0_to_1() -> None:
    """Each layer alone, by its percentile and its extreme, and several on one scale."""
    random = np.random.default_rng(7)
    arrays: dict[str, tuple[Scale, Any]] = {
        "lrp": ("signed", random.normal(size=(5, 4))),
        "rap": ("signed", 3 * random.normal(size=(5, 4))),
        "cam": ("positive", random.exponential(size=(5, 4))),
        "attention": ("positive", 9 * random.exponential(size=(5, 4))),
        "probability": ("unit", 0.3 * random.random((5, 4))),
        "nothing": ("unit", np.zeros((5, 4))),
        "image": ("grey", 900 + 40 * random.normal(size=(5, 4))),
        "stack": ("signed", random.normal(size=(3, 5, 4)) * np.array([0.1, 1.5, 0.4])[:, None, None]),
        "slices": ("grey", random.normal(size=(3, 5, 4)) * np.array([1, 50, 9])[:, None, None]),
    }
    extent = Extent(0, 0, 4, 5)
    maps = {
        name: Layer(
            "",
            "relevance",
            scale,
            Producer("method", name),
            "",
            "",
            "",
            frozen(values.astype(np.float32).reshape(-1, 5, 4)),
            extent,
        )
        for name, (scale, values) in arrays.items()
    }
    entries = [
        {
            "scale": found.scale,
            "slices": len(found.values),
            "signed": found.signed,
            "width": 4,
            "height": 5,
            "min": float(found.values.min()),
            "max": float(found.values.max()),
            "values": found.values.ravel().tolist(),
        }
        for found in maps.values()
    ]
    told = asked(f"""
      import {{ ends, sharedEnds }} from "{(ROOT / "static/js/viewport/map.js").as_uri()}";
      import {{ StackMaps }} from "{(ROOT / "static/js/stacks/maps.js").as_uri()}";
      const entries = {json.dumps(entries)};
      const maps = entries.map((entry) => new StackMaps(entry, Float32Array.from(entry.values)).slice(0));
      const each = [true, false].map((robust) => maps.map((map) => ends(map, robust)));
      const shared = [true, false].map((robust) => [true, false].map((signed) => sharedEnds(maps, signed, robust)));
      console.log(JSON.stringify({{ each, shared }}));
    """)
    for robust, alone, (signed, others) in zip((True, False), told["each"], told["shared"], strict=True):
        expected = plates.scales(maps, View(robust=robust))
        assert alone == [pytest.approx(list(expected[name]), rel=1e-6) for name in maps]
        common = plates.scales(maps, View(robust=robust, shared=True))
        assert (signed, others) == (pytest.approx(list(common["lrp"]), rel=1e-6), pytest.approx(list(common["cam"]), rel=1e-6))
        for name in ("probability", "nothing"):
            assert expected[name] == common[name] == (0.0, 1.0)
        assert common["rap"] == common["lrp"]
        assert common["attention"] == common["cam"]
