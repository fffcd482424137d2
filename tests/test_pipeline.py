"""The pipeline: which network reads what, and what comes out in which order. Real networks, untrained."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app import explainers, pipeline
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import ROOT
from app.domain import FINDINGS, Explanation, Prediction, Study
from app.errors import InputError, NotFound
from app.explainers.trace import Trace, record
from tests.store.films import image, study

FIVE = ("cam", "gradcam", "saliency", "lrp", "rap")


@pytest.fixture(scope="module")
def loaded(models: Path) -> Loaded:
    """The untrained networks on the CPU."""
    return Loaded(Registry(models), "cpu")


def film(uid: str = "1.2.3.1", seed: int = 0, shape: tuple[int, int] = (80, 60)) -> Study:
    return study(image(uid, seed, shape))


def results(
    of: Study, loaded: Loaded, methods: Sequence[str] | None = None, findings: str = "top", model: str | None = None
) -> tuple[list[Prediction], list[Explanation]]:
    found = list(pipeline.analyse(of, loaded, model=model, methods=methods, findings=findings))
    return [one for one in found if isinstance(one, Prediction)], [one for one in found if isinstance(one, Explanation)]


def test_one_prediction_then_every_method_of_the_panel_for_the_top_finding(loaded: Loaded) -> None:
    (prediction,), maps = results(film(), loaded)
    assert prediction.model == "chest-untrained"
    assert [score.finding for score in prediction.scores] == list(FINDINGS)
    assert tuple(one.method for one in maps) == explainers.panel() == FIVE
    assert {one.finding for one in maps} == {prediction.top().finding}
    assert {one.model_sha256 for one in maps} == {prediction.model_sha256}
    assert all(one.values.dtype == np.float32 and np.isfinite(one.values).all() for one in maps)


def test_the_methods_explain_the_very_answer_that_is_given(loaded: Loaded) -> None:
    (prediction,), (cam,) = results(film(), loaded, methods=["cam"])
    head = loaded.get(loaded.registry.card("chest-untrained")).network.get_parameter("head.bias")
    bias = float(head[FINDINGS.index(cam.finding)])
    assert float(cam.values.mean()) + bias == pytest.approx(prediction.top().logit, rel=1e-4)  # Zhou 2016


def test_images_come_one_after_the_other_each_with_its_own_top_finding(loaded: Loaded) -> None:
    two = study(image("1.1", 1, (64, 64)), image("1.2", 5, (64, 90)))
    found = list(pipeline.analyse(two, loaded, methods=["cam", "lrp"]))
    assert [(type(one).__name__, one.sop_instance_uid) for one in found] == [
        (kind, uid) for uid in ("1.1", "1.2") for kind in ("Prediction", "Explanation", "Explanation")
    ]
    alone, _ = results(study(image("1.2", 5, (64, 90))), loaded, methods=["cam"])
    assert isinstance(found[3], Prediction)
    assert found[3].scores == alone[0].scores


def test_a_named_finding_all_findings_or_none(loaded: Loaded) -> None:
    assert {one.finding for one in results(film(), loaded, ["cam"], "Hernia")[1]} == {"Hernia"}
    assert [one.finding for one in results(film(), loaded, ["cam"], "all")[1]] == list(FINDINGS)
    predictions, maps = results(film(), loaded, [])
    assert maps == []
    np.testing.assert_allclose(
        [score.logit for score in predictions[0].scores],
        [score.logit for score in results(film(), loaded, ["cam"])[0][0].scores],
        rtol=1e-5,
    )


def test_a_method_named_twice_runs_once(loaded: Loaded) -> None:
    assert [one.method for one in results(film(), loaded, ["lrp", "cam", "lrp"])[1]] == ["lrp", "cam"]


def test_nothing_comes_out_of_a_study_nobody_reads(loaded: Loaded) -> None:
    knee = study(image(), modality="MR", body_part="KNEE")
    assert pipeline.readers(knee, loaded.registry) == ()
    assert list(pipeline.analyse(knee, loaded)) == []


def test_of_two_series_only_the_one_that_is_read_gives_results(loaded: Loaded) -> None:
    both = replace(film(), series=(*study(image("9.1"), modality="CT").series, *film().series))
    predictions, _ = results(both, loaded, [])
    assert [one.sop_instance_uid for one in predictions] == ["1.2.3.1"]


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
        pipeline.analyse(knee, loaded, model="chest-untrained")
    with pytest.raises(InputError, match="phantoms"):
        pipeline.analyse(knee, loaded, model="phantom-by-name")


def test_what_is_not_known_is_said_before_anything_is_computed(loaded: Loaded) -> None:
    with pytest.raises(NotFound, match="no network called"):
        pipeline.analyse(film(), loaded, model="nobody")
    with pytest.raises(NotFound, match="no method called"):
        pipeline.analyse(film(), loaded, methods=["cam", "guess"])
    with pytest.raises(InputError, match=r"knows no finding called “Gout”\. It knows: Atelectasis"):
        pipeline.analyse(film(), loaded, findings="Gout")


def test_a_full_gpu_sends_the_image_to_the_cpu(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[torch.device] = []

    def full_at_first(classifier: "object", series: "object") -> Trace:
        calls.append(classifier.device)  # type: ignore[attr-defined]
        if len(calls) == 1:
            raise torch.OutOfMemoryError
        return record(classifier, series)  # type: ignore[arg-type]

    expected = results(film(), loaded, ["cam"])
    monkeypatch.setattr(explainers, "record", full_at_first)
    predictions, maps = results(film(), loaded, ["cam"])
    assert len(calls) == 2
    assert predictions[0].device == "cpu"
    np.testing.assert_allclose(maps[0].values, expected[1][0].values, atol=1e-5)


def test_importing_the_pipeline_and_the_worker_loads_no_torch() -> None:
    code = "import sys, app.pipeline, app.worker, app.render; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
