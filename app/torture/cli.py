"""The `torture` command: mutated files, many uploads at once, a server that is killed amid them, a database that restarts.

1 when a limit was missed or anything was lost.
"""

import argparse
from pathlib import Path

from app.torture import database, ingest, kills, uploads


def main(arguments: list[str]) -> int:
    """Parse the arguments after `torture`, ill-treat a server, print; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m app torture", description="Ill-treat the product in a process and a folder of its own."
    )
    trials = parser.add_subparsers(title="trials", required=True)
    database_ = trials.add_parser("database", help="restart a PostgreSQL under a server and a worker with work to do")
    database_.add_argument("--restarts", type=int, default=10, help="how often (default: 10)")
    database_.set_defaults(run=lambda given: database.run(given.restarts))
    uploads_ = trials.add_parser("uploads", help="many uploads at once, and other work beside them")
    uploads_.add_argument("--clients", type=int, default=45, help="uploads at once (default: 45)")
    uploads_.add_argument("--files", type=int, default=100, help="files of each (default: 100)")
    uploads_.add_argument("--slices", type=int, default=3000, help="files of the one big study after them (default: 3000)")
    uploads_.add_argument("--worker", action="store_true", help="with a worker that analyses what arrives")
    uploads_.set_defaults(run=lambda given: uploads.run(given.clients, given.files, given.slices, worker=given.worker))
    kills_ = trials.add_parser("kills", help="kill the server in the middle of uploads, and count what is lost and left")
    kills_.add_argument("--kills", type=int, default=20, help="how often (default: 20)")
    kills_.add_argument("--seed", type=int, default=1, help="of the moments at which it is killed (default: 1)")
    kills_.set_defaults(run=lambda given: kills.run(given.kills, given.seed))
    ingest_ = trials.add_parser("ingest", help="mutated files and frames of every kind that is read")
    ingest_.add_argument("--files", type=int, default=10_000, help="how many (default: 10000)")
    ingest_.add_argument("--seed", type=int, default=1, help="of what is changed in them (default: 1)")
    ingest_.add_argument("--keep", type=Path, help="a folder for those that were not answered")
    ingest_.set_defaults(run=lambda given: ingest.run(given.files, given.seed, given.keep))
    given = parser.parse_args(arguments)
    result: int = given.run(given)
    return result
