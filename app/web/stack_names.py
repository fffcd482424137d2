"""How a stack is called in addresses, forms and the JSON API: the id of its series and its number there, "a2b3c4d5e6f7-0"."""

import re

from app.errors import NotFound
from app.stacks import Stack, stacks
from app.store import ImageRow, SeriesRow, Transaction

NAME = re.compile(r"([a-z2-7]{12})-(\d{1,4})")


def name(series_id: str, number: int) -> str:
    """A stack's name."""
    return f"{series_id}-{number}"


def find(tx: Transaction, study_id: str, given: str) -> tuple[SeriesRow, Stack[ImageRow]]:
    """The series and the stack of this name, as a reader's corrections have it; NotFound."""
    parts = NAME.fullmatch(given)
    for series in tx.studies.get(study_id).series if parts else ():
        if parts and series.id == parts[1]:
            found = stacks(series, tx.exams.corrections(study_id))
            if int(parts[2]) < len(found):
                return series, found[int(parts[2])]
    raise NotFound("This study has no such stack.")
