"""The viewer's benchmark: its film, its clock, its figures; the measurement itself needs a quiet machine and a browser."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from app.bench import viewer
from app.bench.cli import main
from app.bench.figures import Figure
from app.config import ROOT
from app.errors import AppError
from app.product import Product


def test_the_film_has_the_size_that_is_promised_and_detail_in_every_pixel() -> None:
    pixels = pydicom.dcmread(io.BytesIO(viewer.film())).pixel_array
    assert pixels.shape == (viewer.SIZE, viewer.SIZE)
    assert np.mean(pixels[1000:1500, 1000:1500] != pixels[1000:1500, 1001:1501]) > 0.9


def test_no_browser_of_ours_has_taken_no_time() -> None:
    """Asked in a process of its own: that of the tests may have a browser."""
    program = "from app.bench import viewer; print(viewer.spent())"
    asked = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout == "0.0\n"


def test_two_products_are_measured_in_turn_and_put_beside_one_another() -> None:
    told: list[str] = []

    def frames(name: str, *rates: float) -> Callable[[], Iterator[Figure]]:
        left = iter(rates)

        def measured() -> Iterator[Figure]:
            told.append(name)
            yield Figure("dragging", "frames/s", (next(left),))

        return measured

    here, there, ratio = viewer.in_turn([frames("here", 30.0, 45.0, 40.0), frames("there", 20.0, 50.0, 40.0)], 3)
    assert told == ["here", "there", "there", "here", "here", "there"]
    assert (here.samples, there.samples) == ((30.0, 45.0, 40.0), (20.0, 50.0, 40.0))
    assert (ratio.name, ratio.unit, ratio.samples) == ("dragging ÷ the other checkout's", "×", (1.5, 0.9, 1.0))


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["viewer", "--beside", str(tmp_path)])
    assert "is no checkout of the product" in capsys.readouterr().err


def test_the_product_of_another_checkout_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("print('another product')\n")
    with pytest.raises(AppError, match="another product"), Product(tmp_path / "var", tmp_path):
        pass


def test_frames_and_short_times_are_readable() -> None:
    assert Figure("dragging", "frames/s", (41.26,)).text() == "41.3 frames/s"
    assert Figure("redraw", "s", (0.0021,)).text() == "2.1 ms"
