"""An exam through its network: which stacks it reads, one answer, maps of every plane, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.domain import Image, Patient, Series, Study, frozen
from app.errors import InputError, NotFound
from app.exam import FINDINGS, ExamPrediction, StackExplanation, StackKey
from app.examining import exam_stacks, examine
from app.phantoms import knee
from app.stacks import Correction
from tests.exams import write_exam_network


def study(weightings: Mapping[str, str] | None = None) -> Study:
    """A drawn exam as the ingest gives it: three series with their geometry."""
    phantom = knee.draw(3, ["ACL discontinuity"], size=64, slices=20)
    series = []
    for number, stack in enumerate(phantom.stacks, start=1):
        normal = np.cross(stack.axes[:3], stack.axes[3:])
        images = []
        for index, pixels in enumerate(stack.pixels):
            place = np.array(stack.position) + index * stack.between * normal
            position = (float(place[0]), float(place[1]), float(place[2]))
            uid = f"1.2.{number}.{index + 1}"
            images.append(Image(uid, 1, frozen(pixels), pixel_spacing=stack.spacing, position=position, axes=stack.axes))
        told = (weightings or {}).get(stack.plane, stack.weighting)
        series.append(Series(f"1.2.{number}", "MR", tuple(images), body_part="KNEE", weighting=told))
    return Study("1.2", Patient(), tuple(series), phantom=True)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    write_exam_network(tmp_path)
    return Loaded(Registry(tmp_path), "cpu")


def test_an_exam_has_one_answer_and_a_map_per_plane_and_method(loaded: Loaded) -> None:
    exam = study()
    prediction, *maps = examine(exam, loaded)
    assert isinstance(prediction, ExamPrediction)
    assert [answer.plane for answer in prediction.planes] == ["sagittal", "coronal", "axial"]
    assert len(maps) == 3 * 5
    top = prediction.top().finding
    for found in maps:
        assert isinstance(found, StackExplanation)
        assert found.finding == top
        assert len(found.values) == 20
        series = next(series for series in exam.series if series.series_uid == found.stack.series_uid)
        assert (found.extent.right, found.extent.bottom) == series.images[0].stored.shape
    told = [found for found in maps if isinstance(found, StackExplanation)]
    for plane in ("sagittal", "coronal", "axial"):
        cam, lrp = (next(m for m in told if m.plane == plane and m.method == name) for name in ("cam", "lrp"))
        answer = next(answer for answer in prediction.planes if answer.plane == plane)
        row = FINDINGS.index(top)
        assert cam.values.mean((1, 2)) == pytest.approx(answer.slice_scores[row], rel=1e-3, abs=1e-5)
        assert lrp.total == pytest.approx(sum(answer.slice_scores[row]), rel=1e-3)
        assert lrp.conservation_error is not None
        assert lrp.conservation_error < 5e-3  # ε takes a little where sums of random weights nearly vanish


def test_a_finding_and_methods_are_chosen_by_name(loaded: Loaded) -> None:
    _, *maps = examine(study(), loaded, methods=["cam"], findings="meniscal tear")
    assert {(m.method, m.finding) for m in maps} == {("cam", "meniscal tear")}  # type: ignore[union-attr]
    assert len(list(examine(study(), loaded, methods=[], findings="all"))) == 1
    with pytest.raises(InputError, match="knows no finding called “shoe”"):
        next(examine(study(), loaded, findings="shoe"))
    with pytest.raises(NotFound):
        next(examine(study(), loaded, methods=["tea leaves"]))
    with pytest.raises(NotFound):
        next(examine(study(), loaded, model="nobody"))


def test_what_a_reader_corrects_is_what_is_read(loaded: Loaded) -> None:
    exam = study()
    read = exam_stacks(exam, loaded.registry)
    assert read is not None
    assert list(read[1]) == ["sagittal", "coronal", "axial"]
    without = exam_stacks(exam, loaded.registry, corrections=[Correction(StackKey("1.2.2"), used=False)])
    assert without is not None
    assert list(without[1]) == ["sagittal", "axial"]
    prediction = next(examine(exam, loaded, corrections=[Correction(StackKey("1.2.2"), used=False)], methods=[]))
    assert isinstance(prediction, ExamPrediction)
    assert prediction.missing == ("coronal",)


def test_localizers_and_other_parts_of_the_body_are_left_alone(loaded: Loaded) -> None:
    exam = study()
    scouts = replace(exam, series=tuple(replace(series, localizer=True) for series in exam.series))
    assert exam_stacks(scouts, loaded.registry) is None
    assert list(examine(scouts, loaded)) == []
    heads = replace(exam, series=tuple(replace(series, body_part="HEAD") for series in exam.series))
    assert exam_stacks(heads, loaded.registry) is None
    films = replace(exam, series=tuple(replace(series, modality="DX") for series in exam.series))
    assert exam_stacks(films, loaded.registry) is None


def test_a_network_of_films_reads_no_exam(tmp_path: Path) -> None:
    from tests.networks import write_network

    write_network(tmp_path, "chest-test")
    registry = Registry(tmp_path)
    assert exam_stacks(study(), registry) is None
    with pytest.raises(InputError, match="reads films"):
        exam_stacks(study(), registry, "chest-test")
