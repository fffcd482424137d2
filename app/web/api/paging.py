"""Lists in pages: which page was asked for, and how many there are in all, in ``X-Total-Count``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Response

Row = TypeVar("Row")

TOTAL = "X-Total-Count"
MOST = 1000
"""Rows per page, at most."""

HEADERS: dict[int | str, dict[str, Any]] = {
    200: {"headers": {TOTAL: {"description": "How many there are in all.", "schema": {"type": "integer"}}}}
}
"""What a list documents of its answer."""


@dataclass(frozen=True, slots=True)
class Paging:
    """A page of a list, from 1; ``size`` None: all of it."""

    page: int
    size: int | None

    def cut(self, response: Response, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows of the page; how many there are in all goes into the answer's headers."""
        response.headers[TOTAL] = str(len(rows))
        if self.size is None:
            return rows if self.page == 1 else ()
        return rows[(self.page - 1) * self.size : self.page * self.size]


def _whole(
    page: Annotated[int, Query(ge=1, le=999_999, description="The page, from 1.")] = 1,
    size: Annotated[int | None, Query(ge=1, le=MOST, description="Rows per page; without it, all on one page.")] = None,
) -> Paging:
    return Paging(page, size)


def _parts(
    page: Annotated[int, Query(ge=1, le=999_999, description="The page, from 1.")] = 1,
    size: Annotated[int, Query(ge=1, le=MOST, description="Rows per page.")] = 200,
) -> Paging:
    return Paging(page, size)


Whole = Annotated[Paging, Depends(_whole)]
"""Of a list that came whole before it had pages, and still does unless a size is asked for."""
Parts = Annotated[Paging, Depends(_parts)]
"""Of a list that comes in pages."""
