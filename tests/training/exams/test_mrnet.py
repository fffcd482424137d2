"""MRNet's own layout, read and refused, and phantoms written in it."""

from pathlib import Path

import numpy as np
import pytest

from app.domain import KNEE_FINDINGS, READ_PLANES
from app.errors import InputError
from app.training.exams import drawn, mrnet


def layout(folder: Path, count: int = 24, part: str = "train", size: int = 32, seed: int = 0) -> Path:
    """A folder of MRNet's layout: stacks of noise, with a bright square where an exam has a finding."""
    random = np.random.default_rng(seed)
    labels = (random.random((count, len(KNEE_FINDINGS))) < 0.5).astype(int)
    labels[:2] = [[0, 0, 0], [1, 1, 1]]
    for plane in READ_PLANES:
        (folder / part / plane).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            stack = random.integers(0, 120, (int(random.integers(3, 6)), size, size)).astype(np.uint8)
            for row in range(len(KNEE_FINDINGS)):
                if labels[number, row]:
                    stack[1, 4 + 8 * row : 10 + 8 * row, 4:16] = 250
            np.save(folder / part / plane / f"{number:04d}.npy", stack)
    for column, finding in enumerate(KNEE_FINDINGS):
        lines = (f"{number:04d},{labels[number, column]}\n" for number in range(count))
        (folder / f"{part}-{mrnet.TASKS[finding]}.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def test_exams_come_with_their_stacks_and_labels(tmp_path: Path) -> None:
    exams = mrnet.read(layout(tmp_path), "train")
    assert len(exams) == 24
    assert exams.ids[:2] == ("0000", "0001")
    assert exams.labels[1].tolist() == [1, 1, 1]
    assert exams.stack("axial", 1).dtype == np.uint8
    assert exams.masks("axial", 1) is None
    assert exams.notes == ()


def test_an_exam_without_a_stack_or_a_label_is_left_out_and_named(tmp_path: Path) -> None:
    layout(tmp_path)
    (tmp_path / "train" / "coronal" / "0005.npy").unlink()
    table = tmp_path / "train-acl.csv"
    table.write_text("".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    exams = mrnet.read(tmp_path, "train")
    assert len(exams) == 22
    assert exams.notes == (
        "train: 1 exams are not in all three tables and were left out (0023)",
        "train: 1 exams lack a stack of some plane and were left out (0005)",
    )


@pytest.mark.parametrize("line", ["0030;1", "0030,2", "0001,1", "0030,1,1"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    layout(tmp_path)
    with (tmp_path / "train-meniscus.csv").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"Line 25 of “train-meniscus\.csv”"):
        mrnet.read(tmp_path, "train")


def test_what_is_no_such_folder_says_what_one_looks_like(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train-abnormal\.csv” is missing"):
        mrnet.read(tmp_path, "train")
    layout(tmp_path)
    for path in tmp_path.glob("train/axial/*.npy"):
        path.unlink()
    with pytest.raises(InputError, match=r"sagittal/0000\.npy"):
        mrnet.read(tmp_path, "train")


def test_a_stack_that_is_none_is_named(tmp_path: Path) -> None:
    exams = mrnet.read(layout(tmp_path), "train")
    exams.path("axial", 3).write_bytes(b"no stack")
    with pytest.raises(InputError, match=r"“0003\.npy” is no readable stack"):
        exams.stack("axial", 3)
    np.save(exams.path("axial", 3), np.zeros((4, 4), np.float32))
    with pytest.raises(InputError, match=r"float32 of the shape \(4, 4\)"):
        exams.stack("axial", 3)


def test_phantoms_are_written_with_their_truth_and_drawn_once(tmp_path: Path) -> None:
    drawn.draw(tmp_path, {"train": 3, "valid": 1}, first=50, size=32)
    exams = mrnet.read(tmp_path, "train")
    assert len(exams) == 3
    for index in range(3):
        for plane in READ_PLANES:
            masks = exams.masks(plane, index)
            assert masks is not None
            assert masks.shape[1:] == exams.stack(plane, index).shape
            assert [bool(mask.any()) for mask in masks] == [bool(label) for label in exams.labels[index]]
    before = exams.path("axial", 0).stat().st_mtime_ns
    drawn.draw(tmp_path, {"train": 3, "valid": 1}, first=50, size=32)
    assert exams.path("axial", 0).stat().st_mtime_ns == before
    with pytest.raises(InputError, match="phantoms of other seeds"):
        drawn.draw(tmp_path, {"train": 3}, first=51, size=32)
