"""Language, colours, a name, the order of slices: kept in cookies, and back to the page the reader was on."""

import pytest
from fastapi.testclient import TestClient

from app.web.preferences import own
from tests.web.conftest import SAME_SITE


def test_the_language_is_kept(client: TestClient) -> None:
    answer = client.post("/preferences", data={"language": "ko", "back": "/flagged?verdict=wrong"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/flagged?verdict=wrong"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert '<html lang="ko"' in client.get("/", headers={"Accept-Language": "en"}).text


def test_the_colours_are_kept(client: TestClient) -> None:
    assert 'data-theme="dark"' in client.get("/upload").text
    client.post("/preferences", data={"theme": "light", "back": "/upload"})
    page = client.get("/upload").text
    assert 'data-theme="light"' in page
    assert '<input type="hidden" name="back" value="/upload">' in page


def test_a_readers_name_is_kept_shown_and_taken_back(client: TestClient) -> None:
    assert "<span>Reader</span></summary>" in client.get("/upload").text
    answer = client.post("/preferences", data={"reader": "  Dr. 김\u200b  <b> ", "back": "/upload"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/upload")
    assert "HttpOnly" in answer.headers["set-cookie"]
    page = client.get("/upload").text
    assert "<span>Dr. 김 &lt;b&gt;</span></summary>" in page
    assert 'value="Dr. 김 &lt;b&gt;"' in page
    client.post("/preferences", data={"theme": "light"})
    assert "Dr. 김" in client.get("/upload").text, "another choice leaves the name alone"
    client.post("/preferences", data={"reader": "", "named": "yes"})
    assert "<span>Reader</span></summary>" in client.get("/upload").text
    assert client.post("/preferences", data={"reader": "x" * 65}).status_code == 422


def test_directions_are_kept_by_plane_and_taken_back(client: TestClient) -> None:
    chosen = {"sagittal": "right", "axial": "head", "directed": "yes"}
    assert "HttpOnly" in client.post("/preferences", data=chosen).headers["set-cookie"]
    assert client.cookies["whylight-directions"].strip('"') == "sagittal%3Dright%26axial%3Dhead"
    client.post("/preferences", data={"theme": "light"})
    assert "whylight-directions" in client.cookies, "another choice leaves them alone"
    client.post("/preferences", data={"directed": "yes"})
    assert client.cookies["whylight-directions"].strip('"') == ""


def test_an_unknown_choice_is_refused(client: TestClient) -> None:
    for data in ({"language": "xx"}, {"theme": "purple"}, {"sagittal": "head", "directed": "yes"}):
        answer = client.post("/preferences", data=data)
        assert answer.status_code == 422
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("back", ["/", "/studies/abc?finding=Mass", "/models/chest-compact"])
def test_own_paths_are_gone_back_to(back: str) -> None:
    assert own(back) == back


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\/evil",
        "",
        "studies",
        "/a\r\nSet-Cookie: x",
        "/" + "a" * 3000,
    ],
)
def test_other_places_are_not_gone_to(client: TestClient, back: str) -> None:
    assert own(back) == "/"
    assert client.post("/preferences", data={"theme": "dark", "back": back}).headers["location"] == "/"


def test_korean_and_light_are_kept(client: TestClient, study: str) -> None:
    client.cookies.set("whylight-language", "ko")
    client.cookies.set("whylight-theme", "light")
    html = client.get(f"/studies/{study}", headers=SAME_SITE).text
    assert '<html lang="ko" data-theme="light"' in html
