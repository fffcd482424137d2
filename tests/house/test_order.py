"""How modules are written: each opens by saying what it is, none is long, none is a drawer for everything."""

import ast
from pathlib import Path

from tests.house.conftest import files, name, parsed

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
DRAWERS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "service", "services", "misc"}
SHORTEST_DOCSTRING = 40


def test_there_are_modules(modules: tuple[Path, ...]) -> None:
    assert len(modules) > 30, "the tests of this file would pass over an empty house"


def test_every_module_opens_by_saying_what_it_is(modules: tuple[Path, ...]) -> None:
    silent = [name(path) for path in modules if len(ast.get_docstring(parsed(path)) or "") < SHORTEST_DOCSTRING]
    assert silent == []


def test_no_file_is_long() -> None:
    long = [
        f"{name(path)}: {lines} lines"
        for under, suffixes in (("app", (".py",)), ("templates", (".html",)), ("static", (".js", ".css")))
        for path in files(*suffixes, under=under)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    assert long == []


def test_no_function_is_long(modules: tuple[Path, ...]) -> None:
    long = [
        f"{name(path)}: {node.name} has {length} lines"
        for path in modules
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_module_is_a_drawer_for_everything(modules: tuple[Path, ...]) -> None:
    drawers = [name(path) for path in modules if DRAWERS.intersection((path.stem, *path.parent.parts, *path.stem.split("_")))]
    assert drawers == []


def test_public_classes_and_functions_say_what_they_are(modules: tuple[Path, ...]) -> None:
    silent = [
        f"{name(path)}: {node.name}"
        for path in modules
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []


def test_every_test_folder_mirrors_a_room_of_the_product() -> None:
    here = Path(__file__).resolve().parents[1]
    others = {"house", "browser", "js"}
    rooms = {path.stem for path in (here.parent / "app").iterdir() if path.stem != "__pycache__"}
    folders = {path.name for path in here.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - others <= rooms
