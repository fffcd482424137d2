"""A file of many frames on its way into the store: never more than a frame or so of it in the process that serves."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.ingest.conftest import Make, make, ramp

__all__ = ["make"]

STAGED = """
import resource, sys
from pathlib import Path
from app import ingest
from app.config import Settings
from app.store import Store

folder, settings = Path(sys.argv[1]), Settings(var=Path(sys.argv[1]) / "var")
store = Store.open(settings)
for name in sys.argv[2:]:  # the small one first: with what everything needs
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (found,) = ingest.read(Path(name), name, settings, folder)
    staged = store.stage(found.study, found.name, found.path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
print(len(staged.images), found.decoded, grown, *(path.name for path in folder.iterdir()))
"""


def test_a_file_of_many_frames_is_staged_frame_by_frame(make: Make, tmp_path: Path) -> None:
    frame = np.full((2000, 2000), 1000, np.uint16)
    runs = b"".join(bytes([129, octet]) * -(-frame.size // 128) for octet in (1000 >> 8, 1000 & 255))
    half = len(runs) // 2
    packed = np.array([2, 64, 64 + half, *([0] * 13)], "<u4").tobytes() + runs
    film = make(frame, "1.2.840.10008.1.2.5", frames=[packed] * 36, NumberOfFrames=36)
    work = tmp_path / "work"
    work.mkdir()
    command: list[str | Path] = [sys.executable, "-c", STAGED, work, make(ramp()), film]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert told[:2] == ["36", str(36 * frame.nbytes)]
    assert int(told[2]) < 60  # in MB, of 288
    assert told[3:] == ["var"]
