"""What must not stand in the product: calls that run what a file says, places of one machine, addresses of a registry."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.house.conftest import ROOT, files, name, parsed

UNPICKLING = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
TEXT = (".py", ".html", ".js", ".css", ".toml", ".txt", ".md", ".sh", ".yml", ".json", ".po", ".mako", ".ini", "")
MACHINE_PATHS = re.compile(r"(?<![\w.:/~-])/(?:work|home|root|Users|opt)/(?!venv)[\w.-]")
REGISTRIES = re.compile(
    r"https?://[^\s\"'<>)]*(?:pypi|pythonhosted|npmjs|pytorch\.org/whl|docker\.io|ghcr|quay\.io|unpkg|jsdelivr|cdnjs|googleapis)"
)

HAND_IT_ON = {"app/ingest/decoder.py", "app/product.py", "app/bench/what_if.py", "app/torture/database.py"}
"""Modules that start a process and hand it the environment they were started in, with changes; they read no setting from it."""


READ_BACK = ("app/desk/", "app/phantoms/", "app/training/")
"""Rooms that write tables which the product itself reads again, as they were given or as figures."""


def calls(path: Path) -> list[ast.Call]:
    """Every call in a module."""
    return [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]


def test_nothing_unpickles(modules: tuple[Path, ...]) -> None:
    found = []
    for path in modules:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
                found += [f"{name(path)}:{node.lineno} imports {word}" for word in imported if word.split(".")[0] in UNPICKLING]
        for call in calls(path):
            written = ast.unparse(call.func)
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            if written == "torch.load" and keywords.get("weights_only") != "True":
                found.append(f"{name(path)}:{call.lineno} torch.load without weights_only=True")
            if written.endswith("np.load") and keywords.get("allow_pickle") == "True":
                found.append(f"{name(path)}:{call.lineno} np.load with allow_pickle")
    assert found == []


def test_nothing_runs_text_or_a_shell(modules: tuple[Path, ...]) -> None:
    found = [
        f"{name(path)}:{call.lineno} {ast.unparse(call)[:60]}"
        for path in modules
        for call in calls(path)
        if (isinstance(call.func, ast.Name) and call.func.id in RUNS_TEXT)
        or ast.unparse(call.func) in {"os.system", "os.popen"}
        or any(keyword.arg == "shell" and ast.unparse(keyword.value) == "True" for keyword in call.keywords)
    ]
    assert found == []


def test_only_the_settings_read_the_environment(modules: tuple[Path, ...]) -> None:
    readers = {
        name(path)
        for path in modules
        if any(
            isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
            for node in ast.walk(parsed(path))
        )
    }
    assert readers <= HAND_IT_ON


def test_no_path_of_one_machine_and_no_registry_is_written_down() -> None:
    found = [
        f"{name(path)}:{number} {line.strip()[:100]}"
        for path in files(*TEXT)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE_PATHS.search(line) or REGISTRIES.search(line)
    ]
    assert found == []


def test_the_web_room_leaves_torch_out() -> None:
    """Pages must open in a moment, and a web process without a worker needs no gigabyte of network code."""
    program = "import sys, app.web.application, app.store, app.ingest, app.render; print(sorted({'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_tables_for_people_are_written_in_one_place(modules: tuple[Path, ...]) -> None:
    """A cell that a spreadsheet takes for a formula is a program of whoever named a file (app/domain/cells.py)."""
    found = [
        f"{name(path)}:{call.lineno}"
        for path in modules
        for call in calls(path)
        if ast.unparse(call.func) in {"csv.writer", "csv.DictWriter"} and not name(path).startswith(READ_BACK)
    ]
    assert [one.partition(":")[0] for one in found] == ["app/domain/cells.py"]
