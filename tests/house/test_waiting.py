"""Tests wait for what is meant. A pause of a fixed length is too long here and too short there, and the suite becomes slow and
unsteady by many of them: none may be written."""

import re

from tests.house.conftest import ROOT, files, name

PAUSE = re.compile(
    r"\bsleep\(|\bwait_for_timeout\(|\bsetTimeout\(|\bEvent\(\)\.wait\(\s*[^)\s]|\bselect\(\[\]|wait_for_load_state\(.networkidle"
)
MAY = ROOT / "tests" / "waiting.py"
"""Looks again and again until something is true; its pause is between two looks."""


def pauses(text: str) -> list[int]:
    """The lines of a test, or of a program within it, that let a fixed time pass."""
    return [number for number, line in enumerate(text.splitlines(), 1) if PAUSE.search(line)]


def test_no_test_pauses_for_a_fixed_time() -> None:
    tests = [path for path in files(".py", under="tests") if path not in (MAY, ROOT / "tests" / "house" / "test_waiting.py")]
    assert len(tests) > 100
    found = [f"{name(path)}:{line}" for path in tests for line in pauses(path.read_text(encoding="utf-8"))]
    assert found == [], "wait with tests.waiting.until, or with painted, until or became of tests.browser.cases"


def test_every_way_to_pause_is_seen() -> None:
    for line in (
        "time.sleep(0.1)",
        "    sleep(1)",
        "await asyncio.sleep(0.5)",
        "page.wait_for_timeout(200)",
        "window.setTimeout(done, 300)",
        "threading.Event().wait(0.1)",
        'page.wait_for_load_state("networkidle")',
    ):
        assert pauses(line) == [1], line
    for line in ("threading.Event().wait()", "process.wait(timeout=30)", "expect(page).to_have_url(url, timeout=5)"):
        assert pauses(line) == [], line
