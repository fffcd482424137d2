"""What a reader asks of a film or an exam on the spot: what the network says after an edit, and how relevance stands at every
stage of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app import explainers
from app.domain import Answer, Edit, Layer, Series
from app.edits import apply_to_stack
from app.reading.running import recorded

if TYPE_CHECKING:
    from app.classifiers.classifier import Classifier
    from app.classifiers.exam import ExamClassifier
    from app.explainers.stages import Stage


def what_if(
    classifier: "Classifier", series: Series, edits: Sequence[Edit], layers: Mapping[str, Layer] | None = None
) -> tuple[Answer, NDArray[np.bool_]]:
    """What a network says of the one image of a series after these edits, which come before everything the network does to it;
    and which pixels they covered, bool (1, rows, columns). The answer is about the edited film, under the identity of the film.

    ``layers`` holds those that hot areas name, by id. InputError for an edit that covers nothing or all of the film; NotFound
    for a layer that is not there.
    """
    (_,) = series.images
    series = classifier.held(series)
    edited, covered = apply_to_stack(series.images, edits, layers or {})
    (answer,) = classifier.predict(replace(series, images=edited))
    return answer, covered


def what_if_exam(
    classifier: "ExamClassifier",
    before: Answer,
    series: Series,
    edits: Sequence[Edit],
    layers: Mapping[str, Layer] | None = None,
) -> tuple[Answer, NDArray[np.bool_]]:
    """What a network says of a whole exam after these edits of one of its stacks, and which pixels they covered, bool (slices,
    rows, columns): ``series`` are that stack's images in their order, ``before`` is what the network said of the exam as it is.
    Otherwise as `what_if`."""
    edited, covered = apply_to_stack(series.images, edits, layers or {})
    return classifier.again(before, replace(series, images=edited)), covered


def explained(classifier: "Classifier", series: Series, method: str, finding: str) -> Layer:
    """The map of one finding on a film, of a series of one image. NotFound for a method or a finding there is not."""
    (_,) = series.images
    classifier, trace = recorded(classifier, classifier.held(series))
    (layer,) = explainers.load(method).explain(classifier, trace, (finding,))
    return layer


def stages(classifier: "Classifier", series: Series, method: str, finding: str, place: int = 0) -> "tuple[Stage, ...]":
    """How the relevance of a finding stands at every stage of a network, from the decision back to the image at ``place`` of a
    series, from 0: of a film, or of a slice of the stack that a network reads at once.

    NotFound for a method or a finding there is not; InputError for a method without stages; NotExplainable where it is not
    defined for this network.
    """
    from app.explainers.stages import stages as walk  # noqa: PLC0415 - see the room's docstring

    _, trace = recorded(classifier, series)
    return walk(explainers.load(method), trace, finding, place)
