"""What would have to change on the slices of a stack for another answer: of one plane of an exam, whose other planes stay.

The plane's own answer is what the generator was trained for and what it is judged by; what that does to the whole exam is told
beside it. Nobody else judges it: there are no networks of stacks that guided nobody.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.classifiers.measured import Gap
from app.counterfactuals import there
from app.domain import Answer, Series, fingerprint
from app.errors import InputError, ModelError
from app.evaluation import counterfactual as figures
from app.grey import resample
from app.reading.counterfactuals import FLIP, INSIDE, MUCH, ONE, OUTSIDE, STRENGTHS, Counterfactual, Said, gap_of

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

DIRECTION = -1
"""Generators of stacks take a finding away: where one would lie nobody could tell them."""


def stack_counterfactual(
    loaded: "Loaded", card: Card, before: Answer, series: Series, finding: str, *, direction: int = 0
) -> Counterfactual:
    """What would have to change on one stack of an exam for the network of ``card`` to say less of a finding from its plane:
    ``series`` are that stack's images in their order, ``before`` is what the network said of the exam as it is.

    InputError where there is none of that finding or plane, more of it is asked for, or there is nowhere to change; ModelError
    where nothing tells what lies where on such slices.
    """
    from app.counterfactuals.generating import Generating  # noqa: PLC0415 - it imports torch, which listing must not
    from app.segmentation.stacks import codes  # noqa: PLC0415 - as above

    started = time.perf_counter()
    there.chosen(loaded.registry, card, finding, "generator")
    generator, beside = loaded.registry.counterfactual(card), loaded.registry.segmentation(card)
    assert generator is not None  # noqa: S101 - `there.chosen` saw it
    if beside is None:
        raise ModelError("No network here tells what lies where on the slices of “%(name)s”.", {"name": card.name})
    own = before.part(fingerprint((image.sop_instance_uid, image.frame) for image in series.images))
    if own is None or own.plane != generator.plane:
        raise InputError("There are counterfactuals of the %(plane)s stack alone.", {"plane": generator.plane})
    if direction > 0:
        raise InputError("Of a stack only less of a finding can be asked for.")
    exam, anatomy, generating = loaded.exam(card), loaded.get(beside), Generating.of(loaded.get(generator))
    found = codes(anatomy, anatomy.planes(series))
    logit = next(score.logit for score in own.scores if score.finding == finding)
    read = exam.member(own.plane, finding)
    edit = generating.stack_edit(read, series, finding, direction=DIRECTION, logit=logit, codes=found)
    if not edit.places:
        raise InputError("On these slices nothing was found where “%(finding)s” lies.", {"finding": finding})
    stacks = (replace(series, images=edit.apply(series.images, strength)) for strength in STRENGTHS[1:])
    answers = [before, *(exam.again(before, stack) for stack in stacks)]
    said = _said(card, generator, answers, own.stack, finding)
    lies = anatomy.extent(series.images[0])
    shape = (series.images[0].rows, series.images[0].columns)
    limits = [resample(generating.stack_limit(finding, found)[place], lies, shape) for place in edit.places]
    changes = list(edit.changes(series.images))
    pixels, inside = measured(changes, limits)
    return Counterfactual(
        way="generator",
        finding=finding,
        direction=DIRECTION,
        edit=edit,
        frames=None,
        answers=(before, answers[ONE]),
        said=(said,),
        pixels=pixels,
        inside=inside,
        ratio=None,
        recess=None,
        doubts=tuple(_doubts(card, gap_of(generator, card, finding), said, finding, (pixels, inside))),
        device=before.device,
        seconds=time.perf_counter() - started,
    )


def measured(changes: Sequence[NDArray[np.float32]], limits: Sequence[NDArray[np.float32]]) -> tuple[float, float]:
    """Of the slices that may be changed the share of pixels that were, and of the change the share within the limit, NaN where
    nothing changed."""
    if not changes:
        return 0.0, float("nan")
    whole = np.stack(changes)
    return float((np.abs(whole) > figures.CHANGED).mean()), figures.share_inside(whole, np.stack(limits))


def _said(card: Card, generator: Card, answers: Sequence[Answer], stack: str, finding: str) -> Said:
    """What the network said of the plane at every strength."""
    parts = [part for answer in answers if (part := answer.part(stack)) is not None]
    scores = [score for part in parts for score in part.scores if score.finding == finding]
    row = gap_of(generator, card, finding)
    return Said(
        card=card,
        logits=tuple(score.logit for score in scores),
        probabilities=tuple(score.probability for score in scores),
        gap=row.gap if row else float("nan"),
        referee=False,
        shared=False,
        plane=parts[0].plane,
    )


def _doubts(card: Card, row: Gap | None, said: Said, finding: str, shares: tuple[float, float]) -> Iterator[str]:
    flipped = said.probabilities[ONE] < card.point(finding)
    if row is not None:
        flipped = bool(figures.flipped(np.array([said.logits[ONE]]), row.point, row.spread, DIRECTION)[0])
    pixels, inside = shares
    if not flipped:
        yield FLIP
    if pixels > figures.most_pixels(finding, phantom=card.phantom):
        yield MUCH
    if inside < INSIDE:
        yield OUTSIDE
