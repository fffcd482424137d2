"""Where a case stands in a list that is read through: its place, its neighbours, and the way back to the list."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request

from app.store import Entry, Queue, Reading, Transaction
from app.web import pages
from app.web.addresses import served

ONWARD_COOKIE = "whylight-onward"
"""Whether a reader wishes to go on by itself once a map is judged."""
SIZES: Mapping[str, int] = {"/": 25, "/flagged": 25}
"""How many rows a page of a list has; lists of films have more."""
FILMS = 50

LONGEST = 64
"""Of a queue's id, and of a place in it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A case in a queue: ``number`` of ``total``, the addresses of what comes ``before`` and ``after`` ("" at the ends), and of
    the ``list`` at this case's row. ``onward``: the reader wishes to go on by itself."""

    id: str
    number: int
    total: int
    before: str
    after: str
    list: str
    onward: bool
    reading: Reading

    @property
    def place(self) -> int:
        """The place as addresses have it, from 0."""
        return self.number - 1


def address(queue: str, place: int, entry: Entry) -> str:
    """Where an entry of a queue is read."""
    told = f"{entry.query}&" if entry.query else ""
    return served(f"/studies/{entry.study}?{told}{urlencode({'queue': queue, 'place': place})}")


def kept(request: Request, target: str) -> str:
    """Where a case's plain form leads, with the place in the list that the page was in which sent it: that page's own address
    says it, and a form does not. So it is with what was shown, where the form says nothing of that."""
    from_page = urlsplit(request.headers.get("referer", ""))
    if not from_page.path.startswith(served("/studies/")):
        return target
    names = {"queue", "place"} if "?" in target else {"queue", "place", "image", "model", "finding"}
    told = {name: value[:LONGEST] for name, value in parse_qsl(from_page.query) if name in names and value}
    return f"{target}{'&' if '?' in target else '?'}{urlencode(told)}" if told else target


def standing(request: Request, tx: Transaction, study: str, queue_id: str, place: str) -> Standing | None:
    """How a study stands in the queue that an address names; None where it does not, or the queue is not kept any more."""
    queue = tx.queues.get(queue_id) if queue_id else None
    at = None if queue is None else position(queue, study, place)
    if queue is None or at is None:
        return None
    every = list(enumerate(queue.entries))
    before, after = tx.queues.there(every[:at][::-1]), tx.queues.there(every[at + 1 :])
    return Standing(
        id=queue.id,
        number=at + 1,
        total=len(every),
        before=address(queue.id, *before) if before else "",
        after=address(queue.id, *after) if after else "",
        list=listed(queue, at),
        onward=request.cookies.get(ONWARD_COOKIE) == "yes",
        reading=tx.readings.of([study], pages.reader(request)).get(study, "unread"),
    )


def position(queue: Queue, study: str, place: str) -> int | None:
    """Where a study stands in a queue: at the place that the address says, else where it comes first."""
    entries = queue.entries
    at = int(place) if place.isascii() and place.isdigit() and len(place) < 7 else len(entries)
    if at < len(entries) and entries[at].study == study:
        return at
    return next((other for other, entry in enumerate(entries) if entry.study == study), None)


def listed(queue: Queue, at: int) -> str:
    """The address of the list at the row of a place, on the page where it was."""
    path, _mark, query = queue.origin.partition("?")
    number = at // SIZES.get(path, FILMS) + 1
    named = dict(parse_qsl(query)) | {"go": str(number) if number > 1 else ""}
    told = urlencode({name: value for name, value in named.items() if value})
    return served(f"{path}?{told}#{queue.entries[at].row}" if told else f"{path}#{queue.entries[at].row}")
