"""The analyse command on a folder of MR files: one exam out of many files, in whatever order they come."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from app import __main__ as cli
from app.domain import KNEE_FINDINGS
from app.phantoms import knee
from app.phantoms.knee import dicom
from tests.exams import write_exam_network

BANNER = "trained on phantoms: its numbers mean nothing"


@pytest.fixture(autouse=True)
def networks(environment: None, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks of every test, and one of exams."""
    folder = tmp_path / "networks"
    shutil.copytree(models, folder)
    write_exam_network(folder, banner=BANNER)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(folder))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """A drawn exam's files by name."""
    return dict(dicom.encode(knee.draw(3, size=64)))


def spread(files: dict[str, bytes], folder: Path) -> Path:
    """The files under names and in folders that say nothing, shuffled, with one that is no image and one that is cut off."""
    folder.mkdir()
    order = np.random.default_rng(5).permutation(len(files))
    for place, octets in zip(order, files.values(), strict=True):
        part = folder / f"part {place % 3}"
        part.mkdir(exist_ok=True)
        (part / f"file{place}.dcm").write_bytes(octets)
    (folder / "notes.txt").write_text("not an image")
    (folder / "part 0" / "broken.dcm").write_bytes(next(iter(files.values()))[:3000])
    return folder


def result(out: Path) -> Any:
    return json.loads((out / "result.json").read_text(encoding="utf-8"))


def test_a_folder_is_one_exam_however_its_files_lie(
    files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(["analyse", str(spread(files, tmp_path / "in")), "--out", str(out), "--methods", "cam,lrp"]) == 1
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 2, "the two bad files, and nothing else"
    assert told.out.startswith(f"{len(files)} images read: {len(files)} analysed;")
    assert told.out.splitlines()[-1] == f"knee-test: {BANNER}"
    written = result(out)
    (exam,) = written["exams"]
    assert exam["banner"] == BANNER, "what the answer is worth travels with it"
    assert (exam["model"], set(exam["findings"]), exam["missing"]) == ("knee-test", set(KNEE_FINDINGS), [])
    assert [one["plane"] for one in exam["planes"]] == ["sagittal", "coronal", "axial"]
    names = list(files)
    octets = list(files.values())
    for plane in exam["planes"]:
        slices = [Path(written["images"][number]["file"]).read_bytes() for number in plane["images"]]
        places = [octets.index(one) for one in slices]
        assert places in (sorted(places), sorted(places, reverse=True)), "in the order of their geometry"
        assert {plane["plane"] in names[place] for place in places} == {True}
        scores = plane["findings"]["ACL tear"]["slice_scores"]
        assert len(scores) == len(slices)
    logits = {f: sum(plane["findings"][f]["contribution"] for plane in exam["planes"]) for f in KNEE_FINDINGS}
    spare = {f: exam["findings"][f]["logit"] - logits[f] for f in KNEE_FINDINGS}
    assert all(abs(value) < 1.5 for value in spare.values()), "what is left is the bias"
    top = max(exam["findings"], key=lambda finding: exam["findings"][finding]["probability"])
    assert {(one["plane"], one["method"], one["finding"]) for one in exam["explanations"]} == {
        (plane, method, top) for plane in ("sagittal", "coronal", "axial") for method in ("cam", "lrp")
    }
    for one in exam["explanations"]:
        maps = np.load(out / one["file"], allow_pickle=False)
        assert (maps.dtype, list(maps.shape)) == (np.float32, one["shape"])
        assert np.maximum(maps, 0).sum((1, 2)) == pytest.approx(one["mass"], rel=1e-5)
        assert one["png_slice"] == int(np.argmax(one["mass"])) + 1
        assert Picture.open(out / one["png"]).mode == "RGB"
    good = [entry for entry in written["images"] if entry["status"] == "ok"]
    assert {(entry["model"], entry["reason"], entry["banner"]) for entry in good} == {("knee-test", "", BANNER)}


def test_a_finding_is_called_by_the_cards_point(files: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "networks" / "knee-test" / "card.toml"
    shares = {f"{name}{end}": 0.9 for name in ("sensitivity", "specificity") for end in ("", "_low", "_high")}
    entries = {"probability": 0.001, **shares, "positives": 20, "negatives": 30}
    told = "".join(f"{name} = {value}\n" for name, value in entries.items())
    row = f'\n[[operating]]\nsource = "validation"\nfinding = "ACL tear"\n{told}'
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    out = tmp_path / "out"
    assert cli.main(["analyse", str(spread(files, tmp_path / "in")), "--out", str(out), "--predictions-only"]) == 1
    (exam,) = result(out)["exams"]
    calls = {finding: (said["called"], said["point"], said["card_point"]) for finding, said in exam["findings"].items()}
    assert calls.pop("ACL tear") == (True, 0.001, 0.001)
    assert {rest[1:] for rest in calls.values()} == {(0.5, None)}
    assert all(rest[0] == (exam["findings"][finding]["probability"] >= 0.5) for finding, rest in calls.items())
    assert "called" not in exam["planes"][0]["findings"]["ACL tear"], "a plane alone calls nothing"


def test_a_named_network_and_a_finding(files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, octets in files.items():
        if "sagittal" in name:
            (folder / name.replace("/", "-")).write_bytes(octets)
    common = ["analyse", str(folder), "--methods", "cam"]
    assert cli.main([*common, "--out", str(tmp_path / "a"), "--model", "knee-test", "--finding", "meniscal tear"]) == 0
    (exam,) = result(tmp_path / "a")["exams"]
    assert exam["missing"] == ["coronal", "axial"]
    assert [(one["plane"], one["finding"]) for one in exam["explanations"]] == [("sagittal", "meniscal tear")]
    assert cli.main([*common, "--out", str(tmp_path / "b"), "--model", "knee-test", "--finding", "Nodule"]) == 2
    assert "ACL tear" in capsys.readouterr().err
    assert cli.main([*common, "--out", str(tmp_path / "c"), "--finding", "Nodule"]) == 1
    assert result(tmp_path / "c")["exams"] == []
    assert "Nodule" in capsys.readouterr().err


def test_a_network_that_does_not_read_an_exam_is_said_once_for_the_study(
    files: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, octets in files.items():
        (folder / name.replace("/", "-")).write_bytes(octets)
    assert cli.main(["analyse", str(folder), "--out", str(tmp_path / "out"), "--model", "chest-untrained"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "The network “chest-untrained” does not read this study." in line
    written = result(tmp_path / "out")
    assert written["exams"] == []
    assert all("does not read this study" in entry["reason"] for entry in written["images"])


def test_slices_that_nobody_reads_say_so(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "none"))
    path = tmp_path / "slice.dcm"
    path.write_bytes(next(iter(files.values())))
    assert cli.main(["analyse", str(path), "--out", str(tmp_path / "out")]) == 0
    (entry,) = result(tmp_path / "out")["images"]
    assert (entry["model"], entry["reason"]) == (None, "No network is registered for this kind of image.")
