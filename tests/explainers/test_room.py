"""The room's doors: which methods there are, what they say of themselves, and that none of it needs torch."""

import subprocess
import sys

import pytest

from app import explainers
from app.errors import NotFound
from app.explainers.base import Explainer


def test_the_default_panel_in_its_order() -> None:
    assert explainers.panel() == ("cam", "layer_cam", "saliency", "lrp", "rap_contrastive")
    assert explainers.names()[:5] == explainers.panel()


@pytest.mark.parametrize("name", explainers.names())
def test_every_method_says_what_it_is_and_loads(name: str) -> None:
    method = explainers.describe(name)
    assert method.name == name
    assert method.summary.endswith(".")
    assert any(character.isdigit() for character in method.paper)
    explainer = explainers.load(name)
    assert isinstance(explainer, Explainer)
    assert explainer.name == name
    assert explainer.signed == method.signed


def test_an_unknown_method_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"no method called “engine”.*cam, layer_cam"):
        explainers.load("engine")


def test_listing_methods_leaves_torch_alone() -> None:
    code = "import sys, app.explainers as e; [e.describe(n) for n in e.names()]; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
