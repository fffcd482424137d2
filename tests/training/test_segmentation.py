"""Where the lungs lie: learned from films whose lungs are known, drawn here."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from app.training import chest, collection, halves, layouts, lung_masks, material, segmentation


def test_lungs_are_found_on_films_that_were_not_learned_from() -> None:
    rng = np.random.default_rng(0)
    films, masks = np.full((96, 64, 64), 0.7, np.float32), np.zeros((96, 64, 64), np.float32)
    for film, mask in zip(films, masks, strict=True):
        top, left, width = rng.integers(8, 20), rng.integers(6, 12), rng.integers(12, 18)
        for start in (left, left + width + 8):
            film[top : top + 36, start : start + width] = 0.25
            mask[top : top + 36, start : start + width] = 1
    films += rng.normal(0, 0.03, films.shape).astype(np.float32)
    x, y = (torch.from_numpy(array)[:, None] for array in (films, masks))
    told: list[tuple[int, int]] = []
    network = segmentation.fit(x[:80], y[:80], epochs=6, told=lambda done, of: told.append((done, of)))
    assert told == [(done, 6) for done in range(1, 7)], "it says how far it is"
    assert segmentation.dice(network, x[80:], y[80:]) > 0.9
    found = segmentation.lungs(network, (films[80:].clip(0, 1) * 255).astype(np.uint8))
    assert found.shape == (16, 64, 64)
    assert ((found > 127) == (masks[80:] > 0.5)).mean() > 0.95


def test_a_folder_without_known_lungs_gives_none(tmp_path: Path) -> None:
    assert len(lung_masks.read(tmp_path).films) == 0


@pytest.mark.parametrize(("count", "most", "asked"), [(40, 40, False), (40, None, True), (collection.TRIAL, 5_000, True)])
def test_a_trial_of_few_films_looks_for_no_lungs(
    count: int, most: int | None, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = SimpleNamespace(films=[None] * count, notes=(), trial=count < collection.TRIAL)
    films.told, films.thinned = lambda: "", lambda _most: films
    seen: list[Path | None] = []

    def read(_collection: object, _size: int, _folder: Path, masks: Path | None, **_others: object) -> str:
        seen.append(masks)
        return "material"

    monkeypatch.setattr(layouts, "read", lambda *_: films)
    monkeypatch.setattr(material.Material, "read", read)
    monkeypatch.setattr(halves, "halved", lambda films, _half: films)
    run = {"pixels": 64, "stages": [{"lungs_only": 0.2}]}
    chest.material_of(SimpleNamespace(run=run, runs=Path("runs")), Path("data"), "ours", most)  # type: ignore[arg-type]
    assert seen == [Path("data") if asked else None]


def test_known_lungs_of_the_real_films(real_data: Path) -> None:
    known = lung_masks.read(real_data)
    assert {"train", "validation", "test", "drawn", "drawn validation"} == set(known.parts.tolist())
    assert 0.1 < float(known.masks.mean()) < 0.4
    inside, outside = (float(known.films[chosen].mean()) for chosen in (known.masks > 0.9, known.masks < 0.1))
    assert inside != pytest.approx(outside, abs=0.02)
