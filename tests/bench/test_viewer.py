"""The viewer's benchmark: its film, its clock, its figures; the measurement itself needs a quiet machine and a browser."""

import io

import numpy as np
import pydicom

from app.bench import viewer
from app.bench.figures import Figure


def test_the_film_has_the_size_that_is_promised_and_detail_in_every_pixel() -> None:
    pixels = pydicom.dcmread(io.BytesIO(viewer.film())).pixel_array
    assert pixels.shape == (viewer.SIZE, viewer.SIZE)
    assert np.mean(pixels[1000:1500, 1000:1500] != pixels[1000:1500, 1001:1501]) > 0.9


def test_no_browser_of_ours_has_taken_no_time() -> None:
    assert viewer.spent() == 0.0


def test_frames_and_short_times_are_readable() -> None:
    assert Figure("dragging", "frames/s", (41.26,)).text() == "41.3 frames/s"
    assert Figure("redraw", "s", (0.0021,)).text() == "2.1 ms"
