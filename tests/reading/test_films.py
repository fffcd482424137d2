"""Films through their networks: which network reads what, and what comes out in which order. Real networks, untrained."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app import explainers
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import ROOT
from app.domain import FINDINGS, Answer, Area, Edit, Inspection, Layer, Study
from app.errors import InputError, ModelError, NotFound
from app.explainers.trace import Trace, record
from app.reading import Result, read, readings, stages, what_if
from tests.films import image, study
from tests.networks import write_guard, write_network

FIVE = ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")


@pytest.fixture(scope="module")
def loaded(models: Path) -> Loaded:
    """The untrained networks on the CPU."""
    return Loaded(Registry(models), "cpu")


def film(uid: str = "1.2.3.1", seed: int = 0, shape: tuple[int, int] = (80, 60)) -> Study:
    return study(image(uid, seed, shape))


def everything(
    of: Study,
    loaded: Loaded,
    methods: Sequence[str] | None = None,
    findings: str = "top",
    model: str | None = None,
    *,
    insist: bool = False,
) -> list[Result]:
    due = readings(of, loaded.registry, model)
    return list(read(due, loaded, methods=methods, findings=findings, insist=insist))


def results(
    of: Study, loaded: Loaded, methods: Sequence[str] | None = None, findings: str = "top", model: str | None = None
) -> tuple[list[Answer], list[Layer]]:
    found = everything(of, loaded, methods, findings, model)
    return [one for one in found if isinstance(one, Answer)], [one for one in found if isinstance(one, Layer)]


def test_one_answer_then_every_method_of_the_panel_for_the_top_finding(loaded: Loaded) -> None:
    (answer,), layers = results(film(), loaded)
    assert answer.model == "chest-untrained"
    assert [score.finding for score in answer.scores] == list(FINDINGS)
    assert tuple(one.method for one in layers) == explainers.panel() == FIVE
    assert {one.finding for one in layers} == {answer.top().finding}
    assert {one.model_sha256 for one in layers} == {answer.model_sha256}
    assert all(one.values.dtype == np.float32 and np.isfinite(one.values).all() for one in layers)
    assert {len(one.values) for one in layers} == {1}


def test_the_methods_explain_the_very_answer_that_is_given(loaded: Loaded) -> None:
    (answer,), (cam,) = results(film(), loaded, methods=["cam"])
    head = loaded.get(loaded.registry.card("chest-untrained")).network.get_parameter("head.bias")
    bias = float(head[FINDINGS.index(cam.finding)])
    assert float(cam.values.mean()) + bias == pytest.approx(answer.top().logit, rel=1e-4)  # Zhou 2016


def test_films_come_one_after_the_other_each_with_its_own_top_finding(loaded: Loaded) -> None:
    first, second = image("1.1", 1, (64, 64)), image("1.2", 5, (64, 90))
    two = study(first, second)
    due = readings(two, loaded.registry)
    assert [[stack.fingerprint for stack in one.stacks] for one in due] == [[first.stack], [second.stack]]
    found = list(read(due, loaded, methods=["cam", "lrp"]))
    told = [(type(one).__name__, one.stacks if isinstance(one, Answer) else one.stack) for one in found]  # type: ignore[union-attr]
    assert told == [
        (kind, (stack,) if kind == "Answer" else stack)
        for stack in (first.stack, second.stack)
        for kind in ("Answer", "Layer", "Layer")
    ]
    alone, _ = results(study(image("1.2", 5, (64, 90))), loaded, methods=["cam"])
    assert isinstance(found[3], Answer)
    assert found[3].scores == alone[0].scores


def test_a_named_finding_all_findings_or_none(loaded: Loaded) -> None:
    assert {one.finding for one in results(film(), loaded, ["cam"], "Hernia")[1]} == {"Hernia"}
    assert [one.finding for one in results(film(), loaded, ["cam"], "all")[1]] == list(FINDINGS)
    answers, layers = results(film(), loaded, [])
    assert layers == []
    np.testing.assert_allclose(
        [score.logit for score in answers[0].scores],
        [score.logit for score in results(film(), loaded, ["cam"])[0][0].scores],
        rtol=1e-5,
    )


def test_films_that_only_have_to_be_answered_go_through_the_network_together(loaded: Loaded) -> None:
    """More than one batch, a film of another network between them: the order is the films', the numbers each film's own."""
    films = [film(f"1.{number}", number, (60 + 4 * number, 80)) for number in range(11)]
    films[4] = replace(films[4], phantom=True)
    due = [one for of in films for one in readings(of, loaded.registry)]
    found = list(read(due, loaded, methods=[]))
    assert [one.stacks[0] for one in found if isinstance(one, Answer)] == [of.images[0].stack for of in films]
    assert [one.model for one in found if isinstance(one, Answer)].index("phantom-untrained") == 4
    for one, of in zip(found, films, strict=True):
        (alone,), _ = results(of, loaded, [])
        assert isinstance(one, Answer)
        np.testing.assert_allclose([s.logit for s in one.scores], [s.logit for s in alone.scores], rtol=1e-4, atol=1e-5)


def test_of_films_that_are_answered_together_the_guard_keeps_those_it_refuses(tmp_path: Path) -> None:
    write_network(tmp_path, "chest-untrained", seed=1, guard="guard")
    write_guard(tmp_path, film=0.9)
    guarded = Loaded(Registry(tmp_path), "cpu")
    films = [film(f"1.{number}", number, (80, 70) if number != 2 else (30, 70)) for number in range(4)]
    found = list(read([one for of in films for one in readings(of, guarded.registry)], guarded, methods=[]))
    assert [type(one).__name__ for one in found] == ["Inspection", "Answer"] * 2 + ["Inspection"] + ["Inspection", "Answer"]
    assert [one.sop_instance_uid for one in found if isinstance(one, Inspection)] == [f"1.{number}" for number in range(4)]
    assert [one.stacks[0] for one in found if isinstance(one, Answer)] == [films[n].images[0].stack for n in (0, 1, 3)]


def test_several_findings_come_in_the_order_in_which_they_were_asked_for(loaded: Loaded) -> None:
    due = readings(film(), loaded.registry)
    layers = [
        one for one in read(due, loaded, methods=["cam"], findings=("Mass", "top", "Hernia", "Mass")) if isinstance(one, Layer)
    ]
    (answer,), _ = results(film(), loaded, [])
    assert [one.finding for one in layers] == list(dict.fromkeys(("Mass", answer.top().finding, "Hernia")))
    with pytest.raises(InputError, match="no finding called “Gout”"):
        read(due, loaded, findings=("Mass", "Gout"))


def test_a_method_named_twice_runs_once(loaded: Loaded) -> None:
    assert [one.method for one in results(film(), loaded, ["lrp", "cam", "lrp"])[1]] == ["lrp", "cam"]


def test_a_network_opens_with_the_layers_that_its_card_names(tmp_path: Path) -> None:
    write_network(tmp_path, "chest-own", opens_with=["lrp", "cam"])
    own = Loaded(Registry(tmp_path), "cpu")
    assert [one.method for one in results(film(), own)[1]] == ["lrp", "cam"]
    assert [one.method for one in results(film(), own, ["rap"])[1]] == ["rap"], "whoever names methods gets these"
    write_network(tmp_path, "chest-own", opens_with=["guess"])
    with pytest.raises(NotFound, match="no method called “guess”"):
        read(readings(film(), (wrong := Loaded(Registry(tmp_path), "cpu")).registry), wrong)


def test_nothing_comes_out_of_a_study_nobody_reads(loaded: Loaded) -> None:
    knee = study(image(), modality="MR", body_part="KNEE")
    assert readings(knee, loaded.registry) == ()
    assert everything(knee, loaded) == []


def test_of_two_series_only_the_one_that_is_read_gives_results(loaded: Loaded) -> None:
    both = replace(film(), series=(*study(image("9.1"), modality="CT").series, *film().series))
    answers, _ = results(both, loaded, [])
    assert [one.stacks for one in answers] == [(film().series[0].images[0].stack,)]


def test_phantoms_are_read_by_networks_for_phantoms_and_others_by_name(loaded: Loaded) -> None:
    phantom = replace(film(), phantom=True)
    assert results(phantom, loaded, [])[0][0].model == "phantom-untrained"
    assert results(phantom, loaded, [], model="phantom-by-name")[0][0].model == "phantom-by-name"


def test_a_named_network_reads_across_the_line_between_phantoms_and_people(loaded: Loaded) -> None:
    assert results(replace(film(), phantom=True), loaded, [], model="chest-untrained")[0][0].model == "chest-untrained"
    assert results(film(), loaded, [], model="phantom-by-name")[0][0].model == "phantom-by-name"


def test_a_named_network_does_not_read_another_modality(loaded: Loaded) -> None:
    knee = study(image(), modality="MR", body_part="KNEE")
    with pytest.raises(InputError, match=r"does not read this study. It reads: CR/DX CHEST\."):
        readings(knee, loaded.registry, "chest-untrained")
    with pytest.raises(InputError, match="phantoms"):
        readings(knee, loaded.registry, "phantom-by-name")


def test_what_is_not_known_is_said_before_anything_is_computed(loaded: Loaded) -> None:
    with pytest.raises(NotFound, match="no network called"):
        readings(film(), loaded.registry, "nobody")
    due = readings(film(), loaded.registry)
    with pytest.raises(NotFound, match="no method called"):
        read(due, loaded, methods=["cam", "guess"])
    with pytest.raises(InputError, match=r"knows no finding called “Gout”\. It knows: Atelectasis"):
        read(due, loaded, findings="Gout")


def test_a_full_gpu_sends_the_image_to_the_cpu(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[torch.device] = []

    def full_at_first(classifier: "object", series: "object") -> Trace:
        calls.append(classifier.device)  # type: ignore[attr-defined]
        if len(calls) == 1:
            raise torch.OutOfMemoryError
        return record(classifier, series)  # type: ignore[arg-type]

    expected = results(film(), loaded, ["cam"])
    monkeypatch.setattr(explainers, "record", full_at_first)
    answers, layers = results(film(), loaded, ["cam"])
    assert len(calls) == 2
    assert answers[0].device == "cpu"
    np.testing.assert_allclose(layers[0].values, expected[1][0].values, atol=1e-5)


@pytest.mark.parametrize(("verdict", "film_like"), [("ok", 0.9), ("warned", 0.4), ("refused", 0.1)])
def test_the_guard_speaks_before_the_network_and_what_it_refuses_is_read_only_where_somebody_insists(
    verdict: str, film_like: float, tmp_path: Path
) -> None:
    write_network(tmp_path, "chest-untrained", seed=1, guard="guard")
    write_guard(tmp_path, film=film_like)
    loaded = Loaded(Registry(tmp_path), "cpu")
    upright = film(shape=(80, 70))
    plain, insisted = (everything(upright, loaded, ["cam"], insist=insist) for insist in (False, True))
    assert isinstance(plain[0], Inspection)
    assert (plain[0].verdict, plain[0].sop_instance_uid, plain[0].insisted) == (verdict, "1.2.3.1", False)
    kinds = ["Inspection"] if verdict == "refused" else ["Inspection", "Answer", "Layer"]
    assert [type(one).__name__ for one in plain] == kinds
    assert [type(one).__name__ for one in insisted] == ["Inspection", "Answer", "Layer"]
    assert insisted[0] == replace(plain[0], insisted=verdict == "refused")


def test_a_network_whose_guard_is_gone_reads_nothing(tmp_path: Path) -> None:
    write_network(tmp_path, "chest-untrained", guard="gone")
    with pytest.raises(ModelError, match="“gone”"):
        everything(film(), Loaded(Registry(tmp_path), "cpu"))


def test_what_if_answers_about_the_edited_film_under_the_films_own_name(loaded: Loaded) -> None:
    classifier = loaded.get(loaded.registry.card("chest-untrained"))
    (series,) = film().series
    (plain,), (cam,) = results(film(), loaded, ["cam"])
    step = Edit((Area("hot", explanation="m", threshold=0.98),), "mean")
    edited, covered = what_if(classifier, series, [step], {"m": cam})
    assert covered.shape == (1, *series.images[0].stored.shape)
    assert 0 < covered.mean() < 0.2
    assert edited.stacks == plain.stacks == (cam.stack,)
    assert edited.scores != plain.scores
    with pytest.raises(NotFound, match="map of this hot area"):
        what_if(classifier, series, [Edit((Area("hot", explanation="m", threshold=0.98),), "mean")])


def test_the_stages_of_a_finding_end_at_the_film_and_with_its_layer(loaded: Loaded) -> None:
    (series,) = film().series
    found = stages(loaded.get(loaded.registry.card("chest-untrained")), series, "lrp", "Mass")
    (layer,) = results(film(), loaded, ["lrp"], "Mass")[1]
    np.testing.assert_allclose(found[-1].values, layer.values[0], atol=1e-5 * float(np.abs(layer.values).max()))


def test_importing_the_readings_and_the_worker_loads_no_torch() -> None:
    code = "import sys, app.reading, app.worker, app.render; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
