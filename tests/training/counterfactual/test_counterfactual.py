"""Training of generators and autoencoders, end to end on a few small phantoms; a run that stopped goes on as if it had not."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Picture

from app.anatomy import Pose
from app.anatomy.limits import SIDE
from app.classifiers.card import Card
from app.classifiers.critic import Critic
from app.classifiers.generator import Generator
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmented, Segmenter
from app.config import Settings
from app.counterfactuals import shifting
from app.counterfactuals.edit import edited
from app.counterfactuals.generating import Generating
from app.domain import Extent, Image, Window, frozen
from app.errors import InputError, ModelError
from app.phantoms import chest
from app.training import cli
from app.training.counterfactual import drawn, material, shift, train
from app.training.counterfactual import stock as stocks
from app.training.counterfactual.critic import penalty
from app.training.counterfactual.effusions import effusion
from app.training.counterfactual.fresh import judge
from app.training.counterfactual.stock import Explained

EXPLAINED = "chest-phantom"
RUN = """
title = "Small"
summary = "A trial."
explains = "chest-phantom"
source = "phantoms"
seed = 1
pixels = 32
first_seed = 3000000
pairs = 32
watched = 32
processes = 1
parameters = { widths = [8, 8, 8], reach = 0.07 }
critic = [8, 8]
limits = ["A trial."]
[[findings]]
name = "Cardiomegaly"
way = "both"
within = "heart"
related = ["Effusion"]
[[findings]]
name = "Pneumothorax"
way = "residual"
within = "hull"
[[stages]]
epochs = 1
steps = 2
batch = 4
pairs = 1.0
[[stages]]
epochs = 2
steps = 2
batch = 4
pairs = 0.4
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder for networks in which the phantom network is."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / EXPLAINED).symlink_to(Settings().models / EXPLAINED)
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where phantoms are kept, drawn once for all tests."""
    return tmp_path_factory.mktemp("runs")


def trained(models: Path, runs: Path, config: str, name: str) -> Path:
    """What `train counterfactual` writes."""
    path = models.parent / "run.toml"
    path.write_text(config, encoding="utf-8")
    out = models / name
    told = ["--config", str(path), "--out", str(out), "--runs", str(runs), "--device", "cpu"]
    assert cli.main(["counterfactual", *told]) == 0
    return out


def test_a_generator_is_trained_goes_on_and_is_loaded_with_its_checksum(models: Path, runs: Path) -> None:
    out = trained(models, runs, RUN, "whole")
    card = Card.read(out)
    own = Card.read(models / EXPLAINED)
    assert (card.kind, card.explains, card.explains_sha256) == ("counterfactual", own.name, own.sha256)
    registry = Registry(models)
    found = registry.counterfactual(own)
    assert found is not None
    assert found.name == "whole"
    assert [one.name for one in registry.cards()] == [EXPLAINED], "a generator reads no study"
    assert len(list((runs / "whole").glob("epoch-*.png"))) == 3

    first = Generating.of(load(card, torch.device("cpu"))).network
    assert isinstance(first, Generator)
    assert first.scales[0, 2] > 0
    again = trained(models, runs, RUN, "whole")
    assert Card.read(again).sha256 == card.sha256, "nothing was left to do"
    with pytest.raises(InputError, match="another"):
        trained(models, runs, RUN.replace("reach = 0.07", "reach = 0.05"), "whole")

    (out / "weights.safetensors").write_bytes(b"other")
    with pytest.raises(ModelError, match="not the ones on its card"):
        load(card, torch.device("cpu"))


def test_a_run_that_was_killed_ends_as_one_that_was_not(models: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Card.read(trained(models, runs, RUN, "straight")).sha256
    honest = train.sheet

    def killed(generator: Generator, watched: train.Watched, path: Path) -> None:
        honest(generator, watched, path)
        if path.name == "epoch-0003.png":
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "sheet", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(models, runs, RUN, "broken")
    monkeypatch.undo()
    assert Card.read(trained(models, runs, RUN, "broken")).sha256 == plain


def test_a_run_begins_with_another_s_weights(models: Path, runs: Path) -> None:
    first = Card.read(trained(models, runs, RUN, "whole"))
    still = RUN[: RUN.index("[[stages]]")] + "[[stages]]\nepochs = 1\nsteps = 0\nbatch = 4\n"
    own = load(first, torch.device("cpu")).network.state_dict()
    on = load(Card.read(trained(models, runs, 'begin = "whole"\n' + still, "on")), torch.device("cpu")).network.state_dict()
    assert all(torch.equal(on[name], value) for name, value in own.items()), "no step was made"
    with pytest.raises(InputError, match="is not there"):
        trained(models, runs, 'begin = "nobody"\n' + still, "lost")
    with pytest.raises(InputError, match="other layers"):
        trained(models, runs, 'begin = "whole"\n' + still.replace("[8, 8, 8]", "[8, 8]"), "other")


def test_an_edit_of_a_film_is_bound_to_the_film_s_anatomy(models: Path, runs: Path) -> None:
    generating = Generating.of(load(Card.read(trained(models, runs, RUN, "whole")), torch.device("cpu")))
    for parameter in generating.network.parameters():
        parameter.data += 0.2
    phantom = chest.draw(7, ["Cardiomegaly"], size=96)
    image = Image("1", 0, phantom.pixels[:, :80], windows=(Window(2048, 4096),))
    codes = np.pad(drawn.labels(phantom)[:, :80], ((0, 0), (8, 8)))
    over = Extent(-8, 0, 88, 96)
    nothing = frozen(np.zeros((4, 96, 96), np.float32))
    anatomy = Segmented(nothing, nothing[0], codes, (), over, Extent(0, 0, 80, 96), 0.0)
    edit = generating.edit(image, "Cardiomegaly", -1, 3.0, anatomy)
    assert edit.extent == over
    assert 0 <= edit.black < edit.white <= 1
    assert edit.flow.any()
    assert not edit.flow[:, : edit.flow.shape[1] // 4].any(), "nothing moves above the hila"
    changed = edited(image, edit)
    assert (changed.stored[:10] == edited(image, edit, 1e-9).stored[:10]).all()
    none = Segmented(nothing, nothing[0], np.zeros_like(codes), (), over, Extent(0, 0, 80, 96), 0.0)
    assert not generating.edit(image, "Cardiomegaly", -1, 3.0, none).difference(shown(phantom)[:, :80]).any()
    assert isinstance(Pose.fit(codes, over), Pose)


def shown(phantom: chest.ChestPhantom) -> NDArray[np.float32]:
    """A phantom in grey [0, 1]."""
    return np.asarray(phantom.pixels / 4095, np.float32)


def test_pairs_differ_by_their_finding_alone(runs: Path) -> None:
    found = drawn.pairs(3000000, 32, 32, ("Cardiomegaly", "Pneumothorax"), runs / "films", processes=1)
    assert found.finding.tolist() == [0, 1] * 16
    away = np.abs(found.ill.astype(int) - found.well) > 5
    shown = list(zip(away[1::2], found.masks[1::2], strict=True))
    inside, outside = [pair[mask].mean() for pair, mask in shown], [pair[~mask].mean() for pair, mask in shown]
    assert np.mean(inside) > 3 * np.mean(outside)
    assert 0 < found.healthy.sum() < 32


def test_films_become_a_stock_with_effusions_drawn_over_healthy_ones(models: Path, tmp_path: Path) -> None:
    (models / "chest-anatomy").symlink_to(Settings().models / "chest-anatomy")
    lines = ["image,patient,part,Pneumothorax"]
    for seed in range(9):
        ill, part = seed % 3 == 1, "test" if seed == 6 else "validation" if seed > 6 else "train"
        pixels = shown(chest.draw(seed, ["Pneumothorax"] if ill else [], size=96))
        Picture.fromarray((pixels * 255).astype(np.uint8)).save(tmp_path / f"{seed}.png")
        lines.append(f"{seed}.png,P{seed},{part},{int(ill)}")
    blank = np.random.default_rng(0).integers(0, 60, (96, 96)).astype(np.uint8)
    Picture.fromarray(blank).save(tmp_path / "blank.png")
    (tmp_path / "films.csv").write_text("\n".join([*lines, "blank.png,P99,train,0"]), encoding="utf-8")
    explained = Explained.of(load(Card.read(models / EXPLAINED), torch.device("cpu")), ["Effusion"])
    run = {
        "pixels": 64,
        "seed": 1,
        "anatomy": "chest-anatomy",
        "findings": [{"name": "Effusion"}],
        "drawn": {"finding": "Effusion", "count": 3},
    }
    found = material.of_films(run, explained, tmp_path, tmp_path / "runs", models, layout="table", most=None)
    stock, pairs = found["train"]
    assert "P99" not in stock.patients.tolist(), "no lung was found there"
    real = int((~stock.drawn).sum())
    assert real == 6
    assert stock.healthy[~stock.drawn].tolist() == [True, False, True] * 2
    assert len(stock.films) - real == len(pairs.ill) == 3
    assert stock.drawn[pairs.ill].all()
    assert stock.healthy[pairs.well].all()
    assert (stock.films[pairs.ill] != stock.films[pairs.well]).any()
    assert stock.patients[pairs.ill.numpy()].tolist() == stock.patients[pairs.well.numpy()].tolist()
    assert stock.limits[:real, 0].float().mean() > 20
    assert len(found["validation"][1].ill) == 0
    torch.testing.assert_close(stock.logits, explained.told(stock.films), atol=1e-4, rtol=0)
    again = material.of_films(run, explained, tmp_path, tmp_path / "runs", models, layout="table", most=None)["train"][0]
    assert torch.equal(again.films, stock.films), "the same effusions are drawn again"
    assert torch.equal(again.logits, stock.logits)


def test_the_sides_of_a_finding() -> None:
    logits = torch.tensor([[2.0], [3.0], [-1.0], [-2.0], [-3.0]])
    none = torch.zeros(5, dtype=torch.uint8)
    healthy, made = torch.tensor([False, True, True, False, True]), torch.tensor([False, False, False, False, True])
    views = torch.tensor([0, 1, 1, 0, 0])
    stock = stocks.Stock(none, none, logits, healthy, views, made, np.array(list("abcde")))
    less = stocks.side(stock, 0, 0.0, -1, -1)
    assert (less.change.tolist(), less.keep.tolist(), less.like.tolist()) == ([0, 1], [2], [2])
    more = stocks.side(stock, 0, 0.0, 1, -1)
    assert (more.change.tolist(), more.keep.tolist()) == ([2], [0, 1])
    no_finding = stocks.side(stock, 0, 0.0, 1, 1)  # of "No Finding" up is healthier
    assert (no_finding.change.tolist(), no_finding.keep.tolist()) == ([2, 3], [1])
    random = torch.Generator().manual_seed(0)
    pool = torch.tensor([0, 1, 2])
    found = stocks.alike(stock, torch.tensor([3, 3, 3, 2]), pool, random)
    assert stock.views[found].tolist() == [0, 0, 0, 1]


def test_a_network_that_does_not_answer_a_finding_cannot_be_explained(models: Path) -> None:
    loaded = load(Card.read(models / EXPLAINED), torch.device("cpu"))
    with pytest.raises(ModelError, match="Hernia"):
        Explained.of(loaded, ["Hernia"])
    own = Explained.of(loaded, ["Effusion"])
    films = torch.rand((1, 1, 32, 32)).requires_grad_(True)
    own.logits(films)[0, own.columns[0]].backward()  # type: ignore[no-untyped-call]
    assert films.grad is not None
    assert films.grad.abs().max() > 0
    rows, flags = torch.zeros(3, 7), torch.zeros(3, dtype=torch.bool)
    few = stocks.Stock(rows, rows, rows, flags, rows, flags, np.array(["a"] * 3))
    with pytest.raises(InputError, match="too few"):
        stocks.scales(own, few)


def test_which_answers_are_to_stay(models: Path) -> None:
    own = Explained.of(load(Card.read(models / EXPLAINED), torch.device("cpu")), ["Effusion"])
    kept = material.answers_kept(own, [{"name": "Effusion", "related": ["Atelectasis", "Hernia"]}])
    assert kept.tolist() == [[0, 1, 0, 1, 1, 1, 1]]


def test_a_drawn_effusion_lies_at_the_bottom_of_one_lung() -> None:
    for seed in range(4):
        phantom = chest.draw(40 + seed, size=96)
        film = shown(phantom)
        found = effusion(film, drawn.labels(phantom), np.random.default_rng(seed))
        assert found is not None
        ill, where = found
        assert where.any()
        rows, columns = np.nonzero(where)
        lungs = np.nonzero(phantom.lungs)
        assert rows.mean() > lungs[0].mean()
        middle = np.nonzero(phantom.heart)[1].mean()
        assert max((columns < middle).mean(), (columns > middle).mean()) > 0.9
        assert (ill - film)[where].mean() > 0.03
        assert np.abs(ill - film)[: int(lungs[0].min())].max() < 0.02
    assert effusion(film, np.zeros((64, 64), np.uint8), np.random.default_rng(0)) is None


def test_anatomy_of_films_is_looked_for_once(tmp_path: Path) -> None:
    segmenter = Segmenter.of(load(Card.read(Settings().models / "chest-anatomy"), torch.device("cpu")))
    pixels = chest.draw(3, size=128).pixels.astype(np.float32)
    films = np.repeat((pixels / pixels.max() * 255).astype(np.uint8)[None], 2, 0)
    codes = material.anatomy(films, segmenter, tmp_path, "two")
    assert codes.shape == (2, SIDE, SIDE)
    assert {1, 2, 3} <= set(np.unique(codes).tolist())
    (kept,) = tmp_path.glob("anatomy-*.npy")
    np.save(kept, np.zeros_like(codes))
    assert not material.anatomy(films, segmenter, tmp_path, "two").any(), "what is kept is read"


def test_the_penalty_wants_a_gradient_of_length_one_for_every_film() -> None:
    class Slope(Critic):
        def forward(self, films: torch.Tensor) -> torch.Tensor:
            return (films.flatten(1) * slopes[:, None]).sum(1, keepdim=True)

    slopes = torch.tensor([1 / 8, 3 / 8])  # of 64 pixels: lengths 1 and 3
    films = torch.rand(2, 1, 8, 8)
    found = penalty(Slope(1, [4]), films, films.flip(0), 0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, torch.tensor(2.0))


def test_a_fresh_critic_sees_a_stamp_on_films_of_others() -> None:
    rng = np.random.default_rng(0)
    films = rng.random((48, 32, 32)).astype(np.float32)
    edited_ones = np.arange(48) % 2 == 0
    films[edited_ones, 10:22, 10:22] *= 0.3
    told = judge(steps=25, batch=16)(films[:32], edited_ones[:32], films[32:])
    assert told[edited_ones[32:]].min() > told[~edited_ones[32:]].max()


def test_an_autoencoder_is_trained_and_loaded(models: Path, runs: Path) -> None:
    config = models.parent / "auto.toml"
    config.write_text(
        'title = "Small"\nsummary = "A trial."\nsource = "phantoms"\nfield = "film"\nseed = 1\npixels = 32\nprocesses = 1\n'
        'parameters = { widths = [8, 8], latent = 4 }\ndetail = 1.0\nlimits = ["A trial."]\n'
        "[[stages]]\nepochs = 2\nsteps = 3\nbatch = 4\nrate = 0.002\n",
        encoding="utf-8",
    )
    told = ["--config", str(config), "--out", str(models / "auto"), "--runs", str(runs), "--device", "cpu", "--films", "6"]
    assert cli.main(["autoencoder", *told]) == 0
    card = Card.read(models / "auto")
    assert card.kind == "autoencoder"
    assert load(card, torch.device("cpu")).network(torch.zeros(1, 1, 32, 32)).shape == (1, 1, 32, 32)
    assert cli.main(["autoencoder", *told]) == 0
    assert Card.read(models / "auto").sha256 == card.sha256

    own = models / EXPLAINED
    own.unlink()
    shutil.copytree(Settings().models / EXPLAINED, own)
    network = Card.read(own)
    with pytest.raises(ModelError, match="no autoencoder beside"):
        cli.main(["shift", "--out", str(Settings().models / EXPLAINED), "--runs", str(runs)])
    assert cli.main(["shift", "--out", str(own), "--runs", str(runs), "--device", "cpu", "--films", "4"]) == 0
    assert shifting.read_ways(network, card) == {}, "on so few films nothing is called often enough"
    pairs = drawn.pairs(3000000, 32, 32, ("Cardiomegaly", "Pneumothorax"), runs / "films", processes=1)
    films, well = np.concatenate([pairs.ill, pairs.well]), np.concatenate([np.zeros(32, bool), pairs.healthy])
    encoder, explained = load(card, torch.device("cpu")), load(network, torch.device("cpu"))
    shifting.write_ways(own, network, card, shift.fit(encoder, explained, torch.from_numpy(films), torch.from_numpy(well)))
    ways = shifting.read_ways(network, card)
    assert ways["Cardiomegaly"].gap > 0
    assert abs(float(ways["Cardiomegaly"].along.norm()) - 1) < 1e-2
    assert shifting.read_ways(replace(network, sha256="other"), card) == {}
    assert shifting.read_ways(Card.read(Settings().models / EXPLAINED), card) == {}
