"""One failure, three faces."""

import pytest
from fastapi.testclient import TestClient

from app.config import Settings
from app.errors import AppError, Conflict, Unavailable
from app.store import Store
from app.web.application import create_app
from app.web.errors import TITLES, ErrorPage
from tests.web.conftest import HOST, SAME_SITE, shown, template

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def failing(settings: Settings, store: Store) -> TestClient:
    """A browser before routes that fail with errors of the tree."""
    app = create_app(settings, store, lambda: None)

    @app.get("/conflict")
    def conflict() -> None:
        raise Conflict("The file “%(name)s” differs.", {"name": MARKUP})

    @app.get("/away")
    def away() -> None:
        raise Unavailable("The database is away. Try again in a minute.")

    @app.get("/api/v1/away")
    def api_away() -> None:
        raise Unavailable("The database is away. Try again in a minute.")

    @app.get("/number/{n}")
    def number(n: int) -> int:
        return n

    return TestClient(app, HOST, headers=SAME_SITE, follow_redirects=False)


def test_a_page(failing: TestClient) -> None:
    answer = failing.get("/away")
    assert answer.status_code == 503
    assert shown(answer) == ErrorPage(503, "Not available right now", "The database is away. Try again in a minute.")
    assert template(answer) == "error.html"
    assert "<title>Not available right now" in answer.text


def test_a_fragment_goes_where_messages_go(failing: TestClient) -> None:
    answer = failing.get("/away", headers={"HX-Request": "true"})
    assert answer.status_code == 503
    assert answer.headers["hx-retarget"] == "#messages"
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(("path", "headers"), [("/api/v1/away", {}), ("/away", {"Accept": "application/json"})])
def test_json_for_programs(failing: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = failing.get(path, headers=headers)
    assert answer.status_code == 503
    sentence = "The database is away. Try again in a minute."
    assert answer.json() == {
        "type": "/docs#problem-Unavailable",
        "title": TITLES[503],
        "status": 503,
        "detail": sentence,
        "error": sentence,
        "code": "Unavailable",
    }
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


def test_what_a_file_says_stays_text(failing: TestClient) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        answer = failing.get("/conflict", headers=headers)
        assert answer.status_code == 409
        assert MARKUP not in answer.text
        assert "&lt;img src=x" in answer.text


def test_a_method_that_is_not_possible(client: TestClient) -> None:
    answer = client.delete("/upload")
    assert answer.status_code == 405
    assert shown(answer) == ErrorPage(405, TITLES[405], "This address cannot be used in this way.")
    told = client.put("/api/v1/studies").json()
    assert (told["type"], told["code"]) == ("about:blank", "MethodNotAllowed")
    assert told["detail"] == told["error"] == "This address cannot be used in this way."


def test_a_field_that_is_not_possible_is_named_and_not_quoted(failing: TestClient) -> None:
    answer = failing.get("/number/SECRET")
    assert answer.status_code == 422
    assert "SECRET" not in answer.text.replace("/number/SECRET", "")
    assert "possible: n." in answer.text


def test_every_status_of_the_tree_has_a_title() -> None:
    def tree(kind: type[AppError]) -> set[int]:
        return {kind.status}.union(*(tree(below) for below in kind.__subclasses__()))

    assert tree(AppError) <= set(TITLES)
