"""RAP's starts side by side, on phantoms and on films with boxes: a row each, from figures that can be checked by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.explainers.base import Relevance
from app.reporting import cases, cli, starts, variants
from app.reporting.variants import Variant
from tests.classifiers.conftest import write_model


def test_the_command_prints_a_row_per_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path / "models", name="drawn", phantom=True)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    assert cli.main(["--starts", "drawn", "--cases", "2", "--few", "2"]) == 0
    head, columns, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("phantoms, ")
    assert [row.split()[0] for row in rows] == list(starts.STARTS)
    assert all(name in columns for name in starts.MEASURES)
    uniform = next(row for row in rows if row.split()[0] == "uniform")
    assert uniform.rstrip().endswith("1.000 [1.000, 1.000]"), "it is like itself"


def test_figures_are_those_of_the_maps(tmp_path: Path) -> None:
    """A map that knows the answer, the same for every finding, and one that points elsewhere, another for each."""
    write_model(tmp_path / "models", name="drawn", phantom=True)
    classifier = load(Registry(tmp_path / "models").card("drawn"), torch.device("cpu"))
    known = list(cases.phantoms(classifier.card.findings, 1, size=64))
    truths = iter([case.truth for case in known for _ in range(1)])
    size = classifier.card.input_size
    random = np.random.default_rng(0)

    def right(_trace: object, targets: object) -> Relevance:
        from scipy import ndimage

        inside = ndimage.distance_transform_edt(next(truths)).astype(np.float32)
        one = torch.from_numpy(inside + 1e-3 * random.random(inside.shape, np.float32))
        return Relevance(one.expand(len(list(targets)), 1, *inside.shape))  # type: ignore[call-overload]

    def wrong(_trace: object, targets: object) -> Relevance:
        maps = torch.from_numpy(random.random((len(list(targets)), 1, size, size), np.float32))  # type: ignore[call-overload]
        maps[..., 0, 0] = 9
        total = torch.full(maps.shape[:2], 2.0)
        return Relevance(maps, total, torch.full_like(total, 0.25), absorbed=torch.ones_like(total))

    pair = [Variant("wrong", wrong), Variant("right", right)]
    told = {
        (one.variant, one.measure): one.mean.value
        for one in variants.summarised(list(variants.pointing(classifier, known, pair)))
    }
    assert told["right", "pointing"] == 1
    assert told["wrong", "pointing"] == 0
    assert told["right", "between findings"] == pytest.approx(1)
    assert abs(told["wrong", "between findings"]) < 0.1
    assert told["right", "like the last"] == pytest.approx(1)
    assert (told["wrong", "absorbed"], told["wrong", "lost"]) == (0.5, 0.25)
    assert "absorbed" not in {measure for variant, measure in told if variant == "right"}


def test_randomisation_leaves_the_network_alone_and_draws_several(tmp_path: Path) -> None:
    write_model(tmp_path / "models", name="drawn", phantom=True)
    classifier = load(Registry(tmp_path / "models").card("drawn"), torch.device("cpu"))
    before = {name: value.clone() for name, value in classifier.network.state_dict().items()}
    known = list(cases.phantoms(classifier.card.findings[:1], 1, size=64))

    def head(trace: object, targets: object) -> Relevance:
        weight = trace.classifier.network.head.weight  # type: ignore[attr-defined]
        return Relevance(weight[list(targets)].reshape(1, 1, 1, -1).detach())  # type: ignore[call-overload]

    values = list(variants.randomised(classifier, known, [Variant("head", head)]))
    assert len({value.value for value in values}) == variants.DRAWS
    assert all(torch.equal(before[name], value) for name, value in classifier.network.state_dict().items())
