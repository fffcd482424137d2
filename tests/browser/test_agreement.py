"""The agreement panel in a real browser: its matrix equals scipy's on the same raw maps, and the worklist follows."""

import io
import json
import re
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from playwright.sync_api import Page, expect
from scipy.stats import spearmanr

from app.domain import Extent
from app.evaluation import agreement
from tests.browser.cases import Case, painted
from tests.browser.conftest import Server

METHODS = ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")


def gathered(stored: Case) -> agreement.Gathered:
    """Every method's positive evidence over the coarsest map's cells, each map where its cells lie."""
    maps = {}
    for method in METHODS:
        entry, values = stored.values(method)
        maps[method] = agreement.Heat(values, Extent.of([*entry["extent"], *entry["reach"]]))
    found = agreement.gathered(maps, stored.phantom.pixels.shape)
    assert found is not None
    return found


def cells(stored: Case) -> dict[str, NDArray[np.float64]]:
    """The same by method."""
    found = gathered(stored)
    return {method: one.astype(np.float64) for method, one in zip(found.methods, found.cells, strict=True)}


def shown(page: Page) -> NDArray[np.float64]:
    """The matrix's figures in full."""
    expect(page.locator("#counting")).to_contain_text("Counts:")
    table = np.full((5, 5), np.nan)
    for cell in page.locator("#matrix [data-row]").all():
        row, column = (int(cell.get_attribute(f"data-{name}") or -1) for name in ("row", "column"))
        table[row, column] = float(cell.get_attribute("data-value") or "nan")
    return table


def top(values: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """The highest share of the cells, at least one, by sorting."""
    flags = np.zeros(values.size, np.bool_)
    flags[np.argsort(values, kind="stable")[::-1][: max(1, int(share * values.size + 0.5))]] = True
    return flags & (values > 0)


def test_the_matrix_is_scipys(case: Page, stored: Case) -> None:
    expect(case.locator("#top-share-out")).to_have_text("10 %")
    for percent in (10, 1, 25):
        is_scipys(case, stored, percent)


def is_scipys(case: Page, stored: Case, percent: int) -> None:
    """The matrix at so many percent of the cells."""
    case.locator("#top-share").fill(str(percent))
    expect(case.locator("#top-share-out")).to_have_text(f"{percent} %")
    painted(case)
    table, raw = shown(case), cells(stored)
    for i, j in combinations(range(5), 2):
        a, b = raw[METHODS[i]], raw[METHODS[j]]
        assert table[i, j] == pytest.approx(spearmanr(a, b).statistic, abs=1e-4), (METHODS[i], METHODS[j])
        ours, theirs = top(a, percent / 100), top(b, percent / 100)
        assert table[j, i] == pytest.approx((ours & theirs).sum() / (ours | theirs).sum(), abs=1e-9), (METHODS[i], METHODS[j])
    said = case.locator('#matrix [data-row="0"][data-column="3"]').get_attribute("title") or ""
    assert said.startswith("CAM and LRP: rank correlation ")
    said = case.locator('#matrix [data-row="3"][data-column="0"]').get_attribute("title") or ""
    assert f"top {percent} % of either" in said


def test_the_disagreement_is_the_one_that_the_worker_kept(case: Page, stored: Case, small_server: Server) -> None:
    expect(case.locator("#counting")).to_contain_text("Counts:")
    address = f"{small_server.url}/api/v1{stored.url.removeprefix(small_server.url)}/agreement"
    kept = stored.read(f"{address}?finding={stored.data['finding']}")
    (row,) = json.loads(kept)
    assert float(case.locator("#apart").get_attribute("data-value") or "nan") == pytest.approx(row["disagreement"], abs=1e-5)
    assert row["methods"] == ["cam", "layer_cam", "saliency", "lrp", "rap_contrastive"]
    expect(case.locator("#counting")).to_have_text("Counts: CAM, Layer-CAM, Saliency, LRP, Contrastive RAP.")
    case.goto(small_server.url)
    mine = case.locator(f"tr:has(#study-{stored.url.removeprefix(f'{small_server.url}/studies/').partition('?')[0]})")
    expect(mine.locator(".disagreements li").first.locator(".number")).to_have_text(f"{row['disagreement']:.2f}")


def test_the_overlap_map_counts_methods_and_follows_the_slider(case: Page, stored: Case) -> None:
    expect(case.locator("#counting")).to_contain_text("Counts:")
    expect(case.locator("#pane-film .bar")).to_be_hidden()
    foot = case.locator("#pane-film .pane-foot").bounding_box()
    case.keyboard.press("a")
    expect(case.locator("#overlap")).to_have_attribute("aria-checked", "true")
    expect(case.locator("#pane-film .count")).to_have_text(["0", "1", "2", "3", "4", "5"])
    assert case.locator("#pane-film .pane-foot").bounding_box() == foot, "the colour bar moves nothing"
    case.locator("#opacity").fill("100")
    raw = cells(stored)
    swatches = [
        tuple(int(channel) for channel in re.findall(r"\d+", text))
        for text in case.locator("#pane-film .count").evaluate_all(
            "(all) => all.map((e) => getComputedStyle(e).borderBottomColor)"
        )
    ]
    for percent in (10, 30):
        case.locator("#top-share").fill(str(percent))
        painted(case)
        expected = np.sum(
            [top(raw[method], percent / 100) for method in ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")], axis=0
        )
        found = gathered(stored)
        # A place within each cell that no letter at the pane's edges covers.
        down, across = (0.35 * edges[:-1] + 0.65 * edges[1:] for edges in found.extent.edges(*found.shape))
        rows, columns = stored.phantom.pixels.shape
        places = [(down[y] / rows, across[x] / columns) for y, x in np.argwhere(found.on_film)]
        screen = np.asarray(Picture.open(io.BytesIO(case.screenshot())).convert("RGB")).astype(int)
        box = case.locator("#pane-film .pane-view").bounding_box()
        assert box is not None
        size = min(box["width"], box["height"])
        left, up = box["x"] + (box["width"] - size) / 2, box["y"] + (box["height"] - size) / 2
        for place, count in enumerate(expected):
            y, x = (at * size for at in places[place])
            seen = screen[int(up + y), int(left + x)]
            if count:
                assert np.abs(seen - swatches[count]).max() <= 3, (percent, place, count)
            else:
                assert np.ptp(seen) <= 3, "places of no method show the film"
    case.keyboard.press("a")
    expect(case.locator("#pane-film .bar")).to_be_hidden()


def test_another_finding_is_compared_anew(case: Page) -> None:
    expect(case.locator("#counting")).to_contain_text("Counts:")
    before = shown(case)
    case.locator(".finding input:checked").focus()
    case.keyboard.press("ArrowDown")
    expect(case.locator("#counting")).to_have_text("Compared when every map is there.")
    expect(case.locator("#apart")).to_have_text("–")
    expect(case.locator("#counting")).to_contain_text("Counts:", timeout=120_000)
    assert not np.allclose(shown(case), before, equal_nan=True)
