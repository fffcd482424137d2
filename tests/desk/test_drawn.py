"""What is known of a map beside its values: by its method, its network's card and answer, of the same version only."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from app import explainers
from app.classifiers.card import Card
from app.classifiers.measured import Range
from app.config import Settings
from app.desk import drawn
from app.domain import Answer, Extent, Layer, Producer, Score
from tests.films import layer

SHA = "ab" * 32


def card(**fields: object) -> Card:
    """A network of stride 16 that says where its maps end."""
    shipped = Card.read(Settings().models / "chest-phantom")
    ranges = (
        Range("lrp", "Nodule", 0.5, "phantoms", 0.9, 10, evened=0.2),
        Range("rap", "Nodule", 0.1, "phantoms", 0.9, 10, plane="axial"),
    )
    return replace(shipped, sha256=SHA, stride=16, input_size=128, ranges=ranges, folder=Path("net"), **fields)  # type: ignore[arg-type]


def answer(probability: float) -> Answer:
    return Answer.of_film(
        "s", model="net", model_sha256=SHA, scores=(Score("Nodule", probability, 0.0),), device="cpu", versions={}
    )


def a_map(method: str = "lrp", width: int = 128, **fields: object) -> Layer:
    parameters = dict(explainers.describe(method).parameters) if method in explainers.names() else {}
    producer = Producer("method", method, parameters=parameters)
    return layer(np.zeros((width, width)), Extent(0, 0, 1, 1), **({"producer": producer} | fields))


def test_a_map_of_a_known_network_has_its_range_its_probability_and_its_stride() -> None:
    found = drawn.known(a_map(), 128, card(), answer(0.2))
    assert (found.high, found.evened, found.source, found.probability) == (0.5, 0.2, "phantoms", 0.2)
    assert (found.sigma, found.pixels, found.words) == (8.0, 8.0, ("for", "against"))
    assert drawn.known(a_map(width=256), 256, card(), None).sigma == 16.0, "in cells of the map"


def test_another_version_or_other_parameters_say_nothing() -> None:
    other = replace(card(), sha256="cd" * 32)
    found = drawn.known(a_map(), 128, other, replace(answer(0.2), model_sha256="cd" * 32))
    assert (found.high, found.probability, found.sigma) == (None, None, 0.0)
    changed = Producer("method", "lrp", parameters={**explainers.describe("lrp").parameters, "composite": "Epsilon"})
    assert drawn.known(a_map(producer=changed), 128, card(), None).high is None


def test_a_map_carries_what_its_networks_card_warns_of() -> None:
    assert "mean nothing for a person" in drawn.known(a_map(), 128, card(), None).banner
    other = replace(card(), sha256="cd" * 32)
    assert drawn.known(a_map(), 128, other, None).banner == other.banner, "whatever the version"
    assert drawn.known(a_map(producer=Producer("import", "acme")), 128, card(), None).banner == "", "it is not of our network"


def test_ranges_of_an_exam_are_of_a_plane() -> None:
    assert drawn.known(a_map("rap"), 128, card(), None).high is None
    assert drawn.known(a_map("rap"), 128, card(), None, "axial").high == 0.1


def test_a_stage_twice_as_fine_as_the_last_has_the_lattice_of_the_last_halving() -> None:
    found = drawn.known(a_map("layer_cam", 16, scale="positive"), 16, card(), None)
    assert (found.sigma, found.pixels) == (1.0, 8.0), "half a stride is one of its cells"
    assert drawn.known(a_map("layer_cam", 16), 16, replace(card(), input_size=129), None).sigma > 0, "of an odd size too"


def test_a_range_without_a_smoothed_end_holds_for_the_map_as_it_is() -> None:
    old = replace(card(), ranges=(Range("layer_cam", "Nodule", 0.5, "phantoms", 0.9, 10),))
    found = drawn.known(a_map("layer_cam", 16, scale="positive"), 16, old, None)
    assert (found.high, found.sigma) == (0.5, 0.0)


def test_coarse_maps_and_networks_of_unknown_stride_are_not_smoothed() -> None:
    assert drawn.known(a_map("occlusion", 14), 14, card(), None).sigma == 0
    assert drawn.known(a_map("cam", 8), 8, card(), None).sigma == 0
    assert drawn.known(a_map(), 128, replace(card(), stride=0), None).sigma == 0


def test_the_ends_of_colours_mean_what_the_method_says() -> None:
    assert drawn.known(a_map("rap"), 128, None, None).words == ("important", "unimportant")
    assert drawn.known(a_map("rap"), 128, None, None).influence
    assert drawn.known(a_map("gradcam", 8, scale="positive"), 8, None, None).words == ("for", "none")
    theirs = Producer("import", "acme")
    assert drawn.known(a_map(producer=theirs), 128, card(), answer(0.2)).words == ("for", "against")
    assert drawn.known(a_map(producer=theirs, scale="positive"), 128, card(), None).words == ("strong", "none")
    assert drawn.known(a_map(producer=theirs, kind="labels", scale="classes"), 128, card(), answer(0.2)).probability is None


def test_every_method_says_what_the_ends_of_its_colours_mean_and_which_parameters_it_ships_with() -> None:
    for name in explainers.names():
        told = explainers.describe(name)
        assert all(all(explainers.describe(one).ends) for one in (name, *explainers.variants(name))), name
        method = explainers.load(name)
        assert dict(told.parameters) == {field.name: getattr(method, field.name) for field in fields(method)}, name


def test_both_ends_of_the_colours_of_other_kinds_have_a_word() -> None:
    for kind in ("attention", "probability"):
        assert all(drawn.known(replace(a_map(), kind=kind, scale="unit"), 64, card(), None).words), kind
