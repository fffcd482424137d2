"""A cohort of drawn films with a table, measured as anybody's is: how long it takes, and the figures that come out.

The films' truth is known, so what comes out is checked against counts made here from `cases.csv`.
"""

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.bench.figures import Figure
from app.config import ROOT
from app.errors import AppError
from app.phantoms import cohort

MODELS = ("chest-phantom", "chest-phantom-shortcut")


def measure(films: int, keep: Path | None = None) -> list[Figure]:
    """Draw, measure with the command, count again, print the command's figures. AppError when they are not the same."""
    with tempfile.TemporaryDirectory() as folder:
        there = keep or Path(folder) / "films"
        began = time.perf_counter()
        table = cohort.write(there, films)
        drawn = time.perf_counter() - began
        out = Path(folder) / "out"
        words = ("validate", "--table", str(table), "--model", MODELS[0], "--model-b", MODELS[1], "--groups", "view,drain")
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - the product itself
            [sys.executable, "-m", "app", *words, "--out", str(out), "--quiet"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        if done.returncode:
            raise AppError("validate ended with %(code)s: %(told)s", {"code": done.returncode, "told": done.stderr[-500:]})
        print("\n".join(line for line in done.stdout.splitlines() if str(out) not in line))  # it goes with its folder
        _counted(out)
    return [
        Figure(f"draw {films} films of 256 px", "s", (drawn,)),
        Figure(f"validate two networks on {films} films", "s", (seconds,)),
        Figure("films a second and network", "films/s", (films * len(MODELS) / seconds,)),
    ]


def _counted(out: Path) -> None:
    """Count true calls from the cases, and compare with the figures."""
    with (out / "cases.csv").open(encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file))
    with (out / "figures.csv").open(encoding="utf-8", newline="") as file:
        told = [row for row in csv.DictReader(file) if row["metric"] == "true positives"]
    for row in told:
        called, label = f"called: {row['network']}: {row['finding']}", f"label: {row['finding']}"
        count = sum(case[called] == "1" and case[label] == "1" for case in cases)
        if count != float(row["value"]):
            raise AppError(
                "%(count)s are rightly called, and the figures say %(told)s.", {"count": count, "told": row["value"]}
            )
