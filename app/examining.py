"""What the product does to an exam of stacks: choose the network and the stacks, join the planes' answers, explain every plane.

As `app.pipeline` does with films: knows the classifiers and the explainers; no SQL, no HTTP, no files, and no torch until the
first result is made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app import explainers
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.domain import Explanation, Image, Series, Study, frozen
from app.errors import InputError
from app.exam import READ_PLANES, ExamPrediction, Plane, StackExplanation
from app.stacks import Correction, Stack, chosen, stacks

if TYPE_CHECKING:
    from app.classifiers.classifier import Classifier
    from app.classifiers.exam import ExamClassifier
    from app.classifiers.loading import Loaded

STACKED = frozenset({"MR"})
"""Modalities whose series are read as stacks."""


def exam_stacks(
    study: Study, registry: Registry, model: str | None = None, corrections: Iterable[Correction] = ()
) -> tuple[Card, dict[Plane, Stack[Image]]] | None:
    """The network that reads a study as an exam, the one named or the one chosen by itself, and the stack of each plane that it
    reads; None where no network does, or the study has no stack for it.

    NotFound for a network there is not; InputError for one that reads no exams. A study of another part of the body is no exam.
    """
    card = registry.choose_exam(study) if model is None else registry.card(model)
    if card is None:
        return None
    if card.kind != "exam":
        raise InputError("The network “%(name)s” reads films, not exams of stacks.", {"name": card.name})
    said = tuple(corrections)
    found = [
        stack
        for series in study.series
        if series.modality in STACKED and registry.covers(card, study, series)
        for stack in stacks(series, said)
    ]
    preferred: dict[Plane, tuple[str, ...]] = {}
    for plane in READ_PLANES:
        own = [member.prefers for member in card.members if member.plane == plane]
        if own:
            preferred[plane] = own[0]
    read = chosen(found, preferred)
    return (card, {plane: read[plane] for plane in READ_PLANES if plane in read}) if read else None


def examine(
    study: Study,
    loaded: "Loaded",
    *,
    model: str | None = None,
    methods: Sequence[str] | None = None,
    findings: str = "top",
    corrections: Iterable[Correction] = (),
) -> Iterator[ExamPrediction | StackExplanation]:
    """The exam's prediction, then one explanation per plane and method.

    ``methods`` None means the default panel, an empty sequence none. ``findings`` is "top" (the most probable one), "all", or a
    finding's name. Nothing comes out of a study that no network reads as an exam (`exam_stacks` tells before). NotFound for a
    network or a method, InputError for a finding, before any result; ModelError when the network cannot be loaded.
    """
    panel = tuple(dict.fromkeys(explainers.panel() if methods is None else methods))
    for method in panel:
        explainers.describe(method)
    read = exam_stacks(study, loaded.registry, model, corrections)
    if read is None:
        return
    card, found = read
    if findings not in {"top", "all", *card.findings}:
        raise InputError(
            "The network “%(model)s” knows no finding called “%(finding)s”. It knows: %(known)s.",
            {"model": card.name, "finding": findings, "known": ", ".join(card.findings)},
        )
    classifier = loaded.exam(card)
    stacks_read = {plane: _read(study, stack) for plane, stack in found.items()}
    named = {plane: (one.stack.key, one.series) for plane, one in stacks_read.items()}
    prediction = classifier.predict(study.study_uid, named)
    yield prediction
    if findings == "top":
        wanted: tuple[str, ...] = (prediction.top().finding,)
    else:
        wanted = card.findings if findings == "all" else (findings,)
    for one in stacks_read.values():
        yield from _explained(classifier, one, panel, wanted)


@dataclass(frozen=True)
class _Read:
    """A stack that is read: which study's, and as a series of its own, its images in order."""

    study_uid: str
    stack: Stack[Image]
    series: Series


def _read(study: Study, stack: Stack[Image]) -> _Read:
    whole = next(series for series in study.series if series.series_uid == stack.key.series_uid)
    return _Read(study.study_uid, stack, replace(whole, images=stack.images))


def _explained(
    classifier: "ExamClassifier", one: _Read, panel: tuple[str, ...], wanted: tuple[str, ...]
) -> Iterator[StackExplanation]:
    """Every method's maps of one plane, member by member: one recorded pass each, gone before the next."""
    for member, part in classifier.parts:
        own = tuple(finding for finding in wanted if finding in member.findings)
        if member.plane == one.stack.plane and own and panel:
            yield from _by_member(part, one, panel, own)


def _by_member(part: "Classifier", one: _Read, panel: tuple[str, ...], own: tuple[str, ...]) -> Iterator[StackExplanation]:
    trace = explainers.record(part, one.series)
    for method in panel:
        each = explainers.load(method).explain(part, trace, own)
        for finding in own:
            yield _joined(one, [found for found in each if found.finding == finding])


def _joined(one: _Read, slices: Sequence[Explanation]) -> StackExplanation:
    """The maps of all slices as one. A slice without evidence says nothing of the stack, which has a picture where any slice
    has one."""
    first = slices[0]
    states = [each.state for each in slices]
    state = "ok" if "ok" in states else max(set(states), key=states.count)
    totals: Mapping[str, float | None] = {"total": first.total, "conservation_error": first.conservation_error}
    return StackExplanation(
        study_uid=one.study_uid,
        stack=one.stack.key,
        plane=one.stack.plane,
        model=first.model,
        model_sha256=first.model_sha256,
        method=first.method,
        finding=first.finding,
        values=frozen(np.stack([each.values for each in slices])),
        extent=first.extent,
        state=state,
        signed=first.signed,
        parameters=first.parameters,
        versions=first.versions,
        device=first.device,
        seconds=sum(each.seconds for each in slices),
        notes=tuple(dict.fromkeys(note for each in slices for note in each.notes)),
        **totals,
    )
