"""`models ranges`: where the colours of a network's maps end, measured and written onto its card."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app import __main__ as cli
from app import explainers, render
from app.adoption import ranges
from app.classifiers.card import Card
from app.classifiers.loading import load, load_exam
from app.domain import FINDINGS
from tests.exams import write_exam_network


def card(folder: Path, name: str = "phantom-by-name", stride: int = 16) -> Card:
    """A network whose card says its stride."""
    path = folder / name / "card.toml"
    text = path.read_text(encoding="utf-8").replace(
        'explained_layer = "features"\n', f'explained_layer = "features"\nstride = {stride}\n'
    )
    path.write_text(text, encoding="utf-8")
    return Card.read(folder / name)


def command(name: str, *methods: str) -> int:
    return cli.main(["models", "ranges", name, "--cases", "3", "--methods", *methods])


def test_the_card_gets_a_quantile_of_the_maps_own_ends(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = card(folder)
    assert command(one.name, "cam", "saliency") == 0
    assert "2 ranges of phantoms are on the card" in capsys.readouterr().out
    written = Card.read(one.folder)
    classifier = load(one, torch.device("cpu"))
    ends: dict[tuple[str, str], list[float]] = {}
    even: dict[tuple[str, str], list[float]] = {}
    for seed in range(ranges.FIRST_SEED, ranges.FIRST_SEED + 3):
        trace = explainers.record(classifier, ranges.phantom(seed))
        for method in ("cam", "saliency"):
            for layer in explainers.load(method).explain(classifier, trace, one.findings):
                sizes = np.abs(layer.values[0])
                ends.setdefault((method, layer.finding), []).append(float(np.percentile(sizes, 99.5)))
                smooth = np.abs(render.evened(layer.values, 8.0)[0])
                even.setdefault((method, layer.finding), []).append(float(np.percentile(smooth, 99.5)))
    for key, each in ends.items():
        found = written.range_of(*key)
        assert found is not None
        assert found.high == pytest.approx(np.quantile(each, ranges.QUANTILE), rel=1e-3)
        assert (found.source, found.cases, found.quantile) == ("phantoms", 3, ranges.QUANTILE)
        wanted = pytest.approx(np.quantile(even[key], ranges.QUANTILE), rel=1e-3) if key[0] == "saliency" else None
        assert found.evened == wanted, "a coarse map is not smoothed"


def test_a_range_from_before_gets_its_smoothed_end(folder: Path) -> None:
    one = card(folder)
    assert command(one.name, "layer_cam") == 0
    said = one.folder / "card.toml"
    said.write_text(re.sub(r"evened = .*\n", "", said.read_text(encoding="utf-8")), encoding="utf-8")
    assert {found.evened for found in Card.read(one.folder).ranges} == {None}
    assert command(one.name, "layer_cam") == 0
    assert all(found.evened for found in Card.read(one.folder).ranges)


def test_other_entries_and_other_methods_stay(folder: Path) -> None:
    one = card(folder)
    before = (one.folder / "card.toml").read_text(encoding="utf-8")
    assert command(one.name, "cam") == 0
    assert command(one.name, "gradcam") == 0
    both = (one.folder / "card.toml").read_text(encoding="utf-8")
    assert both.startswith(before.rstrip())
    assert {found.method for found in Card.read(one.folder).ranges} == {"cam", "gradcam"}
    assert command(one.name, "cam") == 0
    assert len(Card.read(one.folder).ranges) == both.count("[[ranges]]")


def test_validation_films_are_asked_for_by_name_only_where_there_are_some(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models", "ranges", "chest-untrained", "--of", "validation"]) == 2
    assert "has no validation films" in capsys.readouterr().err


def test_ranges_come_from_validation_patients_of_whole_films(folder: Path, tmp_path: Path) -> None:
    images = tmp_path / "chest" / "nih" / "images"
    images.mkdir(parents=True)
    rows = []
    for patient in ("00000012", "00000022", "00000021", "00000033"):
        Picture.fromarray(np.random.default_rng(int(patient)).integers(0, 256, (64, 64)).astype(np.uint8)).save(
            images / f"{patient}.png"
        )
        rows.append({"image": f"{patient}.png", "patient": patient, **dict.fromkeys(FINDINGS, "0")})
    with (images.parent / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    path = folder / "chest-untrained" / "card.toml"
    data = '\n[[data]]\nname = "nih"\nimages = 1\npatients = 1\nterms = "x"\n'
    path.write_text(path.read_text(encoding="utf-8") + data, encoding="utf-8")
    source, films = ranges.films(Card.read(path.parent), tmp_path, "", 0)
    assert source == "validation"
    assert [film().series_uid for film in films] == ["00000012.png", "00000022.png"]
    assert ranges.films(Card.read(path.parent), tmp_path, "phantoms", 2)[0] == "phantoms"


def test_an_exams_networks_have_ranges_by_plane(folder: Path) -> None:
    exam = Card.read(write_exam_network(folder, "knee-untrained"))
    seen = ranges.of_exams(load_exam(exam, torch.device("cpu")), 1, ["cam"], lambda _: None, size=48)
    rows = list(seen.rows("phantoms"))
    assert {row["plane"] for row in rows} == {"sagittal", "coronal", "axial"}
    for _ in range(2):
        ranges.write(exam, rows)
    assert "\n\n\n" not in (exam.folder / "card.toml").read_text(encoding="utf-8"), "tables leave holes where they lay"
    written = Card.read(exam.folder)
    assert written.range_of("cam", rows[0]["finding"], rows[0]["plane"]) is not None
    assert written.range_of("cam", rows[0]["finding"]) is None
