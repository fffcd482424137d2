"""How a film becomes input: what a card may say of it, and that maps land where the network saw what they are about."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from app import explainers
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier, prepare_plane
from app.classifiers.loading import load
from app.classifiers.preprocessing import Preprocessing
from app.domain import Area, Edit, Image, Series, Window, frozen
from app.edits import apply_to_stack
from app.errors import ModelError
from app.grey import resample
from app.phantoms import chest
from app.reading import what_if
from tests.classifiers.conftest import film, write_model

IMAGENET: dict[str, Any] = {"scale": (0.0, 1.0), "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "channels": 3}
XRV: dict[str, Any] = {"scale": (-1024.0, 1024.0), "stretch": "full", "fit": "crop"}


def classifier(models: Path, how: Preprocessing) -> Classifier:
    """The small network with other preprocessing; it is not run."""
    known = load(Card.read(models / "small"), torch.device("cpu"))
    return dataclasses.replace(known, card=dataclasses.replace(known.card, preprocessing=how))


def planted(rows: int, columns: int, at: tuple[int, int]) -> Series:
    """A black film with a bright square of 12 × 12 pixels whose top left corner is named."""
    stored = np.zeros((rows, columns), np.uint16)
    stored[at[0] : at[0] + 12, at[1] : at[1] + 12] = 4095
    return Series("1", "DX", (Image("1", 0, frozen(stored), windows=(Window(2048, 4096),)),))


def test_a_card_without_the_table_means_what_films_always_became(models: Path) -> None:
    """The arithmetic of the shipped networks, written out again: their weights know no other."""
    plain = torch.rand(90, 61, generator=torch.Generator().manual_seed(0))
    sample = F.interpolate(plain[None, None], size=(64, 61), mode="bilinear", antialias=True).flatten()
    low, high = torch.quantile(sample, torch.tensor([0.01, 0.99])).tolist()
    square = F.pad((plain.clamp(low, high) - low)[None, None] / (high - low), (14, 15, 0, 0))
    wanted = (F.interpolate(square, size=(64, 64), mode="bilinear", antialias=True)[0] - 0.5) * 4.0
    assert torch.equal(prepare_plane(plain, 64), wanted)
    assert Card.read(models / "small").preprocessing == Preprocessing()


@pytest.mark.parametrize("how", [Preprocessing(), Preprocessing(**IMAGENET), Preprocessing(**XRV), Preprocessing(fit="crop")])
@pytest.mark.parametrize(("rows", "columns", "at"), [(90, 60, (54, 20)), (60, 91, (20, 41)), (64, 64, (5, 50))])
def test_a_planted_spot_comes_back_to_its_pixels(
    models: Path, how: Preprocessing, rows: int, columns: int, at: tuple[int, int]
) -> None:
    series = planted(rows, columns, at)
    reader = classifier(models, how)
    prepared = reader.prepare(series)
    assert prepared.shape == (1, how.channels, 64, 64)
    for channel in range(how.channels):
        plane = prepared[:, channel].numpy()
        back = resample((plane - plane.min())[0], reader.extent(series.images[0]), (rows, columns))
        assert back.shape == (rows, columns)
        bright = np.argwhere(back > back.max() / 2)
        assert np.abs(bright.mean(0) - np.add(at, 5.5)).max() < 0.6
        assert bright.min(0) == pytest.approx(at, abs=1)
        assert bright.max(0) == pytest.approx(np.add(at, 11), abs=1)


def test_what_is_cropped_away_is_not_seen_and_gets_no_map(models: Path) -> None:
    """torchxrayvision's own way: the square in the middle, so that a spot at the top of a tall film is not there."""
    reader = classifier(models, Preprocessing(fit="crop", stretch="full"))
    series = planted(100, 60, (2, 20))
    prepared = reader.prepare(series)
    assert float(prepared.amax()) == float(prepared.amin())
    back = resample(np.ones((4, 4), np.float32), reader.extent(series.images[0]), (100, 60))
    assert (back[20:80] == 1).all()
    assert not back[:20].any()
    assert not back[80:].any()


FRAME = (40, 70, 25, 55)
"""Lines above, below, at the left and at the right."""


def in_frame(tone: int, rows: int = 200, columns: int = 160) -> tuple[Series, Series]:
    """A film that has no black edge, alone and in a frame; as the product would have them, without windows."""
    alone = (chest.draw(4, size=256, marker=False).pixels[:rows, :columns] // 2 + 900).astype(np.uint16)
    around = np.pad(alone, (FRAME[:2], FRAME[2:]), constant_values=tone)
    one, other = (Series("1", "DX", (Image("1", 0, frozen(stored)),)) for stored in (alone, around))
    return one, other


@pytest.mark.parametrize("tone", [0, 4095])
@pytest.mark.parametrize("method", ["cam", "layer_cam", "saliency", "lrp"])
def test_a_film_in_a_frame_has_the_map_of_the_film_alone_at_the_frames_offset(models: Path, tone: int, method: str) -> None:
    reader = classifier(models, Preprocessing(field="exposed"))
    alone, around = in_frame(tone)
    assert torch.equal(reader.prepare(alone), reader.prepare(around))
    layers = [explainers.load(method).explain(reader, explainers.record(reader, one), ["Mass"])[0] for one in (alone, around)]
    np.testing.assert_array_equal(layers[0].values, layers[1].values)
    moved = layers[1].extent.seen_from(FRAME[2], FRAME[0], 1, 1)
    assert moved.numbers() == pytest.approx(layers[0].extent.numbers())
    whole = classifier(models, Preprocessing())
    assert not torch.equal(whole.prepare(alone), whole.prepare(around))


def test_an_edit_moves_no_edge_of_the_field(models: Path) -> None:
    """Blackening a film's lower half would look like a wider frame to who looks for it anew."""
    reader = classifier(models, Preprocessing(field="exposed"))
    _, around = in_frame(0)
    lower = Area("rectangle", points=((0, 150), (300, 400)))
    said, _ = what_if(reader, around, [Edit((lower,), "mean")])
    edited, _ = apply_to_stack(reader.held(around).images, [Edit((lower,), "mean")], {})
    (wanted,) = reader.predict(dataclasses.replace(around, images=edited))
    assert said.scores == wanted.scores
    assert edited[0].field == (FRAME[0], FRAME[2], FRAME[0] + 200, FRAME[2] + 160)


@pytest.mark.parametrize(
    ("how", "black", "white"),
    [
        (Preprocessing(stretch="full"), [-2.0], [2.0]),
        (Preprocessing(**XRV), [-1024.0], [1024.0]),
        (Preprocessing(stretch="full", **IMAGENET), [-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.64]),
    ],
)
def test_black_and_white_become_what_the_card_says(
    models: Path, how: Preprocessing, black: list[float], white: list[float]
) -> None:
    reader = classifier(models, how)
    halves = np.zeros((64, 64), np.uint16)
    halves[:, 32:] = 4095
    prepared = reader.prepare(Series("1", "DX", (Image("1", 0, frozen(halves), windows=(Window(2048, 4096),)),)))
    assert prepared[0, :, 30, 5].tolist() == pytest.approx(black, abs=1e-3)
    assert prepared[0, :, 30, 60].tolist() == pytest.approx(white, abs=1e-3)


def test_the_full_range_is_left_as_it_opens_and_percentiles_stretch_it(models: Path) -> None:
    dull = torch.rand(40, 40, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.4
    assert float(prepare_plane(dull, 32, Preprocessing(stretch="full")).abs().amax()) < 0.5
    assert float(prepare_plane(dull, 32).amax()) > 1.5


def test_a_constant_film_is_the_middle_of_the_scale_where_it_would_be_stretched() -> None:
    flat = torch.full((30, 40), 0.7)
    assert (prepare_plane(flat, 16, Preprocessing(scale=(0.0, 1.0))) == 0.5).all()
    assert prepare_plane(flat, 16, Preprocessing(**XRV))[0, 0, 0].item() == pytest.approx(0.2 * 2048, rel=1e-5)


def test_the_table_is_read_from_a_card_and_written_as_it_was(tmp_path: Path) -> None:
    how = Preprocessing(stretch="full", **IMAGENET)
    card = Card.read(write_model(tmp_path, preprocessing=how.entries(), architecture="resnet-18", parameters={}))
    assert card.preprocessing == how
    assert load(card, torch.device("cpu")).prepare(Series("1", "DX", (film(),))).shape == (1, 3, 64, 64)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stretch": "much"}, {"fit": "squeeze"}, {"channels": 2}, {"scale": [1.0, 0.0]}, {"mean": [0.5]},
        {"mean": [0.5, 0.5], "std": [1.0, 1.0]}, {"mean": [0.5], "std": [0.0]}, {"window": 3}, {"scale": [0.0, float("inf")]},
        {"field": "lungs"}, {"field": "exposed", "stretch": "stack"},
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_followed_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="preprocessing"):
        Preprocessing.of(wrong)


def test_operating_points_move_a_probability_to_one_half(models: Path) -> None:
    """As torchxrayvision's op_norm: p/2t below the point t, 1 − (1 − p)/2(1 − t) above it."""
    known = load(Card.read(models / "small"), torch.device("cpu"))
    moved = dataclasses.replace(known, card=dataclasses.replace(known.card, operating_points=(0.1, 0.5, 0.8)))
    logits = torch.logit(torch.tensor([[0.1, 0.3, 0.8], [0.05, 0.5, 0.9]])) * torch.tensor(known.card.temperature)
    torch.testing.assert_close(moved.probabilities(logits), torch.tensor([[0.5, 0.3, 0.5], [0.25, 0.5, 0.75]]))
    assert [s.probability for s in moved.predictions(logits[:1], Series("1", "DX", (film(),)), 0.0)[0].scores] == pytest.approx(
        [0.5, 0.3, 0.5]
    )


@pytest.mark.parametrize("points", [[0.5], [0.5, 0.5, 1.0], [0.5, float("nan"), 0.5]])
def test_operating_points_that_are_none_are_refused(tmp_path: Path, points: list[float]) -> None:
    folder = write_model(tmp_path)
    path = folder / "card.toml"
    lines = path.read_text(encoding="utf-8").replace("input_size", f"operating_points = {points}\ninput_size", 1)
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(ModelError, match="operating_points"):
        Card.read(folder)
