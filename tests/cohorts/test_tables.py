"""Tables of labels: columns guessed and named, every kind of bad table with its sentence, rows put to images."""

import math
from pathlib import Path

import pytest

from app.cohorts import columns, matching, table
from app.cohorts.matching import Unit
from app.errors import InputError

FINDINGS = ("Effusion", "Pleural_Thickening", "No Finding")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **named: object) -> table.Table:
    mapped = columns.chosen(table.header(path), FINDINGS, **named)  # type: ignore[arg-type]
    return table.read(path, mapped, FINDINGS)


def test_columns_are_known_by_their_names(tmp_path: Path) -> None:
    path = written(tmp_path, "File Name,Patient ID,SEX,View Position,pleural thickening,effusion,note\na.png,1,F,PA,0,1,x\n")
    found = read(path)
    assert found.columns.image == "File Name"
    assert found.columns.groups == ("SEX", "View Position")
    assert found.findings == ("Effusion", "Pleural_Thickening")
    assert (found.rows[0].patient, found.rows[0].labels, found.rows[0].groups) == ("1", (1.0, 0.0), ("F", "PA"))


def test_columns_may_be_named_and_then_no_others_count(tmp_path: Path) -> None:
    path = written(tmp_path, "dicom;fluid;Effusion;ward\nx;1;0;A\ny;-1;0;\nz;;0;B\n")
    found = read(path, image="dicom", labels=["Effusion=fluid"], groups=["ward"])
    assert found.findings == ("Effusion",)
    assert [row.labels[0] for row in found.rows[:1]] == [1.0]
    assert math.isnan(found.rows[1].labels[0])
    assert math.isnan(found.rows[2].labels[0])
    assert [row.groups for row in found.rows] == [("A",), ("?",), ("B",)]
    assert [row.patient for row in found.rows] == ["x", "y", "z"], "without a column every row is its own patient"
    assert found.uncertain == 1
    assert read(path, image="dicom", labels=["effusion=fluid"], groups=[], uncertain="positive").rows[1].labels == (1.0,)
    assert read(path, image="dicom", labels=["Effusion=fluid"], groups=[], uncertain="negative").rows[1].labels == (0.0,)


def test_a_column_may_list_what_is_there(tmp_path: Path) -> None:
    path = written(tmp_path, "Image Index,Finding Labels\n1.png,Effusion|Pleural_Thickening|Hernia\n2.png,No Finding\n3.png,\n")
    rows = read(path).rows
    assert [row.labels for row in rows[:2]] == [(1.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    assert all(map(math.isnan, rows[2].labels))


def test_ages_become_classes(tmp_path: Path) -> None:
    path = written(tmp_path, "image,age,Effusion\n" + "".join(f"{age},{age},0\n" for age in range(20, 80)) + "x,,1\n")
    groups = [row.groups[0] for row in read(path, groups=["age"]).rows]
    assert {name: groups.count(name) for name in sorted(set(groups))} == {"40 – < 60": 20, "60 +": 20, "< 40": 20, "?": 1}


@pytest.mark.parametrize(
    ("text", "named", "sentence"),
    [
        ("", {}, "is empty: it has no line with the names of its columns"),
        ("image,Effusion\n", {}, "has no rows below the names of its columns"),
        ("where,Effusion\na,1\n", {}, "No column says which image a row is about"),
        ("image,fluid\na,1\n", {}, "No column is called as a finding that the network knows"),
        ("image,Effusion\na,1\n", {"image": "dicom"}, "The table has no column “dicom”"),
        ("image,Effusion\na,1\n", {"groups": ["ward"]}, "The table has no column “ward”"),
        ("image,Effusion\na,1\n", {"labels": ["Gout=Effusion"]}, "No network knows a finding called “Gout”"),
        ("image,Effusion\na,1\n", {"labels": ["Effusion=fluid"]}, "The table has no column “fluid”"),
        ("image,Effusion\na,1\na,0\n", {}, "“a” stands in “labels.csv” twice: in line 2 and in line 3"),
        ("image,Effusion\na,1\n,0\n", {}, "Line 3 of “labels.csv” names no image"),
        ("image,Effusion\na,yes\n", {}, "Line 2 of “labels.csv”: “yes” in the column “Effusion” (Effusion) is no label"),
        ("image,Effusion\na,0.7\n", {}, "“0.7” in the column “Effusion” (Effusion) is no label"),
        ("image,Effusion,Effusion\na,1,1\n", {}, "two columns named “Effusion”"),
        ("image,patient,Effusion\na,p,\nb,1\n", {}, "Line 3 of “labels.csv” has 2 cells, and the header 3"),
        ("image,findings\na,1;2\n", {}, "“1;2” in the column “findings” lists no findings"),
        (
            "image,sex,Effusion\n" + "".join(f"{n},name{n},1\n" for n in range(20)),
            {},
            "The column “sex” of “labels.csv” has 20 different values, so it makes no groups",
        ),
    ],
)  # fmt: skip
def test_bad_tables_have_their_sentence(tmp_path: Path, text: str, named: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        read(written(tmp_path, text), **named)
    assert sentence in refused.value.sentence


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"image,Effusion\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read(path)


def rows(*names: str) -> tuple[table.Row, ...]:
    return tuple(table.Row(line, name, name, (1.0,)) for line, name in enumerate(names, 2))


FILMS = [
    Unit("k1", ("cohort.zip/a/one.dcm",), ("1.2.1",), "1.9", "ACC1"),
    Unit("k2", ("cohort.zip/b/one.dcm",), ("1.2.2",), "1.8", ""),
    Unit("k3", ("two.png",), ("1.2.3",), "1.7", ""),
]


@pytest.mark.parametrize(
    ("name", "key"),
    [("a/one.dcm", "k1"), ("b\\one", "k2"), ("two", "k3"), ("two.png", "k3"), ("elsewhere/two.png", "k3"), ("1.2.2", "k2"),
     ("1.9", "k1"), ("ACC1", "k1"), ("./two.png", "k3")],
)  # fmt: skip
def test_rows_find_their_films(name: str, key: str) -> None:
    assert [unit.key for _, unit in matching.match(rows(name), FILMS, "t.csv").pairs] == [key]


def test_rows_find_their_exams_by_folder_and_uid() -> None:
    exams = [Unit(f"s{n}", (f"x.zip/knee-{n}/sag/1.dcm", f"x.zip/knee-{n}/cor/1.dcm"), (f"{n}.1", f"{n}.2"), f"s{n}", exam=True)
             for n in (1, 2)]  # fmt: skip
    found = matching.match(rows("knee-2", "s1"), exams, "t.csv")
    assert [unit.key for _, unit in found.pairs] == ["s2", "s1"]
    with pytest.raises(InputError, match="could be any of 2 images"):
        matching.match(rows("x"), exams, "t.csv")


def test_what_has_no_counterpart_is_counted() -> None:
    found = matching.match(rows("two.png", "three.png"), FILMS, "t.csv")
    assert [row.image for row in found.without_image] == ["three.png"]
    assert [unit.key for unit in found.without_row] == ["k1", "k2"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ("one.dcm",),
            "“one.dcm” in line 2 of “t.csv” could be any of 2 images: “cohort.zip/a/one.dcm”, “cohort.zip/b/one.dcm”",
        ),
        (("two.png", "1.2.3"), "“two.png” (line 2) and “1.2.3” (line 3) of “t.csv” are about the same image"),
        (("nine.png",), "No row of “t.csv” is about any of the 3 images that were read. It names “nine.png”; there are"),
    ],
)
def test_rows_that_cannot_be_put_to_images_have_their_sentence(names: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        matching.match(rows(*names), FILMS, "t.csv")
    assert sentence in refused.value.sentence


def test_classes_of_numbers_stand_in_their_order() -> None:
    classes = set(table.in_classes([str(age) for age in range(5, 95, 5)]) or ())
    assert [one.split()[0] for one in sorted(classes, key=table.in_order)] == ["<", "35", "65"]
    assert sorted(["PA", "10", "9", "?", "AP"], key=table.in_order) == ["9", "10", "?", "AP", "PA"]
