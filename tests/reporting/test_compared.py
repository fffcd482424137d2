"""Networks beside one another: paired figures, disturbances that do what they say, attention beside what knows nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.classifiers.shown import compared
from app.domain import Extent
from app.errors import InputError
from app.phantoms.chest import FINDINGS
from app.reporting import cases
from app.reporting.compared import films, looking, measuring, table
from app.reporting.compared.films import Films
from app.training.fitting import masked_loss
from tests.networks import write_network

SIZE = 64
STAGES = {"widths": [6, 8, 8, 10], "strides": [1, 2, 1, 2], "blocks": 1}
KINDS = {
    "plain": ("compact-residual", STAGES, "features"),
    "gated": ("compact-gated", STAGES, "features"),
    "guided": ("compact-guided", STAGES | {"threshold": 0.6}, "whole"),
    "path": ("glimpses", {"widths": [4, 6, 8], "state": 16, "steps": 3}, "glimpse"),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("kinds")
    for seed, (name, (architecture, parameters, layer)) in enumerate(KINDS.items()):
        write_network(
            folder,
            name,
            findings=FINDINGS,
            phantom=True,
            default=False,
            size=SIZE,
            seed=seed,
            architecture=architecture,
            parameters=parameters,
            explained_layer=layer,
        )
    write_network(folder, "people", size=SIZE, seed=9)
    return Loaded(Registry(folder), "cpu")


def network(loaded: Loaded, name: str) -> Classifier:
    return loaded.get(loaded.registry.card(name))


@pytest.fixture(scope="module")
def drawn() -> Films:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (60, SIZE, SIZE), np.uint8)
    labels = (rng.random((60, len(FINDINGS))) < 0.4).astype(np.float32)
    labels[:5, 0] = np.nan
    labels[:, 1] = 0
    return Films("phantoms", pixels, labels, FINDINGS, np.arange(60) // 2)


def test_a_finding_without_enough_on_either_side_is_in_no_mean(drawn: Films) -> None:
    assert 1 not in drawn.counted
    assert 0 in drawn.counted


def test_a_network_beside_itself_differs_by_nothing(loaded: Loaded, drawn: Films) -> None:
    _, first = measuring.worth(network(loaded, "plain"), drawn, None)
    again, _ = measuring.worth(network(loaded, "plain"), drawn, first)
    assert (again.difference.value, again.difference.low, again.difference.high) == (0, 0, 0)
    assert again.parameters == sum(one.numel() for one in network(loaded, "plain").network.parameters())
    assert set(again.findings) == {FINDINGS[place] for place in drawn.counted}


def test_the_attack_moves_every_pixel_by_a_grey_level_for_the_worse(loaded: Loaded, drawn: Films) -> None:
    one = network(loaded, "plain")
    x = measuring.as_input(drawn.pixels[:8])
    targets, weights = torch.from_numpy(drawn.labels[:8]).nan_to_num(), torch.ones(8, len(FINDINGS))
    changed = measuring.fgsm(one, x, targets, weights)
    steps = (changed - x).abs()
    torch.testing.assert_close(steps, torch.full_like(steps, 4 / 255), atol=1e-6, rtol=0)
    with torch.no_grad():
        before, after = (masked_loss(one.network(films), targets, weights) for films in (x, changed))
    assert after > before


def test_contrast_keeps_the_mean_and_noise_is_the_same_each_time(loaded: Loaded, drawn: Films) -> None:
    one, x = network(loaded, "plain"), measuring.as_input(drawn.pixels[:4])
    nothing = torch.zeros(0)
    flat = measuring.contrast(one, x, nothing, nothing)
    torch.testing.assert_close(flat.mean((2, 3)), x.mean((2, 3)))
    torch.testing.assert_close(flat.std(), 0.7 * x.std(), rtol=0.05, atol=0)
    torch.testing.assert_close(measuring.noise(one, x, nothing, nothing), measuring.noise(one, x, nothing, nothing))


def test_networks_that_read_otherwise_are_not_compared(loaded: Loaded, tmp_path: Path) -> None:
    cards = [loaded.registry.card(name) for name in ("plain", "people")]
    with pytest.raises(InputError, match="do not read the same films"):
        films.of(cards, tmp_path, tmp_path, 10)


def test_every_kind_of_attention_is_measured_beside_what_knows_nothing(
    loaded: Loaded, drawn: Films, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "called", lambda _trace, _finding: True)
    known = list(cases.phantoms(("Nodule",), 3, 128))
    said: list[str] = []
    networks = [network(loaded, name) for name in KINDS]
    rows = list(table.rows(networks, drawn, known, said.append))
    assert [row["name"] for row in rows] == list(KINDS)
    assert rows[0]["difference"] is None
    assert all(row["difference"][3] == 60 for row in rows[1:])
    looks = {row["name"]: {one["map"] for one in row["looks"]} for row in rows}
    assert looks["plain"] == set()
    assert looks["gated"] == {"gate_fine", "gate_coarse", "untrained gate_fine", "untrained gate_coarse"}
    assert looks["guided"] == {"crop", "random crop", "middle crop"}
    assert looks["path"] == {"last glimpse", "any glimpse", "random window", "middle window"}
    maps = {row["name"]: {one["map"] for one in row["maps"]} for row in rows}
    assert {"cam", "rap_contrastive", "random map", "centre prior", "mean box"} == maps["plain"]
    assert maps["gated"] - maps["plain"] == {"gate_fine", "gate_coarse"}
    assert "glimpses" in maps["path"]
    assert "cam" not in maps["path"]
    path = table.write(tmp_path, drawn, rows)
    assert json.loads(path.read_text(encoding="utf-8")) == compared(tmp_path)
    assert compared(tmp_path)["phantoms"]["films"] == 60


def test_a_map_that_a_network_does_not_have_is_in_no_table(loaded: Loaded, tmp_path: Path) -> None:
    own = {"widths": [6, 8], "strides": [1, 2], "blocks": 1, "reduction": 2}
    write_network(tmp_path, "se", findings=FINDINGS, phantom=True, size=SIZE, architecture="compact-squeezed", parameters=own)
    network_ = Loaded(Registry(tmp_path), "cpu").get(Registry(tmp_path).card("se"))
    assert table.shown(network_, list(cases.phantoms(("Nodule",), 1, 128))) == ["channels_weighed"]
    assert table.shown(network(loaded, "plain"), list(cases.phantoms(("Nodule",), 1, 128))) == []


def test_an_even_gate_has_the_mass_of_its_area(loaded: Loaded) -> None:
    (case,) = cases.phantoms(("Nodule",), 1, 128)
    layer = looking._layer("gate_fine", network(loaded, "gated"), case)
    even = np.full_like(layer.values, 0.4)
    from dataclasses import replace

    image = case.series.images[0]
    assert looking.enrichment(replace(layer, values=even), image, case.truth) == pytest.approx(1, abs=1e-3)


def test_gates_before_training_stand_on_the_same_trunk(loaded: Loaded) -> None:
    own, fresh = network(loaded, "gated"), looking.untrained(network(loaded, "gated"))
    mine, theirs = own.network.state_dict(), fresh.network.state_dict()
    differ = {name for name in mine if not torch.equal(mine[name], theirs[name])}
    assert differ
    assert all(".gates." in name for name in differ)


def test_a_crop_holds_what_lies_inside() -> None:
    truth = np.zeros((10, 10), bool)
    truth[2:4, 2:6] = True
    assert looking.held(Extent(0, 0, 10, 10), truth) == 1
    assert looking.held(Extent(4, 0, 10, 10), truth) == 0.5
    assert looking.held(Extent(6, 6, 10, 10), truth) == 0
