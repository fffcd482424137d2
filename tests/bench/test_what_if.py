"""The bench of what if asks a real server about an exam, slice by slice and a whole stack."""

from pathlib import Path

import pytest

from app.bench import what_if
from tests.exams import write_exam_network


def test_an_exam_is_asked_about_and_every_answer_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_exam_network(tmp_path)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path))
    monkeypatch.setenv("WHYLIGHT_THREADS", "1")
    monkeypatch.setattr(what_if, "EXAM_SIZE", 64)
    monkeypatch.setattr(what_if, "SLICES", 4)
    figures = {figure.name: figure for figure in what_if.exam(1)}
    name = "exam of 3 × 4 slices of 64 px"
    assert [one for one in figures if "processor" not in one] == [
        f"what if, {name}, one slice",
        f"what if, {name}, a whole stack",
        f"filmstrip, {name}, one slice by LRP",
    ]
    assert all(figure.unit == "s" and figure.value >= 0 for figure in figures.values())
