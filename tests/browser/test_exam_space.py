"""Where slices lie in the patient: the page's arithmetic against numpy, and a point carried on a real exam against DICOM."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.browser.cases import sent
from tests.browser.conftest import Server
from tests.browser.exams import at, crossed, full, letters, pane, stands

EVALUATE = """async ([slice, others, x, y]) => {
    const space = await import("/static/js/stacks/space.js");
    const point = space.patient(slice, x, y);
    return {point, on: others.map((other) => space.onSlice(other, point)), nearest: space.nearest(others, point),
            cut: space.crossing(slice, others[0]), half: space.half(others, 0), spoken: space.spoken(slice)};
}"""


def turned(rng: np.random.Generator) -> NDArray[np.float64]:
    """Two directions at right angles, anyhow in space: (2, 3)."""
    return np.linalg.qr(rng.normal(size=(3, 3)))[0].T[:2]


def plain(position: NDArray[np.float64], axes: NDArray[np.float64], spacing: tuple[float, float]) -> dict[str, Any]:
    """A slice as the payload has it."""
    return {"rows": 40, "columns": 60, "spacing": spacing, "position": position.tolist(), "axes": axes.ravel().tolist()}


def test_points_go_through_patient_coordinates_as_dicom_says(page: Page, small_server: Server) -> None:
    page.goto(f"{small_server.url}/upload")
    for seed in range(4):
        goes_as_dicom_says(page, np.random.default_rng(seed))


def goes_as_dicom_says(page: Page, rng: np.random.Generator) -> None:
    """A point of one drawn slice, on nine others."""
    axes, position, spacing = turned(rng), rng.normal(0, 50, 3), (0.7, 0.4)
    other_axes, start, other_spacing = turned(rng), rng.normal(0, 50, 3), (0.5, 0.9)
    normal = np.cross(*other_axes)
    places = [start + normal * 3.5 * k for k in range(9)]
    x, y = 17.25, 31.5
    told = page.evaluate(
        EVALUATE, [plain(position, axes, spacing), [plain(place, other_axes, other_spacing) for place in places], x, y]
    )
    # PS3.3 C.7.6.2.1.1: the position is the centre of the first pixel; columns go along the first direction.
    point = position + axes[0] * spacing[1] * (x - 0.5) + axes[1] * spacing[0] * (y - 0.5)
    assert np.allclose(told["point"], point)
    for place, found in zip(places, told["on"], strict=True):
        assert found["x"] == pytest.approx(np.dot(point - place, other_axes[0]) / other_spacing[1] + 0.5)
        assert found["y"] == pytest.approx(np.dot(point - place, other_axes[1]) / other_spacing[0] + 0.5)
        assert found["away"] == pytest.approx(np.dot(point - place, normal))
    assert told["nearest"]["at"] == int(np.argmin([abs(np.dot(point - place, normal)) for place in places]))
    assert told["half"] == pytest.approx(1.75)
    middle = position + axes[0] * spacing[1] * 29.5 + axes[1] * spacing[0] * 19.5
    axis = int(np.argmax(np.abs(np.cross(*axes))))
    assert told["spoken"] == {"letter": ("LR", "PA", "HF")[axis][int(middle[axis] < 0)], "mm": pytest.approx(abs(middle[axis]))}


def test_a_line_is_where_the_other_slice_lies(page: Page, small_server: Server) -> None:
    sagittal = plain(np.array([5.0, -30.0, 20.0]), np.array([[0.0, 1, 0], [0, 0, -1]]), (1.0, 1.0))
    coronal = plain(np.array([-25.0, -2.5, 20.0]), np.array([[1.0, 0, 0], [0, 0, -1]]), (1.0, 1.0))
    page.goto(f"{small_server.url}/upload")
    told = page.evaluate(EVALUATE, [sagittal, [coronal, coronal], 1, 1])
    # The coronal slice lies 27.5 mm behind the sagittal one's first column; its own rows bound the line.
    assert sorted(told["cut"]) == [[pytest.approx(28.0), pytest.approx(0.0)], [pytest.approx(28.0), pytest.approx(40.0)]]
    assert page.evaluate(EVALUATE, [sagittal, [sagittal, sagittal], 1, 1])["cut"] is None


@pytest.fixture(scope="module")
def osirix(small_server: Server, real_data: Path) -> tuple[str, dict[str, list[pydicom.Dataset]]]:
    """A real knee, its second file first and so on, and its headers by plane, along the normal."""
    knee = real_data / "knee" / "osirix_knee"
    folders = {"sagittal": knee / "T2_sag", "coronal": knee / "T1_cor"}
    files = [path for folder in folders.values() for path in sorted(folder.iterdir())]
    mixed = [files[i] for i in np.random.default_rng(6).permutation(len(files))]
    url = sent(small_server.url, [(f"{i:03d}", path.read_bytes()) for i, path in enumerate(mixed)])
    return url, {plane: along(folder) for plane, folder in folders.items()}


def along(folder: Path) -> list[pydicom.Dataset]:
    """Headers in the order of their places along the normal."""
    read = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
    axes = np.array(read[0].ImageOrientationPatient, float)
    normal = np.cross(axes[:3], axes[3:])
    return sorted(read, key=lambda ds: float(np.dot(np.array(ds.ImagePositionPatient, float), normal)))


def frame(ds: pydicom.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Position, axes (2, 3) and spacing (between columns, between rows)."""
    axes = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
    return np.array(ds.ImagePositionPatient, float), axes, np.array(ds.PixelSpacing, float)[::-1]


def test_a_real_knee_lies_as_it_lay(page: Page, osirix: tuple[str, dict[str, list[pydicom.Dataset]]]) -> None:
    url, _ = osirix
    page.goto(url)
    full(page, 2)
    assert letters(page, 1) == ["A", "H", "P", "F"]
    assert letters(page, 2) == ["R", "H", "L", "F"]
    assert "no axial stack" in pane(page, 3).locator(".pane-words").inner_text()


def test_a_carried_point_lies_where_dicom_says(page: Page, osirix: tuple[str, dict[str, list[pydicom.Dataset]]]) -> None:
    url, headers = osirix
    page.goto(url)
    full(page, 2)
    for x, y in ((0.5, 0.5), (0.35, 0.42), (0.62, 0.55)):
        is_carried(page, headers, x, y)
        page.keyboard.press("Escape")
        expect(page.locator("#pane-1")).not_to_have_attribute("data-cross", re.compile("."))


def is_carried(page: Page, headers: dict[str, list[pydicom.Dataset]], x: float, y: float) -> None:
    """A point pressed on the sagittal slice, in shares of its pane, is shown on the coronal one, and leads back from there."""
    page.keyboard.down("Shift")
    page.mouse.click(*at(page, 1, x, y))
    page.keyboard.up("Shift")
    expect(page.locator("#pane-2")).to_have_attribute("data-cross", re.compile("."))
    here, there = crossed(page, 1), crossed(page, 2)
    assert here is not None
    assert there is not None
    position, axes, spacing = frame(headers["sagittal"][stands(page, 1) - 1])
    point = position + axes[0] * spacing[0] * (here[0] - 0.5) + axes[1] * spacing[1] * (here[1] - 0.5)
    position, axes, spacing = frame(headers["coronal"][stands(page, 2) - 1])
    expected = [float(np.dot(point - position, axes[i])) / spacing[i] + 0.5 for i in range(2)]
    assert np.abs(np.array(there[:2]) - expected).max() < 1
    away = [abs(float(np.dot(point - frame(ds)[0], np.cross(*axes)))) for ds in headers["coronal"]]
    assert stands(page, 2) - 1 == int(np.argmin(away))
    assert min(away) <= 3.8 / 2 + 1e-3
    # And back: with the point gone the stacks stay, and a point pressed where it was leads back to the slice that it came from.
    first = stands(page, 1)
    page.keyboard.press("Escape")
    page.locator("#pane-1 .strip").press("Home")
    assert stands(page, 1) == 1
    box = pane(page, 2).locator(".pane-view").bounding_box()
    assert box is not None
    across, side = headers["coronal"][0].Columns, min(box["width"], box["height"])
    shares = [0.5 + (there[i] / across - 0.5) * side / box[length] for i, length in enumerate(("width", "height"))]
    page.keyboard.down("Shift")
    page.mouse.click(*at(page, 2, *shares))
    page.keyboard.up("Shift")
    expect(page.locator("#pane-1")).to_have_attribute("data-cross", re.compile("."))
    assert stands(page, 1) == first


SHARES = """async (pairs) => {
    const { shares } = await import("/static/js/stacks/space.js");
    return pairs.map(([a, b]) => shares(a, b));
}"""


def test_places_compare_in_one_frame_of_reference_or_where_none_is_named_in_one_series(
    page: Page, small_server: Server
) -> None:
    page.goto(f"{small_server.url}/upload")

    def stack(series: str, space: str) -> dict[str, str]:
        return {"series": series, "space": space}

    cases = {
        ("a", "1", "b", "1"): True,
        ("a", "1", "b", "2"): False,
        ("a", "1", "a", "2"): False,  # two frames in one series
        ("a", "", "a", ""): True,
        ("a", "", "b", ""): False,
        ("a", "1", "b", ""): False,
        ("a", "1", "a", ""): False,  # where a series names several, nobody knows which
    }
    told = page.evaluate(SHARES, [[stack(a, b), stack(c, d)] for a, b, c, d in cases])
    assert told == list(cases.values())


def test_a_point_stays_within_its_frame_of_reference_and_the_page_says_why(page: Page, small_server: Server) -> None:
    files = []
    for name, octets in dicom.encode(knee.draw(43, [], size=64, slices=20)):
        ds = pydicom.dcmread(BytesIO(octets))
        if name.startswith("coronal"):
            ds.FrameOfReferenceUID = "1.2.3"
        if name.startswith("axial"):
            del ds.FrameOfReferenceUID
        into = BytesIO()
        ds.save_as(into, enforce_file_format=True)
        files.append((name, into.getvalue()))
    page.goto(sent(small_server.url, files))
    full(page)
    before = [stands(page, n) for n in (2, 3)]
    page.keyboard.down("Shift")
    page.mouse.click(*at(page, 1, 0.3, 0.3))
    page.keyboard.up("Shift")
    said = page.locator("#cross-words")
    expect(said).to_contain_text("Point:")
    expect(said).to_contain_text(re.compile(r"Coronal[^:]*: another frame of reference, so the point is not carried there\."))
    expect(said).to_contain_text(re.compile(r"Axial[^:]*: the files do not say whether the frame of reference is shared"))
    assert crossed(page, 1) is not None
    assert [crossed(page, n) for n in (2, 3)] == [None, None]
    assert [stands(page, n) for n in (2, 3)] == before
    assert page.locator("path.reference").count() == 0
    # From a pane of another frame the keys begin anew, in the middle of its own slice.
    pane(page, 2).focus()
    page.keyboard.press("y")
    page.keyboard.press("ArrowRight")
    expect(pane(page, 2)).to_have_attribute("data-cross", re.compile(r"^33\.000,32\.000,"))
    assert crossed(page, 1) is None


def test_the_window_and_the_place_of_a_slice_do_not_cover_each_other(page: Page, small_server: Server) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(sent(small_server.url, dicom.encode(knee.draw(44, [], size=64, slices=20))))
    full(page, 3)
    for number in (1, 2, 3):
        window, place = (pane(page, number).locator(name).bounding_box() for name in (".pane-window", ".pane-place"))
        assert window is not None
        assert place is not None
        beside = window["x"] + window["width"] <= place["x"]
        assert beside or window["y"] + window["height"] <= place["y"] + 1
