"""What histograms tell of drawn knees: less than the bound, and all of it where there is something to tell."""

import numpy as np
import pytest

from app.phantoms import knee
from app.reporting import cli, histograms


def test_a_histogram_is_blind_to_gain_and_place() -> None:
    exam = knee.draw(3, [], size=48, slices=10)
    row = histograms.features(exam)
    assert row.shape == (3 * histograms.BINS,)
    assert row.reshape(3, -1).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_control_finds_what_grey_values_tell() -> None:
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(3 * histograms.BINS, 20.0), 240).astype(np.float32)
    labels = rng.random((240, 3)) < 0.5
    rows[labels[:, 0], 5] *= 3
    told = histograms.control(rows, labels)
    assert told[0].interval.value > 0.95
    assert all(0.35 < each.interval.value < 0.65 for each in told[1:])
    assert "NOT BELOW" in next(iter(histograms.lines(told)))


def test_few_knees_are_not_told_apart_by_their_histograms_and_the_command_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histograms, "SIZE", 32)
    cli.main(["--histogram-control", "knee", "--cases", "36"])
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == list(knee.FINDINGS)
    assert all("of 36 examinations" not in line and "on 36 examinations" in line for line in told)
    for line in told:
        assert float(line.split("AUROC ")[1].split()[0]) < 0.8  # of few; by itself it draws hundreds, under a stricter bound
