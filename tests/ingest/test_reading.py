"""The door: one file in, accepted or rejected out."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.config import Settings
from app.errors import TooLarge
from app.ingest import Accepted, Rejected, decoder, read
from tests.ingest.conftest import Make, ramp


def outcomes(path: Path, name: str, settings: Settings, workdir: Path) -> list[Accepted | Rejected]:
    return list(read(path, name, settings, workdir))


def test_a_dicom_file_is_accepted_with_its_study(make: Make, settings: Settings, workdir: Path) -> None:
    path = make(ramp())
    (found,) = outcomes(path, "folder\\film\x07.dcm", settings, workdir)
    assert isinstance(found, Accepted)
    assert (found.name, found.path, len(found.sha256)) == ("folder/film .dcm", path, 64)
    assert np.array_equal(found.study.series[0].images[0].stored, ramp())


def test_bad_files_are_rejected_with_their_reason(make: Make, settings: Settings, workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello there")
    (tmp_path / "nonsense").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 500)
    for path, words in (
        (tmp_path / "empty", "empty"),
        (tmp_path / "text", "text file"),
        (tmp_path / "nonsense", "no DICOM image|damaged"),
        (make(ramp(16, 16), Rows=1, Columns=1), "1 × 1 pixels is too small"),
        (make(None), "no pixel data"),
    ):
        (found,) = outcomes(path, path.name, settings, workdir)
        assert isinstance(found, Rejected)
        assert any(word in found.error.sentence for word in words.split("|")), found.error.sentence


def test_a_disc_index_is_mentioned_only_when_it_came_alone(make: Make, settings: Settings, workdir: Path) -> None:
    path = make(None, SOPClassUID="1.2.840.10008.1.3.10")
    (found,) = outcomes(path, "DICOMDIR", settings, workdir)
    assert isinstance(found, Rejected)
    assert "index of a disc" in found.error.sentence
    assert outcomes(path, "disc/DICOMDIR", settings, workdir) == []
    assert outcomes(path, ".DS_Store", settings, workdir) == []


def test_an_archive_yields_its_members(make: Make, settings: Settings, workdir: Path, tmp_path: Path) -> None:
    Image.fromarray(ramp(top=255).astype(np.uint8)).save(tmp_path / "film.png")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.write(make(ramp()), "a/1.dcm")
        archive.writestr("a/notes.txt", "hello there")
        archive.write(make(None, SOPClassUID="1.2.840.10008.1.3.10"), "DICOMDIR")
        archive.write(make(ramp(), Rows=None), "a/2.dcm")
        archive.write(tmp_path / "film.png", "b/film.png")
    found = outcomes(tmp_path / "study.zip", "study.zip", settings, workdir)
    assert [(each.name, type(each).__name__) for each in found] == [
        ("study.zip/a/1.dcm", "Accepted"),
        ("study.zip/a/notes.txt", "Rejected"),
        ("study.zip/a/2.dcm", "Rejected"),
        ("study.zip/b/film.png", "Accepted"),
    ]
    kept = {each.path for each in found if isinstance(each, Accepted)}
    assert set(workdir.iterdir()) == kept


def test_a_file_beyond_the_limit_is_not_opened(make: Make, workdir: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    path.write_bytes(make(ramp()).read_bytes() + bytes(2**20))
    (found,) = outcomes(path, "large.dcm", Settings(var=tmp_path, max_file_mb=1), workdir)
    assert isinstance(found, Rejected)
    assert isinstance(found.error, TooLarge)


def test_an_answer_that_makes_no_sense_is_a_rejection(
    make: Make, settings: Settings, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "decode", lambda *_: ({"study": {"nonsense": 1}, "warnings": []}, []))
    (found,) = outcomes(make(ramp()), "film.dcm", settings, workdir)
    assert isinstance(found, Rejected)


@pytest.mark.parametrize(
    ("name", "told"),
    [("a/b\\film 7.png", "film 7.png"), ("x" * 80 + ".png", "x" * 64), ("a\u202eb\n.png", "ab .png")],
)
def test_a_film_image_is_described_by_its_files_name(settings: Settings, tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / "1"
    Image.new("L", (40, 40), 7).save(path, "PNG")
    (found,) = read(path, name, settings, tmp_path)
    assert isinstance(found, Accepted)
    assert found.study.description == told
