"""The critic beside a generator: kept with its bound, of one version, and speaking of films beyond the bound alone."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.classifiers.card import Card
from app.classifiers.critic import WIDTHS, Critic
from app.classifiers.registry import Registry
from app.counterfactuals import seeing
from app.counterfactuals.seeing import Seeing
from tests.changing import OWN, changing


@pytest.fixture
def card(tmp_path: Path) -> Card:
    found = Registry(changing(tmp_path)).counterfactual(Registry(tmp_path).card(OWN))
    assert found is not None
    return found


def test_a_critic_is_kept_with_its_bound(card: Card) -> None:
    torch.manual_seed(0)
    critic, films = Critic(1, WIDTHS).eval(), torch.rand(4, 1, 32, 32)
    told = critic(films)[:, 0].detach()
    bound = float(told.sort().values[1:3].mean())
    assert seeing.read(card, "Effusion") is None, "none is there yet"
    seeing.write(card, {"Effusion": Seeing(critic, bound)})
    found = seeing.read(card, "Effusion")
    assert found is not None
    assert found.through(films).tolist() == (told > bound).tolist()
    assert int(found.through(films).sum()) == 2
    assert seeing.read(card, "Mass") is None, "nobody fitted one"
    assert seeing.read(replace(card, sha256="0" * 64), "Effusion") is None, "of another version"
    (card.folder / seeing.CRITICS).write_bytes(b"no critics")
    assert seeing.read(card, "Effusion") is None
