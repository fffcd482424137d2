"""Fitting a guard end to end on little data; what it is shown; the halves of the real other images; and, where the real films
are, that the guard that comes with the product holds what its card says."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from app import __main__ as product
from app.classifiers.guard import KINDS, Guard
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import FINDINGS
from app.errors import NotFound
from app.training import cli, guarding, nonfilms
from app.training import guard_views as views
from app.training.guard import FRONTAL, half_of, leaving, rounded_down, shares
from tests.web.films import dicom


def table(folder: Path, rows: list[dict[str, object]]) -> None:
    """Write a manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder in the layout of the real one: 40 films per source, one chest DICOM file, eight others."""
    random = np.random.default_rng(0)
    folder = tmp_path / "data"
    for source in (*guarding.SOURCES, "covid_masks"):
        images = folder / "chest" / source / "images"
        images.mkdir(parents=True)
        rows: list[dict[str, object]] = []
        for index in range(40):
            picture = random.integers(40, 90, (70, 66)).astype(np.uint8)
            picture[10:50, 10:28] = picture[10:50, 38:56] = 10
            Picture.fromarray(picture).save(images / f"{index}.png")
            row: dict[str, object] = {"image": f"{index}.png", "patient": f"{index:08d}"}
            rows.append(row | ({"pneumonia": 0} if source == "paediatric" else dict.fromkeys(FINDINGS, 0)))
        table(images.parent, rows)
    (folder / "chest" / "dicom").mkdir()
    (folder / "chest" / "dicom" / "film.dcm").write_bytes(dicom(1, size=70, phantom=False))
    names = [f"made/{number}.dcm" for number in range(8)]
    table(folder / "dicom", [{"file": name} for name in names])
    (folder / "dicom" / "made").mkdir()
    for number, name in enumerate(names):
        (folder / "dicom" / name).write_bytes(dicom(number, size=70))
    for name in FRONTAL:
        (folder / "dicom" / name).parent.mkdir()
        (folder / "dicom" / name).write_bytes(dicom(50, size=70))
    return folder


def test_a_guard_is_fitted_measured_and_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "DRAWN", 6)  # of hundreds, which take a minute to draw
    config = tmp_path / "quick.toml"
    source = (cli.CONFIGS / "chest-guard.toml").read_text(encoding="utf-8")
    config.write_text(
        source.replace("steps = 450", "steps = 3").replace("[16, 24, 48, 48]", "[4, 4, 4, 4]").replace("500", "3")
    )
    out = tmp_path / "models" / "chest-guard"
    arguments = ["guard", "--data", str(data), "--config", str(config), "--out", str(out), "--films", "12"]
    assert cli.main(arguments) == 0
    (card,) = Registry(out.parent).guards()
    guard = Guard.of(load(card, torch.device("cpu")))
    assert card.findings == KINDS
    assert 0 < guard.network.refuse < guard.network.warn <= 0.5
    assert 1 <= guard.network.far[0] < guard.network.far[1]
    assert {row.name for row in card.data} == {*guarding.SOURCES, "other images"}
    assert {(f.source, f.finding) for f in card.figures} >= {
        ("other images, test half", "refused or warned"),
        ("drawn laterals", "refused"),
        ("nih, test part, turned", "refused"),
        ("nih, test part, mirrored", "remarked as mirrored"),
        ("nih, test part", "remarked as mirrored"),
    }
    assert card.preprocessing.field == "exposed"
    assert all(f.low <= f.value <= f.high and f.positives + f.negatives for f in card.figures)
    capsys.readouterr()
    monkeypatch.setenv("WHYLIGHT_MODELS", str(out.parent))
    assert product.main(["evaluate", "--guard", "chest-guard", "--data", str(data)]) == 0
    told = capsys.readouterr().out
    for figure in card.figures:
        assert f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]" in told
    with pytest.raises(NotFound):
        guarding_of_nothing(data, out.parent)


def guarding_of_nothing(data: Path, models: Path) -> None:
    """Ask for a guard there is not."""
    from app.reporting.cli import guard

    guard(argparse.Namespace(guard="nothing", data=data, write=False), Registry(models))


def test_the_halves_are_by_the_checksum_of_the_path() -> None:
    assert half_of("pydicom/ExplVR_BigEnd.dcm") == "test"
    assert half_of("pydicom/MR_small_bigendian.dcm") == "calibration"
    counts = [half_of(f"{number}.dcm") for number in range(400)]
    assert 150 < counts.count("test") < 250


@pytest.mark.parametrize(
    "view", [views.film, views.upside_down, views.on_its_side, views.inverted, views.part, views.stretched, views.other]
)
def test_a_view_is_seeded_stays_in_range_and_changes_the_film(view: views.View) -> None:
    planes = torch.rand(6, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    first, again = (view(planes.clone(), torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == planes.shape
    assert 0 <= float(first.min()) < float(first.max()) <= 1
    assert not torch.equal(first, planes)


@pytest.mark.parametrize("way", views.BREAKS, ids=lambda way: way.__name__)
def test_what_is_broken_is_no_film_any_more(way: views.View) -> None:
    planes = torch.zeros(6, 1, 64, 64)
    planes[:, :, 16:48, 20:44] = 1
    out = way(planes.clone(), torch.Generator().manual_seed(2))
    assert out.shape == planes.shape
    assert float((out - planes).abs().mean()) > 0.02


@pytest.mark.parametrize("family", dict.fromkeys(nonfilms.FAMILIES), ids=lambda family: family.__name__)
def test_every_family_draws_something_else_each_time(family: object) -> None:
    one, same, other = (family(np.random.default_rng(seed)) for seed in (1, 1, 2))  # type: ignore[operator]
    assert one.shape == (nonfilms.CANVAS, nonfilms.CANVAS)
    assert np.isfinite(one).all()
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_drawn_pictures_are_small_and_repeatable() -> None:
    pictures = nonfilms.draw(4, 3)
    assert pictures.shape == (3, 64, 64)
    assert np.array_equal(pictures, nonfilms.draw(4, 3))


def test_a_share_has_an_interval_that_holds_at_the_ends() -> None:
    none = guarding.share_of(0, 50)
    assert (none.value, none.low) == pytest.approx((0, 0), abs=1e-12)
    assert 0.05 < none.high < 0.1
    half = guarding.share_of(20, 40)
    assert half.low < 0.4
    assert half.high > 0.6
    assert np.isnan(guarding.share_of(0, 0).value)


def test_shares_add_up() -> None:
    assert shares(47, 3) == [15, 16, 16]


def test_the_shipped_guard_holds_what_its_card_says(real_data: Path) -> None:
    (card,) = (card for card in Registry(Settings().models).guards() if card.name == "chest-guard")
    guard = Guard.of(load(card, torch.device("cpu")))
    stated = {(figure.source, figure.finding): figure.value for figure in card.figures}
    for name, images in guarding.groups(real_data):
        if name.startswith(("other images", "chest DICOM", "covid")):
            told = guarding.ask(guard, images)
            share = sum(one.verdict != "ok" for one in told) / len(told)
            assert share == pytest.approx(stated[name, guarding.STOPPED], abs=1e-3), name
    assert stated["other images, test half", guarding.STOPPED] >= 0.95
    assert all(stated[f"{source}, test part", guarding.STOPPED] <= 0.03 for source in guarding.SOURCES)


def test_no_more_than_a_share_is_refused_counted_one_by_one() -> None:
    values = np.linspace(0.01, 1, 1488, dtype=np.float32)
    assert (values < leaving(values, 0.001)).sum() == 1
    assert (values[:500] < leaving(values[:500], 0.001)).sum() == 0
    bound = rounded_down(leaving(values, 0.001), 4)
    assert (values < bound).sum() <= 1
    assert rounded_down(-1.2501, 3) == -1.251
