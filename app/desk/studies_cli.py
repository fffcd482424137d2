"""The `studies` command: `read` has studies read by a network as one batch, `stop` takes that back, `remove` deletes studies
for good, `check` counts what belongs to nothing."""

import argparse
import sys
import time

from app.classifiers.registry import Registry
from app.config import Settings
from app.desk import batches, deletion
from app.errors import AppError, InputError
from app.store import Batch, Store, WorklistQuery

NOTICE = "Research use only — not for clinical use."
SECONDS = 1.0
"""How often a batch that is waited for is looked at."""


def main(arguments: list[str]) -> int:
    """Parse the arguments after `studies` and run; 0 when all was as wished, 1 when some was not, 2 when nothing was done."""
    given = parser().parse_args(arguments)
    settings = Settings()
    store = Store.open(settings)
    try:
        if not store.ready():
            raise InputError("The database is not there, or is older than this product. Run “python -m app migrate” first.")
        if given.word == "read":
            return _read(store, Registry(settings.models), given)
        if given.word == "stop":
            print(_told(batches.stop(store, given.batch)))
            return 0
        return _checked(store) if given.word == "check" else _removed(store, given.studies, given.older_than)
    finally:
        store.close()


def parser() -> argparse.ArgumentParser:
    """Every word and its options."""
    top = argparse.ArgumentParser(prog="python -m app studies", description=f"The studies that are stored here. {NOTICE}")
    words = top.add_subparsers(title="what to do", dest="word", required=True)
    read = words.add_parser(
        "read",
        help="have studies read by another network, as one batch",
        description="Have a network read studies that are stored here. A server, or `python -m app worker`, does the work; "
        "this command says how far it is, and may be ended with Ctrl-C meanwhile.",
    )
    read.add_argument("studies", nargs="*", metavar="ID", help="as in the address of the study's page")
    read.add_argument("--model", required=True, metavar="NAME", help="the network")
    read.add_argument("--all", action="store_true", help="every study that the filters take, instead of ids")
    read.add_argument("--modality", default="", metavar="CODE", help="with --all: only this modality")
    read.add_argument("--no-wait", action="store_true", help="say how to follow it, and end at once")
    stop = words.add_parser("stop", help="take back what of a batch still waits", description="What was read stays.")
    stop.add_argument("batch", metavar="BATCH", help="as `studies read` names it")
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


def _read(store: Store, registry: Registry, given: argparse.Namespace) -> int:
    if bool(given.studies) == given.all:
        raise InputError("Say which studies: their ids, or --all.")
    with store.view() as tx:
        studies = list(tx.worklist.ids(WorklistQuery(modality=given.modality))) if given.all else given.studies
    batch = batches.ask(store, registry, given.model, studies)
    print(f"{_told(batch)}; followed at /batches/{batch.id}", flush=True)
    while batch.open and not given.no_wait:
        time.sleep(SECONDS)
        before = batch
        with store.view() as tx:
            batch = tx.batches.get(batch.id)
        if batch.settled != before.settled:
            print(_told(batch), flush=True)
    return _outcome(store, batch)


def _outcome(store: Store, batch: Batch) -> int:
    """Name what failed beside the others' results; 0 where nothing did, 2 where nothing was or will be read."""
    with store.view() as tx:
        missed = [one for one in tx.batches.studies(batch.id) if one.state in {"failed", "unread", "cancelled"}]
    for one in missed:
        reason = AppError(one.error_template, one.error_values).sentence if one.error_template else "stopped"
        print(f"{one.study_id}: {reason}", file=sys.stderr)
    return 0 if not missed else 2 if len(missed) == batch.total else 1


def _told(batch: Batch) -> str:
    """A line about a batch."""
    states = ", ".join(f"{count} {state}" for state, count in batch.counts.items() if count)
    return f"batch {batch.id}: {batch.model} has {batch.settled} of {batch.total} studies behind it ({states or 'none'})"
