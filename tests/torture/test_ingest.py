"""Mutated files of every kind are answered, and what is not is counted."""

from pathlib import Path

import numpy as np
import pytest

from app.config import Settings
from app.torture import cli, ingest


def test_mutated_files_are_answered_and_no_process_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept"
    assert cli.main(["ingest", "--files", "56", "--seed", "3", "--keep", str(kept)]) == 0
    told = capsys.readouterr().out
    assert "56 mutated files and frames of 14 kinds, seed 3" in told
    assert "     0 exceptions" in told
    assert "     0 lost processes" in told
    assert not kept.exists()


def test_every_kind_is_read_before_it_is_mutated_and_changed_after(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name, octets in ingest._kinds().items():
        path = tmp_path / "whole"
        path.write_bytes(octets)
        outcomes = list(ingest._outcomes(path, Settings(), tmp_path))
        assert outcomes, name
        assert set(outcomes) <= {"read"} | ({"refused with a reason"} if name == "zip" else set()), name
        assert ingest.mutated(octets, random) != octets
