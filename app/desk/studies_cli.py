"""The `studies` command: `studies remove` deletes studies for good, `studies check` counts what belongs to nothing."""

import argparse
import sys

from app.config import Settings
from app.desk import deletion
from app.errors import AppError, InputError
from app.store import Store

NOTICE = "Research use only — not for clinical use."


def main(arguments: list[str]) -> int:
    """Parse the arguments after `studies` and run; 0 when all was as wished, 1 when some was not, 2 when nothing was done."""
    given = parser().parse_args(arguments)
    store = Store.open(Settings())
    try:
        if not store.ready():
            raise InputError("The database is not there, or is older than this product. Run “python -m app migrate” first.")
        return _checked(store) if given.word == "check" else _removed(store, given.studies, given.older_than)
    finally:
        store.close()


def parser() -> argparse.ArgumentParser:
    """Every word and its options."""
    top = argparse.ArgumentParser(prog="python -m app studies", description=f"The studies that are stored here. {NOTICE}")
    words = top.add_subparsers(title="what to do", dest="word", required=True)
    remove = words.add_parser(
        "remove",
        help="remove studies for good",
        description="Remove studies with their files, what networks said of them, maps, verdicts, drawings. Nothing undoes it.",
    )
    remove.add_argument("studies", nargs="*", metavar="ID", help="as in the address of the study's page")
    remove.add_argument("--older-than", type=int, metavar="DAYS", help="every study to which no file came for so many days")
    words.add_parser(
        "check",
        help="count what is stored and belongs to nothing",
        description="Count rows without a parent, blobs that no row names, pictures kept beside no blob, and blobs that are "
        "missing. Nobody else may write meanwhile.",
    )
    return top


def _removed(store: Store, studies: list[str], days: int | None) -> int:
    if not studies and days is None:
        raise InputError("Say which studies: their ids, or --older-than DAYS.")
    if days is not None and days < 1:
        raise InputError("Say at least one day.")
    gone = deletion.expire(store, days) if days is not None else 0
    missing = 0
    for study_id in studies:
        try:
            deletion.delete(store, study_id)
            gone += 1
        except AppError as error:
            missing += 1
            print(f"{study_id}: {error.sentence}", file=sys.stderr)
    print(f"{gone} studies removed")
    return 0 if not missing else 1 if gone else 2


def _checked(store: Store) -> int:
    found = store.orphans()
    with store.view() as tx:
        print(f"{tx.studies.count()} studies, {tx.removals.pending()} of others about to go")
    rows = ", ".join(f"{count} in {table}" for table, count in found.rows.items())
    print(f"{sum(found.rows.values())} rows without a parent{f': {rows}' if rows else ''}")
    print(f"{found.blobs} blobs that no row names, {found.derived} pictures beside no blob, {found.missing} blobs missing")
    return 1 if found else 0
