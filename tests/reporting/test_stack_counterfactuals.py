"""What a generator of stacks is worth: measured on drawn knees the way the page goes, and written onto its card."""

from pathlib import Path

import numpy as np
import pytest

from app.classifiers.card import Card
from app.domain import Series
from app.evaluation import counterfactual as figures
from app.reporting import cli, stack_counterfactuals
from app.reporting.stack_counterfactuals import Changed, StackTrial, against_truth
from app.training.counterfactual.knees import KneePair
from tests.changing import changing_stacks


def test_slices_that_are_changed_alike_are_told_from_those_that_are_not() -> None:
    rng = np.random.default_rng(1)
    smooth = np.cumsum(rng.normal(size=(8, 6, 6)), 0)
    assert figures.along_slices(np.pad(smooth, ((2, 2), (0, 0), (0, 0))), rng) < 0.8
    assert figures.along_slices(rng.normal(size=(8, 6, 6)), rng) == pytest.approx(1, abs=0.1)
    assert np.isnan(figures.along_slices(np.zeros((8, 6, 6)), rng))


def test_a_change_is_compared_with_what_was_drawn() -> None:
    well = np.full((6, 20, 20), 80, np.uint8)
    mask = np.zeros(well.shape, bool)
    mask[2:5, 8:12, 4:8] = True
    ill = np.where(mask, 200, well).astype(np.uint8)
    half = np.where(mask, -60 / 255, 0).astype(np.float32)
    half[3, 9, 5] -= 0.01
    limit = np.zeros(well.shape, np.float32)
    limit[1:6, 5:15, 2:12] = 1
    values, beside = against_truth([KneePair(ill, well, mask, 1, False)], [Changed(3, -3, half, limit, 0.1, 1.0)])
    assert (values["pointing"], values["mass"]) == (1, 1)
    assert values["nearer"] == pytest.approx(0.5, abs=0.01)
    assert values["nearer within the limit"] == pytest.approx(0.5, abs=0.01)
    assert 0.5 < values["SSIM outside"] < 1
    assert set(beside) == {"random", "centre", "limit alone"}
    assert beside["centre"] == 0, "the middle of the stack is none of it"


def test_figures_are_printed_and_block_on_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = changing_stacks(tmp_path / "models")
    monkeypatch.setenv("WHYLIGHT_MODELS", str(models))
    monkeypatch.setenv("WHYLIGHT_VAR", str(tmp_path / "var"))
    monkeypatch.setattr(stack_counterfactuals, "FEWEST", 1)

    def said(_: StackTrial, series: Series) -> float:
        """As a network that calls every torn ligament and is moved by nothing."""
        return 3.0 if series.series_uid.endswith(".1") else -3.0

    monkeypatch.setattr(StackTrial, "said", said)
    assert cli.main(["--counterfactual", "changes-stacks", "--cases", "2", "--write"]) == 0
    told = capsys.readouterr().out
    assert "2 pairs of drawn knees, 2 called with the finding, 2 not without it" in told
    assert "misses: flip 0.00, wanted at least 0.90" in told
    card = Card.read(models / "changes-stacks")
    assert card.offers == (), "it is not offered any more"
    assert {figure.metric for figure in card.figures} >= {"flip", "kept", "pixels", "pointing", "nearer", "along slices"}
    (gap,) = card.gaps
    assert (gap.network, gap.finding, gap.gap) == ("knee-test", "ACL tear", 6.0)
