"""Which network reads which series, and cards that cannot be read."""

from pathlib import Path

import pytest

from app.classifiers.card import Card
from app.classifiers.registry import Registry, covers, unnamed
from app.domain import Patient, Series, Study
from app.errors import ModelError, NotFound
from tests.classifiers.conftest import film, study, write_model
from tests.exams import write_exam_network


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


def knee(description: str = "", body_part: str = "", modality: str = "MR") -> Series:
    """An MR series that says of itself what is given."""
    return Series("1.2", modality, (), body_part=body_part, description=description)


@pytest.mark.parametrize("unnamed", [True, False])
@pytest.mark.parametrize(
    ("part", "description", "covered"),
    [
        ("KNEE", "", True),
        ("KNIE", "", True),
        ("knee", "MR SHOULDER", True),
        ("", "IRM DU GENOU", True),
        ("", "t2_tse_sag", None),
        ("BRAIN", "", False),
        ("", "MR BRAIN T1", False),
        ("", "knee and hip", True),
        ("LEG", "", False),
        ("LEG", "knee", True),
        ("EXTREMITY", "MRI KNEE LT", True),
        ("LKNEE", "", True),
        ("KNEES", "", True),
        ("무릎", "", True),
        ("", "膝関節 MRI", True),
        ("", "МРТ колено", True),
        ("XYZZY", "MR RTKNEE WO", True),
        ("XYZZY", "", None),
        ("FOOT", "knee", False),
    ],
)
def test_a_series_is_of_the_part_it_names_and_one_that_names_none_needs_a_card_that_says_so(
    tmp_path: Path, part: str, description: str, covered: bool | None, unnamed: bool
) -> None:
    card = Card.read(write_exam_network(tmp_path, unnamed_parts=unnamed))
    series = knee(description, part)
    assert covers(card, Study("1.1", Patient(), (series,)), series) is (unnamed if covered is None else covered)


@pytest.mark.parametrize(("part", "reads"), [("SHOULDER", "knee"), ("SCHULTER", "knee"), ("KNEE", "shoulder")])
def test_an_exams_network_reads_its_own_part_and_no_other(tmp_path: Path, part: str, reads: str) -> None:
    """A card of the shoulder once covered knees and brains: exams were chosen by their modality alone."""
    card = Card.read(write_exam_network(tmp_path, f"{reads}-other", body_parts=[part], unnamed_parts=True, phantom=False))
    for foreign in (knee(body_part=reads.upper()), knee(f"MR {reads}"), knee(body_part="BRAIN"), knee("t1 brain")):
        assert not covers(card, Study("1.1", Patient(), (foreign,)), foreign)
    own = knee(body_part=part)
    assert covers(card, Study("1.1", Patient(), (own,)), own)
    registry = Registry(tmp_path)
    assert registry.choose(Study("1.1", Patient(), (own,)), own) == card
    assert registry.choose(Study("1.1", Patient(), (own,)), knee(body_part="BRAIN")) is None


CHESTS = (
    ("TORAX", ""), ("TÓRAX", ""), ("PECHO", ""), ("CHESTPA", ""), ("LUNGS", ""), ("흉부", ""), ("胸部", ""),
    ("RIB", "CHEST PA"),
    ("", "흉부 PA"), ("", "Rx Tórax PA y LAT"), ("EXTREMITY", "Thorax a.p."), ("XYZZY", "胸部正面"), ("CHEST, RIB", ""),
)  # fmt: skip


@pytest.mark.parametrize(("part", "description"), CHESTS)
def test_a_chest_is_a_chest_in_every_language(models: Path, part: str, description: str) -> None:
    series = Series("1", "DX", (film(),), body_part=part, description=description)
    assert names(Registry(models), series)[:1] == ["small"]


@pytest.mark.parametrize(
    ("part", "description"),
    [
        ("HAND", ""),
        ("LHAND", ""),
        ("", "Main gauche"),
        ("TSPINE", "CHEST"),
        ("흉추", ""),
        ("胸椎", ""),
        ("RIB", ""),
        ("LEG", ""),
    ],
)
def test_another_part_is_none(models: Path, part: str, description: str) -> None:
    series = Series("1", "DX", (film(),), body_part=part, description=description)
    assert names(Registry(models), series) == []


@pytest.mark.parametrize("part", ["", "XYZZY", "THX2"])
def test_a_film_that_names_no_part_goes_to_a_network_whose_guard_can_see(tmp_path: Path, part: str) -> None:
    guarded = Card.read(write_model(tmp_path, name="guarded", guard="eye"))
    blind = Card.read(write_model(tmp_path, name="blind"))
    series = Series("1", "DX", (film(),), body_part=part)
    assert covers(guarded, study(series), series)
    assert unnamed(guarded, study(series), series)
    assert not covers(blind, study(series), series)
    told = Series("1", "DX", (film(),), body_part="CHEST")
    assert not unnamed(guarded, study(told), told)


def test_a_network_that_is_named_reads_what_no_header_gives_it(models: Path) -> None:
    registry = Registry(models)
    hand, chest = (Series(part, "DX", (film(),), body_part=part) for part in ("HAND", "CHEST"))
    knee_ = Series("3", "MR", (film(),), body_part="KNEE")
    card = registry.card("small")
    assert registry.asked(card, study(hand), (hand, knee_)) == (hand,)
    assert registry.asked(card, study(hand), (hand, chest)) == (chest,)
    assert registry.asked(card, study(knee_), (knee_,)) == ()
    assert registry.asked(card, study(hand, True), (hand,)) == ()


def test_a_part_has_one_name_on_cards_and_in_headers(tmp_path: Path) -> None:
    card = Card.read(write_model(tmp_path, body_parts=["LUNG"]))
    for named in ("CHEST", "THORAX", "Lung"):
        series = Series("1", "DX", (film(),), body_part=named)
        assert covers(card, study(series), series)
    plain = Series("1", "", (film(),), source="film image")
    assert covers(card, study(plain), plain)


def test_a_part_that_no_table_knows_is_still_found_where_a_card_names_it(tmp_path: Path) -> None:
    card = Card.read(write_model(tmp_path, body_parts=["JAW"]))
    told, other = knee("ap jaw", modality="DX"), knee("ap", modality="DX")
    assert covers(card, study(told), told)
    assert not covers(card, study(other), other)


def test_films_and_exams_are_read_by_networks_made_for_each(tmp_path: Path) -> None:
    films = Card.read(write_model(tmp_path, modalities=["MR", "DX"], body_parts=["KNEE"]))
    exams = Card.read(write_exam_network(tmp_path, modalities=["MR", "DX"], body_parts=["KNEE", "CHEST"]))
    for series, readers in (
        (knee(body_part="KNEE"), [exams]),
        (knee(body_part="KNEE", modality="DX"), [films]),
        (Series("1", "", (), source="film image"), []),
    ):
        assert [card for card in (films, exams) if covers(card, study(series), series)] == readers


def test_a_persons_exam_goes_to_the_network_of_people_and_else_to_one_of_phantoms_that_reads_them(tmp_path: Path) -> None:
    series = knee(body_part="KNEE")
    person, drawn = study(series), study(series, phantom=True)
    write_exam_network(tmp_path, "a-drawn", people=True)
    write_exam_network(tmp_path, "b-drawn-only")
    registry = Registry(tmp_path)
    assert [card.name for card in registry.eligible(person, series)] == ["a-drawn"]
    assert [card.name for card in registry.eligible(drawn, series)] == ["a-drawn", "b-drawn-only"]
    write_exam_network(tmp_path, "c-by-name", phantom=False, default=False)
    write_exam_network(tmp_path, "d-people", phantom=False)
    assert [card.name for card in registry.eligible(person, series)] == ["d-people", "c-by-name", "a-drawn"]
    assert [card.name for card in registry.eligible(drawn, series)] == ["a-drawn", "b-drawn-only"]
    assert registry.choose(person, series) == registry.card("d-people")
    assert registry.choose(drawn, series) == registry.card("a-drawn")


def test_every_network_is_listed_and_guards_apart(models: Path) -> None:
    write_exam_network(models, "knee-drawn")
    assert [card.name for card in Registry(models).cards()] == ["by-name", "drawn", "knee-drawn", "small"]
    assert Registry(models).guards() == ()


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
    assert (card.people, card.unnamed_parts, card.opens_with) == (False, False, ())
    more = Card.read(write_model(tmp_path, name="more", people=True, unnamed_parts=True, opens_with=["lrp", "cam"]))
    assert (more.people, more.unnamed_parts, more.opens_with) == (True, True, ("lrp", "cam"))
    assert card.weights.is_file()
