"""One lock per language: whatever is asked for is pinned exactly, and no address of a registry is in a lock."""

import json
import re
import tomllib
from importlib.metadata import requires

from packaging.requirements import Requirement

from tests.house.conftest import ROOT

PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)")


def normal(name: str) -> str:
    """A project name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(file: str) -> list[str]:
    """The lines of a requirements file that are neither a comment nor an option."""
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def test_every_constraint_is_one_exact_version_without_a_local_part() -> None:
    wrong = [entry for entry in entries("constraints.txt") if not PIN.fullmatch(entry)]
    assert wrong == []
    names = [normal(entry.split("==")[0]) for entry in entries("constraints.txt")]
    assert sorted(set(names)) == sorted(names), "a package is pinned twice"


def test_every_requirement_is_pinned() -> None:
    pinned = {normal(entry.split("==")[0]) for entry in entries("constraints.txt")}
    asked = [
        re.split(r"[\[<>=!~; ]", entry)[0] for file in ("requirements.txt", "requirements-dev.txt") for entry in entries(file)
    ]
    assert [name for name in asked if normal(name) not in pinned] == []
    assert len(asked) > 20


def test_everything_below_the_requirements_is_pinned_too() -> None:
    pinned = {normal(entry.split("==")[0]) for entry in entries("constraints.txt")}
    waiting = [Requirement(entry) for file in ("requirements.txt", "requirements-dev.txt") for entry in entries(file)]
    seen: set[str] = set()
    while waiting:
        asked = waiting.pop()
        for text in requires(asked.name) or []:
            below = Requirement(text)
            wanted = below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in ("", *asked.extras))
            if wanted and str(below) not in seen:
                seen.add(str(below))
                waiting.append(below)
    names = {normal(Requirement(text).name) for text in seen}
    # A CUDA build of torch brings NVIDIA's packages, which torch's own metadata pins exactly.
    cuda = {name for name in names if name.startswith(("nvidia-", "cuda-")) or name == "triton"}
    assert names - cuda - pinned == set()


def test_every_dependency_is_argued_for() -> None:
    record = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8").lower()
    asked = [
        re.split(r"[\[<>=!~; ]", entry)[0] for file in ("requirements.txt", "requirements-dev.txt") for entry in entries(file)
    ]
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    asked += [*package["dependencies"], *package["devDependencies"]]
    assert [name for name in asked if name.lower() not in record] == []


def test_second_opinions_are_pinned_where_they_are_named() -> None:
    assert [entry for entry in entries("requirements-oracles.txt") if not PIN.fullmatch(entry)] == []


def test_front_end_packages_are_locked_by_content_and_not_by_address() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    asked = package["dependencies"] | package["devDependencies"]
    assert asked == {name: lock["packages"][f"node_modules/{name}"]["version"] for name in asked}
    installed = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in installed.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, entry in installed.items() if "resolved" in entry] == []


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert project["license"] == package["license"] == "Apache-2.0"
