"""Readings carried out: what the guard says of a film, the answer, and a layer per stack, method and finding."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app import explainers
from app.classifiers import exposed
from app.classifiers.card import Card
from app.classifiers.reasons import FRAMED, UNNAMED
from app.domain import Answer, Image, Inspection, Layer, Series, joined
from app.errors import InputError
from app.reading.devices import Devices
from app.reading.lying import Lie
from app.reading.plan import Reading
from app.reading.stacked import StackLie

if TYPE_CHECKING:
    from app.classifiers.classifier import Classifier
    from app.classifiers.loading import Loaded
    from app.explainers.trace import Trace

TOP = "top"
"""Stands for the most probable finding of each answer."""
ALL = "all"
"""Stands for every finding of a network."""

BATCH = 8
"""How many films go through a network at once where nothing is to be explained: what they hold then still fits a cache."""

Result = Inspection | Answer | Layer
Findings = str | tuple[str, ...]
"""`TOP`, `ALL`, a finding's name, or several of them."""


def read(
    readings: Iterable[Reading[Series, Image]],
    loaded: "Loaded",
    *,
    methods: Sequence[str] | None = None,
    findings: Findings = TOP,
    insist: bool = False,
    anatomy: bool = False,
) -> Iterator[Result]:
    """One reading after the other: of a film what the network's guard says, if it has one; then the answer, one layer per
    stack, method and finding, and with ``anatomy`` the layers of each film's, where a network tells it. A film that the guard
    refuses has the inspection alone, unless a person insists.

    ``methods`` None means those that the network's card opens with, an empty sequence none: films that one network reads then
    go through it `BATCH` at a time. ``findings`` is "top" (the most probable finding of the answer), "all", a finding's name,
    or several of these. Errors of the request (NotFound for a method, InputError for a finding) come before any result;
    ModelError when a network or its guard is not there or cannot be loaded.
    """
    due = tuple(readings)
    for name in methods or ():
        explainers.describe(name)
    for card in {one.card.name: one.card for one in due}.values():
        explainers.panel(card)
        for finding in (findings,) if isinstance(findings, str) else findings:
            if finding not in {TOP, ALL, *card.findings}:
                raise InputError(
                    "The network “%(model)s” knows no finding called “%(finding)s”. It knows: %(known)s.",
                    {"model": card.name, "finding": finding, "known": ", ".join(card.findings)},
                )
        loaded.registry.guard(card)
    return _results(due, loaded, Wish(None if methods is None else tuple(methods), findings, insist, anatomy))


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of readings, as `read` takes it."""

    methods: tuple[str, ...] | None
    findings: Findings
    insist: bool
    anatomy: bool

    def panel(self, card: Card) -> tuple[str, ...]:
        """The methods whose maps are wanted of a network."""
        return tuple(dict.fromkeys(explainers.panel(card) if self.methods is None else self.methods))


def _results(due: tuple[Reading[Series, Image], ...], loaded: "Loaded", wish: Wish) -> Iterator[Result]:
    for together in _together(due, answers_only=wish.methods == () and not wish.anatomy):
        one = together[0]
        if one.exam:
            yield from _exam(one, loaded, wish)
        elif wish.panel(one.card) or wish.anatomy:
            yield from _film(one, loaded, wish)
        else:
            yield from _films(together, loaded, wish.insist)


def _together(due: tuple[Reading[Series, Image], ...], answers_only: bool) -> Iterator[tuple[Reading[Series, Image], ...]]:
    """The readings in their order, each alone; where there is nothing to explain, neighbouring films of one network in one."""
    waiting: list[Reading[Series, Image]] = []
    for one in due:
        fits = answers_only and not one.exam and len(waiting) < BATCH
        if waiting and not (fits and one.card.name == waiting[0].card.name and not waiting[0].exam):
            yield tuple(waiting)
            waiting = []
        waiting.append(one)
    if waiting:
        yield tuple(waiting)


def _films(together: tuple[Reading[Series, Image], ...], loaded: "Loaded", insist: bool) -> Iterator[Result]:
    """What one network answers to films, without what it goes by: those that its guard lets pass in one batch."""
    card = together[0].card
    films = [(_exposed(series, card), one) for one in together for series in _alone(one)]
    inspections = [_inspection(loaded, film, one, insist) for film, one in films]
    stopped = [inspection is not None and inspection.stopped for inspection in inspections]
    passed = [film for (film, _), refused in zip(films, stopped, strict=True) if not refused]
    answers = iter(loaded.get(card).predict_films(passed) if passed else ())
    for inspection, refused in zip(inspections, stopped, strict=True):
        if inspection is not None:
            yield inspection
        if not refused:
            yield next(answers)


def _film(one: Reading[Series, Image], loaded: "Loaded", wish: Wish) -> Iterator[Result]:
    """One film and its maps: the memory of a trace grows with its images, and each film has a top finding of its own."""
    (series,) = (_exposed(series, one.card) for series in _alone(one))
    inspection = _inspection(loaded, series, one, wish.insist)
    if inspection is not None:
        yield inspection
        if inspection.stopped:
            return
    lie = Lie.of(loaded, one.card, series.images[0])
    devices = Devices.of(loaded, one.card, lie) if lie else None
    lie = devices.seen(lie) if lie and devices else lie
    series = lie.told(series) if lie else series
    classifier, trace = recorded(loaded.get(one.card), series)
    (answer,) = classifier.predictions(trace.logits, series, trace.seconds)
    yield answer
    wanted = _wanted(one.card, answer, wish.findings)
    for method in wish.panel(one.card):
        for layer in explainers.load(method).explain(classifier, trace, wanted):
            yield lie.weighed(layer) if lie else layer
    del trace
    if lie is not None:
        if wish.panel(one.card):
            yield from lie.likely_places(wanted)
        if wish.anatomy:
            yield from lie.layers()
            yield lie.divided()
            if devices is not None:
                yield devices.layer(lie)


def _exam(one: Reading[Series, Image], loaded: "Loaded", wish: Wish) -> Iterator[Result]:
    """One exam: its stacks answer together, and each is explained member by member: one recorded pass each, gone before the
    next."""
    classifier = loaded.exam(one.card)
    alone = {stack.plane: series for stack, series in zip(one.stacks, _alone(one), strict=True)}
    answer = classifier.predict(alone)
    yield answer
    wanted, panel = _wanted(one.card, answer, wish.findings), wish.panel(one.card)
    for stack in one.stacks if panel or wish.anatomy else ():
        lie = StackLie.of(loaded, one.card, stack.fingerprint, alone[stack.plane])
        for member, part in classifier.parts:
            own = tuple(finding for finding in wanted if finding in member.findings)
            if panel and member.plane == stack.plane and own:
                for layer in _by_member(part, stack.fingerprint, alone[stack.plane], panel, own):
                    yield lie.weighed(layer) if lie else layer
        if lie is not None and wish.anatomy:
            yield from lie.layers()


def _by_member(
    part: "Classifier", stack: str, series: Series, panel: tuple[str, ...], findings: tuple[str, ...]
) -> Iterator[Layer]:
    part, trace = recorded(part, series)
    for method in panel:
        slices = explainers.load(method).explain(part, trace, findings)
        for finding in findings:
            yield joined(stack, [layer for layer in slices if layer.finding == finding])


def _alone(one: Reading[Series, Image]) -> tuple[Series, ...]:
    """Each stack as a series of its own, its images in order."""
    return tuple(replace(series, images=stack.images) for series, stack in one.parts)


def _wanted(card: Card, answer: Answer, findings: Findings) -> tuple[str, ...]:
    """The findings to explain, each once, in the order in which they were asked for."""
    wanted: list[str] = []
    for finding in (findings,) if isinstance(findings, str) else findings:
        wanted += (answer.top().finding,) if finding == TOP else card.findings if finding == ALL else (finding,)
    return tuple(dict.fromkeys(wanted))


def _inspection(loaded: "Loaded", series: Series, one: Reading[Series, Image], insist: bool) -> Inspection | None:
    """What the guard of a reading's network says of a series of one image; None where the network has no guard."""
    card = one.card
    guard = loaded.registry.guard(card)
    if guard is None:
        return None
    from app.classifiers.guard import Guard  # noqa: PLC0415 - see the room's docstring

    (image,) = series.images
    inspection = Guard.of(loaded.get(guard)).inspect(image, series, card.name)
    if image.field is not None and exposed.share(image) < 1:
        inspection = replace(inspection, remarks=(FRAMED, *inspection.remarks), field=image.field)
    if one.unnamed and inspection.verdict != "refused":
        inspection = replace(inspection, remarks=(*inspection.remarks, UNNAMED))
    return replace(inspection, insisted=insist and inspection.verdict == "refused")


def _exposed(series: Series, card: Card) -> Series:
    """A series whose images say which rectangle of them was exposed, where the network reads that alone: looked for once."""
    if card.preprocessing.field == "film":
        return series
    return replace(series, images=tuple(exposed.held(image) for image in series.images))


def recorded(classifier: "Classifier", series: Series) -> "tuple[Classifier, Trace]":
    """The recorded pass of a film, or of what one member of an exam's network reads; on the CPU where the GPU has no memory
    left for it. The answer's and the layers' device tells."""
    import torch  # noqa: PLC0415 - see the room's docstring

    try:
        return classifier, explainers.record(classifier, series)
    except torch.OutOfMemoryError:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        classifier = classifier.on_cpu()
        return classifier, explainers.record(classifier, series)
