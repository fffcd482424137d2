"""Files of weights as people have them, generated, and a folder of networks to bring them to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests import checkpoints


@pytest.fixture
def folder(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own folder of networks, with the small untrained ones in it; the settings name it."""
    own = tmp_path / "models"
    shutil.copytree(models, own)
    for name, value in {"MODELS": own, "VAR": tmp_path / "var", "DEVICE": "cpu", "THREADS": 1}.items():
        monkeypatch.setenv(f"WHYLIGHT_{name}", str(value))
    return own


@pytest.fixture(scope="session")
def resnet18() -> checkpoints.State:
    """The state dict of a ResNet-18 with three channels and three outputs; a test changes a copy."""
    return checkpoints.resnet("resnet-18", 3)


Save = Callable[[object], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write anything as a training program would, ``torch.save``; returns the file."""

    def saved(what: object) -> Path:
        path = tmp_path / "weights.pth"
        torch.save(what, path)
        return path

    return saved
