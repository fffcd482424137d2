"""A report from a real small network on phantoms and on boxed films, read back and checked."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app import explainers
from app.classifiers.classifier import Classifier
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.domain import Extent, Layer, Producer
from app.errors import InputError, NotFound
from app.evaluation.intervals import Mean
from app.reporting import cases, cli, measuring
from app.reporting.measuring import Row
from app.reporting.writing import Report, beats
from tests.classifiers.conftest import write_model

CALLED = {"phantoms, called"}
"""The slow measures are not told apart by what the network calls."""


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    write_model(tmp_path / "models", name="drawn", phantom=True)
    return load(Registry(tmp_path / "models").card("drawn"), torch.device("cpu"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A manifest with one unseen patient with an NIH box, one trained patient with an RSNA box, one without boxes."""
    folder = tmp_path / "data" / "chest" / "nih"
    (folder / "images").mkdir(parents=True)
    lines = ["image,patient,nih_boxes,rsna_opacity_boxes"]
    lines.append('a.png,00000011,"[[""Infiltrate"", [10, 20, 30, 10]]]",[]')
    lines.append('b.png,00000013,[],"[[5, 5, 20, 20], [40, 40, 10, 10]]"')
    lines.append("c.png,00000014,[],")
    (folder / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    for name in "abc":
        Picture.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)).save(
            folder / "images" / f"{name}.png"
        )
    return tmp_path / "data"


def explanation(values: list[list[float]], extent: Extent) -> Layer:
    heat = np.array([values], np.float32)
    return Layer("1", "relevance", "signed", Producer("method", "cam"), "m", "s", "Mass", heat, extent)


def test_phantom_cases_hold_their_truth() -> None:
    found = list(cases.phantoms(("Nodule", "Fibrosis", "Effusion"), 2, size=96))
    assert [case.finding for case in found] == ["Nodule"] * 2 + ["Effusion"] * 2
    assert all(case.truth.any() and case.truth.shape == case.series.images[0].stored.shape for case in found)
    assert len({case.owner for case in found}) == 4


def test_boxed_films_keep_trained_patients_apart(data: Path) -> None:
    found = list(cases.boxed(data, 5))
    assert [(c.source, c.finding, c.owner) for c in found] == [
        ("NIH boxes, unseen patients", "Infiltration", "00000011"),
        ("RSNA opacity boxes, trained patients", "Pneumonia", "00000013"),
    ]
    small = data / "chest" / "nih_small"
    (small / "images").mkdir(parents=True)
    (small / "manifest.csv").write_text(
        'image,patient,nih_boxes\nd.png,00000021,"[[""Mass"", [1, 2, 3, 4]]]"\n', encoding="utf-8"
    )
    Picture.new("L", (32, 32), 5).save(small / "images" / "d.png")
    further = list(cases.boxed(data, 5))
    assert [(c.source, c.finding) for c in further[2:]] == [("NIH boxes of small films, unseen patients", "Mass")]
    assert further[2].truth.sum() == 12
    assert found[0].truth.sum() == 300
    assert found[1].truth.sum() == 500
    assert list(cases.boxed(data, 0)) == []
    # Of a network from elsewhere nobody knows which patients it learned from.
    assert {c.source.partition(", ")[2] for c in cases.boxed(data, 5, parted=False)} == {"patients whose part is unknown"}
    with pytest.raises(InputError, match="no films with boxes"):
        list(cases.boxed(data / "nowhere", 5))


def test_pointing_at_the_maps_own_resolution() -> None:
    truth = np.zeros((40, 40), bool)
    truth[20:, :20] = True
    whole = Extent(0, 0, 40, 40)
    assert measuring.pointing(explanation([[0, 0], [2, 1]], whole), truth) == 1
    assert measuring.pointing(explanation([[0, 3], [2, 1]], whole), truth) == 0
    assert measuring.pointing(explanation([[0, 2], [2, 1]], whole), truth) == 0  # tied
    assert measuring.pointing(explanation([[2, 0], [2, 0]], whole), truth) == 1  # a plateau, its middle at (10, 20)
    assert measuring.pointing(explanation([[1, 1], [1, 1]], whole), truth) == 0  # constant
    assert measuring.pointing(explanation([[0, 0], [-2, -1]], whole), truth) == 0
    assert (
        measuring.pointing(explanation([[0, 0], [2, 1]], Extent(-40, 0, 40, 40)), truth) == 0
    )  # its place is outside the film


def test_occlusion_points_though_its_cells_are_large(classifier: Classifier) -> None:
    """Drawn at the input's size, its maximum was a plateau of equal pixels, a tie, and a miss whatever it hit."""
    found = list(cases.phantoms(("Effusion",), 2, size=64))
    all_over = [cases.Case(c.source, c.owner, c.series, c.finding, np.ones_like(c.truth)) for c in found]
    values = measuring.localise(classifier, all_over, ["occlusion"], lambda _: None)
    assert {v.value for v in values if (v.method, v.measure) == ("occlusion", "pointing")} == {1.0}


def test_a_map_is_perturbed_where_it_lies(classifier: Classifier) -> None:
    (case, *_) = cases.phantoms(("Effusion",), 1, size=64)
    layer = explainers.load("cam").explain(classifier, explainers.record(classifier, case.series), ["Effusion"])[0]
    image = case.series.images[0]
    size = classifier.card.input_size
    on_input, on_film = measuring.on_input(layer, classifier, image), measuring.on_image(layer, image)
    assert on_input.shape == (size, size)
    assert layer.extent != classifier.extent(image)
    if size == image.stored.shape[0]:
        np.testing.assert_allclose(on_input, on_film, atol=1e-6)
    assert np.abs(on_input).min() > 0, "edge cells are held up to the border"


def test_the_places_of_maps_are_told_before_and_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "models", name="drawn", phantom=True)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    assert cli.main(["--model", "drawn", "--cases", "2", "--placing", "--methods", "cam", "saliency"]) == 0
    told = capsys.readouterr().out.splitlines()
    rows = {tuple(line.split()[:2]): line for line in told if line.startswith("  ")}
    assert {("cam", "before"), ("cam", "after"), ("cam", "change"), ("saliency", "change"), ("mean", "box")} <= set(rows)
    assert "+0.000 [+0.000, +0.000]" in rows["saliency", "change"], "pixels lie where they lay"
    assert not (tmp_path / "report").exists()


def test_the_mean_box_points_where_the_others_lie() -> None:
    found = list(cases.phantoms(("Effusion",), 4, size=64))
    heat = measuring.controls(found[0], 0, measuring.mean_boxes(found), np.random.default_rng(0))[2]
    others = np.sum([case.truth for case in found[1:]], axis=0)
    at = np.unravel_index(int(heat.argmax()), heat.shape)
    assert others[at] == others.max()
    assert np.count_nonzero(heat == heat.max()) == 1


def test_the_mean_box_leaves_its_own_case_out(data: Path) -> None:
    found = list(cases.boxed(data, 5))
    heat = measuring.controls(found[0], 0, measuring.mean_boxes(found), np.random.default_rng(0))[2]
    assert (heat == 0).all()  # there is no other case of that source and finding


def test_randomising_changes_a_copy_only(classifier: Classifier) -> None:
    before = {name: value.clone() for name, value in classifier.network.state_dict().items()}
    found = list(cases.phantoms(("Nodule",), 2, size=64))
    values = measuring.randomisation(classifier, found, ["gradcam"])
    assert {v.measure for v in values} >= {"randomised_100"}
    assert all(-1 <= v.value <= 1 for v in values)
    last = [v for v in values if v.measure == "randomised_100"]
    assert {v.draw for v in last} == set(range(5)), "one random network is no measurement"
    assert len({v.value for v in last if v.owner == found[0].owner}) > 1, "each is another network"
    assert all(torch.equal(before[name], value) for name, value in classifier.network.state_dict().items())


def test_evaluate_writes_a_report_for_programs_tables_and_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "models", name="drawn", phantom=True)
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    out = tmp_path / "report"
    assert cli.main(["--model", "drawn", "--out", str(out), "--cases", "3", "--few", "2"]) == 0
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert told["methods"] == list(explainers.panel())
    assert told["note"].startswith("Research use only")
    measures = {row["measure"] for row in told["rows"]}
    assert {
        "pointing",
        "outside_inside",
        "iou",
        "mass",
        "rank",
        "iobb_0.5",
        "negative_perturbation",
        "max_sensitivity",
    } <= measures
    assert {"between_findings", "randomised_100", "pointing_common"} <= measures
    drawn = [row["count"] for row in told["rows"] if row["measure"] == "randomised_100"]
    assert set(drawn) == {2 * 5}, "two cases, five random networks"
    for measure in ("pointing", "pointing_common"):
        pointing = {row["method"] for row in told["rows"] if row["measure"] == measure}
        assert pointing == {*explainers.panel(), "random map", "centre prior", "mean box"}
    with (out / "report.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(told["rows"])
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "not for clinical use" in page
    assert page.count("<svg") >= 10
    assert page.count("<polyline") == 2 * (len(explainers.panel()) + 2) * len({row["source"] for row in told["rows"]} - CALLED)
    first = {r["value"] for r in told["rows"] if r["measure"] == "negative_perturbation_at_0.00"}
    assert len(first) == 1, "nothing is removed yet, so every method starts from the same probability"
    assert "nan" not in page
    short, _, long = page.partition("<h2>Measure by measure</h2>")
    assert "<h2>In short</h2>" in short
    assert "<details>" not in short
    assert short.count("<table>") == len({row["source"] for row in told["rows"]})
    assert long.count("<details>") == len({(r["source"], r["measure"]) for r in told["rows"] if "_at_" not in r["measure"]})


def test_real_films_are_evaluated_too(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "models", findings=["Pneumonia", "Infiltration", "Mass"])
    monkeypatch.setenv("WHYLIGHT_MODELS", str(tmp_path / "models"))
    arguments = ["--model", "small", "--data", str(data), "--out", str(tmp_path / "out"), "--few", "2", "--methods", "cam"]
    assert cli.main([*arguments, "lrp:composite=Epsilon", "rise:masks=8,share=0.4"]) == 0
    told = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    sources = {row["source"].removesuffix(", called") for row in told["rows"]}
    assert sources == {"NIH boxes, unseen patients", "RSNA opacity boxes, trained patients"}
    assert {row["method"] for row in told["rows"]} >= {"cam", "lrp:composite=Epsilon", "rise:masks=8,share=0.4"}
    assert cli.main([*arguments, "--sources", "NIH boxes, unseen patients"]) == 0
    told = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert {row["source"].removesuffix(", called") for row in told["rows"]} == {"NIH boxes, unseen patients"}
    with pytest.raises(InputError, match="no cases here"):
        cli.main([*arguments, "--sources", "NIH boxes"])
    with pytest.raises(NotFound, match="no method"):
        cli.main([*arguments, "tea-leaves"])
    with pytest.raises(InputError, match="no parameter"):
        cli.main([*arguments, "lrp:weight=3"])
    with pytest.raises(InputError, match="write name=value"):
        cli.main([*arguments, "lrp:composite"])


def test_beating_a_control_means_intervals_apart(classifier: Classifier) -> None:
    good, poor, wide = Mean(0.9, 0.8, 1.0, 9), Mean(0.2, 0.1, 0.3, 9), Mean(0.6, 0.2, 0.9, 9)
    assert beats(Row("s", "all", "cam", "pointing", good), Row("s", "all", "random map", "pointing", poor))
    assert not beats(Row("s", "all", "cam", "pointing", wide), Row("s", "all", "random map", "pointing", poor))
    assert beats(Row("s", "all", "cam", "outside_inside", poor), Row("s", "all", "random map", "outside_inside", good))
    report = Report(
        classifier.card,
        ("cam",),
        (Row("s", "all", "cam", "randomised_100", good), Row("s", "all", "cam", "between_findings", good)),
        1,
    )
    assert len(report.warnings()) == 2
    unsure = Row("s", "all", "cam", "randomised_100", Mean(0.4, -0.2, 0.8, 9))
    assert Report(classifier.card, ("cam",), (unsure,), 1).warnings() == [], "its interval holds 0"
