"""Films whose headers say nothing, or the wrong thing: the guard of the network that comes along decides from pixels."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from app.classifiers.loading import Loaded
from app.classifiers.reasons import UNNAMED
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Answer, Image, Inspection, Patient, Series, Study, Window, frozen
from app.ingest import Accepted
from app.ingest import read as taken
from app.phantoms import chest
from app.reading import read, readings
from app.training import laterals, nonfilms


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return Loaded(Registry(Settings().models), "cpu")


def study(grey: NDArray[np.generic], body_part: str = "") -> Study:
    image = Image("1.2", 1, frozen(grey.astype(np.uint16)), windows=(Window(128, 256),))
    return Study("1", Patient(), (Series("1", "DX", (image,), body_part=body_part),))


def said(of: Study, loaded: Loaded) -> tuple[Inspection, Answer | None]:
    found = list(read(readings(of, loaded.registry), loaded, methods=[]))
    assert isinstance(found[0], Inspection)
    answer = found[1] if len(found) > 1 else None
    assert answer is None or isinstance(answer, Answer)
    return found[0], answer


def film(seed: int) -> NDArray[np.uint8]:
    return (chest.draw(seed, size=256, marker=False).pixels / 16).astype(np.uint8)


def test_a_chest_film_that_says_nothing_is_read_with_the_guards_word(loaded: Loaded) -> None:
    inspection, answer = said(study(film(3)), loaded)
    assert inspection.verdict == "ok"
    assert UNNAMED in inspection.remarks
    assert answer is not None
    told, _ = said(study(film(3), "TORAX"), loaded)
    assert UNNAMED not in told.remarks


@pytest.mark.parametrize("body_part", ["", "CHEST"])
def test_a_hand_and_a_lateral_are_refused_whatever_their_header_says(loaded: Loaded, body_part: str) -> None:
    hand = np.clip(nonfilms.limb(np.random.default_rng([99, 3])), 0, 1) * 255
    lateral = np.kron(laterals.small(9_900, 4), np.ones((2, 2), np.uint8))
    for picture in (hand, lateral):
        inspection, answer = said(study(picture, body_part), loaded)
        assert inspection.verdict == "refused"
        assert answer is None


def test_a_hand_that_says_so_is_asked_of_nobody(loaded: Loaded) -> None:
    assert readings(study(film(3), "HAND"), loaded.registry) == ()
    (one,) = readings(study(film(3), "HAND"), loaded.registry, "chest-compact")
    assert not one.unnamed


def test_a_real_film_with_every_description_empty_is_read(real_data: Path, tmp_path: Path, loaded: Loaded) -> None:
    ds = pydicom.dcmread(real_data / "chest" / "dicom" / "pa_jpeg_baseline.dcm")
    for keyword in ("BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName", "ViewPosition"):
        if keyword in ds:
            setattr(ds, keyword, "")
    ds.save_as(tmp_path / "film.dcm")
    (found,) = taken(tmp_path / "film.dcm", "film.dcm", Settings(), tmp_path)
    assert isinstance(found, Accepted)
    inspection, answer = said(found.study, loaded)
    assert inspection.verdict in ("ok", "warned")
    assert UNNAMED in inspection.remarks
    assert answer is not None


@pytest.mark.parametrize("name", ["bodypart_empty", "bodypart_TORAX", "bodypart_RIB_desc"])
def test_a_shared_case_that_may_be_a_chest_is_asked_and_refused_for_its_pixels(
    name: str, tmp_path: Path, loaded: Loaded
) -> None:
    path = Settings().data.parent / "cases" / "dicom" / f"{name}.dcm"
    if not path.is_file():
        pytest.skip(f"no shared cases at {path.parent}: set WHYLIGHT_DATA to run this test")
    (found,) = taken(path, path.name, Settings(), tmp_path)
    assert isinstance(found, Accepted)
    inspection, answer = said(found.study, loaded)
    assert inspection.verdict != "ok"
    assert inspection.reasons
    assert (answer is None) == (inspection.verdict == "refused")
