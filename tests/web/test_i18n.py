"""Languages: which one a request gets, and that every sentence is translated."""

import re

import pytest
from fastapi.testclient import TestClient

from app.classifiers.registry import Registry
from app.config import ROOT
from app.web import extraction, i18n

PLACES = re.compile(r"%\((\w+)\)s|\{(\d)\}")


@pytest.mark.parametrize(
    ("cookie", "accept", "fallback", "chosen"),
    [
        (None, "", "en", "en"),
        (None, "", "ko", "ko"),
        (None, "", "xx", "en"),
        (None, "ko-KR,ko;q=0.9,en;q=0.8", "en", "ko"),
        (None, "en;q=0.5, ko;q=0.8", "en", "ko"),
        (None, "fr, de;q=0.9", "ko", "ko"),
        (None, "ko;q=0, en", "ko", "en"),
        (None, "ko;q=junk, en;q=0.1", "ko", "en"),
        ("en", "ko", "ko", "en"),
        ("xx", "ko", "en", "ko"),
    ],
)
def test_the_language(cookie: str | None, accept: str, fallback: str, chosen: str) -> None:
    assert i18n.choose(cookie, accept, fallback) == chosen


def test_a_sentence_without_values_is_not_formatted() -> None:
    english = i18n.read()["en"]
    assert english.gettext("100 % sure") == "100 % sure"
    assert english.gettext("%(n)s files", n=3) == "3 files"
    assert english.gettext("") == ""
    assert english.ngettext("%(n)s file", "%(n)s files", 1) == "1 file"
    assert english.ngettext("%(n)s file", "%(n)s files", 2) == "2 files"


def test_an_empty_sentence_is_not_the_catalogues_header() -> None:
    assert i18n.read()["ko"].gettext("") == ""


def test_every_sentence_is_translated() -> None:
    known = extraction.translated("ko")
    missing = {msgid for msgid in extraction.spoken() if not known.get(msgid)}
    assert missing == set()


def test_translations_keep_the_places_for_values() -> None:
    def places(text: str) -> list[tuple[str, str]]:
        return sorted(set(PLACES.findall(text)))

    wrong = {msgid for msgid, text in extraction.translated("ko").items() if places(msgid) != places(text)}
    assert wrong == set()


def test_the_catalogue_has_nothing_that_nobody_says() -> None:
    assert set(extraction.translated("ko")) - extraction.spoken() - extraction.cards() == set()


def test_the_networks_that_come_with_the_product_are_translated() -> None:
    said = extraction.cards(names=("chest", "chest-compact", "chest-phantom", "chest-phantom-shortcut"))
    assert "Phantom chest network" in said
    assert said - set(extraction.translated("ko")) == set()


def test_what_any_card_says_of_its_data_and_limits_is_translated_but_for_proper_names() -> None:
    registry = Registry(ROOT / "models")
    said: set[str] = set()
    for card in (*registry.cards(), *registry.beside()):
        said |= {card.title, card.summary, *card.limits, *(figure.source for figure in card.figures)}
        said |= {text for source in card.data for text in (source.name, source.terms, source.shows) if text}
    assert said - set(extraction.translated("ko")) <= {"covid_masks", "nih, nih_small"}


def test_what_is_said_is_found() -> None:
    spoken = extraction.spoken()
    assert "Research use only — not for clinical use" in spoken  # a template
    assert "There is no network called “%(name)s”. There are: %(known)s." in spoken  # an error
    assert "Pleural Thickening" in spoken  # a finding
    assert "text marker" in spoken  # a reason
    assert "%(n)s study" in spoken  # one of a plural
    assert "Slices %(a)s and %(b)s lie %(mm)s mm apart instead of %(usual)s mm." in spoken  # what is odd about a stack
    assert "Maps are being computed: %(plane)s, %(method)s." in spoken  # a constant of the worker, one of two


def test_pages_speak_korean(client: TestClient) -> None:
    page = client.get("/", headers={"Accept-Language": "ko"})
    assert '<html lang="ko"' in page.text
    assert "연구용" in page.text
    assert client.get("/nothing", headers={"Accept-Language": "ko"}).text.count("이 주소") >= 1


def test_the_api_speaks_korean(client: TestClient) -> None:
    answer = client.get("/api/v1/studies/aaaaaaaaaaaa", headers={"Accept-Language": "ko"})
    assert answer.status_code == 404
    assert re.search("[가-힣]", answer.json()["error"])


@pytest.mark.parametrize(("kept", "given_up"), [("맵", r"(?<!는)지도"), ("워크리스트", r"작업 ?목록"), ("신경망", "네트워크")])
def test_korean_has_one_word_for_one_thing(kept: str, given_up: str) -> None:
    said = (i18n.FOLDER / "ko.po").read_text(encoding="utf-8")
    assert kept in said
    assert re.findall(rf".*{given_up}.*", said) == []
