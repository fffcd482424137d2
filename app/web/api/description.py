"""The OpenAPI description of the API: FastAPI's, with what it cannot be told in place."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from app.web.errors import PROBLEM, RETRY_AFTER

TAGS = (
    ("studies", "Uploads, studies, their series and images."),
    ("stacks", "What a reader scrolls and a network reads at once. A film is a stack of one image."),
    ("predictions", "What networks say, and what guards say before."),
    ("layers", "Every picture that lies over a film or a stack."),
    ("jobs", "Work that outlives the request that asked for it."),
    ("batches", "Selections of studies that one network is to read."),
    ("reviews", "Readers' verdicts on layers."),
    ("annotations", "Rulers and areas on images."),
    ("what-ifs", "What a network says of an edited film."),
    ("counterfactuals", "What would have to change on a film for another answer."),
    ("stages", "How relevance stands at every stage of a network."),
    ("layouts", "Saved layouts of the panes."),
    ("opinions", "Whether findings are there, as readers say: of a whole study, whatever any map shows."),
    ("points", "From which probability on findings are called, where a reader moved that."),
    ("models", "Networks."),
    ("readers", "Who reads."),
    ("exports", "Tables over all studies."),
    ("cohorts", "How good networks are on films or exams with a table of labels."),
    ("explanations", "Layers of relevance under their old addresses."),
    ("exams", "Exams under their old addresses."),
)
"""The nouns, in the order in which they are described."""


WAIT = {"description": "Seconds to wait.", "schema": {"type": "integer"}}


class Described(FastAPI):
    """An application whose failures are described as they are sent: as problems (RFC 9457), the one for now with the header
    that says when to come again."""

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        made = self.openapi_schema is None
        spec = super().openapi()
        if made:
            spec["tags"] = [{"name": name, "description": words} for name, words in TAGS]
            for status, answer in _answers(spec):
                content = answer.get("content", {})
                if int(status) >= 400 and "application/json" in content:
                    answer["content"] = {PROBLEM: content["application/json"]}
                if status == "503":
                    answer["headers"] = dict.fromkeys(RETRY_AFTER, WAIT)
        return spec


def _answers(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for methods in spec["paths"].values():
        for operation in methods.values():
            yield from operation["responses"].items()


def sent_files(what: str) -> dict[str, Any]:
    """Of an operation whose body is a form of files, ``what`` saying which. FastAPI cannot tell: the body is streamed."""
    files = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        "description": what,
    }
    schema = {"type": "object", "required": ["files"], "properties": {"files": files}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
