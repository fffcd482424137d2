"""The viewer's benchmark: its film, its clock, its figures; the measurement itself needs a quiet machine and a browser."""

import io
import subprocess
import sys

import numpy as np
import pydicom

from app.bench import viewer
from app.bench.figures import Figure
from app.config import ROOT


def test_the_film_has_the_size_that_is_promised_and_detail_in_every_pixel() -> None:
    pixels = pydicom.dcmread(io.BytesIO(viewer.film())).pixel_array
    assert pixels.shape == (viewer.SIZE, viewer.SIZE)
    assert np.mean(pixels[1000:1500, 1000:1500] != pixels[1000:1500, 1001:1501]) > 0.9


def test_no_browser_of_ours_has_taken_no_time() -> None:
    """Asked in a process of its own: that of the tests may have a browser."""
    program = "from app.bench import viewer; print(viewer.spent())"
    asked = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout == "0.0\n"


def test_frames_and_short_times_are_readable() -> None:
    assert Figure("dragging", "frames/s", (41.26,)).text() == "41.3 frames/s"
    assert Figure("redraw", "s", (0.0021,)).text() == "2.1 ms"
