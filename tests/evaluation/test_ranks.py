"""Ranks are scipy's, and a server does not load scipy's library of distributions to have them."""

import subprocess
import sys

import numpy as np
from scipy.stats import rankdata

from app.evaluation.ranks import ranked


def test_ranks_are_scipys_ties_included() -> None:
    rng = np.random.default_rng(3)
    for values in (rng.normal(size=500), rng.integers(0, 9, 500).astype(np.float32), np.zeros(7), np.zeros(0), np.array([2.0])):
        assert np.array_equal(ranked(values), rankdata(values))


def test_a_server_starts_without_the_library_of_distributions() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, app.web.application, app.worker; print('scipy.stats' in sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert said.stdout.strip() == "False"
