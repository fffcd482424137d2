"""Sorted, paged tables: the headings of the worklist and of the flagged page, what their forms send, and the addresses that
say what they show.

What is searched for may be a patient's name: it travels in the body of a POST, the store keeps it, and the address has its id.
Everything else that a list shows stands in its address in plain words, so that Back, a reload and a link bring it back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from app.errors import NotFound
from app.store import Page
from app.web import pages
from app.web.addresses import served


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


@dataclass(frozen=True, slots=True)
class Searched:
    """What an address' search stands for: its text, its id ("" for none), and whether the address names one that is not kept
    any more."""

    text: str = ""
    id: str = ""
    forgotten: bool = False


def searched(request: Request, search: str) -> Searched:
    """The search that an address names."""
    if not search:
        return Searched()
    with pages.of(request).store.view() as tx:
        text = tx.searches.text(search)
    return Searched(forgotten=True) if text is None else Searched(text, search)


def known(request: Request, search: str) -> str:
    """The text of the search that an address names; NotFound where it is not kept any more, so that a file never holds more
    than was asked for."""
    there = searched(request, search)
    if there.forgotten:
        raise NotFound("The words that were searched for are no longer kept. Search again.")
    return there.text


def told(order: str, usual: str) -> str:
    """An order as an address has it; "" for the usual one."""
    return "" if order == usual else order


def page(shown: Page[Any]) -> str:
    """A page's number as an address has it; "" for the first."""
    return str(shown.number) if shown.number > 1 else ""


def address(path: str, named: Mapping[str, str]) -> str:
    """Where a list shows this, as it is known in here; what is "" is left out."""
    query = urlencode({name: value for name, value in named.items() if value})
    return f"{path}?{query}" if query else path


def found(request: Request, path: str, named: Mapping[str, str], text: str) -> Response:
    """Where the list is that a form asked for, as an answer (303): no POST stays in the history, and nothing is sent twice.
    The text is kept, unless there is none."""
    text = text.strip()[:200]
    search = ""
    if text:
        with pages.of(request).store.begin() as tx:
            search = tx.searches.keep(text)
    return RedirectResponse(served(address(path, {"search": search, **named})), 303)
