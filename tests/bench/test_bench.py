"""The benchmark measures the real product once, small, and prints what it measured."""

import json
import shutil
from pathlib import Path

import pytest

from app.bench import measures, pixels, what_if
from app.bench.cli import main
from app.bench.figures import Figure, as_json, table
from tests.exams import write_exam_network


def test_a_figure_is_the_median_and_shows_the_range() -> None:
    figure = Figure("start", "s", (3.0, 1.0, 2.0))
    assert figure.value == 2.0
    assert figure.text() == "2.00 s  (1.00 s to 3.00 s, n = 3)"
    assert Figure("page", "bytes", (12_345,)).text() == "12.3 kB"


def test_the_table_is_aligned_and_the_json_keeps_every_sample() -> None:
    figures = [Figure("a", "s", (1.0,)), Figure("longer", "bytes", (2000.0, 4000.0))]
    assert table(figures).splitlines() == ["a       1.00 s", "longer  3.0 kB  (2.0 kB to 4.0 kB, n = 2)"]
    read = json.loads(as_json(figures, {"cores": 2}))
    assert read["machine"] == {"cores": 2}
    assert read["figures"][1] == {"name": "longer", "unit": "bytes", "samples": [2000.0, 4000.0], "median": 3000.0}


def test_the_benchmark_measures_the_product(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, with small untrained networks on small films and slices: what it prints, not how fast anything is."""
    small = tmp_path / "models"
    shutil.copytree(models, small)
    write_exam_network(small)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(small))
    monkeypatch.setattr(measures, "PHANTOM_SIZE", 256)
    monkeypatch.setattr(what_if, "SIZES", (256,))
    monkeypatch.setattr(pixels, "SIZE", 64)
    monkeypatch.setattr(pixels, "SLICES", 2)
    monkeypatch.setenv("WHYLIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("WHYLIGHT_THREADS", "1")
    assert main(["main", "--repeat", "1", "--json", str(tmp_path / "figures.json")]) == 0
    figures = {entry["name"]: entry["median"] for entry in json.loads((tmp_path / "figures.json").read_text())["figures"]}
    assert all(value > 0 for value in figures.values())
    assert figures["phantom 256 px → prediction"] <= figures["phantom 256 px → five overlays"]
    methods = [name for name in figures if name.startswith("map by ")]
    assert len(methods) == 5
    assert figures["case page, scripts"] > 10_000, "htmx alone is more"
    slices, disk = (figures[name] for name in ("6 slices of an exam, 0.0 MB: their pixels", "the same octets off the disk"))
    assert figures["pixels, as a multiple of the disk (at most 1.5)"] == pytest.approx(slices / disk)
    printed = capsys.readouterr().out
    assert all(name in printed for name in figures)
