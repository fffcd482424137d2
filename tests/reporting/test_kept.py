"""An evaluation that was cut goes on: nothing is measured twice, and nothing of another question is taken for an answer."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import InputError
from app.reporting import cli
from app.reporting.kept import Kept, Value
from tests.classifiers.conftest import write_model

ONE = Value("phantoms", "Mass", "7", "cam", "outside_inside", math.inf, 3)


def once(*values: Value) -> Iterator[Value]:
    yield from values


def never() -> Iterator[Value]:
    raise AssertionError("measured again")


def test_a_unit_is_measured_once(tmp_path: Path) -> None:
    first = Kept.at(tmp_path / "kept", "starts", 4)
    assert first.take("a", lambda: once(ONE)) == [ONE]
    assert first.take("a", never) == [ONE]
    assert first.take("empty", once) == []
    again = Kept.at(tmp_path / "kept", "starts", 4)
    assert (again.take("a", never), again.take("empty", never)) == ([ONE], [])


def test_another_question_is_another_measurement(tmp_path: Path) -> None:
    Kept.at(tmp_path, "starts", 4).take("a", lambda: once(ONE))
    with pytest.raises(AssertionError, match="measured again"):
        Kept.at(tmp_path, "starts", 5).take("a", never)


def test_without_a_folder_nothing_is_kept() -> None:
    kept = Kept.at(None, "starts")
    assert kept.take("a", lambda: once(ONE)) == [ONE]
    assert kept.take("a", once) == []


def test_a_line_that_was_cut_is_measured_again_and_the_others_stay(tmp_path: Path) -> None:
    kept = Kept.at(tmp_path, "starts")
    kept.take("a", lambda: once(ONE))
    kept.take("b", lambda: once(ONE, ONE))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    again = Kept.at(tmp_path, "starts")
    assert again.take("a", never) == [ONE]
    assert again.take("b", lambda: once(ONE, ONE)) == [ONE, ONE]
    whole = Kept.at(tmp_path, "starts")
    assert (whole.take("a", never), whole.take("b", never)) == ([ONE], [ONE, ONE])


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        Kept.at(tmp_path / "file", "starts")


@pytest.mark.parametrize(
    ("asked", "measure"),
    [(["--starts", "drawn"], "pointing"), (["--model", "drawn", "--methods", "cam", "lrp"], "pointing_common")],
    ids=["starts", "maps"],
)
def test_a_run_that_was_cut_ends_as_one_that_was_not(
    asked: list[str], measure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path / "models", name="drawn", phantom=True)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    kept, out = tmp_path / "kept", tmp_path / "out"

    def run() -> tuple[str, str]:
        assert cli.main([*asked, "--cases", "1", "--few", "1", "--keep", str(kept), "--out", str(out)]) == 0
        report = out / "report.csv"
        return capsys.readouterr().out, report.read_text(encoding="utf-8") if report.exists() else ""

    whole = run()
    (file,) = kept.iterdir()
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line]
    file.write_text("\n".join(lines[: len(lines) // 2]), encoding="utf-8")
    assert run() == whole
    # What is there is what is told, whatever it is: nothing of it was measured again.
    units = [json.loads(line) for line in lines]
    for _, values in units:
        for value in values:
            if value[4] == measure:
                value[5] = 0.625
    file.write_text("\n".join(json.dumps(unit) for unit in units), encoding="utf-8")
    assert "0.625" in "".join(run())
