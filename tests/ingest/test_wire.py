"""A study survives the way between the processes."""

import json
from dataclasses import fields

import numpy as np
import pytest

from app.domain import Image, Patient, Series, Study, VoiLut, Window
from app.ingest import wire
from app.ingest.limits import TABLES


def test_a_study_comes_back_the_same() -> None:
    lut = VoiLut(-5, 12, np.arange(9, dtype=np.uint16), "soft")
    first = Image(
        "1.2", 1, np.arange(-300, 300, dtype=np.int16).reshape(20, 30), slope=0.1, intercept=-1024.0, units="HU",
        photometric="MONOCHROME1", windows=(Window(40, 400, "SIGMOID", "soft"),), voi_lut=lut, pixel_spacing=(0.5, 0.6),
        spacing_kind="calibrated", orientation=("R", "A", "L", "P"), position=(1.0, 2.0, 3.0), axes=(1, 0, 0, 0, 1, 0),
        warnings=("a",), instance_number=7, frame_of_reference_uid="1.2.3", sop_class_uid="1.2.4",
    )  # fmt: skip
    second = Image("1.2", 2, np.full((16, 17), 65535, np.uint16))
    study = Study(
        "1",
        Patient("홍 길동", "P", "1970-01-01", "F"),
        (Series("1.1", "CT", (first, second), "CHEST"),),
        "2026-01-01",
        phantom=True,
    )
    message, buffers = wire.study_message(study)
    octets = [bytes(buffer) for buffer in buffers]
    pixels = np.concatenate([image.stored.reshape(-1).view(np.uint16) for image in (first, second)])
    again = wire.study_of(json.loads(json.dumps(message)), octets, pixels)
    assert (again.study_uid, again.patient, again.date, again.phantom) == ("1", study.patient, "2026-01-01", True)
    for sent, got in zip((first, second), again.series[0].images, strict=True):
        assert np.array_equal(sent.stored, got.stored)
        assert got.stored.dtype == sent.stored.dtype
        assert not got.stored.flags.writeable
        for field in fields(Image):
            if field.name not in ("stored", "voi_lut"):
                assert getattr(sent, field.name) == getattr(got, field.name), field.name
    received = again.series[0].images[0].voi_lut
    assert received is not None
    assert (received.first, received.bits, received.label, received.data.tolist()) == (-5, 12, "soft", list(range(9)))


@pytest.mark.parametrize("size", [16 * 17 - 1, 16 * 17 + 1])
def test_more_or_fewer_pixels_than_images_are_no_message(size: int) -> None:
    study = Study("1", Patient(), (Series("1.1", "CT", (Image("1.2", 1, np.zeros((16, 17), np.uint16)),)),))
    message, buffers = wire.study_message(study)
    with pytest.raises(ValueError, match=r"pixels|reshape"):
        wire.study_of(message, buffers, np.zeros(size, np.uint16))


def test_a_message_has_a_longest_length() -> None:
    with pytest.raises(wire.TooLong):
        wire.packed({"text": "x" * wire.JSON_MOST})
    with pytest.raises(wire.TooLong):
        wire.packed({}, [b"", bytes(TABLES + 1)])
    assert len(wire.packed({}, [b"", bytes(TABLES)])) == 3
