"""The `layers` command: `layers import` takes in what other software says of studies that are stored here."""

import argparse
import sys
from pathlib import Path

from app.classifiers.registry import Registry
from app.config import Settings
from app.desk import imports, rasters
from app.errors import AppError, InputError
from app.store import Store

NOTICE = "Research use only — not for clinical use."


def main(arguments: list[str]) -> int:
    """Parse the arguments after `layers` and run; 0 when every manifest was taken in, 1 when some, 2 when none."""
    given = parser().parse_args(arguments)
    settings = Settings()
    store = Store.open(settings)
    try:
        done = [_imported(store, Registry(settings.models), path, given.study) for path in given.manifests]
    finally:
        store.close()
    return 0 if all(done) else 1 if any(done) else 2


def parser() -> argparse.ArgumentParser:
    """Every word and its options."""
    top = argparse.ArgumentParser(prog="python -m app layers", description=f"Maps and masks from other software. {NOTICE}")
    words = top.add_subparsers(title="what to do", required=True)
    import_ = words.add_parser(
        "import",
        help="take in layers of studies that are stored here",
        description="Take in layers by a manifest, which docs/reference/layers.md describes; the files it names lie in its "
        "folder. Of one manifest all layers are kept, or none.",
    )
    import_.add_argument("manifests", nargs="+", type=Path, metavar="MANIFEST", help="manifest.json")
    import_.add_argument("--study", default="", metavar="ID", help="the study; default: that of the first image it names")
    return top


def _imported(store: Store, registry: Registry, path: Path, study: str) -> bool:
    """Take in one manifest, and say what became of it in a line."""
    try:
        manifest = imports.read(_octets(path))
        found = imports.take(store, registry, study or imports.find(store, manifest), manifest, rasters.beside(path))
    except AppError as error:
        print(f"{path}: {error.sentence}", file=sys.stderr)
        return False
    print(f"{path}: {len(found.layers)} layers of study {found.study_id}, with answers about {found.answers} of its stacks")
    return True


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError("The manifest cannot be read: %(reason)s.", {"reason": error.strerror or "no file"}) from error
