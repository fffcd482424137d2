"""How numbers are written, and that the browser writes them alike: its own modules are asked, in Node."""

import json
import shutil
import subprocess
from math import inf

import pytest

from app.config import ROOT
from app.domain import Measures
from app.web import figures

VALUES = (0.0, 1.0, -0.12345, 999.0, 1234.0, 0.125, 0.045, 12.345, 99.95, 1e-4, 65535.0, -0.0005)
TOGETHER = (
    (0.0, 3.2, -0.4, 3.21),
    (-2e-5, 2e-5, -1.5e-5, 1.94e-5),
    (-31000.0, 31000.0, -5.0, 30999.0),
    (0.0, 0.0),
    (0.0, 0.1234, 0.09, 0.5),
)
RATIOS = (0.0, 0.125, 9.994, 9.996, 12.34, 123.4)


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
    assert figures.against(Measures(1.0, 0.125, inf, 0.505), str) == ("hit", "0.13", "∞", "51 %")
    assert figures.against(Measures(0.0, None, 12.34, None), str) == ("miss", "–", "12.3", "–")


def test_the_browser_writes_them_alike() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: what the browser writes was not compared")
    script = f"""
      import {{ figure, figures }} from "{(ROOT / "static/js/viewport/map.js").as_uri()}";
      import {{ figure as against }} from "{(ROOT / "static/js/figures.js").as_uri()}";
      const plain = {json.dumps(VALUES)}.map((value) => figure(value));
      const together = {json.dumps(TOGETHER)}.map((values) => {{
        const {{ texts, power }} = figures(values);
        return values.map((value, at) => texts[at] + (power && value ? ` ${{power}}` : ""));
      }});
      console.log(JSON.stringify({{ plain, together, ratios: {json.dumps(RATIOS)}.map((value) => against("iou", value)) }}));
    """
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told["plain"] == [figures.plain(value) for value in VALUES]
    assert told["together"] == [list(figures.together(values)) for values in TOGETHER]
    assert told["ratios"] == [figures.against(Measures(None, value, None, None), str)[1] for value in RATIOS]
