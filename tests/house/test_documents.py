"""The documents say what the product has: every setting, command, method and room, and no link that leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import Settings
from app.explainers import names
from tests.house.conftest import ROOT, files, name

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")
DOCS = ROOT / "docs"


def text(document: str) -> str:
    """One document."""
    return (ROOT / document).read_text(encoding="utf-8")


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_documented_in_its_own_words(field: str) -> None:
    page = text("docs/reference/settings.md")
    rows = [line for line in page.splitlines() if line.startswith(f"| `WHYLIGHT_{field.upper()}` |")]
    assert len(rows) == 1
    described = Settings.model_fields[field].description
    assert described
    assert described in rows[0]


def test_no_setting_is_documented_that_is_not_there() -> None:
    named = set(re.findall(r"`WHYLIGHT_([A-Z_]+)`", text("docs/reference/settings.md")))
    assert named == {field.upper() for field in Settings.model_fields}


def test_every_command_is_documented() -> None:
    done = subprocess.run([sys.executable, "-m", "app", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.search(r"{([a-z,-]+)}", done.stdout)
    assert listed, done.stdout
    commands = listed.group(1).split(",")
    headings = re.findall(r"^## `python -m app ([a-z-]+)", text("docs/reference/commands.md"), re.MULTILINE)
    assert sorted(headings) == sorted(commands)


@pytest.mark.parametrize("method", names())
def test_every_explainer_has_a_page(method: str) -> None:
    assert len((DOCS / "reference" / "methods" / f"{method}.md").read_text(encoding="utf-8")) > 500


def test_the_architecture_names_every_room() -> None:
    page = text("docs/architecture.md")
    rooms = [path for path in (ROOT / "app").iterdir() if not path.name.startswith("__")]
    assert [path.name for path in rooms if path.name not in page] == []


def test_the_architecture_shows_the_layers_that_the_linter_checks() -> None:
    project = text("pyproject.toml")
    contracts = re.findall(r"^layers = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    drawn = ["\n".join(re.findall(r'"([^"]+)"', layers)) for layers in contracts]
    assert len(drawn) == 2
    assert [layers for layers in drawn if layers not in text("docs/architecture.md")] == []


def test_every_make_target_that_the_documents_name_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = {word for path in files(".md") for word in re.findall(r"`make ([a-z]+)", path.read_text(encoding="utf-8"))}
    assert {"serve", "test"} <= named <= targets


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name(path)}: {target}"
        for path in files(".md")
        for target in LINK.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_decision_records_are_numbered_without_gaps_and_dated() -> None:
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert re.fullmatch(rf"# {path.name[:4]} .+", lines[0]), path
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2} · (accepted|superseded by \d{4})", lines[2]), path


def test_every_document_can_be_reached_from_the_readme() -> None:
    """A page that nothing links to is not read."""
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            other = (page.parent / target).resolve()
            waiting += sorted(other.glob("*.md")) if other.is_dir() else [other] if other.suffix == ".md" else []
    assert [name(path) for path in files(".md", under="docs") if path not in reached] == []
