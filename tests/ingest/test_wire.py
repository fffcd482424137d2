"""A study survives the way between the processes."""

import json
from dataclasses import fields

import numpy as np

from app.domain import Image, Patient, Series, Study, VoiLut, Window
from app.ingest import wire


def test_a_study_comes_back_the_same() -> None:
    lut = VoiLut(-5, 12, np.arange(9, dtype=np.uint16), "soft")
    first = Image(
        "1.2", 1, np.arange(-300, 300, dtype=np.int16).reshape(20, 30), slope=0.1, intercept=-1024.0, units="HU",
        photometric="MONOCHROME1", windows=(Window(40, 400, "SIGMOID", "soft"),), voi_lut=lut, pixel_spacing=(0.5, 0.6),
        spacing_kind="calibrated", orientation=("R", "A", "L", "P"), position=(1.0, 2.0, 3.0), axes=(1, 0, 0, 0, 1, 0),
        warnings=("a",), instance_number=7,
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
    again = wire.study_of(json.loads(json.dumps(message)), octets)
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
