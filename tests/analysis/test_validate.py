"""The validate command: figures that scikit-learn finds again in cases.csv, films and exams, and every way it is refused."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from app.__main__ import main
from app.phantoms import cohort
from app.phantoms.knee import demo as knee_demo
from tests.exams import write_exam_network

pytestmark = pytest.mark.usefixtures("environment")

FILMS = 24


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of phantoms with their table."""
    folder = tmp_path_factory.mktemp("phantoms")
    cohort.write(folder, FILMS, 96)
    return folder


def report(out: Path) -> Any:
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def cases(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "cases.csv").read_text(encoding="utf-8"))))


def test_every_figure_is_found_again_in_the_cases(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="pip install --no-deps -r requirements-oracles.txt")
    words = ["validate", "--table", str(drawn / "labels.csv"), "--model", "phantom-untrained", "--model-b", "phantom-by-name"]
    assert main([*words, "--groups", "view,drain", "--out", str(tmp_path), "--quiet"]) == 0
    told, rows = report(tmp_path), cases(tmp_path)
    assert [(one["network"], one["finding"]) for one in told["findings"]] == [
        ("phantom-untrained", "Cardiomegaly"), ("phantom-untrained", "Effusion"), ("phantom-untrained", "Nodule"),
        ("phantom-by-name", "Nodule"),
    ]  # fmt: skip
    for one in told["findings"]:
        truth = np.array([row[f"label: {one['finding']}"] == "1" for row in rows])
        scores = np.array([float(row[f"probability: {one['network']}: {one['finding']}"]) for row in rows])
        called = scores >= one["point"]
        assert one["auroc"]["value"] == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-12)
        assert one["average_precision"] == pytest.approx(metrics.average_precision_score(truth, scores), abs=1e-12)
        tn, fp, fn, tp = metrics.confusion_matrix(truth, called).ravel()
        assert (one["hits"], one["misses"], one["alarms"], one["rejections"]) == (tp, fn, fp, tn)
    assert [pair["finding"] for pair in told["differences"]] == ["Nodule"]
    assert told["differences"][0]["several"] is True
    assert {(group["column"], group["value"]) for group in told["groups"]} >= {("drain", "yes"), ("drain", "no")}
    printed = capsys.readouterr().out
    few = [line.split()[0] for line in printed.splitlines() if line.endswith("  few")]
    assert set(few) == {"Cardiomegaly", "Effusion", "Nodule"}, "24 films are few on one side at least"
    assert f"{FILMS} rows, {FILMS} with an image" in printed
    assert "phantom-untrained − phantom-by-name" in printed


def test_an_archive_a_row_without_image_and_named_columns(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = sorted(drawn.glob("*.dcm"))[:6]
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        for film in films:
            archive.write(film, f"deep/{film.name}")
        archive.writestr("deep/broken.dcm", films[0].read_bytes()[:1500])
    table = tmp_path / "read.csv"
    lines = [f"{film.stem},{place % 2},-1" for place, film in enumerate(films)]
    table.write_text("\n".join(["what,fluid,heart", *lines, "lost,1,0", "broken,1,0"]) + "\n", encoding="utf-8")
    words = ["validate", str(tmp_path / "films.zip"), "--table", str(table), "--model", "phantom-untrained", "--image", "what"]
    labels = ["--label", "Effusion=fluid", "--label", "cardiomegaly=heart", "--uncertain", "positive"]
    assert main([*words, *labels, "--out", str(tmp_path / "out"), "--quiet"]) == 1
    told = report(tmp_path / "out")
    assert told["table"]["without_image"] == ["lost", "broken"]
    assert told["table"]["uncertain"] == 6
    assert [(one["finding"], one["positives"], one["negatives"]) for one in told["findings"]] == [
        ("Cardiomegaly", 6, 0), ("Effusion", 3, 3),
    ]  # fmt: skip
    assert "broken.dcm" in capsys.readouterr().err


def test_maps_are_measured_against_boxes(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["validate", "--table", str(drawn / "labels.csv"), "--boxes", str(drawn / "boxes.csv"), "--quiet"]
    assert main([*words, "--model", "phantom-untrained", "--out", str(tmp_path)]) == 0
    told = report(tmp_path)
    labelled = sum(int(row[f"label: {name}"]) for row in cases(tmp_path) for name in ("Cardiomegaly", "Effusion", "Nodule"))
    rows = {(row["method"], row["measure"]): row for row in told["localised"] if not row["finding"]}
    assert {"cam", "lrp", "rap_contrastive", "random map", "centre prior", "mean box"} <= {method for method, _ in rows}
    assert rows["cam", "pointing"]["films"] == labelled
    assert 0 <= rows["cam", "pointing"]["value"]["value"] <= 1
    assert {row["finding"] for row in told["localised"]} == {"", "Cardiomegaly", "Effusion", "Nodule"}
    assert "mean box (control)" in capsys.readouterr().out
    assert main([*words[:4], str(drawn / "labels.csv"), "--model", "phantom-untrained", "--out", str(tmp_path)]) == 2


def test_only_the_files_that_the_table_names_are_read(drawn: Path, tmp_path: Path) -> None:
    """A table of a few films of a large folder must not have all of it read."""
    films = sorted(drawn.glob("*.dcm"))
    folder = tmp_path / "films"
    folder.mkdir()
    for film in films[:4]:
        (folder / film.name).write_bytes(film.read_bytes())
    (folder / "unnamed.dcm").write_text("no film, and nobody asks for it")
    table = tmp_path / "labels.csv"
    table.write_text("image,Effusion\n" + "".join(f"{film.name},{place % 2}\n" for place, film in enumerate(films[:4])))
    words = ["validate", str(folder), "--table", str(table), "--model", "phantom-untrained", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert report(tmp_path / "out")["networks"][0]["read"] == 4


def test_networks_of_films_and_of_exams_are_not_compared(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path
) -> None:
    table = tmp_path / "labels.csv"
    names = [film.name for film in sorted(drawn.glob("*.dcm"))[:3]]
    table.write_text("image,abnormality,Effusion\n" + "".join(f"{name},1,0\n" for name in names))
    both = tmp_path / "models"
    both.mkdir()
    for path in models.iterdir():
        (both / path.name).symlink_to(path)
    write_exam_network(both)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(both))
    words = ["validate", str(drawn), "--table", str(table), "--quiet", "--out", str(tmp_path / "out")]
    assert main([*words, "--model", "knee-test", "--model-b", "chest-untrained"]) == 2
    assert main([*words, "--model", "knee-test"]) == 2, "there is no exam"
    assert not (tmp_path / "out" / "report.json").exists()


def test_exams_are_rows_by_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    write_exam_network(models)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(models))
    rows = ["exam,ACL tear,abnormality"]
    for number, exam in enumerate(knee_demo.exams(size=64)):
        folder = tmp_path / "knees" / f"knee-{number}"
        folder.mkdir(parents=True)
        for name, octets in exam.files:
            (folder / name.rpartition("/")[2]).write_bytes(octets)
        rows.append(f"knee-{number},{number % 2},1")
    (tmp_path / "knees" / "exams.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    words = ["validate", "--table", str(tmp_path / "knees" / "exams.csv"), "--model", "knee-test", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0, capsys.readouterr().err
    told = report(tmp_path / "out")
    assert told["networks"][0]["read"] == len(rows) - 1
    acl = next(one for one in told["findings"] if one["finding"] == "ACL tear")
    assert acl["films"] == len(rows) - 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "nobody"], "There is no network called “nobody”"),
        (["--model", "phantom-untrained", "--image", "where"], "The table has no column “where”"),
        (["--model", "phantom-untrained", "--label", "Gout=Effusion"], "No network knows a finding called “Gout”"),
        (["--model", "phantom-untrained", "--label", "Effusion=image"], "is no label"),
        (["--model", "phantom-untrained", "--image", "patient"], "twice"),
        (["--model", "phantom-untrained", "--groups", "image"], "makes no groups"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(["validate", "--table", str(drawn / "labels.csv"), *words, "--out", str(tmp_path / "out"), "--quiet"]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_subgroups_of_what_has_enough_films_are_printed(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = list(csv.DictReader(io.StringIO((drawn / "labels.csv").read_text(encoding="utf-8"))))
    films = [*given, *given][:32]
    for at, row in enumerate(films):
        with dcmread(drawn / row["image"]) as film:
            film.SOPInstanceUID = f"1.2.3.{at}"
            film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
            film.save_as(tmp_path / f"{at}.dcm")
    lines = [f"{at}.dcm,{'AP' if at < 12 else 'PA'},{at % 2},0" for at in range(32)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,view,Nodule,Effusion", *lines]) + "\n", encoding="utf-8")
    words = ["--table", str(tmp_path / "labels.csv"), "--model", "phantom-untrained", "--out", str(tmp_path / "out"), "--quiet"]
    assert main(["validate", *words]) == 0
    printed = capsys.readouterr().out
    line = next(line for line in printed.splitlines() if "view: AP" in line)
    told = next(one for one in report(tmp_path / "out")["groups"] if (one["finding"], one["value"]) == ("Nodule", "AP"))
    assert f"{told['auroc']['value']:.3f}" in line
    assert line.endswith("6/6  few")
    assert "Effusion             view" not in printed, "it has no film with it"
