"""PNG and JPEG films."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.domain import Study
from app.errors import NotReadable, TooLarge
from app.ingest import film_image, identity
from app.ingest.layout import COLOUR
from app.ingest.limits import Limits
from tests.ingest.conftest import LIMITS, ramp

SHA = "cd" * 32


def read(path: Path, limits: Limits = LIMITS) -> tuple[Study, tuple[str, ...]]:
    return film_image.study(path, SHA, limits)


@pytest.mark.parametrize(("top", "suffix", "windows"), [(255, "png", 1), (65535, "png", 0)])
def test_grey_films_keep_their_values(tmp_path: Path, top: int, suffix: str, windows: int) -> None:
    values = ramp(top=top).astype(np.uint8 if top == 255 else np.uint16)
    path = tmp_path / f"film.{suffix}"
    Image.fromarray(values).save(path)
    study, warnings = read(path)
    (series,) = study.series
    (image,) = series.images
    assert np.array_equal(image.stored, values)
    assert image.stored.dtype == np.uint16
    assert len(image.windows) == windows
    assert (series.source, series.modality, image.pixel_spacing, image.orientation) == (
        "film image",
        "",
        None,
        ("", "", "", ""),
    )
    assert warnings == (film_image.NOT_DICOM,)
    assert study.study_uid == identity.generated(SHA)


def test_jpeg_films_are_close(tmp_path: Path) -> None:
    Image.fromarray(ramp(top=255).astype(np.uint8)).save(tmp_path / "film.jpg", quality=95)
    study, _ = read(tmp_path / "film.jpg")
    assert np.abs(study.series[0].images[0].stored - ramp(top=255).astype(float)).max() < 8


def test_colour_films_show_their_luminance_with_a_warning(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (200, 100, 50)).save(tmp_path / "film.png")
    study, warnings = read(tmp_path / "film.png")
    assert study.series[0].images[0].stored[0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert warnings == (film_image.NOT_DICOM, COLOUR)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_grey_films_saved_as_colour_lose_nothing(tmp_path: Path, mode: str) -> None:
    Image.fromarray(ramp(top=255).astype(np.uint8)).convert(mode).save(tmp_path / "film.png")
    study, warnings = read(tmp_path / "film.png")
    assert np.array_equal(study.series[0].images[0].stored, ramp(top=255))
    assert warnings == (film_image.NOT_DICOM,)


def test_a_photographed_film_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ramp(20, 40, 255).astype(np.uint8)).save(tmp_path / "film.jpg", exif=exif)
    study, warnings = read(tmp_path / "film.jpg")
    assert study.series[0].images[0].stored.shape == (40, 20)
    assert film_image.TURNED in warnings


@pytest.mark.parametrize(("size", "error", "words"), [((15, 90), NotReadable, "15 × 90"), ((90, 80), TooLarge, "90 × 80")])
def test_sizes_are_checked(tmp_path: Path, size: tuple[int, int], error: Any, words: str) -> None:
    Image.new("L", size).save(tmp_path / "film.png")
    with pytest.raises(error, match=words):
        read(tmp_path / "film.png", Limits(pixels=4000, octets=2**20, seconds=1, memory=2**30))


@pytest.mark.parametrize(("suffix", "keep"), [("png", 0.5), ("jpg", 0.5), ("png", 0.02), ("jpg", 0.01)])
def test_a_truncated_film_is_refused(tmp_path: Path, suffix: str, keep: float) -> None:
    path = tmp_path / f"film.{suffix}"
    noise = np.random.default_rng(1).integers(0, 255, (90, 90)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(NotReadable):
        read(path)


def test_what_decodes_to_too_much_is_refused(tmp_path: Path) -> None:
    limits = Limits(pixels=10**8, octets=2**20, seconds=9, memory=2**31)
    Image.new("L", (800, 700)).save(tmp_path / "film.png")
    with pytest.raises(TooLarge, match="more than 1 MB"):
        read(tmp_path / "film.png", limits)
    Image.new("L", (5000, 4000)).save(tmp_path / "film.png")
    with pytest.raises(TooLarge, match="500 times"):
        read(tmp_path / "film.png", replace(limits, octets=2**30))
