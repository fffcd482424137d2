"""What a reader asks of one film on the spot: what the network says after an edit, and how relevance stands at every stage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app import explainers
from app.domain import Answer, Edit, Layer, Series
from app.edits import apply as edit_film
from app.reading.running import recorded

if TYPE_CHECKING:
    from app.classifiers.classifier import Classifier
    from app.explainers.stages import Stage


def what_if(
    classifier: "Classifier", series: Series, edits: Sequence[Edit], layers: Mapping[str, Layer] | None = None
) -> Answer:
    """What a network says of the one image of a series after these edits, which come before everything the network does to it.
    The answer is about the edited film, under the identity of the film.

    ``layers`` holds those that hot areas name, by id. InputError for an edit that covers nothing or all of the film; NotFound
    for a layer that is not there.
    """
    (image,) = series.images
    edited, _ = edit_film(image, edits, layers or {})
    (answer,) = classifier.predict(replace(series, images=(edited,)))
    return answer


def stages(classifier: "Classifier", series: Series, method: str, finding: str) -> "tuple[Stage, ...]":
    """How the relevance of a finding stands at every stage of a network, from the decision back to the one image of a series.

    NotFound for a method or a finding there is not; InputError for a method without stages; NotExplainable where it is not
    defined for this network.
    """
    from app.explainers.stages import stages as walk  # noqa: PLC0415 - see the room's docstring

    (_,) = series.images
    _, trace = recorded(classifier, series)
    return walk(explainers.load(method), trace, finding)
