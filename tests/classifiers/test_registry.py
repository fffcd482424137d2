"""Which network reads which series, and cards that cannot be read."""

from pathlib import Path

import pytest

from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.domain import Series
from app.errors import ModelError, NotFound
from tests.classifiers.conftest import film, study, write_model


def names(registry: Registry, series: Series, phantom: bool = False, description: str = "") -> list[str]:
    return [card.name for card in registry.eligible(study(series, phantom, description), series)]


def test_modality_and_body_part_decide(models: Path) -> None:
    registry = Registry(models)
    assert names(registry, Series("1", "DX", (film(),), body_part="CHEST")) == ["small", "by-name"]
    assert names(registry, Series("1", "DX", (film(),), body_part="HAND")) == []
    assert names(registry, Series("1", "MR", (film(),), body_part="CHEST")) == []


def test_an_empty_body_part_falls_back_to_the_descriptions(models: Path) -> None:
    registry = Registry(models)
    assert names(registry, Series("1", "CR", (film(),), description="Chest pa"))[0] == "small"
    assert names(registry, Series("1", "CR", (film(),)), description="THORAX")[0] == "small"
    assert names(registry, Series("1", "CR", (film(),), description="Orchestra")) == []


def test_a_phantom_is_read_by_phantom_networks_only(models: Path) -> None:
    registry = Registry(models)
    series = Series("1", "DX", (film(),), body_part="CHEST")
    assert names(registry, series, phantom=True) == ["drawn"]


def test_a_film_image_goes_to_the_chest_networks(models: Path) -> None:
    assert names(Registry(models), Series("1", "", (film(),), source="film image"))[0] == "small"


def test_a_network_that_is_not_default_is_never_chosen_by_itself(models: Path) -> None:
    registry = Registry(models)
    series = Series("1", "DX", (film(),), body_part="CHEST")
    chosen = registry.choose(study(series), series)
    assert chosen is not None
    assert chosen.name == "small"
    assert registry.choose(study(series), Series("1", "MR", (film(),))) is None
    assert registry.card("by-name").default is False


def test_an_unknown_name_is_told_with_the_known_ones(models: Path) -> None:
    with pytest.raises(NotFound, match="by-name, drawn, small"):
        Registry(models).card("nothing")


def test_a_missing_folder_has_no_networks(tmp_path: Path) -> None:
    assert Registry(tmp_path / "none").cards() == ()


def test_a_changed_card_is_read_anew(models: Path) -> None:
    registry = Registry(models)
    before = registry.card("small")
    path = before.folder / "card.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('title = "Small"', 'title = "Smaller"'), encoding="utf-8")
    import os

    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 5))
    assert registry.card("small").title == "Smaller"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("input_size = 64", "input_size = 7", "input_size"),
        ('name = "small"', 'name = "other"', "folder"),
        ("temperature = [1.0, 2.0, 0.5]", "temperature = [1.0]", "temperature"),
        ('title = "Small"\n', "", "title"),
        ("default = true", "default = ", "TOMLDecodeError"),
    ],
)
def test_a_wrong_card_says_what_is_wrong(models: Path, old: str, new: str, told: str) -> None:
    path = models / "small" / "card.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelError, match=told):
        Card.read(models / "small")


def test_a_card_round_trips_what_was_written(tmp_path: Path) -> None:
    card = Card.read(write_model(tmp_path))
    assert card.findings == ("Mass", "Nodule", "Effusion")
    assert card.parameters == {"widths": [4, 8], "strides": [1, 2], "blocks": 1}
    assert len(card.sha256) == 64
    assert card.weights.is_file()
