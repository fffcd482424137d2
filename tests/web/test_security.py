"""What stands before every route."""

import logging
import re
from collections.abc import Iterator, Mapping

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.config import Settings
from app.store import Store
from app.web.application import create_app
from app.web.security import HEADERS, SMALL, hostname
from tests import loops
from tests.web.conftest import HOST, SAME_SITE

SECRET = "DOE^JANE is on table 4"  # noqa: S105 - a patient's name, not a password
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def routes(app: FastAPI, methods: set[str]) -> Iterator[tuple[str, str]]:
    """Every method and path the application answers, with ids that nothing has."""
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"{\w+}", "aaaaaaaaaaaa", route.path or "")
        yield from ((method, path) for method in sorted((route.methods or set()) & methods))


def guarded(headers: Mapping[str, str]) -> bool:
    """Whether all security headers are there."""
    return all(headers.get(name) == value for name, value in HEADERS.items()) and "cache-control" in headers


@pytest.fixture
def broken(settings: Settings, store: Store) -> TestClient:
    """A browser before an application with a route that fails in a way nobody foresaw."""
    app = create_app(settings, store, lambda: None)

    @app.get("/fails")
    def fails() -> None:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ZeroDivisionError(SECRET) from error

    return TestClient(app, HOST, headers=SAME_SITE)


def test_there_are_routes_to_guard(app: FastAPI) -> None:
    assert len(list(routes(app, {"GET"}))) > 25
    assert len(list(routes(app, UNSAFE))) >= 12


def test_every_route_has_the_headers(app: FastAPI, client: TestClient) -> None:
    for method, path in routes(app, {"GET", *UNSAFE}):
        answer = client.request(method, path)
        assert answer.status_code != 500, (method, path, answer.text)
        assert guarded(answer.headers), (method, path)
        if path not in {"/healthz", "/readyz"} and answer.status_code != 304:
            assert answer.headers["cache-control"] in {"no-store", "private, no-cache"}, (method, path)


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing.css", "/static/../app/config.py", "/studies/aaaaaaaaaaaa"])
def test_a_missing_thing_has_the_headers(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert guarded(answer.headers)
    assert "nothing at this address" in answer.text or "study" in answer.text


def test_the_policy_allows_nothing_inline() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_an_unforeseen_failure_says_nothing_of_its_inside(broken: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = broken.get("/fails")
        fragment = broken.get("/fails", headers={"HX-Request": "true"})
        program = broken.get("/fails", headers={"Accept": "application/json"})
    assert [answer.status_code, fragment.status_code, program.status_code] == [500, 500, 500]
    assert guarded(answer.headers)
    for text in (answer.text, fragment.text, program.text):
        assert SECRET not in text
        assert "Traceback" not in text
        assert "Something went wrong on our side" in text
    assert program.json()["code"] == "AppError"
    assert "ZeroDivisionError" in caplog.text
    assert "KeyError" in caplog.text
    assert "test_security.py" in caplog.text
    assert "JANE" not in caplog.text


def test_a_response_that_breaks_off_hides_what_happened(settings: Settings, store: Store) -> None:
    class Breaks(PlainTextResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as every response
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise KeyError(SECRET)

    app = create_app(settings, store, lambda: None)
    app.add_api_route("/breaks", lambda: Breaks("x"), include_in_schema=False)
    with pytest.raises(RuntimeError, match="broke off") as caught:
        TestClient(app, HOST).get("/breaks")
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://127.0.0.1:8001"},
    ],
)
def test_no_other_site_can_change_anything(app: FastAPI, headers: dict[str, str]) -> None:
    browser = TestClient(app, HOST)
    for method, path in routes(app, UNSAFE):
        answer = browser.request(method, path, headers=headers)
        assert answer.status_code == 403, (method, path)
        assert guarded(answer.headers)


def test_a_script_reaches_the_api_alone(app: FastAPI) -> None:
    script = TestClient(app, HOST)
    for method, path in routes(app, UNSAFE):
        answer = script.request(method, path)
        assert (answer.status_code != 403) == path.startswith("/api/v1/"), (method, path)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": HOST}])
def test_our_own_pages_can_change_things(app: FastAPI, headers: dict[str, str]) -> None:
    answer = TestClient(app, HOST, follow_redirects=False).post("/preferences", headers=headers, data={"theme": "light"})
    assert answer.status_code == 303


ROOM = "reading-room.example"


@pytest.mark.parametrize(
    ("proxies", "headers", "status"),
    [
        ("", {"Host": ROOM, "Origin": f"http://{ROOM}"}, 303),
        ("", {"Host": f"{ROOM}:8080", "Origin": f"http://{ROOM}:8080"}, 303),
        ("", {"Host": f"{ROOM}:80", "Origin": f"http://{ROOM}"}, 303),
        ("", {"Host": ROOM, "Origin": f"http://{ROOM}:8080"}, 403),
        ("", {"Host": ROOM, "Origin": "null"}, 403),
        ("", {"Host": ROOM, "Origin": f"https://{ROOM}"}, 403),
        ("", {"Host": ROOM, "Origin": f"https://{ROOM}", "X-Forwarded-Proto": "https"}, 403),
        ("", {"X-Forwarded-Host": ROOM, "Origin": f"http://{ROOM}"}, 403),
        ("testclient", {"Host": ROOM, "Origin": f"https://{ROOM}", "X-Forwarded-Proto": "https"}, 303),
        ("testclient", {"X-Forwarded-Host": f"{ROOM}:8080", "Origin": f"http://{ROOM}:8080"}, 303),
        ("testclient", {"X-Forwarded-Host": f"evil.example, {ROOM}", "Origin": f"http://{ROOM}"}, 303),
        ("testclient", {"X-Forwarded-Host": ROOM, "Origin": "http://evil.example"}, 403),
        ("testclient", {"X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ("testclient", {"Host": "evil.example", "X-Forwarded-Host": ROOM, "Origin": f"http://{ROOM}"}, 403),
        ("10.0.0.1", {"X-Forwarded-Host": ROOM, "Origin": f"http://{ROOM}"}, 403),
    ],
)
def test_a_form_is_ours_as_the_browser_or_a_proxy_we_believe_says(
    settings: Settings, store: Store, proxies: str, headers: dict[str, str], status: int
) -> None:
    told = settings.model_copy(update={"proxies": proxies, "allowed_hosts": f"127.0.0.1,{ROOM}"})
    browser = TestClient(create_app(told, store, lambda: None), HOST, follow_redirects=False)
    assert browser.post("/preferences", headers=headers, data={"theme": "light"}).status_code == status


def test_our_own_pages_are_told_where_a_form_was(client: TestClient) -> None:
    """A browser that may tell no referrer at all says ``Origin: null`` of every form."""
    page = client.get("/")
    assert page.headers["referrer-policy"] == "same-origin"
    assert '<meta name="referrer" content="same-origin">' in page.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "localhost@evil.example"])
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert guarded(answer.headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "LOCALHOST", "localhost:1", "[::1]:8000", "[::1]"])
def test_our_host_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_host_name_is_taken_apart() -> None:
    assert [hostname(host) for host in ("a", "A:1", "[::1]:80", "")] == ["a", "a", "[::1]", ""]


def test_a_websocket_is_closed(client: TestClient) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


def read_by(app: FastAPI, path: str, announced: int | None, chunk: int, chunks: int) -> tuple[int, int]:
    """Send a body in chunks to a path; the status, and how many octets the application read of it."""
    read = 0
    status = 0

    async def receive() -> Message:
        nonlocal read
        if read >= chunk * chunks:
            return {"type": "http.request", "body": b"", "more_body": False}
        read += chunk
        return {"type": "http.request", "body": bytes(chunk), "more_body": True}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    headers = [
        (b"host", b"127.0.0.1"), (b"sec-fetch-site", b"same-origin"), (b"content-type", b"multipart/form-data; boundary=x"),
    ]  # fmt: skip
    if announced is not None:
        headers.append((b"content-length", str(announced).encode()))
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
        "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    loops.run(app(scope, receive, send))
    return status, read


@pytest.mark.parametrize("path", ["/studies", "/api/v1/studies"])
def test_an_upload_over_the_limit_is_read_no_further(settings: Settings, store: Store, path: str) -> None:
    small = settings.model_copy(update={"max_upload_mb": 3})
    app = create_app(small, store, lambda: None)
    limit = 3 * 1024 * 1024 + 1024 * 1024
    status, read = read_by(app, path, None, 256 * 1024, 100)
    assert status == 413 or (status == 422 and read <= limit)  # zeros are no form: either refusal is right, reading on is not
    assert read <= limit + 1024 * 1024


def test_an_upload_that_announces_too_much_is_not_read_at_all(settings: Settings, store: Store) -> None:
    app = create_app(settings.model_copy(update={"max_upload_mb": 3}), store, lambda: None)
    assert read_by(app, "/studies", 10**9, 256 * 1024, 100) == (413, 0)


@pytest.mark.parametrize("path", ["/preferences", "/", "/flagged.csv"])
def test_what_is_no_upload_may_be_a_megabyte(app: FastAPI, path: str) -> None:
    status, read = read_by(app, path, None, 64 * 1024, 1000)
    assert status in {400, 413}
    assert read <= 2 * SMALL


def test_a_form_over_a_megabyte_is_refused_in_words(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        yield b"text="
        for _ in range(40):
            yield b"a" * 65536

    answer = client.post("/", content=body(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
    assert "larger than" in answer.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/images/{image}/thumbnail.png", "/images/{image}/pixels", "/flagged.csv"])
def test_a_head_is_answered_as_a_get_without_its_body(client: TestClient, study: str, store: Store, path: str) -> None:
    with store.view() as tx:
        address = path.format(image=tx.studies.get(study).images[0].id)
    whole, head = client.get(address), client.head(address)
    assert head.status_code == whole.status_code == 200
    assert head.content == b"" != whole.content
    assert head.headers["content-length"] == str(whole.headers["content-length"])
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert "content-security-policy" in head.headers


def test_a_head_of_what_takes_no_get_is_refused(client: TestClient) -> None:
    assert client.head("/preferences").status_code == 405
    assert client.head("/studies/aaaaaaaaaaaa").status_code == 404
