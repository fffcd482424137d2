"""An exam through its network: which stacks it reads, one answer, layers of every plane, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app import explainers
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.domain import KNEE_FINDINGS, Answer, Area, Edit, Image, Layer, Patient, Series, Study, frozen
from app.edits import apply_to_stack
from app.errors import InputError, NotFound
from app.explainers.trace import Trace, record
from app.phantoms import knee
from app.reading import Words, heard, read, readings, stages, what_if_exam
from app.stacks import Correction
from tests.exams import write_exam_network
from tests.films import image
from tests.networks import write_network


def study(weightings: Mapping[str, str] | None = None, *, phantom: bool = True, body_part: str = "KNEE") -> Study:
    """A drawn exam as the ingest gives it: three series with their geometry."""
    drawn = knee.draw(3, ["ACL discontinuity"], size=64, slices=20)
    series = []
    for number, stack in enumerate(drawn.stacks, start=1):
        normal = np.cross(stack.axes[:3], stack.axes[3:])
        images = []
        for index, pixels in enumerate(stack.pixels):
            place = np.array(stack.position) + index * stack.between * normal
            position = (float(place[0]), float(place[1]), float(place[2]))
            uid = f"1.2.{number}.{index + 1}"
            images.append(Image(uid, 1, frozen(pixels), pixel_spacing=stack.spacing, position=position, axes=stack.axes))
        weighting = (weightings or {}).get(stack.plane, stack.weighting)
        series.append(Series(f"1.2.{number}", "MR", tuple(images), body_part=body_part, weighting=weighting))
    return Study("1.2", Patient(), tuple(series), phantom=phantom)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    write_exam_network(tmp_path)
    return Loaded(Registry(tmp_path), "cpu")


def test_an_exam_has_one_answer_and_a_layer_per_stack_and_method(loaded: Loaded) -> None:
    exam = study()
    (reading,) = readings(exam, loaded.registry)
    assert reading.exam
    assert [stack.plane for stack in reading.stacks] == ["sagittal", "coronal", "axial"]
    assert [series for series, _ in reading.parts] == list(exam.series)
    answer, *layers = read([reading], loaded)
    assert isinstance(answer, Answer)
    assert [part.plane for part in answer.parts] == ["sagittal", "coronal", "axial"]
    assert answer.stacks == tuple(stack.fingerprint for stack in reading.stacks)
    assert len(layers) == 3 * 5
    top = answer.top().finding
    for layer in layers:
        assert isinstance(layer, Layer)
        assert layer.finding == top
        assert len(layer.values) == 20
        series = next(series for series, stack in reading.parts if stack.fingerprint == layer.stack)
        assert (layer.extent.drawn.right, layer.extent.drawn.bottom) == series.images[0].stored.shape
    told = [layer for layer in layers if isinstance(layer, Layer)]
    for part in answer.parts:
        cam, lrp = (next(one for one in told if one.stack == part.stack and one.method == name) for name in ("cam", "lrp"))
        scores = part.of_slices(top)
        assert cam.values.mean((1, 2)) == pytest.approx(scores, rel=1e-3, abs=1e-5)
        assert lrp.total == pytest.approx(sum(scores), rel=1e-3)
        assert lrp.conservation_error is not None
        assert lrp.conservation_error < 5e-3  # ε takes a little where sums of random weights nearly vanish


def test_a_finding_and_methods_are_chosen_by_name(loaded: Loaded) -> None:
    due = readings(study(), loaded.registry)
    _, *layers = read(due, loaded, methods=["cam"], findings="meniscal tear")
    assert {(one.method, one.finding) for one in layers if isinstance(one, Layer)} == {("cam", "meniscal tear")}
    assert len(layers) == 3
    assert len(list(read(due, loaded, methods=[], findings="all"))) == 1
    assert len(list(read(due, loaded, methods=["cam"], findings="all"))) == 1 + 3 * len(KNEE_FINDINGS)
    with pytest.raises(InputError, match="knows no finding called “shoe”"):
        read(due, loaded, findings="shoe")
    with pytest.raises(NotFound):
        read(due, loaded, methods=["tea leaves"])
    with pytest.raises(NotFound):
        readings(study(), loaded.registry, "nobody")


def test_what_if_answers_about_the_whole_exam_with_slices_of_one_stack_edited(loaded: Loaded) -> None:
    (reading,) = readings(study(), loaded.registry)
    before, *layers = read([reading], loaded, methods=["cam"], findings="ACL tear")
    assert isinstance(before, Answer)
    alone = {stack.plane: replace(series, images=stack.images) for series, stack in reading.parts}
    cam = next(one for one in layers if isinstance(one, Layer) and one.stack == before.parts[1].stack)
    hot, box = Area("hot", explanation="m", threshold=0.5), Area("rectangle", ((10, 12), (50, 40)), slices=(7, 8))
    exam = loaded.exam(reading.card)
    said, covered = what_if_exam(exam, before, alone["coronal"], [Edit((hot, box), "inpaint")], {"m": cam})
    assert covered.shape == (20, *alone["coronal"].images[0].stored.shape)
    assert set(np.flatnonzero(covered.any(axis=(1, 2)))) >= {7, 8}
    edited, _ = apply_to_stack(alone["coronal"].images, [Edit((hot, box), "inpaint")], {"m": cam})
    whole = exam.predict({**alone, "coronal": replace(alone["coronal"], images=edited)})
    assert said.scores == whole.scores != before.scores
    assert said.stacks == before.stacks
    assert said.parts[0] == before.parts[0]


@pytest.mark.parametrize("method", ["lrp", "rap"])
def test_the_stages_of_a_slice_end_at_what_the_stacks_layer_has_of_it(loaded: Loaded, method: str) -> None:
    (reading,) = readings(study(), loaded.registry)
    _, *layers = read([reading], loaded, methods=[method], findings="ACL tear")
    layer = layers[1]
    assert isinstance(layer, Layer)
    series, stack = reading.parts[1]
    part = loaded.exam(reading.card).member(stack.plane, "ACL tear")
    for place in (int(np.argmax(layer.mass())), 0):
        found = stages(part, replace(series, images=stack.images), method, "ACL tear", place)
        assert found[-1].name == "film"
        np.testing.assert_allclose(found[-1].values, layer.values[place], atol=1e-5 * float(np.abs(layer.values).max()))


def test_a_full_gpu_sends_a_stack_to_the_cpu(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen: a member of an exam's network has no file of its own that it could be loaded from again."""
    (reading,) = readings(study(), loaded.registry)
    _, *expected = read([reading], loaded, methods=["cam"])
    tries: list[Series] = []

    def full_at_first(classifier: Classifier, series: Series) -> Trace:
        tries.append(series)
        if len(tries) % 2:
            raise torch.OutOfMemoryError
        return record(classifier, series)

    monkeypatch.setattr(explainers, "record", full_at_first)
    _, *layers = read([reading], loaded, methods=["cam"])
    assert len(tries) == 2 * len(layers)
    for one, other in zip(layers, expected, strict=True):
        assert isinstance(one, Layer)
        assert isinstance(other, Layer)
        np.testing.assert_allclose(one.values, other.values, atol=1e-5)
    series, stack = reading.parts[0]
    part = loaded.exam(reading.card).member(stack.plane, "ACL tear")
    assert len(stages(part, replace(series, images=stack.images), "lrp", "ACL tear")) > 4


def test_a_network_of_exams_opens_with_the_layers_that_its_card_names(tmp_path: Path) -> None:
    write_exam_network(tmp_path, opens_with=["gradcam"])
    loaded = Loaded(Registry(tmp_path), "cpu")
    _, *layers = read(readings(study(), loaded.registry), loaded)
    assert [one.method for one in layers if isinstance(one, Layer)] == ["gradcam"] * 3


def test_what_a_reader_corrects_is_what_is_read(loaded: Loaded) -> None:
    exam = study()
    (whole,) = readings(exam, loaded.registry)
    coronal = whole.stacks[1]
    unused = Correction(coronal.fingerprint, used=False)
    (without,) = readings(exam, loaded.registry, words=Words((unused,)))
    assert [stack.plane for stack in without.stacks] == ["sagittal", "axial"]
    answer = next(read([without], loaded, methods=[]))
    assert isinstance(answer, Answer)
    assert answer.missing == ("coronal",)
    (told,) = heard([exam], loaded, without.card.name, words={exam.study_uid: Words((unused,))})
    assert told.answers[0].missing == ("coronal",)
    turned = Correction(whole.stacks[0].fingerprint, plane="coronal", used=True)
    (moved,) = readings(exam, loaded.registry, words=Words((turned,)))
    assert [(stack.plane, series.series_uid) for series, stack in moved.parts] == [("coronal", "1.2.1"), ("axial", "1.2.3")]
    answer = next(read([moved], loaded, methods=[]))
    assert isinstance(answer, Answer)
    assert answer.stacks == tuple(stack.fingerprint for stack in moved.stacks)


def test_localizers_and_other_parts_of_the_body_are_left_alone(loaded: Loaded) -> None:
    exam = study()
    scouts = replace(exam, series=tuple(replace(series, localizer=True) for series in exam.series))
    assert readings(scouts, loaded.registry) == ()
    with pytest.raises(InputError, match="reads no stack of this study"):
        readings(scouts, loaded.registry, "knee-test")
    assert readings(study(body_part="HEAD"), loaded.registry) == ()
    films = replace(exam, series=tuple(replace(series, modality="DX") for series in exam.series))
    assert readings(films, loaded.registry) == ()


def test_a_network_of_films_reads_no_exam(tmp_path: Path) -> None:
    write_network(tmp_path, "chest-test")
    registry = Registry(tmp_path)
    assert readings(study(), registry) == ()
    with pytest.raises(InputError, match=r"does not read this study\. It reads: CR/DX CHEST"):
        readings(study(), registry, "chest-test")


def test_a_network_of_phantoms_reads_people_only_where_its_card_says_so_and_nobody_else_does(tmp_path: Path) -> None:
    write_exam_network(tmp_path, "a-drawn")
    registry = Registry(tmp_path)
    person = study(phantom=False)
    assert readings(person, registry) == ()
    assert [one.card.name for one in readings(person, registry, "a-drawn")] == ["a-drawn"]
    write_exam_network(tmp_path, "a-drawn", people=True, unnamed_parts=True)
    registry = Registry(tmp_path)
    assert [one.card.name for one in readings(person, registry)] == ["a-drawn"]
    write_exam_network(tmp_path, "b-people", phantom=False)
    mixed = replace(person, series=(*person.series[:2], replace(person.series[2], body_part="")))
    (reading,) = readings(mixed, Registry(tmp_path))
    assert reading.card.name == "b-people"
    assert [stack.plane for stack in reading.stacks] == ["sagittal", "coronal"], "no stand-in beside it for what is left"
    assert [one.card.name for one in readings(study(), Registry(tmp_path))] == ["a-drawn"]


def test_two_parts_of_the_body_in_one_study_are_two_exams(tmp_path: Path) -> None:
    write_exam_network(tmp_path, "knees", phantom=False)
    write_exam_network(tmp_path, "shoulders", phantom=False, body_parts=["SHOULDER"])
    person = study(phantom=False)
    mixed = replace(person, series=(replace(person.series[0], body_part="SHOULDER"), *person.series[1:]))
    found = readings(mixed, Registry(tmp_path))
    assert [(one.card.name, [stack.plane for stack in one.stacks]) for one in found] == [
        ("knees", ["coronal", "axial"]),
        ("shoulders", ["sagittal"]),
    ]


def test_films_and_an_exam_of_one_study_are_read_in_one_go(tmp_path: Path) -> None:
    write_exam_network(tmp_path)
    write_network(tmp_path, "chest-drawn", phantom=True)
    loaded = Loaded(Registry(tmp_path), "cpu")
    exam = study()
    both = replace(exam, series=(*exam.series, Series("9", "DX", (image("9.1", shape=(64, 64)),), body_part="CHEST")))
    due = readings(both, loaded.registry)
    assert [one.exam for one in due] == [False, True]
    answers = [one for one in read(due, loaded, methods=[]) if isinstance(one, Answer)]
    assert [answer.model for answer in answers] == ["chest-drawn", "knee-test"]


def test_a_finding_is_answered_from_the_planes_whose_members_know_it(loaded: Loaded) -> None:
    (reading,) = readings(study(), loaded.registry)
    sagittal, *others = reading.card.members
    narrow = replace(reading, card=replace(reading.card, members=(replace(sagittal, findings=("ACL tear",)), *others)))
    assert [stack.plane for stack in narrow.answering("ACL tear")] == ["sagittal", "coronal", "axial"]
    assert [stack.plane for stack in narrow.answering("meniscal tear")] == ["coronal", "axial"]
    assert narrow.answering("shoe") == ()
