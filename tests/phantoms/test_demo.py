"""The demo's studies: complete, always the same, and the pair that shows the shortcut."""

from io import BytesIO

import numpy as np
import pydicom
import pytest

from app.phantoms import chest, demo


@pytest.fixture(scope="module")
def shown() -> list[demo.DemoStudy]:
    """The demo, small."""
    return list(demo.studies(size=96))


def test_the_story_is_complete(shown: list[demo.DemoStudy]) -> None:
    assert 8 <= len(shown) <= 10
    assert len({study.name for study in shown}) == len(shown)
    assert shown[0].findings == ()
    found = {finding for study in shown for finding in study.findings}
    assert {"Nodule", "Effusion", "Cardiomegaly", "Pneumothorax", "Consolidation"} <= found <= set(chest.FINDINGS)
    assert any(len(study.findings) == 2 for study in shown)
    assert all(study.note.endswith(".") for study in shown)


def test_every_file_is_a_study_of_its_own_marked_as_a_phantom(shown: list[demo.DemoStudy]) -> None:
    headers = [pydicom.dcmread(BytesIO(study.file)) for study in shown]
    assert all(header.QualityControlSubject == "YES" for header in headers)
    for name in ("StudyInstanceUID", "SOPInstanceUID", "PatientID", "StudyTime"):
        assert len({header[name].value for header in headers}) == len(headers)
    assert {header.PhotometricInterpretation for header in headers} == {"MONOCHROME1", "MONOCHROME2"}


def test_the_demo_is_the_same_every_time(shown: list[demo.DemoStudy]) -> None:
    assert next(demo.studies(size=96)).file == shown[0].file


def test_the_last_two_differ_in_the_drain_alone_and_go_to_the_shortcut_network(shown: list[demo.DemoStudy]) -> None:
    with_drain, without = shown[-2:]
    assert with_drain.model == without.model == demo.SHORTCUT
    assert with_drain.findings == without.findings == ()
    films = [pydicom.dcmread(BytesIO(study.file)).pixel_array.astype(float) for study in (with_drain, without)]
    changed = np.abs(films[0] - films[1]) > 40
    assert 0.005 < changed.mean() < 0.15
    assert all(study.model is None for study in shown[:-2])
