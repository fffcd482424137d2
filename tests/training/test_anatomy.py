"""Training the anatomy network: its material, views, loss, a run that goes on, the folder that it writes. On phantoms."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.anatomy import BACKGROUND, HEART, LEFT_LUNG, RIGHT_LUNG
from app.classifiers.card import Card
from app.training.anatomy import fitting, material, measuring, train, views
from app.training.anatomy.fitting import Plan, Stage
from app.training.anatomy.material import NOT_LUNG, SIDE, Material

PLAN = Plan((4, 6, 8), (Stage(32, 3), Stage(48, 2)), (0, 0, 0, 4), 1e-3, 1e-3)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("anatomy")
    made = material.read(folder, folder, 8, 0)
    assert list(folder.glob("anatomy-*.npz")), "the next run finds it"
    return made


def test_phantoms_know_their_lungs_and_what_is_not_known(drawn: Material) -> None:
    assert drawn.films.shape == drawn.truth.shape == (8, SIDE, SIDE)
    assert set(drawn.sources.tolist()) == {"phantoms"}
    for truth in drawn.truth:
        assert set(np.unique(truth)) == {BACKGROUND, RIGHT_LUNG, LEFT_LUNG, HEART, NOT_LUNG}
        right, left = (np.argwhere(truth == code)[:, 1].mean() for code in (RIGHT_LUNG, LEFT_LUNG))
        assert right < left, "the patient's right lies at the left of a film"


def test_a_rough_mask_is_two_lungs_or_none() -> None:
    mask = np.zeros((64, 64), bool)
    mask[10:50, 8:26] = mask[10:48, 38:56] = True
    mask[55:58, 30:33] = True  # gas
    mask[20:22, 12:14] = False  # a hole
    found = material.two_lungs(mask)
    assert found is not None
    assert (found[11:49, 9:25] == RIGHT_LUNG).all()
    assert (found[11:47, 39:55] == LEFT_LUNG).all()
    assert not found[55:58].any()
    mask[:, 28:] = False
    assert material.two_lungs(mask) is None


def test_views_move_film_and_truth_together(drawn: Material) -> None:
    random = torch.Generator().manual_seed(0)
    films = torch.from_numpy((drawn.truth == RIGHT_LUNG).astype(np.float32))[:, None]
    moved, truth = views.moved(films, torch.from_numpy(drawn.truth).long(), random)
    assert ((moved[:, 0] > 0.5) == (truth == RIGHT_LUNG)).float().mean() > 0.99
    marks = torch.zeros((3, SIDE, SIDE))
    marks[:, 5:9, 5:9] = 1
    shown, _, laid = views.changed(films, torch.from_numpy(drawn.truth).long(), marks, random)
    assert 0 <= shown.min() <= shown.max() <= 1
    assert (shown[:, 0][laid > 0] >= 0.74).all()


def test_the_loss_asks_no_more_than_the_truth_knows() -> None:
    logits = torch.zeros((1, 5, 4, 4))
    logits[:, HEART] = 20
    laid = torch.zeros((1, 4, 4))
    unknown = fitting.loss(logits, torch.full((1, 4, 4), NOT_LUNG), laid)
    wrong = fitting.loss(logits, torch.full((1, 4, 4), BACKGROUND), laid)
    right = fitting.loss(logits, torch.full((1, 4, 4), HEART), laid)
    assert right < wrong
    assert unknown < wrong - 15
    lungs = fitting.loss(logits, torch.full((1, 4, 4), RIGHT_LUNG), laid)
    assert lungs > wrong - 1


def test_letters_are_asked_for(drawn: Material) -> None:
    letters = torch.from_numpy(material.letters(4, 3)).float() / 255
    assert all(one.max() > 0.5 for one in letters)
    truth = torch.from_numpy(drawn.truth[:4]).long()
    blind = torch.zeros((4, 5, SIDE, SIDE))
    blind[:, 4] = -6
    seeing = blind.clone()
    seeing[:, 4][letters > 0.3] = 6
    assert fitting.loss(seeing, truth, letters) < fitting.loss(blind, truth, letters) - 0.3


def test_a_run_that_broke_off_goes_on(drawn: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "KEPT_EVERY", 1)
    whole = fitting.fit(PLAN, drawn, gated=True, seed=1, folder=tmp_path / "whole")
    learn = fitting.Run.learn

    def breaking(run: fitting.Run, value: torch.Tensor) -> None:
        if run.step == 3:
            raise KeyboardInterrupt
        learn(run, value)

    with monkeypatch.context() as patched:
        patched.setattr(fitting.Run, "learn", breaking)
        with pytest.raises(KeyboardInterrupt):
            fitting.fit(PLAN, drawn, gated=True, seed=1, folder=tmp_path / "cut")
    again = fitting.fit(PLAN, drawn, gated=True, seed=1, folder=tmp_path / "cut")
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_a_folder_with_its_card(drawn: Material, tmp_path: Path) -> None:
    told = train.Config("small-anatomy", (1,), 8, 0, PLAN)
    network = fitting.fit(PLAN, drawn, gated=False, seed=2, folder=tmp_path)
    out = tmp_path / "small-anatomy"
    rows = train.figures({"lungs": [0.9, 0.95, 1.0], "heart": [0.8, 0.9, 0.85]})
    train.write(out, network, told, drawn, gated=False, measured=rows)
    card = Card.read(out)
    assert (card.kind, card.input_size, len(card.findings)) == ("segmentation", SIDE, 5)
    assert [source.name for source in card.data] == ["phantoms"]
    assert (card.figures[0].metric, card.figures[0].value) == ("Dice", 0.95)
    assert train.segmenter(out).network.gates is not None
    assert train.compared([{"lungs": [0.9, 0.95], "heart": [0.8, 0.9]}], [{"lungs": [0.9, 0.9], "heart": [0.8, 0.8]}])


def test_figures_by_hand() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2], other[1:3] = True, True
    assert measuring.dice(one, other) == 0.5
    maps = np.zeros((2, 8, 8), np.uint8)
    maps[:, 2:6, 1:3], maps[:, 2:6, 5:7], maps[0, 3:5, 3:5], maps[1, 3:5, 4:6] = RIGHT_LUNG, LEFT_LUNG, HEART, HEART
    assert measuring.heart_spread(maps) == 0.5
    assert (measuring.overlap(maps[:1]) == 1).all()


def test_the_shipped_config_is_one() -> None:
    told = train.Config.read(Path(train.__file__).parents[1] / "anatomy.toml")
    assert told.name == "chest-anatomy"
    assert len(told.plan.shares) == len(material.SOURCES)
    assert told.plan.steps == sum(stage.steps for stage in told.plan.stages)
