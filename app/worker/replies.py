"""Replies: what a page waits for, worked out at once and beside the worker's job, with the networks that the worker has loaded.

A question comes through the store, so that any worker may answer it, in the server or apart from it. One thread takes one
question after the other; a job that takes seconds keeps none of them waiting. Knows the store and how studies are
read; no HTTP.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from app import edits, reading
from app.classifiers.card import Card
from app.domain import Edit, Series
from app.errors import AppError, ModelError, where
from app.reading.counterfactuals import plain
from app.store import QuestionRow, Store, Transaction, patiently

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

log = logging.getLogger(__name__)

PATIENCE = 20.0
"""How long an answer is tried to be kept: nobody waits longer for it (`app.web.asking`)."""
APART_SECONDS = 0.1
"""How often a worker that nobody can wake looks for questions."""


class Replies:
    """Takes questions from the store and answers them; ``loaded`` gives the networks, loading them at first use."""

    def __init__(self, store: Store, loaded: "Callable[[], Loaded]", stopping: threading.Event) -> None:
        self._store = store
        self._loaded = loaded
        self._stopping = stopping
        self._awake = threading.Event()

    def wake(self) -> None:
        """Look for a question now."""
        self._awake.set()

    def run(self, pause: float = APART_SECONDS) -> None:
        """Answer one question after the other until told to stop; look every ``pause`` seconds when nobody wakes it."""
        edits.warm()
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                answered = self.answer_once()
            except Exception as error:  # noqa: BLE001 - the edge of a thread: the database may be away for a while
                log.error("questions cannot be reached: %s", where(error))
                answered = False
            if not answered:
                self._awake.wait(pause)

    def answer_once(self) -> bool:
        """Answer the oldest question there is; False when there is none."""
        with self._store.view() as tx:
            due = tx.questions.due()
        if not due:
            return False
        with self._store.begin() as tx:
            question = tx.questions.take()
        if question is None:
            return False
        started = time.perf_counter()
        try:
            answer, values = self._answer(question)
        except Exception as error:  # noqa: BLE001 - the edge: whatever happens to one question, the next one is answered
            log.error("question %s (%s) failed: %s", question.id, question.kind, where(error))
            if not isinstance(error, AppError):
                error = AppError(
                    "Something went wrong in the analysis (%(kind)s). The log has more under job %(job)s.",
                    {"kind": type(error).__name__, "job": question.id},
                )
            code, template, said = type(error).__name__, error.template, error.values
            self._write(question, lambda tx: tx.questions.fail(question.id, code, template, said))
            return True
        self._write(question, lambda tx: tx.questions.answer(question.id, answer, values))
        log.info("question %s (%s) answered in %.2f s", question.id, question.kind, time.perf_counter() - started)
        return True

    def _write(self, question: QuestionRow, write: Callable[[Transaction], None]) -> None:
        """Keep an answer once the store takes it, while somebody waits for it."""

        def once() -> None:
            with self._store.begin(question.study_id) as tx:
                write(tx)

        patiently(once, PATIENCE, self._stopping)

    def _answer(self, question: QuestionRow) -> tuple[dict[str, Any], bytes | None]:
        loaded = self._loaded()
        card = loaded.registry.card(question.model)
        if card.sha256 != question.model_sha256:
            raise ModelError("The network was replaced by another version meanwhile. Load the page again.")
        work = {"what if": self._what_if, "stages": self._stages, "counterfactual": self._counterfactual}[question.kind]
        return work(loaded, card, question, self._stack(question))

    def _stack(self, question: QuestionRow) -> Series:
        """The stack that is asked about, a film or more, as a series of its images in order."""
        with self._store.view() as tx:
            stack = tx.stacks.get(question.stack_id)
            images = tuple(tx.studies.load_image(image) for image in stack.images)
            return replace(tx.studies.series(stack.series_id).outline(), images=images)

    def _what_if(
        self, loaded: "Loaded", card: Card, question: QuestionRow, stack: Series
    ) -> tuple[dict[str, Any], bytes | None]:
        wanted = [Edit.of(edit) for edit in question.asked["edits"]]
        with self._store.view() as tx:
            layers = {
                area.explanation: tx.layers.load(area.explanation)
                for edit in wanted
                for area in edit.areas
                if area.kind == "hot"
            }
            before = tx.answers.get(question.asked["answer"]).answer if card.kind == "exam" else None
        if before is None:
            said, covered = reading.what_if(loaded.get(card), stack, wanted, layers)
        else:
            said, covered = reading.what_if_exam(loaded.exam(card), before, stack, wanted, layers)
        shares = [np.count_nonzero(one) / one.size for one in covered]
        return {
            "scores": [list(astuple(score)) for score in said.scores],
            "covered": [[place, share] for place, share in enumerate(shares) if share],
            "device": said.device,
            "seconds": said.seconds,
        }, None

    def _stages(
        self, loaded: "Loaded", card: Card, question: QuestionRow, stack: Series
    ) -> tuple[dict[str, Any], bytes | None]:
        asked = question.asked
        member = loaded.exam(card).member(asked["plane"], asked["finding"]) if card.kind == "exam" else loaded.get(card)
        with self._store.view() as tx:
            place = tx.stacks.get(question.stack_id).images.index(question.image_id)
        found = reading.stages(member, stack, asked["method"], asked["finding"], place)
        image = member.held(replace(stack, images=(stack.images[place],))).images[0]
        frame, size = member.frame(image), (member.card.input_size,) * 2
        drawn = [
            member.on_film(image, one.values, one.field.extent(one.values.shape, size, frame) if one.field else frame)
            if one.spatial
            else (one.values, frame)
            for one in found
        ]
        stages = [
            {
                "name": stage.name,
                "height": values.shape[0],
                "width": values.shape[1],
                "total": stage.total,
                "spatial": stage.spatial,
                "extent": lies.numbers()[:4],
                "minimum": float(values.min()),
                "maximum": float(values.max()),
            }
            for stage, (values, lies) in zip(found, drawn, strict=True)
        ]
        octets = b"".join(np.ascontiguousarray(values, "<f4").tobytes() for values, _ in drawn)
        return {"stages": stages, "extent": member.extent(image).numbers()}, octets

    def _counterfactual(
        self, loaded: "Loaded", card: Card, question: QuestionRow, stack: Series
    ) -> tuple[dict[str, Any], bytes | None]:
        asked = question.asked
        finding, direction = asked["finding"], int(asked["direction"])
        if card.kind != "exam":
            return plain(reading.counterfactual(loaded, card, stack, finding, way=asked["way"], direction=direction))
        with self._store.view() as tx:
            before = tx.answers.get(asked["answer"]).answer
        return plain(reading.stack_counterfactual(loaded, card, before, stack, finding, direction=direction))
