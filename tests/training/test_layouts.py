"""Reading films to train on: the official NIH layout, a table, our manifests; and a sentence for everything that is wrong."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from app.cohorts import rows
from app.domain import FINDINGS
from app.errors import InputError
from app.training import films, layouts, nih_layout, table_layout
from tests.training import trees


def replaced(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def nih(tmp_path: Path) -> Path:
    return trees.nih(tmp_path / "CXR8", 24)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return trees.table(tmp_path / "ours")


def test_the_official_layout_is_read_with_its_own_test_list(nih: Path) -> None:
    assert layouts.detect(nih) == "nih"
    read = layouts.read(nih, "nih")
    assert read.findings == FINDINGS
    parts = {film.path.name: film.part for film in read.films}
    listed = set((nih / "test_list.txt").read_text().split())
    assert {name for name, part in parts.items() if part == "test"} == listed
    assert {film.patient for film in read.films if film.part == "validation"} == {"00000002", "00000012"}
    assert [film.part for film in read.films] == sorted((f.part for f in read.films), key=["train", "validation", "test"].index)
    assert "24 films of 12 patients (train 16, validation 4, test 4)" in read.told()
    assert "Data_Entry_2017_v2020.csv" in read.told()


def test_labels_boxes_and_what_is_known_of_the_patient(nih: Path) -> None:
    read = {film.path.name: film for film in layouts.read(nih, "nih").films}
    both = read["00000002_001.png"]  # seed 3: both findings
    assert {f for f, value in zip(FINDINGS, both.labels, strict=True) if value} == {"Cardiomegaly", "Effusion"}
    assert not any(read["00000001_000.png"].labels)  # "No Finding"
    assert (both.age, both.sex, both.view) == (22, "F", "PA")
    assert both.boxes == (films.Box("Cardiomegaly", 0.25, 0.5, 0.25 + 128.5 / 1024, 0.5625),)
    assert read["00000001_001.png"].boxes[0].finding == "Infiltration"  # the boxes' own word for it is "Infiltrate"


def test_the_older_list_and_split_archives_say_the_same(nih: Path, tmp_path: Path) -> None:
    older = trees.nih(tmp_path / "older", 24, split=True, older=True)
    first, second = layouts.read(nih, "nih"), layouts.read(older, "nih")

    def plain(film: films.Film) -> tuple[object, ...]:
        return film.path.name, film.patient, film.part, film.labels, film.boxes, film.age

    assert [plain(film) for film in first.films] == [plain(film) for film in second.films]
    assert "Data_Entry_2017.csv" in second.found


def test_an_age_that_is_none() -> None:
    assert [films.age_of(told) for told in ("57", "058Y", "006M", "", "411Y", "old")] == [57, 58, 0.5, None, None, None]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("Data_Entry_2017_v2020.csv", "No Finding", "Efusion", "“Efusion” in line 2 of “Data_Entry_2017_v2020.csv” is none"),
        ("Data_Entry_2017_v2020.csv", "No Finding", "No Finding|Mass", "“No Finding” in line 2 .* nor “No Finding” alone"),
        ("Data_Entry_2017_v2020.csv", "00000001_001.png", "00000001_000.png", "“00000001_000.png” is in .* twice.*line 3"),
        ("Data_Entry_2017_v2020.csv", ",0,1,21,", ",0,one,21,", "Line 2 of .* has no patient number"),
        ("Data_Entry_2017_v2020.csv", "Finding Labels", "Labels", "has no column “Finding Labels”"),
        ("Data_Entry_2017_v2020.csv", "00000001_000.png,No Finding,0,1,21,F,PA", "00000001_000.png", "Line 2 .* has 5 cells"),
        ("test_list.txt", "00000005_000.png", "00000001_000.png\n00000005_000.png", "“00000001_000.png” is in both lists"),
        ("test_list.txt", "00000005_000.png\n", "", ""),
        ("train_val_list.txt", "00000001_000.png\n", "", ""),
        ("BBox_List_2017.csv", "256.0", "wide", "Line 2 of “BBox_List_2017.csv” has no box"),
        ("BBox_List_2017.csv", "Infiltrate", "Scribble", "Line 2 of “BBox_List_2017.csv” is no box"),
    ],
)
def test_what_is_wrong_in_the_official_layout_is_told(nih: Path, file: str, old: str, new: str, told: str) -> None:
    replaced(nih / file, old, new)
    if told:
        with pytest.raises(InputError, match=told):
            layouts.read(nih, "nih")
    else:
        assert "1 films are in neither list and were left out" in layouts.read(nih, "nih").notes


@pytest.mark.parametrize("file", ["train_val_list.txt", "test_list.txt"])
def test_a_missing_list_is_told(nih: Path, file: str) -> None:
    (nih / file).unlink()
    with pytest.raises(InputError, match=f"There is no {file}"):
        layouts.read(nih, "nih")


def test_films_without_boxes_are_no_hindrance(nih: Path) -> None:
    (nih / "BBox_List_2017.csv").unlink()
    read = layouts.read(nih, "nih")
    assert not any(film.boxes for film in read.films)
    assert any("no film has boxes" in note for note in read.notes)
    with pytest.raises(InputError, match=r"There is no Data_Entry_2017_v2020\.csv or"):
        nih_layout.read(nih / "images")


def test_a_patient_in_both_lists_is_refused(nih: Path) -> None:
    """The lists are of films, and a film may have been moved: figures would be too good."""
    replaced(nih / "test_list.txt", "00000005_000.png\n", "")
    replaced(nih / "train_val_list.txt", "00000001_000.png\n", "00000001_000.png\n00000005_000.png\n")
    with pytest.raises(InputError, match="1 patients are in more than one part") as told:
        layouts.read(nih, "nih")
    assert "“00000005_000.png” is in train, “00000005_001.png” of the same patient in test" in str(told.value)


def test_missing_films_are_counted_and_the_first_are_named(nih: Path) -> None:
    gone = sorted((nih / "images").iterdir())[:7]
    for path in gone:
        path.unlink()
    read = layouts.read(nih, "nih")
    assert len(read.films) == 17
    note = next(note for note in read.notes if "are not there" in note)
    assert note.startswith("7 of 24 films are not there: 00000001_000.png")
    assert note.endswith("and 2 more")
    assert note.count(".png") == 5
    assert any("7 of 24 films" in limit for limit in read.limits)
    for path in sorted((nih / "images").iterdir())[:8]:
        path.unlink()
    with pytest.raises(InputError, match=r"15 of 24 films are not there.*nothing was trained"):
        layouts.read(nih, "nih")


def test_a_table_has_findings_of_its_own(table: Path) -> None:
    assert layouts.detect(table) == "table"
    assert layouts.detect(table / "films.csv") == "table"
    read = layouts.read(table, "table")
    assert read.findings == ("Big heart", "Water")
    by_name = {film.path.name: film for film in read.films}
    assert by_name["1.png"].labels == (1.0, 0.0)
    assert np.isnan(by_name["3.png"].labels[1])
    assert by_name["2.png"].part == "validation"
    assert {film.source for film in read.films} == {"films"}
    assert read.terms == {"films": "see the data's own terms"}
    assert layouts.read(table / "films.csv", "table").films == read.films
    assert layouts.read(table, "table", findings=["Water"]).findings == ("Water",)


def test_a_table_may_leave_out_patient_and_part_and_name_sources(tmp_path: Path) -> None:
    folder = trees.table(tmp_path / "t", columns="image,source,Water")
    read = layouts.read(folder, "table")
    assert {film.part for film in read.films} == {"train", "validation", "test"}
    assert all(film.part == films.part_of("table", film.patient) for film in read.films)
    assert any("names no patients" in limit for limit in read.limits)
    assert Counter(film.source for film in read.films) == {"one": 20, "two": 20}
    assert not any("names no sources" in limit for limit in read.limits)


def test_a_spreadsheets_semicolons_and_mark_are_read(table: Path) -> None:
    plain = layouts.read(table, "table").films
    path = table / "films.csv"
    path.write_text("\ufeff" + path.read_text(encoding="utf-8").replace(",", ";").replace("\n", "\n\n"), encoding="utf-8")
    assert [f.path for f in layouts.read(table, "table").films] == [f.path for f in plain]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0.png,P0,test,0", "0.png,P0,test,maybe", "Line 2 of “films.csv”: “maybe” in the column “Big heart” is neither 1, 0"),
        ("0.png,P0,test", "0.png,P0,tset", "Line 2 of “films.csv”: part “tset” is neither"),
        ("films/1.png", "films/0.png", "“films/0.png” is in “films.csv” twice, the second time in line 3"),
        ("films/0.png", "../0.png", "Line 2 of “films.csv”: “image” must name a file in the table's folder"),
        ("films/0.png", "/elsewhere/0.png", "Line 2 of “films.csv”: “image” must name a file in the table's folder"),
        ("films/0.png", "", "Line 2 of “films.csv”: “image” must name"),
        ("1.png,P0,test", "1.png,P0,train", "1 patients are in more than one part: “0.png” is in test, “1.png” of the same"),
        ("Big heart", "Water", "has two columns named “Water”"),
        (",Big heart,Water", ",age,sex", "has no column for a finding"),
        ("image,", "picture,", "has no column “image”"),
    ],
)
def test_what_is_wrong_in_a_table_is_told(table: Path, old: str, new: str, told: str) -> None:
    replaced(table / "films.csv", old, new)
    with pytest.raises(InputError, match=told):
        layouts.read(table / "films.csv", "table")


def test_a_part_without_films_is_told(table: Path) -> None:
    path = table / "films.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("validation", "train"), encoding="utf-8")
    with pytest.raises(InputError, match="No film is in the validation part"):
        layouts.read(table, "table")


def test_a_file_that_is_no_table_is_told(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_bytes("image,폐렴\n".encode("cp949"))
    with pytest.raises(InputError, match="not UTF-8"):
        rows.header(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"“films\.csv” is empty"):
        rows.header(path)
    with pytest.raises(InputError, match=r"“no\.csv” cannot be read: no such file"):
        rows.header(tmp_path / "no.csv")


def test_what_cannot_be_told_apart_is_asked(nih: Path, table: Path, tmp_path: Path) -> None:
    (nih / "more.csv").write_text("image,Mass\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"in more than one way: nih, table\. Say which with --layout"):
        layouts.detect(nih)
    (table / "b.csv").write_text("image,Mass\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Several CSV files have a column “image”: b\.csv, films\.csv"):
        table_layout.read(table)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="none of the layouts"):
        layouts.detect(tmp_path / "empty")
    with pytest.raises(InputError, match="There is no CSV file with a column “image”"):
        table_layout.read(tmp_path / "empty")
    with pytest.raises(InputError, match="There is no folder or table “nowhere”"):
        layouts.detect(tmp_path / "nowhere")


def test_our_manifests_tell_boxes_and_the_published_networks_answers(tmp_path: Path) -> None:
    folder = tmp_path / "chest" / "nih"
    (folder / "images").mkdir(parents=True)
    Picture.fromarray(np.zeros((512, 512), np.uint8)).save(folder / "images" / "a.png")
    soft = {f"published_densenet121_{finding}": "0.25" for finding in FINDINGS}
    row = {"image": "a.png", "patient": "00000001", "age": "57", "nih_boxes": '[["Infiltrate", [128, 256, 64, 512]]]'}
    row |= soft | dict.fromkeys(FINDINGS, "0")
    cells = [json.dumps(cell) if "[" in cell else cell for cell in row.values()]
    text = ",".join(row) + "\n" + ",".join(cells).replace('\\"', '""') + "\n"
    (folder / "manifest.csv").write_text(text, encoding="utf-8")
    assert layouts.detect(tmp_path) == "ours"
    (film,) = films.read(tmp_path, ("nih",))
    assert film.soft == (0.25,) * 14
    assert film.boxes == (films.Box("Infiltration", 0.25, 0.5, 0.375, 1.0),)
    assert film.age == 57


def test_the_real_manifests_have_boxes_and_teachers(real_data: Path) -> None:
    read = layouts.read(real_data, "ours")
    assert sum(1 for film in read.films if film.boxes) == 46 + 57 + 121
    assert sum(1 for film in read.films if film.soft) == 645 + 2280 + 1736
    assert all(0 <= b.left < b.right <= 1 and 0 <= b.top < b.bottom <= 1 for film in read.films for b in film.boxes)
