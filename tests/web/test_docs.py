"""The API's reference: every operation and every field is there, and described."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.config import ROOT
from app.domain import REASONS, VERDICTS
from app.web.api.description import TAGS
from app.web.docs import DocsPage, described, kind
from app.web.errors import kinds
from app.web.exports import FlagLine, LayerLine, PredictionLine, heading
from tests.web.conftest import shown


def test_every_operation_and_object_is_on_the_page(client: TestClient, app: FastAPI) -> None:
    answer = client.get("/docs")
    spec = client.get("/openapi.json").json()
    assert shown(answer) == described(spec)
    assert isinstance(shown(answer), DocsPage)
    operations = [(path, method) for path, methods in spec["paths"].items() for method in methods]
    assert len(operations) >= 17
    for path, method in operations:
        assert f"{method.upper()}</span> <code>{path}</code>" in answer.text
    for name in spec["components"]["schemas"]:
        assert f'id="schema-{name}"' in answer.text
    assert "<script" not in answer.text.replace('<script src="/static/', "")


def test_only_the_api_is_described(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    assert all(path.startswith("/api/v1/") for path in spec["paths"])
    assert spec["openapi"].startswith("3.1")


def test_everything_is_described(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    silent: list[tuple[str, ...]] = []
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if not operation.get("summary") or not operation.get("description"):
                silent.append((path, method))
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query" and not parameter.get("description"):
                    silent.append((path, method, parameter["name"]))
    for name, schema in spec["components"]["schemas"].items():
        if not schema.get("description"):
            silent.append((name,))
    assert silent == []


CONFLICTS = {
    "keep_review", "withdraw_review", "keep_exam_review", "withdraw_exam_review", "keep_annotation", "keep_measure",
}  # fmt: skip
"""The operations that may meet something stored under the same identity."""
VERBS = "ask|cancel|correct|delete|export|import|keep|list|move|read|remove|request|reset|upload|withdraw"


def operations(client: TestClient) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation with its method and its path."""
    spec = client.get("/openapi.json").json()
    return [(method, path, operation) for path, methods in spec["paths"].items() for method, operation in methods.items()]


def test_failures_are_described_as_they_are(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in spec["components"]["schemas"]
    for method, path, operation in operations(client):
        failures = {status for status in operation["responses"] if int(status) >= 400}
        expected = {"422", "503"}
        expected |= {"404"} if "{" in path else set()
        expected |= {"413"} if method in {"post", "put"} else set()
        expected |= {"409"} if operation["operationId"] in CONFLICTS else set()
        assert failures == expected, operation["operationId"]
        for status in failures:
            assert set(operation["responses"][status]["content"]) == {"application/problem+json"}, operation["operationId"]
        assert "Retry-After" in operation["responses"]["503"]["headers"]


def test_operations_are_called_by_what_they_do(client: TestClient) -> None:
    names = [operation["operationId"] for _, _, operation in operations(client)]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(rf"({VERBS})(_[a-z]+)+", name)] == []
    told = client.get("/openapi.json").json()["tags"]
    assert [(tag["name"], tag["description"]) for tag in told] == list(TAGS)
    assert {tuple(operation["tags"]) for _, _, operation in operations(client)} == {(name,) for name, _ in TAGS}


def test_every_list_comes_in_pages(client: TestClient) -> None:
    lists = 0
    for _, path, operation in operations(client):
        answer = operation["responses"].get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if schema.get("type") == "array":
            lists += 1
            asked = {parameter["name"] for parameter in operation["parameters"]}
            assert {"page", "size"} <= asked, path
            assert "X-Total-Count" in answer["headers"], path
    assert lists >= 12


def test_the_page_says_what_each_kind_of_problem_is(client: TestClient) -> None:
    text = client.get("/docs").text
    assert set(kinds()) >= {"NotFound", "Conflict", "TooLarge", "InputError", "Unavailable", "Forbidden"}
    for name in kinds():
        assert f'id="problem-{name}"' in text, name


FORM = "form with files (list of string)"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Study"}, "Study"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "b"], "type": "string"}, "“a” | “b”"),
        ({"const": "a"}, "“a”"),
        ({"type": "array", "items": {"$ref": "#/x/Study"}}, "list of Study"),
        (
            {"type": "object", "properties": {"files": {"type": "array", "items": {"type": "string"}}}},
            FORM,
        ),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({}, "anything"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert kind(schema) == words


def test_the_document_has_every_operation_and_every_column(client: TestClient) -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    spec = client.get("/openapi.json").json()
    operations = {(method.upper(), path) for path, methods in spec["paths"].items() for method in methods}
    assert set(re.findall(r"^\| ([A-Z]+) \| `([^`]+)`", page, re.MULTILINE)) == operations
    for line in (FlagLine, PredictionLine, LayerLine):
        assert [field for field in heading(line) if f"`{field}`" not in page] == []
    assert [verdict for verdict in VERDICTS if f"`{verdict}`" not in page] == []
    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []
