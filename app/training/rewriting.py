"""Changes to the text of a card that lies there already. Knows text, and no torch."""

import re
from collections.abc import Callable

from app.classifiers.card import Card
from app.errors import ModelError


def rewrite(card: Card, change: Callable[[str], str]) -> None:
    """Change the text of a card; the file is whole at every moment. ModelError where it cannot be written."""
    path = card.folder / "card.toml"
    try:
        aside = path.with_name(".card.toml")
        aside.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise ModelError(
            "The card of “%(name)s” cannot be written: %(error)s.", {"name": card.name, "error": str(error.strerror)}
        ) from error


def without(text: str, key: str) -> str:
    """The text of a card without its tables ``[[key]]``."""
    rest = re.sub(rf"\n*^\[\[{key}\]\]\n(?:^[a-z].*\n?)*", "\n", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", rest).rstrip() + "\n"


def with_entry(text: str, key: str, line: str) -> str:
    """The text of a card with ``line`` in the place of its plain entry ``key``, or before its first table."""
    begins = re.search(r"^\[", text, re.MULTILINE)
    head, rest = (text[: begins.start()], text[begins.start() :]) if begins else (text, "")
    known = re.compile(rf"^{key}\s*=.*$", re.MULTILINE)
    head = known.sub(lambda _: line, head, count=1) if known.search(head) else f"{head.rstrip()}\n{line}\n\n"
    return head + rest
