"""What a generator's films are worth: measured on small phantoms, told in lines, written onto its card, and what blocks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.card import Card
from app.classifiers.generator import Parts, applied, upside_down
from app.classifiers.loading import Loaded, load
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmenter
from app.config import Settings
from app.errors import NotFound
from app.evaluation.predictions import Interval
from app.phantoms import chest
from app.reporting import cli, counterfactuals, offering, seen
from app.reporting.offering import FILMS, PHANTOMS, SHORTCUT, Found
from app.reporting.widths import widths
from app.training import cards
from app.training.counterfactual import drawn

FINDINGS = ("Effusion", "Pneumothorax")
GOOD = {"kept": 0.1, "pixels": 0.1, "between films": 0.2, "inside": 0.9, "pointing": 0.9}


def interval(value: float) -> Interval:
    return Interval(value, value - 0.1, value + 0.1, 20, 20)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The phantom network, a referee that is the same network by another name, and a generator that has learned nothing."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "chest-phantom").symlink_to(Settings().models / "chest-phantom")
    own = Card.read(folder / "chest-phantom")
    generator = build("la-gan", 2, {"widths": [8, 8, 8], "ways": ["residual"] * 2, "within": ["bases", "lungs"]})
    entries = {
        "name": "small",
        "kind": "counterfactual",
        "title": "Small",
        "summary": "A trial.",
        "architecture": "la-gan",
        "findings": list(FINDINGS),
        "modalities": [],
        "body_parts": ["CHEST"],
        "phantom": True,
        "explains": own.name,
        "explains_sha256": own.sha256,
        "input_size": 32,
        "explained_layer": "decoders",
        "parameters": {"widths": [8, 8, 8], "ways": ["residual"] * 2, "within": ["bases", "lungs"]},
    }
    figures = [cards.figure("training", "Effusion", interval(0.5), metric="flip")]
    cards.write(folder / "small", generator, entries, {"figures": figures})
    network = load(own, torch.device("cpu")).network
    judging = {
        "name": "referee",
        "kind": "referee",
        "title": "Referee",
        "summary": "The same.",
        "architecture": own.architecture,
        "findings": list(own.findings),
        "modalities": list(own.modalities),
        "body_parts": list(own.body_parts),
        "phantom": True,
        "input_size": own.input_size,
        "explained_layer": own.explained_layer,
        "parameters": own.parameters,
        "temperature": list(own.temperature),
    }
    tables = [
        {
            "source": row.source,
            "finding": row.finding,
            "probability": row.probability,
            **{name: getattr(row, name) for name in ("sensitivity", "sensitivity_low", "sensitivity_high")},
            **{name: getattr(row, name) for name in ("specificity", "specificity_low", "specificity_high")},
            "positives": row.positives,
            "negatives": row.negatives,
        }
        for row in own.operating
    ]
    cards.write(folder / "referee", network, judging, {"operating": tables})
    return folder


def test_a_generator_that_changes_nothing_flips_nothing_and_is_offered_nowhere(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(models))
    monkeypatch.setenv("WHYLIGHT_VAR", str(tmp_path / "var"))
    assert cli.main(["--counterfactual", "small", "--cases", "24", "--write"]) == 0
    printed = capsys.readouterr().out
    assert "judged by chest-phantom, referee" in printed
    assert "flip 0.00, wanted at least 0.90" in printed
    card = Card.read(models / "small")
    assert card.offers == ()
    told = {(row.source, row.finding, row.metric): row for row in card.figures}
    assert told["training", "Effusion", "flip"].value == 0.5, "what was measured of other films stays"
    source = "phantoms that nobody learned from"
    for finding in FINDINGS:
        assert told[source, finding, "flip"].value == 0
        assert told[source, finding, "pixels"].value == 0
        assert told[source, finding, "kept"].value == 0
        assert told[source, finding, "nearer"].value == pytest.approx(1), "as far from the healthy twin as it was"
    gaps = {(row.network, row.finding): row for row in card.gaps}
    for finding in FINDINGS:
        own, referee = gaps["chest-phantom", finding], gaps["referee", finding]
        assert own.gap > 0
        assert (own.point, own.spread, own.gap) == (referee.point, referee.spread, referee.gap), "the same network"
    assert Card.read(models / "small").sha256 == card.sha256
    load(card, torch.device("cpu"))

    assert cli.main(["--counterfactual", "small", "--cases", "24", "--write"]) == 0
    assert len(Card.read(models / "small").figures) == len(card.figures), "measured again, not twice on the card"


def test_a_change_at_the_truth_is_told_beside_what_knows_nothing(models: Path, tmp_path: Path) -> None:
    """The pair's own twin as the edited film: nearer than the film, pointing at what was drawn, and the answer flips."""
    loaded = Loaded(Registry(models), "cpu")
    card = Card.read(models / "small")
    trial = counterfactuals.trial(loaded, card, tmp_path, tmp_path / "runs", 24)
    assert trial.truth is not None
    assert trial.twins is not None
    places = torch.arange(24)[[bool(mask.any()) for mask in trial.truth[:24]]]
    films = (trial.stock.films[places].float() / 255).numpy()
    twins = (trial.twins[places.numpy()] / 255).astype(np.float32)
    values, beside = trial.against_truth(counterfactuals.Made(places, films, twins, films), trial.regions(places, 0, 32))
    assert values["nearer"] == 0
    assert values["pointing"] > max(beside["random"], 0.8)
    assert set(beside) == {"random", "centre", "mean of the truths", "limit alone"}


def test_what_misses_is_told_and_blocks() -> None:
    good = Found("Effusion", 40, interval(0.95), {"a": interval(0.8)}, {"a": 0.9}, GOOD, interval(0.6), interval(0.55))
    assert good.misses(FILMS) == []
    assert good.misses(PHANTOMS) == []
    for change, said in (
        ({"flip": interval(0.7)}, "flip 0.70, wanted at least 0.80"),
        ({"ratios": {"a": 0.4}}, "gap ratio of a 0.40, wanted 0.5 to 1.5"),
        ({"ratios": {"a": float("nan")}}, "gap ratio of a nan"),
        ({"critic": interval(0.75)}, "fresh critic 0.75, wanted at most 0.70"),
        ({"critic": None}, "fresh critic nan"),
        ({"values": {**GOOD, "between films": 0.5}}, "between films 0.50, wanted at most 0.35"),
        ({"values": {**GOOD, "kept": 0.4}}, "kept 0.40"),
        ({"values": {**GOOD, "pixels": 0.2}}, "pixels 0.20, wanted at most 0.15"),
    ):
        assert any(said in one for one in replace(good, **change).misses(FILMS)), said
    wide = replace(good, finding="Pneumonia", values={**GOOD, "pixels": 0.3})
    assert wide.misses(FILMS) == []
    assert wide.misses(PHANTOMS) == ["pixels 0.30, wanted at most 0.15"]
    assert replace(good, others={"a": interval(0.6)}).misses(PHANTOMS) == ["flip of a 0.60, wanted at least 0.70"]
    fooled = replace(good, others={"a": interval(0.1)}, ratios={"a": 0.1})
    assert fooled.misses(SHORTCUT) == [], "that no judge follows a network with a shortcut is the point of it"
    beside = replace(fooled, values={**GOOD, "pointing": 0.4})
    assert beside.misses(SHORTCUT) == ["pointing 0.40, wanted at least 0.80"]


def test_a_heart_that_becomes_narrower_is_told_beside_the_same_change_upside_down() -> None:
    segmenter = Segmenter.of(load(Card.read(Settings().models / "chest-anatomy"), torch.device("cpu")))
    large = [chest.draw(seed, ["Cardiomegaly"], size=192) for seed in (3, 5, 9)]
    small = [chest.draw(seed, [], size=192) for seed in (3, 5, 9)]
    before, after = (np.stack([one.pixels / 4095 for one in ones]).astype(np.float32) for ones in (large, small))
    owners = np.array(["a", "b", "c"])
    told = widths(segmenter, before, after, before, owners)
    assert told.edit.value < -0.03
    assert (told.control.value, told.edit.positives) == (0, 3)
    blank = np.concatenate([before[:2], np.zeros_like(before[:1])])
    assert widths(segmenter, blank, after, before, owners).edit.positives == 2, "one was not measurable"
    found = Found("Cardiomegaly", 3, interval(0.9), {}, {}, GOOD, widths=told)
    rows = {row["metric"]: row for row in found.rows("films")}
    assert rows["cardiothoracic ratio"]["value"] < 0 == rows["cardiothoracic ratio, upside down"]["value"]
    assert any(line.startswith("  cardiothoracic ratio: -0.") for line in found.lines(FILMS))


def test_a_critic_that_ships_tells_a_stamp_and_not_a_film_that_nobody_changed() -> None:
    rng = np.random.default_rng(0)
    ill, healthy = (rng.random((60, 32, 32)).astype(np.float32) for _ in range(2))
    stamped = ill.copy()
    stamped[:, 10:22, 10:22] *= 0.3
    owners = (np.arange(60).astype(np.str_), np.arange(60, 120).astype(np.str_))
    found = seen.fit(ill[:40], stamped[:40], healthy[:40], (owners[0][:40], owners[1][:40]))
    told = seen.shares(found, ill[40:], stamped[40:], healthy[40:])
    assert told[seen.EDITED] > 0.9
    assert told[seen.PLAIN] < 0.2
    nothing = seen.fit(ill[:40], ill[:40], healthy[:40], (owners[0][:40], owners[1][:40]))
    assert seen.shares(nothing, ill[40:], ill[40:], healthy[40:])[seen.EDITED] < 0.4, "there is nothing to see"


def test_upside_down_is_the_same_change_elsewhere() -> None:
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0, 1, 3], flow[:, 1, 1, 3] = 0.25, 0.125
    parts = Parts(flow, torch.rand(1, 1, 8, 8), torch.rand(1, 1, 4, 4))
    turned = upside_down(parts)
    assert turned.flow[0, :, 6, 3].tolist() == [0.25, -0.125]
    film = torch.rand(1, 1, 8, 8)
    torch.testing.assert_close(applied(film.flip(-2), turned), applied(film, parts).flip(-2))


def test_of_a_network_that_was_taught_a_drain_the_drain_is_the_truth(models: Path, tmp_path: Path) -> None:
    card = replace(Card.read(models / "small"), shortcut="drain")
    assert offering.Bounds.of(card) is SHORTCUT
    found = drawn.pairs(9_000_000, 6, 64, ("Pneumothorax",), tmp_path, processes=1, drains=True)
    assert found.masks.any((1, 2)).all()
    apart = np.abs(found.ill.astype(int) - found.well.astype(int)) > 20
    assert apart[found.masks].mean() > 5 * apart[~found.masks].mean(), "the twins differ where the drains lie"
    plain = drawn.pairs(9_000_000, 6, 64, ("Pneumothorax",), tmp_path, processes=1)
    assert (plain.masks != found.masks).any(), "kept apart from pairs with the finding"


def test_what_is_not_there_is_said(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHYLIGHT_MODELS", str(models))
    with pytest.raises(NotFound, match="There are: small"):
        cli.main(["--counterfactual", "nobody"])
    card = replace(Card.read(models / "small"), explains_sha256="0" * 64)
    with pytest.raises(NotFound, match="not there in that version"):
        counterfactuals.trial(Loaded(Registry(models), "cpu"), card, tmp_path, tmp_path, 8)


def test_the_card_keeps_its_other_words(models: Path) -> None:
    card = Card.read(models / "small")
    nobody = Interval(float("nan"), 0.0, 1.0, 0, 0)
    taught = replace(card, shortcut="drain")
    offering.onto(taught, [Found("Effusion", 9, interval(0.95), {"referee": nobody}, {"referee": float("nan")}, GOOD)], [])
    again = Card.read(models / "small")
    assert again.offers == ("Effusion",)
    assert all(np.isfinite(row.value) for row in again.figures), "what is not defined is left out"
    assert replace(again, offers=(), figures=card.figures) == card
