"""What the product does to a study: choose the network, run it once per image, explain its answer by every method.

Knows the classifiers and the explainers; no SQL, no HTTP, no files. Importing this module imports no torch; the first result
does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app import explainers
from app.classifiers.card import Card
from app.classifiers.registry import Registry, reads
from app.domain import Edit, Explanation, Inspection, Prediction, Series, Study
from app.edits import apply as edit_film
from app.errors import InputError

if TYPE_CHECKING:
    from app.classifiers.classifier import Classifier
    from app.classifiers.loading import Loaded
    from app.explainers.stages import Stage
    from app.explainers.trace import Trace


def readers(study: Study, registry: Registry, model: str | None = None) -> tuple[tuple[Series, Card], ...]:
    """Each series that a network reads, with that network: the one chosen by itself, or the one named.

    Empty when no network is registered for any series. NotFound for a network there is not; InputError for one that does not
    read this study. Series without images will do. A network that is named may read a phantom, or a phantom network a patient's
    film: whoever names it wants to see just that, and its card's banner says what the answer is worth.
    """
    if model is None:
        chosen = ((series, registry.choose(study, series)) for series in study.series)
        return tuple((series, card) for series, card in chosen if card is not None)
    card = registry.card(model)
    reading = tuple((series, card) for series in study.series if reads(card, study, series))
    if not reading:
        raise InputError(
            "The network “%(name)s” does not read this study. It reads: %(kinds)s.",
            {"name": card.name, "kinds": _kinds(card)},
        )
    return reading


def _kinds(card: Card) -> str:
    kinds = f"{'/'.join(card.modalities)} {'/'.join(card.body_parts)}"
    return f"{kinds} (phantoms)" if card.phantom else kinds


def analyse(
    study: Study,
    loaded: "Loaded",
    *,
    model: str | None = None,
    methods: Sequence[str] | None = None,
    findings: str = "top",
    insist: bool = False,
) -> Iterator[Inspection | Prediction | Explanation]:
    """For each image that a network reads: what the network's guard says, its prediction, then one explanation per method and
    finding. A network without a guard begins with the prediction; an image that the guard refuses has the inspection alone,
    unless a person insists.

    ``methods`` None means the default panel, an empty sequence none. ``findings`` is "top" (the image's most probable finding),
    "all", or a finding's name. Nothing comes out of a study that no network reads: the caller says so (`readers` tells before).
    Errors of the request (NotFound for a network or a method, InputError for a finding) come before any result; ModelError when
    the network or its guard is not there or cannot be loaded.
    """
    panel = tuple(dict.fromkeys(explainers.panel() if methods is None else methods))
    for method in panel:
        explainers.describe(method)
    reading = readers(study, loaded.registry, model)
    for _, card in reading:
        if findings not in {"top", "all", *card.findings}:
            raise InputError(
                "The network “%(model)s” knows no finding called “%(finding)s”. It knows: %(known)s.",
                {"model": card.name, "finding": findings, "known": ", ".join(card.findings)},
            )
        loaded.registry.guard(card)
    return _results(reading, loaded, panel, findings, insist)


def _results(
    reading: tuple[tuple[Series, Card], ...], loaded: "Loaded", panel: tuple[str, ...], findings: str, insist: bool
) -> Iterator[Inspection | Prediction | Explanation]:
    for series, card in reading:
        for image in series.images:
            # One image at a time: these networks read each image by itself, and the memory of a trace grows with its images.
            one = replace(series, images=(image,))
            inspection = _inspected(loaded, one, card, insist)
            if inspection is not None:
                yield inspection
                if inspection.stopped:
                    continue
            if panel:
                yield from _explained(loaded.get(card), one, panel, findings)
            else:
                yield from loaded.get(card).predict(one)


def _inspected(loaded: "Loaded", series: Series, card: Card, insist: bool) -> Inspection | None:
    """What the guard of a network says of a series of one image; None where the network has no guard."""
    guard = loaded.registry.guard(card)
    if guard is None:
        return None
    from app.classifiers.guard import Guard  # noqa: PLC0415 - see the module's docstring

    inspection = Guard.of(loaded.get(guard)).inspect(series.images[0], series, card.name)
    return replace(inspection, insisted=insist and inspection.verdict == "refused")


def _explained(
    classifier: "Classifier", series: Series, panel: tuple[str, ...], findings: str
) -> Iterator[Prediction | Explanation]:
    """One image's prediction and explanations, all from one recorded pass."""
    classifier, trace = _recorded(classifier, series)
    (prediction,) = classifier.predictions(trace.logits, series, trace.seconds)
    yield prediction
    if findings == "top":
        wanted: tuple[str, ...] = (prediction.top().finding,)
    else:
        wanted = classifier.card.findings if findings == "all" else (findings,)
    for method in panel:
        yield from explainers.load(method).explain(classifier, trace, wanted)


def _recorded(classifier: "Classifier", series: Series) -> "tuple[Classifier, Trace]":
    """The recorded pass; on the CPU where the GPU has no memory left for it. The prediction's device tells."""
    import torch  # noqa: PLC0415 - see the module's docstring

    from app.classifiers.loading import load  # noqa: PLC0415 - as above

    try:
        return classifier, explainers.record(classifier, series)
    except torch.OutOfMemoryError:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        classifier = load(classifier.card, torch.device("cpu"))
        return classifier, explainers.record(classifier, series)


def what_if(
    classifier: "Classifier", series: Series, edits: Sequence[Edit], maps: Mapping[str, Explanation] | None = None
) -> Prediction:
    """What a network says of the one image of a series after these edits, which come before everything the network does to it.

    ``maps`` holds the maps that hot areas name, by id. InputError for an edit that covers nothing or all of the film; NotFound
    for a map that is not there.
    """
    (image,) = series.images
    edited, _ = edit_film(image, edits, maps or {})
    (prediction,) = classifier.predict(replace(series, images=(edited,)))
    return prediction


def stages(classifier: "Classifier", series: Series, method: str, finding: str) -> "tuple[Stage, ...]":
    """How the relevance of a finding stands at every stage of a network, from the decision back to the one image of a series.

    NotFound for a method or a finding there is not; InputError for a method without stages; NotExplainable where it is not
    defined for this network.
    """
    from app.explainers.stages import stages as walk  # noqa: PLC0415 - see the module's docstring

    (_,) = series.images
    _, trace = _recorded(classifier, series)
    return walk(explainers.load(method), trace, finding)
