"""The analyse command: what is printed and written for good files and bad. Real files, real networks (untrained)."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image as Picture

from app import __main__ as cli
from app import __version__
from app.config import ROOT
from app.domain import FINDINGS
from app.phantoms import chest, dicom
from tests.networks import write_network

pytestmark = pytest.mark.usefixtures("environment")

FIVE = ["cam", "layer_cam", "saliency", "lrp", "rap_contrastive"]


@pytest.fixture(scope="module")
def phantom() -> bytes:
    """A phantom as a DICOM file."""
    return dicom.encode(chest.draw(7, ("Nodule",), size=192))


@pytest.fixture
def film(phantom: bytes, tmp_path: Path) -> Path:
    """A chest film that is not marked as a phantom."""
    dataset = pydicom.dcmread(io.BytesIO(phantom))
    dataset.QualityControlSubject = "NO"
    path = tmp_path / "film 1.dcm"
    dataset.save_as(path)
    return path


def png(path: Path) -> Path:
    Picture.fromarray(np.random.default_rng(1).integers(0, 255, (90, 70)).astype(np.uint8)).save(path)
    return path


def result(out: Path) -> Any:
    return json.loads((out / "result.json").read_text(encoding="utf-8"))


def app(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_good_and_bad_files_together(film: Path, phantom: bytes, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "empty.dcm").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "visit.zip", "w") as archive:
        archive.writestr("phantom.dcm", phantom)
        archive.writestr("broken.dcm", phantom[:3000])
    sources = [film, tmp_path / "notes.txt", png(tmp_path / "film.png"), tmp_path / "empty.dcm", tmp_path / "visit.zip"]
    out = tmp_path / "out"
    done = app("analyse", *sources, tmp_path / "nowhere", "--out", out)
    assert done.returncode == 1
    bad = ["notes.txt", "empty.dcm", "visit.zip/broken.dcm", "nowhere"]
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in lines] == bad
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("3 images read: 3 analysed; results in")
    written = result(out)
    assert set(written) == {"format", "version", "notice", "complete", "images", "exams"}
    assert (written["format"], written["version"], written["complete"]) == (2, __version__, True)
    by_name = {entry["file"].removeprefix(f"{tmp_path}/"): entry for entry in written["images"]}
    assert {name for name, entry in by_name.items() if entry["status"] == "rejected"} == set(bad)
    for name, network in (
        ("film 1.dcm", "chest-untrained"),
        ("film.png", "chest-untrained"),
        ("visit.zip/phantom.dcm", "phantom-untrained"),
    ):
        entry = by_name[name]
        assert (entry["status"], entry["reason"], entry["model"], entry["device"]) == ("ok", "", network, "cpu")
        assert len(entry["model_sha256"]) == 64
        assert [one["method"] for one in entry["explanations"]] == FIVE
        top = max(entry["findings"], key=lambda finding: entry["findings"][finding]["probability"])
        for one in entry["explanations"]:
            assert one["finding"] == top
            grid = np.load(out / one["file"])
            assert grid.dtype == np.float32
            assert list(grid.shape) == one["shape"]
            assert (float(grid.min()), float(grid.max())) == (one["min"], one["max"])
            with Picture.open(out / one["png"]) as overlay:
                assert overlay.mode == "RGB"
    assert list(by_name["film 1.dcm"]["findings"]) == list(FINDINGS)
    assert by_name["film 1.dcm"]["explanations"][0]["shape"] == [4, 4], "the network's own grid"
    assert by_name["film 1.dcm"]["explanations"][0]["extent"] == [-22.5, -22.5, 169.5, 169.5], "half a stride further up"
    assert by_name["film.png"]["explanations"][0]["reach"] == [-10, 0, 80, 90], "padded to a square"
    assert (by_name["film.png"]["rows"], by_name["film.png"]["columns"]) == (90, 70)
    assert by_name["film.png"]["warnings"]
    named = {one[kind] for entry in written["images"] for one in entry["explanations"] for kind in ("file", "png")}
    assert {path.name for path in out.iterdir()} == named | {"result.json"}


def test_a_folder_is_read_to_its_leaves(film: Path, tmp_path: Path) -> None:
    (tmp_path / "visit" / "deep").mkdir(parents=True)
    film.rename(tmp_path / "visit" / "deep" / "a.dcm")
    png(tmp_path / "visit" / "b.png")
    assert cli.main(["analyse", str(tmp_path / "visit"), "--out", str(tmp_path / "out"), "--methods", "none"]) == 0
    entries = result(tmp_path / "out")["images"]
    assert [Path(entry["file"]).name for entry in entries] == ["b.png", "a.dcm"]
    assert [entry["explanations"] for entry in entries] == [[], []]
    assert all(len(entry["findings"]) == 14 for entry in entries)


def test_a_network_says_what_its_answers_are_worth_in_the_file_and_on_the_line(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out"), "--methods", "none"]) == 0
    (entry,) = result(tmp_path / "out")["images"]
    assert entry["banner"] == "Untrained: its answers mean nothing."
    assert capsys.readouterr().out.splitlines()[-1] == "chest-untrained: Untrained: its answers mean nothing."


def test_methods_that_are_not_named_are_those_that_the_network_opens_with(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_network(tmp_path / "own", "chest-own", opens_with=["gradcam"], findings=("Mass", "Left/right shift"))
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "own"))
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out"), "--finding", "all"]) == 0
    (entry,) = result(tmp_path / "out")["images"]
    assert [(one["method"], one["finding"]) for one in entry["explanations"]] == [
        ("gradcam", "Mass"),
        ("gradcam", "Left/right shift"),
    ]
    assert all((tmp_path / "out" / one["file"]).is_file() for one in entry["explanations"]), "whatever a finding is called"


def test_signed_maps_keep_their_sign(film: Path, tmp_path: Path) -> None:
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out"), "--methods", "cam,gradcam", "--finding", "all"]) == 0
    (entry,) = result(tmp_path / "out")["images"]
    maps = entry["explanations"]
    assert [one["finding"] for one in maps if one["method"] == "cam"] == list(FINDINGS)
    assert min(one["min"] for one in maps) < 0 < max(one["max"] for one in maps)


def test_every_frame_has_an_entry_and_what_nobody_reads_says_so(
    phantom: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = pydicom.dcmread(io.BytesIO(phantom))
    dataset.Modality, dataset.NumberOfFrames = "OT", 3
    dataset.PixelData = dataset.PixelData * 3
    dataset.save_as(tmp_path / "cine.dcm")
    assert cli.main(["analyse", str(tmp_path / "cine.dcm"), "--out", str(tmp_path / "out")]) == 0
    entries = result(tmp_path / "out")["images"]
    assert [entry["frame"] for entry in entries] == [1, 2, 3]
    assert {entry["model"] for entry in entries} == {None}
    assert {entry["reason"] for entry in entries} == {"No network is registered for this kind of image."}
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("3 images read: 0 analysed, 3 not analysed")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--model", "nobody"],
            "There is no network called “nobody”. There are: chest-untrained, phantom-by-name, phantom-untrained.",
        ),
        (["--methods", "cam,guess"], "There is no method called “guess”. There are: cam, layer_cam, saliency, lrp, rap"),
        (["--finding", "Gout"], "No network knows a finding called “Gout”. There are: Atelectasis, Cardiomegaly"),
        (
            ["--model", "phantom-by-name", "--finding", "Hernia"],
            "No network knows a finding called “Hernia”. There are: Nodule.",
        ),
    ],
)
def test_a_wrong_request_is_one_line_and_does_nothing(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], line: str
) -> None:
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out"), *options]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(line)
    assert not (tmp_path / "out").exists()


def test_a_device_or_a_folder_that_is_not_there_is_one_line(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert cli.main(["analyse", str(film), "--out", str(blocked / "out")]) == 2
    monkeypatch.setenv("WHYLIGHT_DEVICE", "abacus")
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "cannot be written" in first
    assert "“abacus” is not a device" in second


def test_a_network_that_does_not_read_a_file_is_said_for_that_file(
    film: Path, phantom: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "phantom.dcm").write_bytes(phantom)
    hand = pydicom.dcmread(film)
    hand.Modality = "MR"  # slices, of which a network of films reads nothing
    hand.save_as(film)
    given = [str(film), str(tmp_path / "phantom.dcm"), "--out", str(tmp_path / "out"), "--methods", "none"]
    assert cli.main(["analyse", *given, "--model", "phantom-by-name"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{film}: The network “phantom-by-name” does not read this study.")
    first, second = result(tmp_path / "out")["images"]
    assert (first["status"], first["model"], "does not read" in first["reason"]) == ("ok", None, True)
    assert (second["model"], list(second["findings"])) == ("phantom-by-name", ["Nodule"])


def test_a_fault_of_ours_is_one_line_too(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Iterator[None]:
        raise RuntimeError("inner workings")

    monkeypatch.setattr("app.analysis.visiting.read", broken)
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"{film}: Something went wrong in the analysis (RuntimeError).\n"


def test_names_cannot_break_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyse", "no\nsuch\x1b[31mfile", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "no?such?[31mfile: There is no such file or folder."
    assert lines[1] == f"{tmp_path}: There is nothing in it that could be an image."


def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = png(tmp_path / "film.png")
    real = Path.open

    def refused(self: Path, *arguments: Any, **named: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, "open", refused)
    assert cli.main(["analyse", str(path), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"{path}: It cannot be read: Permission denied.\n"


def test_the_real_film_gives_five_maps(real_data: Path, tmp_path: Path) -> None:
    film = real_data / "chest" / "dicom" / "pa_jpeg_baseline.dcm"
    assert cli.main(["analyse", str(film), "--out", str(tmp_path / "out")]) == 0
    (entry,) = result(tmp_path / "out")["images"]
    assert [one["method"] for one in entry["explanations"]] == FIVE
    assert (entry["rows"], entry["columns"]) == (pydicom.dcmread(film).Rows, pydicom.dcmread(film).Columns)
    assert sum((tmp_path / "out" / one["file"]).stat().st_size for one in entry["explanations"]) < 2**20, "not 161 MB"
