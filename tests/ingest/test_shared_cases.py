"""The shared cases of films that were read wrongly: each as its picture and its README say, where they are there."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from app.config import Settings
from app.domain import Image
from app.grey import grey, window_for
from app.ingest import Accepted, charset, greyscale, padding, pixels, presentation, read
from app.ingest.dicom import UNDELIMITED
from app.ingest.header import UNREADABLE

STEPS, LOSSY_STEPS = 2, 4
REMARKS = {
    "c_lossy12_bitsstored10": pixels.BEYOND,
    "cs_kr_iso_ir_149": charset.GUESSED,
    "cs_kr_none": charset.GUESSED,
    "f_MONOCHROME2_INVERSE": presentation.CONTRADICTIONS["INVERSE", "MONOCHROME2"],
    "g_padding_mono1_65535": padding.PADDED,
    "j_voilut_says16_is12": greyscale.SHALLOW,
    "m_forprocessing": presentation.FOR_PROCESSING,
    "t_jpeg_nometa": pixels.NO_SYNTAX,
    "t_noseqdelim": UNDELIMITED,
    "u_comma_ds": UNREADABLE,
}


@pytest.fixture(scope="session")
def cases() -> Path:
    folder = Settings().data.parent / "cases" / "dicom"
    if not (folder / "README.md").is_file():
        pytest.skip(f"no shared cases at {folder}: set WHYLIGHT_DATA to run this test")
    return folder


def opened(path: Path, settings: Settings, workdir: Path) -> Accepted:
    (found,) = read(path, path.name, settings, workdir)
    assert isinstance(found, Accepted), found.error.sentence
    return found


def test_every_case_is_read_with_its_remark_and_has_its_picture(cases: Path, settings: Settings, workdir: Path) -> None:
    paths = sorted(cases.glob("*.dcm"))
    assert len(paths) >= 19
    wrong = []
    for path in paths:
        found = opened(path, settings, workdir)
        image = found.study.series[0].images[0]
        picture = path.with_suffix(".expected.png")
        if picture.is_file():
            wanted = np.asarray(PIL.Image.open(picture), np.float32)
            lossy = presentation.COMPRESSED in found.warnings
            off = float(np.abs(grey(image) * 255 - wanted).max())
            if off > (LOSSY_STEPS if lossy else STEPS):
                wrong.append(f"{path.name}: {off:.1f} steps off")
        if (remark := REMARKS.get(path.stem)) is not None and remark not in found.warnings:
            wrong.append(f"{path.name}: {found.warnings}")
    assert not wrong


def case(cases: Path, settings: Settings, workdir: Path, name: str) -> tuple[Accepted, Image]:
    found = opened(cases / f"{name}.dcm", settings, workdir)
    return found, found.study.series[0].images[0]


def test_the_cases_without_a_picture(cases: Path, settings: Settings, workdir: Path) -> None:
    filled, plain = (case(cases, settings, workdir, name)[1].stored for name in ("b_jpeg_ff_fill", "b_jpeg_plain"))
    assert np.array_equal(filled, plain)
    for name in ("cs_kr_iso_ir_149", "cs_kr_none"):
        assert case(cases, settings, workdir, name)[0].study.patient.name == "홍 길동"
    _, inverse = case(cases, settings, workdir, "f_MONOCHROME2_INVERSE")
    low, high = np.unravel_index([inverse.stored.argmin(), inverse.stored.argmax()], inverse.stored.shape)
    assert grey(inverse)[low[0], high[0]] > grey(inverse)[low[1], high[1]]
    _, padded = case(cases, settings, workdir, "g_padding_mono1_65535")
    assert 0.5 < (grey(padded) == 0).mean() < 0.62
    assert window_for(padded).width < 4096
    assert case(cases, settings, workdir, "n_aspect_1_2")[1].tall == 0.5
    _, comma = case(cases, settings, workdir, "u_comma_ds")
    assert comma.windows == ()
