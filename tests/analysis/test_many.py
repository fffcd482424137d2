"""Many films at once: native maps with their extent, the same answers in batches and in lanes, bad films, an end by Ctrl-C."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image as Picture

from app import __main__ as cli
from app.analysis import Progress, Request
from app.analysis.running import run
from app.config import ROOT, Settings
from app.domain import Extent
from app.grey import resample
from app.phantoms import chest, dicom
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("environment")

METHODS = ["cam", "layer_cam", "saliency", "lrp", "rap_contrastive"]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of eleven films of patients, of several sizes, and one file among them that is none."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(11):
        dataset = pydicom.dcmread(io.BytesIO(dicom.encode(chest.draw(number, ("Nodule",), size=128 + 16 * (number % 3)))))
        dataset.QualityControlSubject = "NO"
        dataset.save_as(folder / f"film-{number:02d}.dcm")
    (folder / "film-05b.dcm").write_text("no film")
    return folder


def result(out: Path) -> Any:
    return json.loads((out / "result.json").read_text(encoding="utf-8"))


def analysed(source: Path, out: Path, *words: str, code: int = 0) -> Any:
    assert cli.main(["analyse", str(source), "--out", str(out), *words]) == code
    return result(out)


def test_a_film_is_written_on_the_methods_own_grids(tmp_path: Path) -> None:
    """Not 4 bytes a pixel for each method."""
    dicom.write(chest.draw(1, ("Nodule",), size=1024), tmp_path / "film.dcm")
    (entry,) = analysed(tmp_path / "film.dcm", tmp_path / "out", "--overlays", "0")["images"]
    assert [one["method"] for one in entry["explanations"]] == METHODS
    assert {tuple(one["shape"]) for one in entry["explanations"]} == {(4, 4), (8, 8), (64, 64)}
    written = sum(path.stat().st_size for path in (tmp_path / "out").glob("*.npy"))
    assert written < 5 * (4 * 64 * 64 + 200), "at film size it was 21 MB"


def test_brought_back_they_are_the_maps_at_film_size(films: Path, tmp_path: Path) -> None:
    film = films / "film-02.dcm"
    dataset = pydicom.dcmread(film)
    dataset.Columns, dataset.PixelData = 100, dataset.pixel_array[:, :100].tobytes()
    dataset.save_as(tmp_path / "tall.dcm")
    (native,) = analysed(tmp_path / "tall.dcm", tmp_path / "native")["images"]
    (full,) = analysed(tmp_path / "tall.dcm", tmp_path / "full", "--film-size")["images"]
    assert (native["rows"], native["columns"]) == (160, 100)
    for one, other in zip(native["explanations"], full["explanations"], strict=True):
        assert (other["shape"], other["extent"]) == ([160, 100], [0, 0, 100, 160])
        covers = Extent.of([*one["extent"], *one["reach"]])
        back = resample(np.load(tmp_path / "native" / one["file"]), covers, (native["rows"], native["columns"]))
        np.testing.assert_allclose(back, np.load(tmp_path / "full" / other["file"]), rtol=0, atol=1e-6 * max(1, one["max"]))
        again = resample(back, Extent(*other["extent"]), back.shape)
        np.testing.assert_allclose(
            again, back, rtol=0, atol=1e-6 * max(1, one["max"]), err_msg="the whole film changes nothing"
        )


def test_overlays_are_as_large_as_was_asked_for(films: Path, tmp_path: Path) -> None:
    film = films / "film-02.dcm"
    (plain,) = analysed(film, tmp_path / "plain", "--methods", "cam")["images"]
    (small,) = analysed(film, tmp_path / "small", "--methods", "cam", "--overlays", "100")["images"]
    (none,) = analysed(film, tmp_path / "none", "--methods", "cam", "--overlays", "0")["images"]
    for name, entry, width in (("plain", plain, 512), ("small", small, 100)):
        with Picture.open(tmp_path / name / entry["explanations"][0]["png"]) as picture:
            assert picture.width == width
    assert none["explanations"][0]["png"] is None
    assert [path.suffix for path in sorted((tmp_path / "none").iterdir())] == [".npy", ".json"]


def alike(one: Any, other: Any) -> None:
    """Two runs say the same of the same films, in the same order, but for rounding."""
    assert [entry["file"] for entry in one["images"]] == [entry["file"] for entry in other["images"]]
    for mine, theirs in zip(one["images"], other["images"], strict=True):
        assert mine["reason"] == theirs["reason"]
        assert mine["findings"].keys() == theirs["findings"].keys()
        for finding, score in mine["findings"].items():
            assert score["logit"] == pytest.approx(theirs["findings"][finding]["logit"], rel=1e-4, abs=1e-5)


def test_answers_in_batches_are_those_of_single_films(films: Path, tmp_path: Path) -> None:
    together = analysed(films, tmp_path / "together", "--predictions-only", code=1)
    assert len(together["images"]) == 12
    singly = [
        entry
        for number, path in enumerate(sorted(films.iterdir()))
        for entry in analysed(path, tmp_path / str(number), "--methods", "none", code=int(path.name == "film-05b.dcm"))[
            "images"
        ]
    ]
    alike(together, {"images": singly})


def test_more_lanes_change_nothing_but_the_time(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = analysed(films, tmp_path / "one", "--methods", "cam,lrp", code=1)
    first = capsys.readouterr().err
    monkeypatch.setenv("WHYLIGHT_THREADS", "3")
    three = analysed(films, tmp_path / "three", "--methods", "cam,lrp", code=1)
    assert capsys.readouterr().err == first
    alike(one, three)
    names = [path.name for path in sorted((tmp_path / "one").iterdir())]
    assert [path.name for path in sorted((tmp_path / "three").iterdir())] == names
    for name in names:
        if name.endswith(".npy"):
            mine = np.load(tmp_path / "one" / name)
            np.testing.assert_allclose(np.load(tmp_path / "three" / name), mine, rtol=0, atol=1e-4 * np.abs(mine).max())


def test_one_that_no_network_reads_and_one_twice_are_in_nobodys_way(films: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("film-00.dcm", "film-01.dcm", "film-02.dcm"):
        (folder / name).write_bytes((films / name).read_bytes())
    (folder / "film-00 again.dcm").write_bytes((films / "film-00.dcm").read_bytes())
    hand = pydicom.dcmread(folder / "film-01.dcm")
    hand.Modality = "MR"  # slices, of which a network of films reads nothing
    hand.save_as(folder / "film-01.dcm")
    written = analysed(folder, tmp_path / "out", "--predictions-only", "--model", "chest-untrained", code=1)
    models = {Path(entry["file"]).name: entry["model"] for entry in written["images"]}
    assert models == {
        "film-00 again.dcm": "chest-untrained",
        "film-00.dcm": "chest-untrained",
        "film-01.dcm": None,
        "film-02.dcm": "chest-untrained",
    }
    again, first, *_ = written["images"]
    assert again["findings"] == first["findings"]
    reasons = {Path(entry["file"]).name for entry in written["images"] if "does not read this study" in entry["reason"]}
    assert reasons == {"film-01.dcm"}


def test_several_findings_each_once(films: Path, tmp_path: Path) -> None:
    words = ["--methods", "cam", "--finding", "Mass", "--findings", "Hernia", "--finding", "Mass"]
    (entry,) = analysed(films / "film-00.dcm", tmp_path / "out", *words)["images"]
    assert [one["finding"] for one in entry["explanations"]] == ["Mass", "Hernia"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--methods", " , "], "--methods names no method."),
        (["--overlays", "-1"], "A picture's longer side is a number of pixels"),
        (["--finding", "Mass", "--finding", "Gout"], "No network knows a finding called “Gout”."),
    ],
)
def test_what_cannot_be_meant_is_said_in_words(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert cli.main(["analyse", str(films), "--out", str(tmp_path / "out"), *words]) == 2
    assert capsys.readouterr().err.startswith(line)
    assert not (tmp_path / "out").exists()


def test_the_results_do_not_go_among_the_films(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(films.iterdir())
    assert cli.main(["analyse", str(films), "--out", str(films)]) == 2
    assert "is to be analysed itself" in capsys.readouterr().err
    assert sorted(films.iterdir()) == before


def test_progress_counts_every_file_and_says_what_is_left(films: Path, tmp_path: Path, settings: Settings) -> None:
    seen: list[Progress] = []
    request = Request((str(films), str(tmp_path / "nowhere")), tmp_path / "out", None, (), "top")
    run(request, settings, lambda _: None, seen.append)
    assert [one.of for one in seen] == [13] * len(seen)
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert seen[-1].done == 13
    assert Progress(0, 200, 1.0).sentence() == "0 of 200 files"
    assert Progress(80, 200, 32.0).sentence() == "80 of 200 files, 2.5 a second, 48 s left"
    assert Progress(50, 20000, 20.0).sentence() == "50 of 20000 files, 2.5 a second, 2.2 h left"
    assert Progress(200, 200, 80.0).sentence() == "200 of 200 files, 2.5 a second"


def whole(out: Path) -> Any:
    """result.json of a run that was stopped: all that it names is there and can be read, and nothing is half written."""
    written = result(out)
    for entry in written["images"]:
        for one in entry["explanations"]:
            assert list(np.load(out / one["file"]).shape) == one["shape"]
            with Picture.open(out / one["png"]) as picture:
                picture.load()
    assert [path.name for path in out.iterdir() if path.suffix == ".part" or path.name.startswith(".")] == []
    return written


def test_what_was_finished_before_the_stop_is_kept(films: Path, tmp_path: Path, settings: Settings) -> None:
    seen: list[Progress] = []
    request = Request((str(films),), tmp_path / "out", None, ("cam", "lrp"), "top")
    outcome = run(request, settings, lambda _: None, seen.append, lambda: len(seen) >= 4)
    assert not outcome.complete
    assert outcome.sentence().startswith("stopped before the end: ")
    written = whole(tmp_path / "out")
    assert written["complete"] is False
    assert 1 <= len(written["images"]) == outcome.images < 11
    names = [Path(entry["file"]).name for entry in written["images"]]
    assert names == [path.name for path in sorted(films.iterdir())][: len(names)], "the first ones, without a gap"
    assert all(len(entry["explanations"]) == 2 for entry in written["images"])


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    for number in range(150):
        dicom.write(chest.draw(0, size=96), tmp_path / f"film-{number:03d}.dcm", dicom.Header(number=number))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "app", "analyse", str(tmp_path), "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        until(lambda: list(out.glob("0002-*.png")), told="no film was finished")
        running.send_signal(signal.SIGINT)
        printed, complained = running.communicate(timeout=60)
    assert running.returncode == 130
    assert complained == ""
    assert printed.startswith("stopped before the end: ")
    written = whole(out)
    assert written["complete"] is False
    assert 1 <= len(written["images"]) < 150
