"""What can be asked for: which findings of a network a generator offers, and which ways in a latent space lie in its folder.

Knows cards and the heads of files, and no torch: pages ask this before anything is computed.
"""

import json
from typing import Literal

from safetensors import safe_open

from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.errors import InputError

Way = Literal["generator", "shift"]
WAYS: tuple[Way, ...] = ("generator", "shift")
SHIFTS = "shift.safetensors"
"""The file in a network's folder that keeps which way its answers lie."""


def shifts(network: Card, encoder: Card) -> dict[str, tuple[float, float]]:
    """The goal and the gap of every finding whose way lies in a network's folder; none where they are of other versions."""
    path = network.folder / SHIFTS
    if not path.is_file():
        return {}
    with safe_open(path, "np") as file:
        about = file.metadata() or {}
    if (about.get("network"), about.get("autoencoder")) != (network.sha256, encoder.sha256):
        return {}
    return {name: (float(goal), float(gap)) for name, (goal, gap) in json.loads(about["ways"]).items()}


def ways(registry: Registry, card: Card, *, person: bool = False) -> dict[str, tuple[Way, ...]]:
    """By which ways each finding of a network may be asked for, the better first; findings with none are left out. Of a
    ``person`` none by what knows drawn images only, though the network itself may read a person's. ModelError where a card
    cannot be read."""
    generator, encoder = registry.counterfactual(card), registry.autoencoder(card)
    generated = generator.offers if generator and not (person and generator.phantom) else ()
    shifted = shifts(card, encoder) if encoder and card.preprocessing.frame != "canonical" else {}
    found: dict[str, tuple[Way, ...]] = {}
    for finding in card.findings:
        mine: list[Way] = ["generator"] if finding in generated else []
        mine += ["shift"] if finding in shifted else []
        if mine:
            found[finding] = tuple(mine)
    return found


def chosen(registry: Registry, card: Card, finding: str, way: str = "", *, person: bool = False) -> Way:
    """The way that is meant, the better where none is named; InputError where there is none."""
    mine = ways(registry, card, person=person).get(finding, ())
    for one in mine:
        if way in ("", one):
            return one
    raise InputError(
        "There is no counterfactual of “%(finding)s” for the network “%(model)s”.", {"finding": finding, "model": card.name}
    )
