"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest
import torch

from app.config import Settings

torch.set_num_threads(1)  # small networks on a shared machine: two threads only wait for one another


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real films; the test says aloud that it was skipped where there is none."""
    folder = Settings().data
    if not (folder / "README.md").is_file():
        pytest.skip(f"no real data at {folder}: set WHYLIGHT_DATA to run this test")
    return folder
