"""The bracket around every method: checks, states, stamps, pieces that fit memory, and what happens when memory runs out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from app import __version__, explainers
from app.errors import AppError, InputError, NotFound
from app.explainers import base
from app.explainers.base import Explainer, Relevance
from app.explainers.methods.rap import RAP
from app.explainers.trace import Trace
from tests.explainers.families import FINDINGS, SIZE, Plain, classifier, even, exact, family, film, randomise, series


@dataclass(frozen=True)
class Even(Explainer):
    """A method for tests: every pixel of a target's map is ``level``; memory runs out beyond ``most`` targets on ``device``."""

    level: float = 1.0
    most: int = 99
    always: bool = False

    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        if len(targets) > self.most or (self.always and trace.classifier.network is ORIGINAL):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Relevance(torch.full((len(targets), trace.slices, 2, 2), self.level))


ORIGINAL = randomise(Plain(), 0)
READER = classifier(ORIGINAL)


def test_one_explanation_per_image_and_finding_in_order() -> None:
    reader = exact(family("compact"))
    images = (film(1, 40, 32), film(2, 30, 50))
    trace = explainers.record(reader, series(*images))
    found = explainers.load("gradcam").explain(reader, trace, ["Nodule", "Effusion"])
    one, other = (image.stack for image in images)
    assert [(layer.stack, layer.finding) for layer in found] == [
        (one, "Nodule"), (one, "Effusion"), (other, "Nodule"), (other, "Effusion"),
    ]  # fmt: skip
    assert {(layer.kind, layer.scale, layer.producer.kind) for layer in found} == {("relevance", "positive", "method")}
    (alone,) = explainers.load("gradcam").explain(reader, explainers.record(reader, series(images[1])), ["Effusion"])
    np.testing.assert_allclose(found[3].values, alone.values, rtol=1e-4, atol=1e-6)
    assert found[3].extent.reach == reader.extent(images[1])
    (pixels,) = explainers.load("saliency").explain(reader, explainers.record(reader, series(images[1])), ["Effusion"])
    assert pixels.extent == reader.extent(images[1])


def test_an_explanation_says_what_it_was_computed_with() -> None:
    reader = family("compact")
    (found,) = explainers.load("rap").explain(
        reader, explainers.record(reader, series(film(1))), ["Mass"], mode="faithful", by_logit=False
    )
    assert found.method == "rap"
    assert found.producer.parameters == {"mode": "faithful", "by_logit": False}
    assert found.versions["whylight"] == __version__
    assert found.versions["torch"] == torch.__version__
    assert (found.model, found.model_sha256, found.device) == ("tiny", "0" * 64, "cpu")
    assert found.values.shape == (1, SIZE, SIZE)
    assert found.values.dtype == np.float32
    assert not found.values.flags.writeable
    assert found.total == pytest.approx(1.0)
    assert found.conservation_error is not None
    assert found.conservation_error < 1e-5
    assert found.seconds > 0
    assert found.notes == ()


def test_maps_keep_their_own_resolution() -> None:
    reader = family("compact")
    trace = explainers.record(reader, series(film(1)))
    sizes = {name: explainers.load(name).explain(reader, trace, ["Mass"])[0].values.shape for name in explainers.panel()}
    assert sizes == {
        "cam": (1, 4, 4),
        "layer_cam": (1, 8, 8),
        "saliency": (1, 32, 32),
        "lrp": (1, 32, 32),
        "rap_contrastive": (1, 32, 32),
    }


@pytest.mark.parametrize(("level", "state"), [(1.0, "ok"), (0.0, "no positive evidence"), (-1.0, "no positive evidence")])
def test_a_map_without_positive_mass_is_a_state(level: float, state: str) -> None:
    trace = explainers.record(READER, series(film(1)))
    (found,) = Even().explain(READER, trace, ["Mass"], level=level)
    assert found.state == state
    assert found.values.max() == level


@pytest.mark.parametrize(("rows", "columns", "share"), [(40, 40, 0.0), (40, 20, 0.5), (30, 40, 0.25)])
def test_a_map_says_how_much_of_it_lies_in_padding(rows: int, columns: int, share: float) -> None:
    trace = explainers.record(READER, series(film(1, rows, columns)))
    (found,) = Even().explain(READER, trace, ["Mass"], level=-2.0)
    assert found.padding == pytest.approx(share)


def test_a_map_that_is_not_finite_is_not_shown() -> None:
    (found,) = Even().explain(READER, explainers.record(READER, series(film(1))), ["Mass"], level=float("nan"))
    assert found.state == "not defined: the map holds values that are not finite"
    assert not found.values.any()


def test_a_method_that_is_not_defined_says_why() -> None:
    trace = explainers.record(READER, series(film(1)))
    found = explainers.load("cam").explain(READER, trace, FINDINGS)
    assert {e.state for e in found} == {
        "not defined: needs global average pooling followed by one linear layer; Grad-CAM and saliency need neither"
    }
    assert not any(e.values.any() for e in found)


def test_a_constant_film_is_a_state_of_that_film_alone() -> None:
    reader = family("dense")
    trace = explainers.record(reader, series(film(1), even(7)))
    for name in explainers.panel():
        states = [e.state for e in explainers.load(name).explain(reader, trace, ["Mass"])]
        assert states[1] == "constant input"
        assert states[0] in ("ok", "no positive evidence")


def test_strict_checks() -> None:
    trace = explainers.record(READER, series(film(1)))
    with pytest.raises(NotFound, match=r"does not know the finding “Hernia”.*Effusion, Mass, Nodule"):
        Even().explain(READER, trace, ["Mass", "Hernia"])
    with pytest.raises(InputError, match="No finding was named"):
        Even().explain(READER, trace, [])
    with pytest.raises(InputError, match=r"no parameter “lvel”.*level, most, always"):
        Even().explain(READER, trace, ["Mass"], lvel=2.0)
    with pytest.raises(InputError, match="“level” of “test_explain” must be of the kind float"):
        Even().explain(READER, trace, ["Mass"], level="high")
    with pytest.raises(InputError, match="must be of the kind bool"):
        RAP().explain(READER, trace, ["Mass"], by_logit=1)
    with pytest.raises(ValueError, match="another classifier"):
        Even().explain(family("plain"), trace, ["Mass"])


def test_a_method_that_returns_too_few_maps_is_caught() -> None:
    class Short(Even):
        def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
            return super().relevance(trace, targets[:1])

    trace = explainers.record(READER, series(film(1)))
    with pytest.raises(AppError, match=r"returned \(1, 1\) maps instead of \(3, 1\)"):
        Short().explain(READER, trace, FINDINGS)


def test_findings_are_computed_in_pieces_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = exact(family("dense"))
    trace = explainers.record(reader, series(film(1)))
    whole = [e.values for name in ("lrp", "saliency") for e in explainers.load(name).explain(reader, trace, FINDINGS)]
    largest = max(value.nbytes for value in trace.tape.values)
    monkeypatch.setitem(base.WORKING_MEMORY, "cpu", largest * 13)
    assert base.piece(trace, 6.0, 3) == 2
    found = [e for name in ("lrp", "saliency") for e in explainers.load(name).explain(reader, trace, FINDINGS)]
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_allclose(one.values, other, rtol=1e-4, atol=1e-6)
    assert [e.conservation_error is None for e in found] == [False] * 3 + [True] * 3
    monkeypatch.setitem(base.WORKING_MEMORY, "cpu", 1)
    assert base.piece(trace, 6.0, 3) == 1


def test_out_of_memory_halves_the_piece_and_says_so() -> None:
    trace = explainers.record(READER, series(film(1)))
    found = Even().explain(READER, trace, FINDINGS, most=1)
    assert [e.state for e in found] == ["ok"] * 3
    assert found[0].notes == ("computed in smaller pieces: the GPU was out of memory",)


def test_out_of_memory_at_last_goes_to_the_cpu_and_says_so() -> None:
    trace = explainers.record(READER, series(film(1)))
    found = Even().explain(READER, trace, FINDINGS, always=True)
    assert found[0].notes == ("computed on cpu: the GPU was out of memory",)
    assert found[0].device == "cpu"
    assert READER.network is ORIGINAL


def test_out_of_memory_everywhere_is_raised() -> None:
    trace = explainers.record(READER, series(film(1)))
    with pytest.raises(torch.OutOfMemoryError):
        Even().explain(READER, trace, FINDINGS, most=0)


def test_maps_do_not_depend_on_the_callers_grad_mode() -> None:
    reader = family("compact")
    (plain,) = explainers.load("saliency").explain(reader, explainers.record(reader, series(film(1))), ["Mass"])
    with torch.inference_mode():
        (inside,) = explainers.load("saliency").explain(reader, explainers.record(reader, series(film(1))), ["Mass"])
        explainers.load("lrp").explain(reader, explainers.record(reader, series(film(1))), ["Mass"])
    assert np.array_equal(plain.values, inside.values)


def test_a_card_that_names_no_layer_of_the_network_is_a_state() -> None:
    reader = classifier(ORIGINAL, explained_layer="layer4")
    (found,) = explainers.load("gradcam").explain(reader, explainers.record(reader, series(film(1))), ["Mass"])
    assert found.state.startswith("not defined: The card names the layer “layer4”")


def test_the_pixels_gradient_can_keep_its_sign() -> None:
    reader = family("compact")
    trace = explainers.record(reader, series(film(1)))
    (size,) = explainers.load("saliency").explain(reader, trace, ["Mass"])
    (raw,) = explainers.load("saliency").explain(reader, trace, ["Mass"], raw=True)
    assert raw.values.min() < 0
    assert np.array_equal(np.abs(raw.values), size.values)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("lrp", {"composite": "Alpha2Beta1"}),
        ("lrp", {"epsilon": 0.0}),
        ("rap", {"mode": "wild"}),
        ("smoothgrad", {"samples": 0}),
        ("integrated_gradients", {"baseline": "white"}),
        ("occlusion", {"overlap": 15}),
    ],
)
def test_impossible_parameters_are_refused(method: str, parameters: dict[str, str | int | float]) -> None:
    with pytest.raises(InputError):
        explainers.load(method).explain(READER, explainers.record(READER, series(film(1))), ["Mass"], **parameters)
