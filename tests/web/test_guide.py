"""Help in both languages: the first case, every method, the words, the keys; and the ways that lead there."""

import re

import pytest
from fastapi.testclient import TestClient

from app import explainers
from app.web import guide


@pytest.mark.parametrize("language", ["en", "ko"])
def test_help_names_every_method_with_a_place_of_its_own(client: TestClient, language: str) -> None:
    client.cookies.set("whylight-language", language)
    text = client.get("/help").text
    assert f'lang="{language}"' in text
    assert set(re.findall(r'class="help-method" id="([^"]*)"', text)) == set(explainers.names())
    for place in ("first", "methods", "words", "keys"):
        assert f'id="{place}"' in text
        assert f'href="#{place}"' in text
    assert ("방법 불일치" in text) == (language == "ko")
    assert "<kbd>Shift+P</kbd>" in text


def test_methods_that_cases_open_with_come_first() -> None:
    told = list(guide.methods(lambda text, **_: text))
    usual = [one.usual for one in told]
    assert usual == sorted(usual, reverse=True)
    assert sum(usual) == len(explainers.panel(None))
    assert all(one.summary and one.paper for one in told)


def test_every_page_leads_to_help(client: TestClient) -> None:
    for address in ("/", "/upload", "/models"):
        assert 'href="/help"' in client.get(address).text
    assert 'href="/help" aria-current="page"' in client.get("/help").text
