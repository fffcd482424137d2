"""The check run: one phantom film through a network and every method of the panel, timed.

It says whether the network runs, which methods are defined for it, and what LRP and RAP lose on the way. It says nothing about
how good the network is: a phantom is no patient.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from app import explainers
from app.classifiers.classifier import Classifier
from app.classifiers.exam import ExamClassifier
from app.domain import Image, Plane, Series, Window
from app.errors import ModelError
from app.explainers.base import NOT_DEFINED
from app.explainers.geometry import Field, field
from app.explainers.trace import Trace
from app.phantoms import chest, knee

SEED, PIXELS, KNEE_PIXELS = 5, 512, 128
EXACT = 1e-4
"""A conservation error up to this is rounding."""


@dataclass(frozen=True, slots=True)
class Row:
    """One method: its state, milliseconds for one finding with the forward pass left out, and what it lost, if it conserves."""

    method: str
    state: str
    milliseconds: float
    conservation_error: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What the check run found. ``forward`` in milliseconds, the better of two; ``low`` to ``high``: the range of logits.
    ``layer`` is the one that CAM and Grad-CAM explain, ``place`` where its cells lie on the network's input, None where they
    have no place."""

    finding: str
    device: str
    threads: int
    forward: float
    low: float
    high: float
    rows: tuple[Row, ...]
    film: str = f"phantom chest film, seed {SEED}, {PIXELS} px"
    layer: str = ""
    place: Field | None = None

    @property
    def stride(self) -> int:
        """As a card has it: pixels of the input from cell to cell of the explained layer, 0 where that cannot be said."""
        return round(max(self.place.stride_y, self.place.stride_x)) if self.place else 0

    def faults(self) -> tuple[str, ...]:
        """What is not as it should be, in sentences."""
        undefined = [f"{row.method} is {row.state}." for row in self.rows if row.state.startswith(NOT_DEFINED)]
        lossy = [
            f"{row.method} loses {row.conservation_error:.1e} of its relevance on the way, more than rounding ({EXACT:.0e})."
            for row in self.rows
            if row.conservation_error is not None and not row.conservation_error <= EXACT
        ]
        return (*undefined, *lossy)

    def entries(self) -> dict[str, Any]:
        """As the table ``[check]`` of a card."""
        found: dict[str, Any] = {
            "film": self.film,
            "finding": self.finding,
            "device": self.device,
            "threads": self.threads,
            "forward_ms": round(self.forward, 1),
        }
        if self.place:
            found |= {"layer_start": [self.place.start_y, self.place.start_x]}
            found |= {"layer_stride": [self.place.stride_y, self.place.stride_x]}
        for row in self.rows:
            found |= {f"{row.method}": row.state, f"{row.method}_ms": round(row.milliseconds, 1)}
            if row.conservation_error is not None:
                found[f"{row.method}_conservation_error"] = float(f"{row.conservation_error:.2e}")
        return found


def run(classifier: Classifier) -> Trial:
    """One forward pass of a phantom film, then each method for its most probable finding. ModelError when it cannot be run, or
    answers with something that is no number."""
    series = film()
    name = classifier.card.name
    try:
        first = classifier.predict(series)[0]
        if not all(torch.isfinite(torch.tensor([score.logit for score in first.scores]))):
            raise ModelError("“%(name)s” answers a film with numbers that are not finite.", {"name": name})
        again = classifier.predict(series)[0]
        trace = explainers.record(classifier, series)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ModelError("“%(name)s” cannot be run: %(error)s.", {"name": name, "error": str(error)[:300]}) from error
    finding = first.top().finding
    logits = [score.logit for score in first.scores]
    return Trial(
        finding=finding,
        device=str(classifier.device),
        threads=torch.get_num_threads(),
        forward=1000 * min(first.seconds, again.seconds),
        low=min(logits),
        high=max(logits),
        rows=tuple(_row(classifier, trace, method, finding) for method in explainers.panel(classifier.card)),
        layer=classifier.card.explained_layer,
        place=_place(trace),
    )


def run_exam(classifier: ExamClassifier) -> Trial:
    """A phantom knee through every member, then each method for the most probable finding in the first plane that
    answers for it. ModelError as above."""
    name, phantom = classifier.card.name, knee.draw(SEED, ["ACL discontinuity"], size=KNEE_PIXELS)
    stacks: dict[Plane, Series] = {}
    for number, stack in enumerate(phantom.stacks, start=1):
        images = tuple(Image(f"1.{number}.{i}", 1, pixels) for i, pixels in enumerate(stack.pixels, start=1))
        stacks[stack.plane] = Series(f"1.{number}", "MR", images, "KNEE")
    try:
        answer = classifier.predict(stacks)
        if not all(math.isfinite(score.logit) for score in answer.scores):
            raise ModelError("“%(name)s” answers an exam with numbers that are not finite.", {"name": name})
        finding = answer.top().finding
        plane = next(member.plane for member, _ in classifier.parts if finding in member.findings)
        part = classifier.member(plane, finding)
        trace = explainers.record(part, stacks[plane])
    except (RuntimeError, ValueError, TypeError) as error:
        raise ModelError("“%(name)s” cannot be run: %(error)s.", {"name": name, "error": str(error)[:300]}) from error
    logits = [score.logit for score in answer.scores]
    return Trial(
        finding=finding,
        device=str(classifier.device),
        threads=torch.get_num_threads(),
        forward=1000 * answer.seconds,
        low=min(logits),
        high=max(logits),
        rows=tuple(_row(part, trace, method, finding) for method in explainers.panel(classifier.card)),
        film=f"phantom knee, seed {SEED}, {KNEE_PIXELS} px, {plane} plane",
        layer=part.card.explained_layer,
        place=_place(trace),
    )


def _place(trace: Trace) -> Field | None:
    """Where the cells of the explained layer lie; None where they have no place, or the network no such layer."""
    index = trace.tape.places.get(trace.classifier.card.explained_layer)
    return None if index is None else field(trace.tape, index)


def _row(classifier: Classifier, trace: Trace, method: str, finding: str) -> Row:
    started = time.perf_counter()
    found = explainers.load(method).explain(classifier, trace, [finding])
    states = [one.state for one in found]
    lost = [one.conservation_error for one in found if one.conservation_error is not None]
    state = "ok" if "ok" in states else states[0]
    return Row(method, state, 1000 * (time.perf_counter() - started), max(lost, default=None))


def film() -> Series:
    """The phantom film of every check run."""
    drawn = chest.draw(SEED, ["Effusion"], size=PIXELS)
    return Series("1", "DX", (Image("1", 1, drawn.pixels, windows=(Window(2048, 4096),)),), "CHEST")


def table(trial: Trial) -> str:
    """For reading."""
    lines: list[Sequence[str]] = [
        ("forward", f"logits {trial.low:.3g} to {trial.high:.3g}", f"{trial.forward:.0f} ms", ""),
        (f"layer “{trial.layer}”", _lies(trial.place), "", ""),
        *(
            (
                explainers.describe(row.method).title,
                row.state,
                f"{row.milliseconds:.0f} ms",
                "" if row.conservation_error is None else f"conservation error {row.conservation_error:.1e}",
            )
            for row in trial.rows
        ),
    ]
    wide = [max(len(line[column]) for line in lines) for column in range(3)]
    head = f"Check run: a {trial.film}, the finding {trial.finding}, {trial.device}, {trial.threads} thread(s)"
    body = (f"  {a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d}".rstrip() for a, b, c, d in lines)
    return "\n".join((head, *body))


def _lies(place: Field | None) -> str:
    """Start and stride of a layer, down and across."""
    if place is None:
        return "its cells have no place on the film"
    start, stride = (
        f"{y:g}" if y == x else f"{y:g} down, {x:g} across"
        for y, x in (
            (place.start_y, place.start_x),
            (place.stride_y, place.stride_x),
        )
    )
    return f"start {start} px, stride {stride} px"
