"""`models devices`: how well each answer of a chest network tells a device that is drawn into a film, written onto its card."""

import tomllib
from collections.abc import Sequence
from typing import Any

from app.classifiers.card import Card
from app.evaluation.shortcuts import Shortcut
from app.training import cards
from app.training.rewriting import rewrite, without


def rows(found: Sequence[Shortcut], part: str) -> list[dict[str, Any]]:
    """What was measured as a card has it; ``part`` is that of the films. What could not be measured is left out."""
    return [
        {
            "source": part,
            "aspect": one.aspect,
            "finding": one.finding,
            **{name: round(float(getattr(one.told, name)), 4) for name in ("value", "low", "high")},
            "films": one.told.positives,
        }
        for one in found
        if one.told.value == one.told.value
    ]


def write(card: Card, told: Sequence[dict[str, Any]]) -> None:
    """Put the rows onto the card in place of earlier ones of the same part; nothing else in it changes. ModelError where it
    cannot be written."""
    measured = {row["source"] for row in told}

    def change(text: str) -> str:
        others = [row for row in tomllib.loads(text).get("told", []) if row["source"] not in measured]
        tables = ("\n[[told]]\n" + "".join(f"{k} = {cards.toml(v)}\n" for k, v in row.items()) for row in (*others, *told))
        return without(text, "told") + "".join(tables)

    rewrite(card, change)
