"""A plugin for pytest that `.ci/test.sh` loads: what every step of the checks took, as the last thing before the summary line.

Checks that ran before pytest are told by a file of lines "name, tab, seconds"; pytest's own part is split by folder of tests.
"""

import time
from collections import Counter
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The file of the steps so far."""
    parser.addoption("--steps", type=Path, help="a file with a line for each step before pytest: name, tab, seconds")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count; a process that runs tests for another one has nothing to tell."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Steps(config), "whylight-steps")


class Steps:
    """Counts the seconds of tests by folder and prints the table."""

    def __init__(self, config: pytest.Config) -> None:
        self.before: Path | None = config.getoption("--steps")
        self.started = time.monotonic()
        self.seconds: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test."""
        folder = "/".join(report.nodeid.split("::", 1)[0].split("/")[:2])
        folder = folder if not folder.endswith(".py") else "tests"
        self.seconds[folder] += report.duration  # type: ignore[assignment]
        self.tests[folder] += report.when == "call"

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """The table. The folders' seconds add up over processes, so together they are more than pytest took."""
        took = time.monotonic() - self.started
        rows: list[tuple[str, float, str]] = []
        if self.before is not None and self.before.is_file():
            for line in self.before.read_text(encoding="utf-8").splitlines():
                step, told = line.split("\t")
                rows.append((step, float(told), "beside one another"))
        processes = len(config.getoption("tx", None) or []) or 1
        rows.append(("pytest", took, f"{self.tests.total()} tests in {processes} processes, of them"))
        for folder, spent in self.seconds.most_common():
            rows.append((f"  {folder}", spent, f"{self.tests[folder]} tests"))
        terminalreporter.section("seconds by step")
        for name, seconds, words in rows:
            terminalreporter.write_line(f"{name:<22}{seconds:>8.1f}  {words}")
