"""Pixels that go through a file: the same on both sides, and in neither's memory."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.ingest import sheet
from app.ingest.sheet import Sheet, Stored
from tests.ingest.conftest import ramp


@pytest.mark.parametrize("kind", ["<u2", ">u2", "<i2", ">i2"])
def test_what_is_kept_comes_back_on_both_sides(tmp_path: Path, kind: str) -> None:
    frames: list[Stored] = [ramp(top=top).astype(kind) - (300 if "i" in kind else 0) for top in (90, 2000, 4095)]
    with Sheet(tmp_path / "pixels") as made:
        kept = [made.keep(frame, 3) for frame in frames]
    there = sheet.mapped(tmp_path / "pixels")
    assert not (tmp_path / "pixels").exists()
    for number, (frame, again) in enumerate(zip(frames, kept, strict=True)):
        assert np.array_equal(frame, again)
        assert not again.flags.writeable
        mine = there[number * frame.size : (number + 1) * frame.size].view(kind.replace(">", "<")).reshape(frame.shape)
        assert np.array_equal(frame, mine)


def test_a_file_is_made_and_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "pixels").write_text("mine")
    with pytest.raises(FileExistsError):
        Sheet(tmp_path / "pixels")


def test_no_file_and_half_a_value_are_no_pixels(tmp_path: Path) -> None:
    for octets in (None, b"", b"abc"):
        if octets is not None:
            (tmp_path / "pixels").write_bytes(octets)
        with pytest.raises(ValueError, match=r"pixels|empty|multiple"):
            sheet.mapped(tmp_path / "pixels")


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from app.ingest.sheet import Sheet
from app.ingest.decoder_child import _fault
from app.ingest.limits import Limits
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    with Sheet(Path(sys.argv[1])) as made:
        made.keep(np.zeros((40, 50), np.uint16), 2)
except OSError as error:
    print(_fault(error, Limits(1, 1, 1, 1)))
"""


def test_a_disk_that_takes_no_more_is_not_the_files_fault(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-c", FULL, tmp_path / "pixels"], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "{'disk': 27}"


def test_neither_side_holds_what_it_does_not_look_at(tmp_path: Path) -> None:
    frame = np.full((2000, 2000), 7, np.uint16)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Sheet(tmp_path / "pixels") as made:
        kept = [made.keep(frame, 60) for _ in range(60)]
    there = sheet.mapped(tmp_path / "pixels")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert (there.nbytes, kept[-1][-1, -1], there[-1]) == (480_000_000, 7, 7)
    assert grown < 50
