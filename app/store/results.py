"""What the networks and the methods said: predictions and explanations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain import Explanation, Prediction
from app.store.records import ExplanationRow, PredictionRow


class Predictions:
    """The predictions of a transaction."""

    def save(self, study_id: str, prediction: Prediction, *, headline: bool = True) -> PredictionRow:
        """Keep a prediction; one of the same image, network and version is replaced. ``headline``: it counts for the worklist."""
        raise NotImplementedError

    def get(self, prediction_id: str) -> PredictionRow:
        """One prediction; NotFound."""
        raise NotImplementedError

    def of_image(self, image_id: str) -> tuple[PredictionRow, ...]:
        """An image's predictions by all networks, newest first."""
        raise NotImplementedError

    def of_study(self, study_id: str) -> tuple[PredictionRow, ...]:
        """A study's predictions in the order of its images, newest first within an image."""
        raise NotImplementedError


class Explanations:
    """The explanations of a transaction."""

    def save(self, study_id: str, explanation: Explanation) -> ExplanationRow:
        """Keep an explanation; one of the same image, network version, method, parameters and finding is replaced."""
        raise NotImplementedError

    def get(self, explanation_id: str) -> ExplanationRow:
        """One explanation without its values; NotFound. Values: ``store.blobs.path(row.values_sha256)``, float32 LE."""
        raise NotImplementedError

    def values(self, explanation_id: str) -> NDArray[np.float32]:
        """The map, float32 (height, width), read-only; NotFound."""
        raise NotImplementedError

    def load(self, explanation_id: str) -> Explanation:
        """An explanation as the domain knows it; NotFound."""
        raise NotImplementedError

    def of_image(self, image_id: str, *, model_sha256: str = "", finding: str = "") -> tuple[ExplanationRow, ...]:
        """An image's explanations, the newest per network version × method × finding, sorted by finding, then method."""
        raise NotImplementedError

    def of_study(self, study_id: str) -> tuple[ExplanationRow, ...]:
        """A study's explanations, all of them, in the order of its images."""
        raise NotImplementedError

    def missing(self, image_id: str, model_sha256: str, finding: str, methods: Sequence[str]) -> tuple[str, ...]:
        """Which of these methods have no map yet for a finding of an image by a network version."""
        raise NotImplementedError
