"""Templates and static files: nothing inline, nothing unescaped, nothing missing, nothing left over."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tests.house.conftest import ROOT, files, name

STATIC = ROOT / "static"
JINJA = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
STATIC_CALL = re.compile(r"""\bstatic\(\s*["']([^"']+)["']\s*\)""")
TEMPLATE_NAME = re.compile(r"""{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")
JS_IMPORT = re.compile(r"""^\s*(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*["'](\.[^"']+)["']""", re.MULTILINE)
JS_LATE_IMPORT = re.compile(r"""\bimport\(\s*["'](\.[^"']+)["']\s*\)""")
JS_WORKER = re.compile(r"""new URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta\.url\s*\)""")
JS_VENDOR = re.compile(r"""["'](\.\./vendor/[^"']+)["']""")
JS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
"""Where scripts say their types, imports among them."""
CSS_REFERENCE = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?!data:|#)[^"')\s]+)""")


class Inline(HTMLParser):
    """Collects what the Content-Security-Policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        named = dict(attrs)
        line = self.getpos()[0]
        if tag == "style" or "style" in named:
            self.found.append(f"line {line}: style in <{tag}>")
        if tag == "script" and "src" not in named and named.get("type") != "application/json":
            self.found.append(f"line {line}: inline script")
        self.found += [f"line {line}: {key}= in <{tag}>" for key in named if key.startswith(("on", "hx-on"))]
        self.found += [f"line {line}: {key}=javascript:" for key, value in attrs if (value or "").startswith("javascript:")]
        self.found += [
            f"line {line}: {key}={value} of another host"
            for key, value in attrs
            if key in {"src", "href", "action"} and tag != "a" and re.match(r"(?:https?:)?//", value or "")
        ]


def templates() -> list[Path]:
    """Every template."""
    found = list(files(".html", under="templates"))
    assert found, "there are no templates"
    return found


def script(path: Path) -> str:
    """A script without the comments that say its types."""
    return JS_COMMENT.sub("", path.read_text(encoding="utf-8"))


def test_templates_have_nothing_inline() -> None:
    found = []
    for path in templates():
        parser = Inline()
        parser.feed(JINJA.sub("x", path.read_text(encoding="utf-8")))
        found += [f"{name(path)} {line}" for line in parser.found]
    assert found == []


def test_templates_escape_everything() -> None:
    found = [
        name(path) for path in templates() if re.search(r"\|\s*safe\b|autoescape\s+false", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_what_templates_name_is_there() -> None:
    missing = []
    for path in templates():
        text = path.read_text(encoding="utf-8")
        missing += [
            f"{name(path)}: {other}" for other in TEMPLATE_NAME.findall(text) if not (ROOT / "templates" / other).is_file()
        ]
        missing += [f"{name(path)}: {other}" for other in STATIC_CALL.findall(text) if not (STATIC / other).is_file()]
    assert missing == []


def test_what_scripts_and_styles_name_is_there() -> None:
    missing = []
    for path in files(".js", under="static"):
        text = script(path)
        for pattern in (JS_IMPORT, JS_LATE_IMPORT, JS_WORKER, JS_VENDOR):
            missing += [f"{name(path)}: {other}" for other in pattern.findall(text) if not (path.parent / other).is_file()]
    for path in files(".css", under="static"):
        for other in CSS_REFERENCE.findall(path.read_text(encoding="utf-8")):
            if not (path.parent / other).is_file():
                missing.append(f"{name(path)}: {other}")
    assert missing == []


def test_no_script_or_style_is_left_over() -> None:
    """A static file that nothing names is dead weight in the repository."""
    bundled = re.findall(r"static/(js/\S+\.js)", (ROOT / ".ci" / "bundle.sh").read_text(encoding="utf-8"))
    sources = {f"built/{Path(other).name}": other for other in bundled}
    named: set[Path] = set()
    for path in templates():
        for other in STATIC_CALL.findall(path.read_text(encoding="utf-8")):
            source = sources.get(other, other.replace("built/", "css/bundles/"))
            named.add((STATIC / source).resolve())
    for path in files(".js", under="static"):
        text = script(path)
        for pattern in (JS_IMPORT, JS_LATE_IMPORT, JS_WORKER):
            named |= {(path.parent / other).resolve() for other in pattern.findall(text)}
    for path in files(".css", under="static"):
        named |= {(path.parent / other).resolve() for other in CSS_REFERENCE.findall(path.read_text(encoding="utf-8"))}
    assert [name(path) for path in files(".js", ".css", under="static") if path not in named] == []


def test_scripts_build_no_html_from_text() -> None:
    """innerHTML and its kin are how a patient's name becomes a program."""
    risky = re.compile(r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(")
    found = [name(path) for path in files(".js", under="static") if risky.search(path.read_text(encoding="utf-8"))]
    assert found == []
