"""What is read beside what a second reader makes of it: equal, remarked, or said to differ."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

from app.bench import cli, second_reader
from tests.ingest.conftest import data_set, ramp

FILM = ramp(32, 32, 4000)


def write(path: Path, ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> None:
    ds.ensure_file_meta()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.save_as(path, enforce_file_format=True)


def test_files_that_are_equal_and_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "plain.dcm", data_set(FILM, BitsStored=12))
    padded = FILM.copy()
    padded[:4] = 65535
    write(tmp_path / "padded.dcm", data_set(padded, PixelPaddingValue=65535))
    for name, syntax, stream in (
        ("ls.dcm", "1.2.840.10008.1.2.4.80", imagecodecs.jpegls_encode(FILM)),
        ("lossless.dcm", "1.2.840.10008.1.2.4.70", imagecodecs.jpeg8_encode(FILM, lossless=True, bitspersample=16)),
    ):
        ds = data_set(FILM, BitsStored=12)
        ds.PixelData = encapsulate([bytes(stream)])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        write(tmp_path / name, ds, syntax)
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    assert cli.main(["dicom", "--folder", str(tmp_path), "--every"]) == 0
    told = capsys.readouterr().out
    assert "3 equal, 1 equal but for padding, which is remarked; 4 files" in told
    assert "lossless.dcm: JPEG Lossless" in told


def test_values_that_differ_are_said() -> None:
    ds = data_set(FILM)
    ours = FILM[None].astype(np.int64)
    assert second_reader._outcome(ours, FILM[None] + 1, ds, ()).startswith("DIFFERS: up to 1")
    assert second_reader._outcome(ours, FILM[None, :16], ds, ()).startswith("DIFFERS")
    assert second_reader._outcome(ours, FILM[None] + 1, ds, ("… beyond Bits Stored …",)).startswith("remarked")
    assert second_reader._outcome(ours, FILM[None], ds, ()) == "equal"
