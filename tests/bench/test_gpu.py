"""The benchmark on a GPU: what it says without one, and that its faults and differences are what they are called.

Faults are injected on the CPU here: the way from full to half pieces and on to a copy of the network is the same.
"""

import numpy as np
import pytest
import torch

from app import explainers
from app.__main__ import main
from app.bench import gpu
from app.bench.explainers import Bench
from app.bench.figures import Figure
from app.errors import Unavailable


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench.open("chest-phantom", "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_measured_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unavailable, match="stays unmeasured"):
        list(gpu.measure(1))
    assert main(["bench", "gpu"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("PyTorch sees no GPU here")


def test_twenty_faults_end_well(bench: Bench) -> None:
    assert gpu.stood(bench, bench) == gpu.FAULTS


def test_a_fault_that_takes_the_maps_along_does_not_end_well(bench: Bench) -> None:
    trace = explainers.record(bench.classifier, bench.series)
    with gpu.Faults("cpu", 5, 99), pytest.raises(torch.OutOfMemoryError):
        explainers.load("saliency").explain(bench.classifier, trace, bench.classifier.card.findings)
    with gpu.Faults("cuda", 0, 1) as elsewhere:
        explainers.record(bench.classifier, bench.series)
    assert elsewhere.times == 1


def test_differences_are_relative_and_a_missing_picture_is_one(bench: Bench) -> None:
    (layer,) = gpu.maps(bench, "cam", ["Effusion"])
    again = gpu.maps(bench, "cam", ["Effusion"])[0]
    assert gpu.apart(layer, again) == 0
    from dataclasses import replace

    moved = replace(layer, values=np.asarray(1.01 * layer.values, np.float32))
    assert gpu.apart(moved, layer) == pytest.approx(0.01, rel=1e-3)
    assert gpu.apart(replace(layer, state="constant input"), layer) == float("inf")


def test_what_misses_a_limit_is_seen() -> None:
    fine = [Figure("cam", "", (1e-5,)), Figure(gpu.WELL, "faults", (20.0,)), Figure("forward", "s", (9.0,))]
    assert not gpu.missed(fine)
    assert gpu.missed([*fine, Figure("lrp", "", (2e-3,))])
    assert gpu.missed([Figure(gpu.WELL, "faults", (19.0,))])
    assert [figure.text() for figure in fine[:2]] == ["1.0e-05", "20"]
