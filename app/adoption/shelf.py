"""What stands in the folder of networks: which of them is chosen by itself, and taking one away. Knows no torch."""

import re
import shutil
import tempfile
from pathlib import Path

from app.classifiers.card import Card
from app.classifiers.registry import REMOVED, Registry, parts
from app.errors import Conflict, ModelError
from app.training.rewriting import rewrite

DEFAULT = re.compile(r"^default\s*=\s*(?:true|false)", re.MULTILINE)


def make_default(registry: Registry, name: str) -> tuple[Card, ...]:
    """Let a network be chosen by itself, in the place of those that read the same kind of study. Returns these."""
    chosen = registry.card(name)
    others = tuple(card for card in registry.cards() if card.default and card.name != name and _same_kind(card, chosen))
    for card in others:
        _write(card, default=False)
    _write(chosen, default=True)
    return others


def _same_kind(one: Card, other: Card) -> bool:
    return (
        one.kind == other.kind
        and one.phantom == other.phantom
        and bool(set(one.modalities) & set(other.modalities))
        and bool(parts(one) & parts(other))
    )


def _write(card: Card, *, default: bool) -> None:
    """Change one line of a card and nothing else."""
    line = f"default = {str(default).lower()}"

    def change(text: str) -> str:
        begins = re.search(r"^\[", text, re.MULTILINE)
        head, rest = (text[: begins.start()], text[begins.start() :]) if begins else (text, "")
        head = DEFAULT.sub(line, head, count=1) if DEFAULT.search(head) else f"{line}\n{head}"
        return head + rest

    rewrite(card, change)


def remove(registry: Registry, name: str) -> Card:
    """Take away a network that `models add` brought. Its card is kept aside, so that what it said can still be shown.

    Conflict for a network that came with the product or was put there by hand: no command brings that back.
    """
    card = registry.card(name)
    if not card.origin:
        raise Conflict(
            "“%(name)s” was not added with “models add”, so no command could bring it back. Delete the folder %(folder)s "
            "yourself if that is what you want.",
            {"name": name, "folder": str(card.folder)},
        )
    try:
        kept = registry.folder / REMOVED / name
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card.folder / "card.toml", kept / "card.toml")
        with tempfile.TemporaryDirectory(prefix=".removing-", dir=registry.folder) as aside:
            card.folder.rename(Path(aside) / name)
    except OSError as error:
        raise ModelError("“%(name)s” cannot be taken away: %(error)s.", {"name": name, "error": str(error.strerror)}) from error
    return card
