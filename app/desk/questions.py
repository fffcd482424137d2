"""Asking a worker and waiting for its answer: a question goes into the store, and whichever worker is there answers it.

No network is known here. The request waits in its own thread; the worker in this process is woken, those apart look by
themselves.
"""

import time
from collections.abc import Callable

from app import errors
from app.errors import AppError, Unavailable
from app.store import Question, QuestionRow, Store

PATIENCE = 20.0
"""Seconds until a reader is told that nobody answers."""
SHORTEST, LONGEST = 0.004, 0.05
"""Seconds between two looks at the store: at first, and after a while."""


def ask(store: Store, wake: Callable[[], None], question: Question, patience: float = PATIENCE) -> QuestionRow:
    """The answered question. Unavailable when no worker answers in time; the worker's own failure when it could not."""
    with store.begin() as tx:
        row = tx.questions.ask(question)
    if row.state == "waiting":
        wake()
    pause, deadline = SHORTEST, time.monotonic() + patience
    while row.state in {"waiting", "taken"}:
        if time.monotonic() > deadline:
            with store.begin() as tx:
                tx.questions.drop(row.id)
            raise Unavailable(
                "No worker answered within %(seconds)s seconds. It may be busy or away: try again in a moment.",
                {"seconds": round(patience)},
            )
        time.sleep(pause)
        pause = min(pause * 1.3, LONGEST)
        with store.view() as tx:
            row = tx.questions.get(row.id)
    if row.state == "failed":
        kind = getattr(errors, row.error_code, AppError)
        raise kind(row.error_template, row.error_values)
    return row
