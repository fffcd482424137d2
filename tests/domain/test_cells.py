"""CSV for people to take along: no cell is a formula, in the heading no more than below it, whatever parts cells."""

import csv
import io

import pytest

from app.cohorts import writing
from app.domain import cells

RISKY = ("=1+1", "a;=1+1;b", "＝1+1", "＋1", "－1", "＠x", "\t=1", "a\r=1", "x;＝1")
STARTS = set("=+-@|%＝＋－＠")


def read(text: str, delimiter: str) -> list[str]:
    """Every cell as a spreadsheet has it that parts cells so."""
    return [part.strip(' "') for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for part in row]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("text", RISKY)
def test_no_cell_is_a_formula_whatever_parts_them(text: str, delimiter: str) -> None:
    out = io.StringIO(newline="")
    cells.write(out, ["id", text], [["1", text], ["2", {"shape": text}]])
    for told in (out.getvalue(), writing.as_csv(["id", text], [("1", text)])):
        assert [one for one in read(told, delimiter) if one[:1] in STARTS] == []
        assert text.strip()[-1] in told


def test_figures_stay_figures() -> None:
    out = io.StringIO(newline="")
    cells.write(out, ["a"], [[-1.5], [None], ["plain"]])
    assert list(csv.reader(io.StringIO(out.getvalue()))) == [["a"], ["-1.5"], [""], ["plain"]]
