"""What the command line names is found, counted and read in order; what cannot be read is said and is in nobody's way."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from app.analysis.sources import Found, Opened, Passed, Refused, Sources
from app.config import Settings
from app.errors import InputError
from app.phantoms import chest, dicom


@pytest.fixture(scope="module")
def phantom() -> bytes:
    return dicom.encode(chest.draw(7, ("Nodule",), size=64))


def png(path: Path, seed: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 30)).astype(np.uint8)).save(path)
    return path


def found(tmp_path: Path, settings: Settings, *names: Path, threads: int = 2) -> tuple[Sources, list[Found]]:
    (tmp_path / "unpacked").mkdir()
    sources = Sources([str(name) for name in names], settings, tmp_path / "out")
    return sources, list(sources.read(tmp_path / "unpacked", threads, lambda: False))


def told(of: list[Found], below: Path) -> list[str]:
    return [one.name.removeprefix(f"{below}/") for one in of if not isinstance(one, Passed)]


def test_files_come_in_order_though_several_are_read_at_once(tmp_path: Path, settings: Settings, phantom: bytes) -> None:
    for number in range(12):
        png(tmp_path / "films" / f"{number:02d}.png", number)
    with zipfile.ZipFile(tmp_path / "visit.zip", "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.dcm", phantom)
        archive.writestr("__MACOSX/._0.dcm", b"droppings")
    (tmp_path / "empty").mkdir()
    names = [tmp_path / "visit.zip", tmp_path / "films", tmp_path / "nowhere", tmp_path / "empty"]
    sources, of = found(tmp_path, settings, *names, threads=3)
    archived = [f"visit.zip/{number}.dcm" for number in range(5)]
    assert told(of, tmp_path) == [*archived, *(f"films/{number:02d}.png" for number in range(12)), "nowhere"]
    passed = [one for one in of if isinstance(one, Passed)]
    assert [one.source for one in passed if one.source] == [str(name) for name in names]
    assert sources.files == sum(one.files for one in passed) == 5 + 12 + 1
    assert list((tmp_path / "unpacked").iterdir()) == [], "members of archives go once they are read"


def test_results_of_an_earlier_run_are_no_films(tmp_path: Path, settings: Settings) -> None:
    png(tmp_path / "film.png")
    png(tmp_path / "out" / "0000-film-cam-Mass.png")
    _, of = found(tmp_path, settings, tmp_path)
    assert told(of, tmp_path) == ["film.png"]
    with pytest.raises(InputError, match="which is to be analysed itself"):
        Sources([str(tmp_path / "out")], settings, tmp_path / "out")


def test_what_cannot_be_read_to_its_end_is_said(tmp_path: Path, settings: Settings) -> None:
    """A file that opens and then fails, as on a network share that went away; a pipe nobody writes to; a link to nothing."""
    folder = tmp_path / "in"
    png(folder / "z.png")
    (folder / "a.dcm").symlink_to("/proc/self/mem")
    os.mkfifo(folder / "b.dcm")
    (folder / "c.dcm").symlink_to(folder / "gone")
    _, of = found(tmp_path, settings, folder)
    refused = {Path(one.name).name: one.reason for one in of if isinstance(one, Refused)}
    assert refused == {
        "a.dcm": "It cannot be read: Input/output error.",
        "b.dcm": "It cannot be read: it is no file.",
        "c.dcm": "It cannot be read: No such file or directory.",
    }
    assert [Path(one.name).name for one in of if isinstance(one, Opened)] == ["z.png"]


def test_nothing_more_comes_once_it_is_stopped(tmp_path: Path, settings: Settings) -> None:
    for number in range(12):
        png(tmp_path / "films" / f"{number:02d}.png", number)
    (tmp_path / "unpacked").mkdir()
    seen: list[Found] = []
    for one in Sources([str(tmp_path / "films")], settings, tmp_path / "out").read(
        tmp_path / "unpacked", 2, lambda: len(seen) >= 3
    ):
        seen.append(one)
    assert len(seen) == 3
