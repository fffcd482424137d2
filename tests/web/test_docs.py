"""The API's reference: every operation and every field is there, and described."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.config import ROOT
from app.domain import REASONS, VERDICTS
from app.web.docs import DocsPage, described, kind
from app.web.flagged import FIELDS
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


def test_failures_are_described_as_they_are(client: TestClient) -> None:
    spec = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in spec["components"]["schemas"]
    for path, methods in spec["paths"].items():
        for operation in methods.values():
            assert ("404" in operation["responses"]) == ("{" in path)
            assert "422" in operation["responses"]


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
    assert [field for field in FIELDS if f"`{field}`" not in page] == []
    assert [verdict for verdict in VERDICTS if f"`{verdict}`" not in page] == []
    assert [reason for reason in REASONS if f"`{reason}`" not in page] == []
