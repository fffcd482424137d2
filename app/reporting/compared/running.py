"""`evaluate --compare` and `evaluate --characteristics`: what the options ask for, carried out."""

import argparse
from pathlib import Path

from app.classifiers.loading import Loaded
from app.config import Settings
from app.errors import InputError
from app.reporting import cases, characteristics
from app.reporting.compared import table
from app.reporting.compared.films import of as films_of


def compare(given: argparse.Namespace, loaded: Loaded, settings: Settings) -> int:
    """Print what networks are worth beside the first of them, and keep it where that is asked for; returns the exit code."""
    cards = [loaded.registry.card(name) for name in given.compare]
    films = films_of(cards, given.data, settings.var / "training" / "films", given.most)
    each = given.cases or 40
    known = cases.phantoms(films.findings, each) if films.kind == "phantoms" else unseen(given.data, each)
    networks = [loaded.get(card) for card in cards]
    print(f"{len(films.pixels)} {films.kind}, {len(films.counted)} findings", flush=True)
    found = list(table.rows(networks, films, list(known), lambda line: print(line, flush=True)))
    if given.write:
        print(f"written: {table.write(settings.models, films, found)}", flush=True)
    return 0


def characterised(given: argparse.Namespace, loaded: Loaded) -> int:
    """Print how methods differ in where they point, what they work on and how fine they are; returns the exit code."""
    networks = [loaded.get(loaded.registry.card(name)) for name in given.characteristics]
    if len({one.card.phantom for one in networks}) > 1:
        raise InputError("Methods are characterised on phantoms or on films of people: name networks of one kind.")
    own, each = networks[0].card, given.cases or 20
    known = list(cases.phantoms(own.findings, each) if own.phantom else unseen(given.data, each))
    found = list(characteristics.measured(loaded, networks, known, lambda line: print(line, flush=True)))
    for line in characteristics.lines(found):
        print(line)
    return 0


def unseen(data: Path, each: int) -> list[cases.Case]:
    """Films with boxes of patients that nothing was trained on."""
    return [case for case in cases.boxed(data, each) if "trained" not in case.source]
