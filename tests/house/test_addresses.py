"""Every address that leaves the product goes one way, so that it can be served under a path (app/web/addresses.py)."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.conftest import files, name

ROOTS = "api|cohorts|counterfactuals|docs|exam-reviews|explanations|exports|flagged|images|layers|models|openapi|preferences|"
ROOTS += "batches|readers|removals|reviews|stack-explanations|stages|static|studies|upload|what-ifs?"
OURS = re.compile(rf"/(?:{ROOTS})\b")
TEMPLATE = re.compile(r"""\b(?:href|src|srcset|action|formaction|poster|data-[a-z-]+|hx-[a-z-]+)=["']/""")
SCRIPT = re.compile(rf"""(?<!served\()["'`]/(?:{ROOTS})\b""")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
SERVED = {"served", "inside", "in_api", "startswith"}
ROUTES = {"mount"}
STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?/""")


def bare(source: str) -> Iterator[int]:
    """The lines of Python that make an address of ours and do not put it through `served`: strings in functions that begin with
    a root of ours, and redirects to a string. What a request's path is compared with is no address that a browser is given."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    fine = {id(text) for call in calls if called(call) in SERVED | ROUTES for text in call.args}
    fine |= {id(given.value) for call in calls for given in call.keywords if given.arg == "openapi_url"}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in (node for line in function.body for node in ast.walk(line) if isinstance(node, ast.expr)):
            if isinstance(node, ast.Call) and called(node) == "RedirectResponse" and text_of(node.args[0]) is not None:
                yield node.lineno
            if id(node) not in fine and OURS.match(text_of(node) or ""):
                yield node.lineno
            if isinstance(node, ast.JoinedStr):  # its parts are strings too, and what comes after a {…} is no beginning
                fine |= {id(part) for part in node.values}


def called(call: ast.Call) -> str:
    """The name of what is called."""
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def text_of(node: ast.AST) -> str | None:
    """How a string begins; None for anything else."""
    if isinstance(node, ast.JoinedStr):
        return text_of(node.values[0]) if node.values else ""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_python_serves_its_addresses() -> None:
    assert [f"{name(path)}:{n}" for path in files(".py", under="app/web") for n in bare(path.read_text("utf-8"))] == []


def test_templates_serve_their_addresses() -> None:
    assert [name(path) for path in files(".html", under="templates") if TEMPLATE.search(path.read_text("utf-8"))] == []


def test_scripts_serve_their_addresses() -> None:
    texts = {path: COMMENT.sub("", path.read_text("utf-8")) for path in files(".js", under="static/js")}
    assert [name(path) for path, text in texts.items() if SCRIPT.search(text)] == []


def test_styles_name_files_from_where_they_are() -> None:
    assert [name(path) for path in files(".css", under="static/css") if STYLE.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "line",
    ['return f"/studies/{row.id}"', 'return RedirectResponse("/", 303)', 'return Urls(f"{x}", "/reviews/")', 'x = "/docs#a"'],
)
def test_a_bare_address_is_found(line: str) -> None:
    assert list(bare(f"def f():\n    {line}\n")) == [2]
    assert TEMPLATE.search('<a href="/studies/{{ id }}">')
    assert SCRIPT.search("await ask(`/what-ifs/${id}`)")
