"""Which refusals an operation documents beside its answer. All of them are problems as `app.web.errors` writes them."""

from typing import Any

from app.web.errors import Problem

Responses = dict[int | str, dict[str, Any]]

ALWAYS: Responses = {
    422: {"model": Problem, "description": "What was sent cannot be used; the sentence says why."},
    503: {"model": Problem, "description": "The database or a worker is away or busy; try again after `Retry-After` seconds."},
}
"""Of every operation: a field may be impossible, and the database may be busy."""
NAMED: Responses = {404: {"model": Problem, "description": "There is no such thing, or no longer."}}
"""Of every operation whose path or body names something."""
SENT: Responses = {413: {"model": Problem, "description": "What was sent is larger than what may be sent here."}}
"""Of every operation that takes a body."""
STORED: Responses = {409: {"model": Problem, "description": "It does not fit what is stored."}}
"""Of operations that may meet something stored under the same identity."""

OCTETS: Responses = {
    200: {"content": {"application/octet-stream": {}}, "description": "The octets; their shape and type are in the headers."}
}
PNG: Responses = {200: {"content": {"image/png": {}}, "description": "The picture."}}
