"""The demo's examinations of knees."""

from io import BytesIO

import pydicom

from app.phantoms.knee import demo


def test_three_examinations_and_what_they_show() -> None:
    exams = list(demo.exams(size=32))
    assert [exam.name for exam in exams] == ["healthy", "acl-tear", "meniscal-tear"]
    assert [exam.findings for exam in exams] == [(), ("abnormality", "ACL tear"), ("abnormality", "meniscal tear")]
    names = [name for exam in exams for name, _ in exam.files]
    assert len(names) == len(set(names))
    studies = [
        {pydicom.dcmread(BytesIO(file), stop_before_pixels=True).StudyInstanceUID for _, file in exam.files} for exam in exams
    ]
    assert [len(each) for each in studies] == [1, 1, 1]
    assert len(set.union(*studies)) == 3


def test_the_same_bytes_every_time() -> None:
    first, again = (next(iter(demo.exams(size=32))) for _ in range(2))
    assert first.files == again.files
