"""The stages of a network as a filmstrip shows them: all of the relevance, once each, from the decision back to the film."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from app import explainers
from app.errors import InputError, NotFound
from app.explainers.methods.lrp import LRP
from app.explainers.methods.rap import RAP
from app.explainers.stages import stages as stages_of
from tests.explainers.families import FAMILIES, FINDINGS, exact, family, film, series


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", [LRP(), RAP()])
def test_every_stage_holds_all_the_relevance(method: LRP | RAP, name: str) -> None:
    trace = explainers.record(exact(family(name, 1)), series(film(1)))
    stages = stages_of(method, trace, FINDINGS[1])
    (first, *_, last) = stages
    assert len(stages) >= 4
    for stage in stages:
        total = float(stage.values.sum(dtype=np.float64))
        assert total == pytest.approx(first.total, rel=1e-4), stage.name
        assert stage.total == pytest.approx(first.total, rel=1e-4), stage.name
    (explanation,) = method.explain(trace.classifier, trace, [FINDINGS[1]])
    assert explanation.total == pytest.approx(first.total, rel=1e-5)
    assert (last.name, last.spatial) == ("film", True)
    np.testing.assert_allclose(last.values, explanation.values[0], atol=1e-6 * np.abs(explanation.values).max())
    assert not first.spatial
    assert first.values.shape[0] == 1


def test_stages_are_the_layers_that_hold_everything_each_picture_once() -> None:
    trace = explainers.record(exact(family("basic", 1)), series(film(1)))
    layers = LRP().layers(trace, [2])
    names = [stage.name for stage in stages_of(LRP(), trace, FINDINGS[2])]
    whole = [layer.name for layer in layers if layer.whole]
    parts = [layer for layer in layers if not layer.whole]
    assert [name for name in whole if name in names] == names
    assert len(names) < len(whole) < len(layers)
    assert any(abs(float(layer.values.sum() - layer.totals.sum())) > 1e-3 * abs(float(layer.totals)) for layer in parts)
    for before, after in pairwise(layers):
        if after.whole and after.name not in names and after.values[0, 0].numel() > 1:
            assert torch.equal(before.values.reshape(-1), after.values.reshape(-1)), after.name


def test_networks_side_by_side_are_shown_together() -> None:
    trace = explainers.record(exact(family("compact twin", 1)), series(film(1)))
    names = [stage.name for stage in stages_of(LRP(), trace, FINDINGS[0])]
    assert names[:2] == ["head", "features.cat"]
    assert names[2:-1] == [
        "features.trunks.*.features.0.relu2.relu",
        "features.trunks.*.stem.3.max_pool2d",
        "features.trunks.*.stem.2.relu",
    ]
    parts = [layer for layer in LRP().layers(trace, [0]) if layer.name.endswith("stem.3.max_pool2d")]
    assert len(parts) == 2
    shown = next(stage for stage in stages_of(LRP(), trace, FINDINGS[0]) if stage.name.endswith("max_pool2d"))
    np.testing.assert_allclose(shown.values, sum(layer.values[0, 0].numpy() for layer in parts), rtol=1e-6)


def test_methods_that_do_not_walk_back_have_no_stages() -> None:
    trace = explainers.record(exact(family("basic", 1)), series(film(1)))
    with pytest.raises(InputError, match="layer by layer"):
        stages_of(explainers.load("cam"), trace, FINDINGS[0])
    with pytest.raises(NotFound, match="does not know the finding"):
        stages_of(LRP(), trace, "Gout")
    assert [name for name in explainers.names() if explainers.describe(name).layers] == ["lrp", "rap_contrastive", "rap"]
