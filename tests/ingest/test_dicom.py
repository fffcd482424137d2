"""The header: patient, study, series, identifiers, frames' geometry; and what is no image."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ImplicitVRLittleEndian

from app.domain import Patient, Study
from app.errors import NotReadable, TooLarge
from app.ingest import dicom, grouping, header, refusals
from app.ingest.limits import ITEMS
from app.ingest.skipping import DiscIndex
from app.stacks import NO_SERIES_UID
from tests.ingest.conftest import CT, DX, Make, ramp

Read = Callable[[Path], tuple[Study, tuple[str, ...]]]
STORAGE = "1.2.840.10008.5.1.4.1.1."


def test_the_header_becomes_a_study(make: Make, read_study: Read) -> None:
    study, warnings = read_study(
        make(
            ramp(),
            PatientName="Hong^Gildong=洪^吉洞=홍^길동",
            SpecificCharacterSet="ISO_IR 192",
            PatientBirthDate="19700131",
            PatientSex="F",
            StudyDate="20260102",
            StudyTime="101112.5",
            AccessionNumber="A\x1b1",
            StudyDescription="Chest",
            BodyPartExamined="chest",
            ViewPosition="pa",
            SeriesDescription="PA",
            InstanceNumber=7,
            PatientOrientation=["L", "F"],
            ImagerPixelSpacing=[0.14, 0.14],
            WindowCenter=2000,
            WindowWidth=4000,
        )
    )
    assert study.patient == Patient("Hong Gildong (洪 吉洞, 홍 길동)", "P-1", "1970-01-31", "F")
    assert (study.date, study.time, study.accession, study.description) == ("2026-01-02", "10:11:12", "A 1", "Chest")
    assert not study.phantom
    (series,) = study.series
    assert (series.modality, series.body_part, series.view_position, series.source) == ("DX", "CHEST", "PA", "dicom")
    (image,) = series.images
    assert (image.frame, image.instance_number, image.orientation) == (1, 7, ("R", "H", "L", "F"))
    assert (image.pixel_spacing, image.spacing_kind) == ((0.14, 0.14), "at detector, uncalibrated")
    assert (image.windows[0].centre, image.windows[0].width) == (2000, 4000)
    assert warnings == ()


@pytest.mark.parametrize(
    ("charset", "written", "shown"),
    [
        (["", "ISO 2022 IR 149"], "Hong^Gildong=\x1b$)C洪^吉洞=\x1b$)C홍^길동", "Hong Gildong (洪 吉洞, 홍 길동)"),
        ("ISO_IR 100", "Buc^Jérôme", "Buc Jérôme"),
        ("GB18030", "Wang^XiaoDong=王^小东", "Wang XiaoDong (王 小东)"),
        (None, "홍^길동", "홍 길동"),  # UTF-8 that nobody declared
    ],
)
def test_names_are_read_in_their_own_characters(make: Make, read_study: Read, charset: Any, written: str, shown: str) -> None:
    encoding = {"ISO_IR 100": "latin-1", "GB18030": "gb18030", None: "utf-8"}.get(
        charset if isinstance(charset, str | None) else "", "euc_kr"
    )
    path = make(ramp(), SpecificCharacterSet=charset, PatientName="@" * len(written.encode(encoding)))
    octets = path.read_bytes()
    name = written.encode(encoding)
    padded = b"@" * (len(name) + len(name) % 2 - len(name) % 2)
    path.write_bytes(octets.replace(padded, name))
    assert read_study(path)[0].patient.name == shown


def test_text_in_the_wrong_character_set_is_pointed_out(make: Make, read_study: Read) -> None:
    path = make(ramp(), SpecificCharacterSet="ISO_IR 192", PatientName="@@@@@@")
    path.write_bytes(path.read_bytes().replace(b"@@@@@@", b"J\xe9r\xf4me"))
    study, warnings = read_study(path)
    assert study.patient.name.startswith("J")
    assert header.UNDECODABLE in warnings


def test_a_phantom_says_so(make: Make, read_study: Read) -> None:
    assert read_study(make(ramp(), QualityControlSubject="YES"))[0].phantom


def test_missing_and_broken_identifiers_are_made_from_the_content(make: Make, read_study: Read) -> None:
    study, warnings = read_study(make(ramp(), StudyInstanceUID=None, SeriesInstanceUID="../../x", SOPInstanceUID="1.2.3"))
    assert study.study_uid.startswith("2.25.")
    assert study.series[0].series_uid.startswith("2.25.")
    assert study.series[0].series_uid != study.study_uid
    assert study.series[0].images[0].sop_instance_uid == "1.2.3"
    assert warnings == (grouping.NEW_STUDY, NO_SERIES_UID)


def test_the_instance_identifier_may_stand_in_the_meta_information_alone(make: Make, read_study: Read) -> None:
    study, _ = read_study(make(ramp(), SOPInstanceUID=None))
    assert study.series[0].images[0].sop_instance_uid == "1.2.3"


def test_warnings_reach_the_images_too(make: Make, read_study: Read) -> None:
    study, warnings = read_study(make(ramp(), SOPClassUID=CT, Modality="MR"))
    assert warnings == (refusals.WRONG_MODALITY,)
    assert study.series[0].images[0].warnings == warnings
    assert read_study(make(ramp(), Modality=None))[1] == (refusals.NO_MODALITY,)


def test_a_body_part_may_be_a_code(make: Make, read_study: Read) -> None:
    region = Dataset()
    region.CodeMeaning = "Knee joint"
    assert read_study(make(ramp(), AnatomicRegionSequence=[region]))[0].series[0].body_part == "KNEE"


@pytest.mark.parametrize("cut", [132, 0])
def test_files_without_preamble_or_meta_information(make: Make, read_study: Read, cut: int) -> None:
    path = make(ramp(), ImplicitVRLittleEndian)
    octets = path.read_bytes()
    start = octets.index(b"\x08\x00\x16\x00")
    path.write_bytes(octets[cut:] if cut else octets[start:])
    study, warnings = read_study(path)
    assert np.array_equal(study.series[0].images[0].stored, ramp())
    assert warnings == (() if cut else (dicom.ASSUMED_SYNTAX,))


def functional_groups(position: float) -> Dataset:
    group, place, rescale, window = Dataset(), Dataset(), Dataset(), Dataset()
    place.ImagePositionPatient = [0, 0, position]
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 2, position, "HU"
    window.WindowCenter, window.WindowWidth = 40 + position, 400
    group.PlanePositionSequence = Items([place])
    group.PixelValueTransformationSequence = Items([rescale])
    group.FrameVOILUTSequence = Items([window])
    return group


def test_frames_of_an_enhanced_image_have_their_own_geometry(make: Make, read_study: Read) -> None:
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.6]
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Items([measures]), Items([orientation])
    study, warnings = read_study(
        make(
            np.stack([ramp(), ramp()]),
            NumberOfFrames=2,
            Modality="CT",
            SOPClassUID=STORAGE + "2.1",
            SharedFunctionalGroupsSequence=[shared],
            PerFrameFunctionalGroupsSequence=[functional_groups(10.0), functional_groups(5.0)],
        )
    )
    first, second = study.series[0].images
    assert (first.position, second.position) == ((0, 0, 10), (0, 0, 5))
    assert (first.slope, first.intercept, second.intercept, first.units) == (2, 10, 5, "HU")
    assert (first.windows[0].centre, second.windows[0].centre) == (50, 45)
    assert first.pixel_spacing == (0.5, 0.6)
    assert first.orientation == ("R", "A", "L", "P")
    assert warnings == ()


@pytest.mark.parametrize(
    ("uid", "pixels", "words"),
    [
        (STORAGE + "88.33", False, "structured report"),
        (STORAGE + "104.1", False, "document"),
        (STORAGE + "9.1.1", False, "waveform"),
        (STORAGE + "481.3", False, "radiotherapy structures"),
        (STORAGE + "481.5", False, "radiotherapy plan"),
        (STORAGE + "66.4", True, "segmentation"),
        (STORAGE + "77.1.6", True, "microscopy"),
        (STORAGE + "11.1", False, "presentation state"),
        (STORAGE + "88.59", False, "note about images"),
        (STORAGE + "2", False, r"no pixel data \(CT Image Storage\)"),
    ],
)
def test_what_is_no_film_is_called_by_its_name(make: Make, read_study: Read, uid: str, pixels: bool, words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        read_study(make(ramp() if pixels else None, SOPClassUID=uid))


def test_a_disc_index_is_told_apart(make: Make, read_study: Read) -> None:
    with pytest.raises(DiscIndex, match="DICOMDIR"):
        read_study(make(None, SOPClassUID="1.2.840.10008.1.3.10"))
    _, warnings = read_study(make(ramp(), SOPClassUID="1.2.840.10008.1.3.10"))
    assert warnings == (refusals.ODD_CLASS,)


def test_a_file_cut_in_its_pixels_says_so(make: Make, read_study: Read) -> None:
    path = make(ramp(), "1.2.840.10008.1.2.4.80", frames=[b"\xff\xd8" + b"\1" * 400])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(NotReadable, match="incomplete"):
        read_study(path)


def test_values_that_cannot_be_read_are_left_out_with_a_warning(make: Make, read_study: Read) -> None:
    path = make(ramp(), WindowCenter="1111", WindowWidth="2222")
    path.write_bytes(path.read_bytes().replace(b"1111", b"1.x1"))
    study, warnings = read_study(path)
    assert study.series[0].images[0].windows == ()
    assert warnings == (header.UNREADABLE,)


def test_a_number_of_frames_that_is_none_is_refused(make: Make, read_study: Read) -> None:
    path = make(ramp(), NumberOfFrames="1111")
    path.write_bytes(path.read_bytes().replace(b"1111", b"1A  "))
    with pytest.raises(NotReadable, match=r"NumberOfFrames \(0028,0008\)"):
        read_study(path)


def test_a_sequence_of_far_too_many_items_is_refused_before_it_is_parsed(make: Make, read_study: Read) -> None:
    path = make(ramp(), PatientID="X" * 8)
    octets = path.read_bytes()
    at = octets.index(b"\x28\x00\x02\x00US")  # before Samples per Pixel; a sequence of known length goes in there
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * (ITEMS + 1)
    sequence = b"\x28\x00\x00\x30SQ\0\0" + len(items).to_bytes(4, "little") + items
    path.write_bytes(octets[:at] + sequence + octets[at:])
    with pytest.raises(TooLarge, match="far more elements"):
        read_study(path)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"FrameOfReferenceUID": "1.2.840.9.1", "SOPClassUID": CT, "Modality": "CT"}, ("1.2.840.9.1", CT)),
        ({"FrameOfReferenceUID": " 1.2.840.9.1\0"}, ("1.2.840.9.1", DX)),
        ({"FrameOfReferenceUID": "no uid <script>"}, ("", DX)),
        ({"FrameOfReferenceUID": None, "SOPClassUID": None}, ("", CT)),  # the file meta information has the class
        ({"FrameOfReferenceUID": "1" * 65}, ("", DX)),
    ],
)
def test_frame_of_reference_and_class_are_read(
    make: Make, read_study: Read, elements: dict[str, Any], expected: tuple[str, str]
) -> None:
    image = read_study(make(ramp(), **elements))[0].series[0].images[0]
    assert (image.frame_of_reference_uid, image.sop_class_uid) == expected
