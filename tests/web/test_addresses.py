"""The product under a path of another server: every address that it gives away begins with that path."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.config import Settings
from tests.web import films
from tests.web.conftest import Send

UNDER = "/whylight"
GIVEN = re.compile(r"""\b(?:href|src|action|formaction|hx-[a-z]+|data-address|\w*url|case|data)"?[=:] ?"(/[^"]*)""")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"prefix": UNDER})


def addresses(told: Any) -> list[str]:
    """Every string in JSON that is an address."""
    if isinstance(told, dict):
        return [one for value in told.values() for one in addresses(value)]
    if isinstance(told, list):
        return [one for value in told for one in addresses(value)]
    return [told] if isinstance(told, str) and told.startswith("/") else []


@pytest.mark.parametrize("handed_on", [True, False], ids=["handed on", "taken off"])
def test_every_address_begins_with_the_path(client: TestClient, study: str, handed_on: bool) -> None:
    asked = UNDER if handed_on else ""
    here = f"{asked}/studies/{study}"
    pages = ["/", "/upload", "/flagged", "/cohorts", "/models", "/models/phantom-untrained", "/docs", "/nothing"]
    for page in [*(asked + page for page in pages), here, f"{here}/report"]:
        answer = client.get(page)
        given = [address for address in GIVEN.findall(answer.text) if not address.startswith("//")]
        assert len(given) > 5, page
        assert [address for address in given if not address.startswith(f"{UNDER}/")] == [], page
        assert f'data-prefix="{UNDER}"' in answer.text
    for path in ("/explanations", "/layers", "/images", ""):
        given = addresses(client.get(f"{asked}/api/v1/studies/{study}{path}").json())
        assert [address for address in given if not address.startswith(f"{UNDER}/api/v1/")] == []
    assert addresses(client.get(f"{here}/case.json").json())
    assert [one for one in addresses(client.get(f"{here}/case.json").json()) if not one.startswith(f"{UNDER}/")] == []


def test_what_is_given_is_there(client: TestClient, study: str) -> None:
    told = client.get(f"{UNDER}/studies/{study}/case.json").json()
    pictures = [address for address in addresses(told) if "/images/" in address or "/layers/" in address]
    assert len(pictures) > 3
    for address in pictures:
        assert client.get(address).status_code == 200, address
    style = re.search(r'href="([^"]+\.css[^"]*)"', client.get(f"{UNDER}/").text)
    assert style
    assert client.get(style[1]).status_code == 200
    assert client.get(UNDER).status_code == 200


def test_redirects_and_cookies_stay_under_the_path(client: TestClient, send: Send, study: str) -> None:
    chosen = client.post(f"{UNDER}/preferences", data={"theme": "light", "back": f"/studies/{study}?x=1"})
    assert chosen.headers["location"] == f"{UNDER}/studies/{study}?x=1"
    assert f"Path={UNDER}/" in chosen.headers["set-cookie"]
    sent = client.post(f"{UNDER}/studies", files=[("files", ("b.dcm", films.dicom(2)))])
    assert sent.headers["location"].startswith(f"{UNDER}/studies/")
    told = client.post(f"{UNDER}/studies", files=[("files", ("b.dcm", films.dicom(2)))], headers={"HX-Request": "true"})
    assert told.headers["hx-redirect"].startswith(f"{UNDER}/studies/")
    assert client.post(f"{UNDER}/studies/{study}/removal").headers["location"].startswith(f"{UNDER}/removals/")


def test_a_page_comes_back_to_itself(client: TestClient) -> None:
    assert 'name="back" value="/flagged"' in client.get(f"{UNDER}/flagged").text


def test_a_problem_and_the_description_name_the_path(client: TestClient) -> None:
    problem = client.get(f"{UNDER}/api/v1/studies/aaaaaaaaaaaa").json()
    assert problem["type"] == f"{UNDER}/docs#problem-NotFound"
    assert client.get(f"{UNDER}/openapi.json").json()["servers"] == [{"url": UNDER}]


@pytest.mark.parametrize("prefix", ["whylight", "/whylight/", "//evil.example", "/a?b", '/"><'])
def test_what_is_no_path_ends_the_start(prefix: str) -> None:
    with pytest.raises(ValidationError):
        Settings(prefix=prefix)
