"""Boxes: in cells, in tables of their own, and maps against them beside controls that know nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.cohorts import boxes, columns, table
from app.cohorts.boxes import Box
from app.cohorts.localising import CONTROLS, Marked, localised
from app.domain import Localisation
from app.errors import InputError

FINDINGS = ("Effusion", "Pleural_Thickening")


def test_a_cell_has_boxes() -> None:
    found = boxes.in_cell("effusion 1 2 30 40; Pleural Thickening 5 6 7.5 8; Gout 1 1 2 2", FINDINGS, 2, "t.csv")
    assert found == (Box("Effusion", 1, 2, 30, 40), Box("Pleural_Thickening", 5, 6, 7.5, 8))
    assert boxes.in_cell("; ".join(box.cell() for box in found), FINDINGS, 2, "t.csv") == found
    assert boxes.region(found).bounds().numbers()[:4] == [1, 2, 31, 42]


@pytest.mark.parametrize("cell", ["Effusion 1 2 3", "1 2 3 4", "Effusion 1 2 0 4", "Effusion a b c d"])
def test_what_is_no_box_is_refused(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"image,Effusion,boxes\na,1,{cell}\n", encoding="utf-8")
    mapped = columns.guess(table.header(path), FINDINGS)
    assert mapped.boxes == "boxes"
    with pytest.raises(InputError, match="is no box"):
        table.read(path, mapped, FINDINGS)


@pytest.mark.parametrize(
    "text",
    [
        "image,finding,left,top,width,height\nd/a.png,Effusion,10,20,30,40\n",
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\na.png,Effusion,10,20,30,40,,,\n",
        "y1,x1,y0,x0,label,file\n60,40,20,10,Effusion,a.dcm\n",
    ],
)
def test_a_table_of_boxes_is_known_by_its_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text(text, encoding="utf-8")
    assert boxes.is_table(table.header(path))
    assert boxes.joined(["b.png", "a.png", "a"], boxes.read(path))[1:] == ["Effusion 10 20 30 40"] * 2


def test_a_table_of_labels_is_none_of_boxes(tmp_path: Path) -> None:
    assert not boxes.is_table(("image", "patient", "Effusion"))
    path = tmp_path / "boxes.csv"
    path.write_text("image,finding,x,y,w,h\na,Effusion,1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Line 2 of .* has no box"):
        boxes.read(path)


def lies(pointing: float, iou: float) -> Localisation:
    return Localisation(pointing=pointing, iou=iou, outside_inside=0.5, mass=iou)


def test_methods_stand_beside_the_controls() -> None:
    """Boxes on one side of every film: where it lies on the others knows more than the middle; a method that is right always
    beats both. By hand: hits of 1, 1, 0, 1 are three quarters."""
    maps = [{"cam": lies(float(n != 2), 0.2 + 0.1 * n)} for n in range(4)]
    own = [(Box("Effusion", 5 + n, 150, 20, 30),) for n in range(4)]
    marked = [Marked(f"p{n}", "Effusion", (200, 100), boxes.region(own[n]), maps[n]) for n in range(4)]
    rows = {(row.method, row.measure): row for row in localised("net", marked)}
    assert {method for method, _ in rows} == {"cam", *CONTROLS}
    assert rows["cam", "pointing"].value.value == 0.75
    assert rows["cam", "iou"].value.value == pytest.approx(0.35)
    assert rows["cam", "outside_inside"].value.value == 0.5
    assert rows["centre prior", "pointing"].value.value == 0
    assert rows["mean box", "pointing"].value.value == 1
    assert (rows["mean box", "iou"].control, rows["cam", "iou"].control, rows["cam", "iou"].films) == (True, False, 4)
    assert {row.finding for row in rows.values()} == {""}, "of one finding, all and each are the same"
    masks = [replace(one, maps={**one.maps, "chest-masks": lies(1, 0.4)}) for one in marked]
    both = {(row.method, row.measure): row for row in localised("net", masks)}
    assert both["chest-masks", "iou"].control, "where a finding occurs at all is no network's map"
    assert not both["cam", "iou"].control
