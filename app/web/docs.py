"""The API's reference at /docs, rendered from the OpenAPI description here: no script, and nothing from another host."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.web import errors, pages

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter or a field: its type in words, and what it is."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an operation answers with, and the schema of its body ("" where it is octets or nothing)."""

    status: str
    description: str
    schema: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """One named object of the API."""

    name: str
    description: str
    fields: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its class, its status, and what it means."""

    name: str
    status: int
    description: str


@dataclass(frozen=True, slots=True)
class DocsPage:
    """templates/docs.html: every operation of the API, every object it speaks of, and every kind of problem."""

    template: ClassVar[str] = "docs.html"

    title: str
    version: str
    description: str
    operations: tuple[Operation, ...]
    schemas: tuple[Schema, ...]
    problems: tuple[Kind, ...]


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API's reference."""
    return pages.render(request, described(request.app.openapi()))


def described(spec: Mapping[str, Any]) -> DocsPage:
    """The page of an OpenAPI 3.1 description."""
    return DocsPage(
        title=spec["info"]["title"],
        version=spec["info"]["version"],
        description=spec["info"].get("description", ""),
        operations=tuple(_operations(spec)),
        schemas=tuple(_schema(name, schema) for name, schema in sorted(spec.get("components", {}).get("schemas", {}).items())),
        problems=tuple(Kind(name, one.status, one.__doc__ or "") for name, one in errors.kinds().items()),
    )


def _operations(spec: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            yield Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                summary=operation.get("summary", ""),
                description=operation.get("description", ""),
                parameters=tuple(
                    Parameter(p["name"], f"{kind(p['schema'])}, {p['in']}", p.get("required", False), p.get("description", ""))
                    for p in operation.get("parameters", ())
                ),
                body=tuple(f"{media}: {kind(entry.get('schema', {}))}" for media, entry in content.items()),
                answers=tuple(_answer(status, answer) for status, answer in operation["responses"].items()),
            )


def _answer(status: str, answer: Mapping[str, Any]) -> Answer:
    kinds = [kind(entry["schema"]) if entry.get("schema") else media for media, entry in answer.get("content", {}).items()]
    return Answer(status, answer.get("description", ""), ", ".join(kinds))


def _schema(name: str, schema: Mapping[str, Any]) -> Schema:
    required = set(schema.get("required", ()))
    return Schema(
        name=name,
        description=schema.get("description", ""),
        fields=tuple(
            Parameter(field, kind(entry), field in required, entry.get("description", ""))
            for field, entry in schema.get("properties", {}).items()
        ),
    )


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words: "string", "list of Study", "number or null"."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(kind(choice) for choice in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(f"“{value}”" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and schema.get("properties"):
        return "form with " + ", ".join(f"{name} ({kind(entry)})" for name, entry in schema["properties"].items())
    named = schema.get("format") or schema.get("type", "anything")
    return str(named)
