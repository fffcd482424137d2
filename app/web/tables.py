"""Sorted, paged tables: the headings of the worklist and of the flagged page, and what their forms send."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Column:
    """One heading. ``key`` is what the store sorts by, "" for a column that is not sorted; ``order`` is what choosing the
    heading asks for: the key, with "-" before it for descending."""

    title: str
    key: str = ""
    aria_sort: Literal["", "none", "ascending", "descending"] = ""
    order: str = ""
    number: bool = False


def columns(
    headings: Sequence[tuple[str, str, bool]], sort: str, descending: bool, falling: Sequence[str]
) -> tuple[Column, ...]:
    """The headings, each (title, key, whether it holds figures).

    Choosing the sorted one turns it round; the keys in ``falling`` start with the newest or the largest.
    """
    found = []
    for title, key, number in headings:
        if not key:
            found.append(Column(title, number=number))
        elif key == sort:
            order = key if descending else f"-{key}"
            found.append(Column(title, key, "descending" if descending else "ascending", order, number))
        else:
            found.append(Column(title, key, "none", f"-{key}" if key in falling else key, number))
    return tuple(found)


def ordering(order: str, allowed: Sequence[str], default: str) -> tuple[str, bool]:
    """What an ``order`` asks for: the key and whether it descends; the default, descending, for anything we do not sort by."""
    key = order.removeprefix("-")
    return (key, order.startswith("-")) if key in allowed else (default, True)


def number(text: str) -> int:
    """A page number that came with a request; 1 for anything that is none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) else 1
