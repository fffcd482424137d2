"""Files' studies put together, slices in order."""

import numpy as np

from app.domain import Image, Patient, Series, Study
from app.ingest import assemble
from app.ingest.assembly import in_order

STORED = np.zeros((16, 16), np.uint16)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def image(uid: str, **more: object) -> Image:
    return Image(sop_instance_uid=uid, frame=1, stored=STORED, **more)  # type: ignore[arg-type] # the fields have many types


def study(uid: str, series: str, *images: Image, **more: object) -> Study:
    return Study(uid, Patient(name="A"), (Series(series, "MR", images),), **more)  # type: ignore[arg-type]


def uids(images: tuple[Image, ...]) -> list[str]:
    return [image.sop_instance_uid for image in images]


def test_files_are_merged_by_their_identifiers() -> None:
    files = [
        study("1.1", "1.1.1", image("a")),
        study("1.2", "1.2.1", image("x")),
        study("1.1", "1.1.2", image("c")),
        study("1.1", "1.1.1", image("b"), date="2026-01-01", phantom=True),
        study("1.1", "1.1.1", image("a")),
    ]
    first, second = assemble(files)
    assert (first.study_uid, second.study_uid) == ("1.1", "1.2")
    assert (first.date, first.phantom) == ("2026-01-01", True)
    assert [(series.series_uid, uids(series.images)) for series in first.series] == [("1.1.1", ["a", "b"]), ("1.1.2", ["c"])]


def test_slices_follow_their_place_and_not_their_number() -> None:
    slices = [
        image(str(index), axes=SAGITTAL, position=(-4.5 * index, 3.0, 1.0 * index), instance_number=(index * 7) % 10)
        for index in range(10)
    ]
    shuffled = [slices[index] for index in (3, 9, 0, 4, 1, 8, 2, 7, 5, 6)]
    assert uids(in_order(shuffled)) == [str(index) for index in range(10)]


def test_planes_stay_together_and_images_without_a_place_come_last() -> None:
    mixed = [
        image("none", instance_number=1),
        image("axial 2", axes=AXIAL, position=(0, 0, 9), instance_number=2),
        image("sagittal 2", axes=SAGITTAL, position=(-9, 0, 0), instance_number=3),
        image("axial 1", axes=AXIAL, position=(0, 0, 1), instance_number=4),
        image("sagittal 1", axes=SAGITTAL, position=(9, 0, 0), instance_number=5),
    ]
    assert uids(in_order(mixed)) == ["axial 1", "axial 2", "sagittal 1", "sagittal 2", "none"]


def test_without_geometry_the_instance_number_decides() -> None:
    assert uids(in_order([image("c", instance_number=30), image("a", instance_number=2), image("b", instance_number=10)])) == [
        "a", "b", "c",
    ]  # fmt: skip


def test_the_echoes_of_one_place_follow_their_numbers() -> None:
    echoes = [image(str(n), axes=AXIAL, position=(0, 0, 1 + 1e-5 * (3 - n)), instance_number=n) for n in (3, 1, 2)]
    assert uids(in_order(echoes)) == ["1", "2", "3"]
